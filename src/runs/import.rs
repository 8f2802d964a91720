//! Results of other load tools, as runs.
//!
//! | tool | what is read |
//! |---|---|
//! | `ab` | what it prints, and what `-e FILE` writes; both together are one run |
//! | `bombardier` | what it prints; with `--latencies` there are percentiles |
//! | `hey` | what it prints |
//! | `oha` | what it prints, or better what `--output-format json` writes |
//! | `wrk` | what it prints; with `--latency` there are percentiles |
//!
//! They report less than Weir records: a few percentiles instead of a histogram. Missing
//! figures are left empty. If a figure has another meaning than in Weir, or contradicts
//! the others, the run's audit says so.

mod ab;
mod bombardier;
mod oha;
mod summary;
mod wrk;

use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::{id_for, words::count};
use crate::clean;
use crate::record::{
    Audit, ByAnswer, Check, ClientSide, FORMAT, Model, Origin, Plan, Points, Profile, RequestPlan, Run,
    Timing, Verdict, date,
};

/// The most documents of a stream that are counted.
const MOST_DOCUMENTS: usize = 1000;

/// A tool whose results can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// ApacheBench.
    Ab,
    /// bombardier.
    Bombardier,
    /// hey.
    Hey,
    /// oha.
    Oha,
    /// wrk.
    Wrk,
}

/// The output of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// The name for messages.
    pub name: String,
    /// The content.
    pub text: Vec<u8>,
}

/// Why files cannot be imported as a run.
#[derive(Debug, Error)]
pub enum ImportError {
    /// There is no file.
    #[error("no results to read: expected at least one file")]
    Nothing,
    /// The file is from no known tool.
    #[error(
        "{}: unknown format; expected the output of ab, bombardier, hey, oha or wrk, a file that ab wrote \
         with -e, or one that oha wrote with --output-format json",
        clean::line(file)
    )]
    Unknown {
        /// The file.
        file: String,
    },
    /// The file is a run of Weir.
    #[error(
        "{}: this is already a run of Weir; pass its path to `weir runs show` or `weir compare`",
        clean::line(file)
    )]
    OurOwn {
        /// The file.
        file: String,
    },
    /// The file is not an output of the tool.
    #[error("{}: not a result of {}: {}", clean::line(file), tool.name(), clean::line(&why.to_string()))]
    Unreadable {
        /// The file.
        file: String,
        /// The tool that should have written it.
        tool: Tool,
        /// The finding, and what was expected.
        why: ReadError,
    },
    /// The file has more than one result.
    #[error(
        "{} holds {count} results of {tools}; expected one. Split the file and import each part",
        clean::line(file)
    )]
    Several {
        /// The file.
        file: String,
        /// The number of results.
        count: usize,
        /// The tools that wrote them.
        tools: String,
    },
    /// The files are more than one run.
    #[error(
        "{} and {} are two runs; import them one by one. Only an output of ab and its -e file form one run",
        clean::line(first),
        clean::line(second)
    )]
    TwoRuns {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
}

/// Why a text is not a result of the tool that should have written it.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is not the JSON that oha writes.
    #[error("{0}")]
    Json(serde_json::Error),
    /// The JSON has none of the fields that every result of oha has.
    #[error("found none of \"summary.total\", \"latencyPercentiles\" and \"statusCodeDistribution\"")]
    NoSummary,
    /// A line is missing that the tool prints at its end.
    #[error("found no line {expected}; did {} finish?", tool.name())]
    Unfinished {
        /// The line, or one like it.
        expected: &'static str,
        /// The tool.
        tool: Tool,
    },
    /// bombardier counted no answers.
    #[error("found no counts such as \"2xx - 2000\" under \"HTTP codes:\"")]
    NoCounts,
    /// A line of a CSV file is not a point of a distribution.
    #[error("line {line} is {found:?}; expected a percentage and milliseconds")]
    BadPoint {
        /// The number of the line, from 1.
        line: usize,
        /// The line.
        found: String,
    },
    /// A CSV file has no points.
    #[error("found a header and no points")]
    NoPoints,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ab, Self::Bombardier, Self::Hey, Self::Oha, Self::Wrk];

    /// Returns the tool's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ab => "ab",
            Self::Bombardier => "bombardier",
            Self::Hey => "hey",
            Self::Oha => "oha",
            Self::Wrk => "wrk",
        }
    }

    /// Recognises the tool that wrote a text.
    pub fn of(text: &str) -> Option<Self> {
        if text.trim_start().starts_with('{') {
            let json: serde_json::Value = serde_json::from_str(text).ok()?;
            let known = ["summary", "latencyPercentiles", "statusCodeDistribution"];
            return known.iter().any(|key| json.get(key).is_some()).then_some(Self::Oha);
        }
        if let Some(tool) = Self::results_in(text).into_iter().next() {
            return Some(tool);
        }
        // Part of a result, as users copy it.
        let has = |mark: &str| text.lines().any(|line| line.trim_start().starts_with(mark));
        if has("This is ApacheBench") {
            Some(Self::Ab)
        } else {
            (has("Requests/sec:") || has("Latency Distribution")).then_some(Self::Wrk)
        }
    }

    /// Returns the tools whose results begin in a text, in order. Each tool has a line
    /// that it prints exactly once per result.
    fn results_in(text: &str) -> Vec<Self> {
        let whose = |line: &str| {
            let line = line.trim();
            if line.starts_with("Concurrency Level:") || ab::is_csv(line) {
                Some(Self::Ab)
            } else if bombardier::begins(line) {
                Some(Self::Bombardier)
            } else if line == "Summary:" {
                Some(summary::tool(text))
            } else if wrk::counts(line) {
                Some(Self::Wrk)
            } else {
                None
            }
        };
        text.lines().filter_map(whose).collect()
    }
}

/// Refuses a text with more than one result, whose figures would be mixed.
fn check_single(file: &str, text: &str) -> Result<(), ImportError> {
    let several = |count, tools: String| ImportError::Several { file: file.to_owned(), count, tools };
    if text.trim_start().starts_with('{') {
        let documents = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
        return match documents.filter(Result::is_ok).take(MOST_DOCUMENTS).count() {
            0 | 1 => Ok(()),
            count => Err(several(count, Tool::Oha.name().to_owned())),
        };
    }
    let found = Tool::results_in(text);
    if found.len() < 2 {
        return Ok(());
    }
    let tools = Tool::ALL.into_iter().filter(|tool| found.contains(tool)).map(Tool::name);
    Err(several(found.len(), tools.collect::<Vec<_>>().join(" and ")))
}

/// Imports the output of a tool as a run. Its id is from its beginning and its target; a
/// store may have to append a number.
///
/// No tool reports when it ran, so `ended` gives the end, such as the time of the file.
///
/// # Errors
/// [`ImportError`], with the file.
pub fn import(files: &[ToolOutput], tool: Option<Tool>, ended: SystemTime) -> Result<Run, ImportError> {
    let mut read: Vec<(&str, String, Tool)> = Vec::new();
    for ToolOutput { name, text } in files {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_start_matches('\u{feff}').to_owned();
        if super::from_json(text.as_bytes()).is_ok() {
            return Err(ImportError::OurOwn { file: name.clone() });
        }
        check_single(name, &text)?;
        let Some(tool) = tool.or_else(|| Tool::of(&text)) else {
            return Err(ImportError::Unknown { file: name.clone() });
        };
        read.push((name, text, tool));
    }
    let [(name, text, tool), others @ ..] = read.as_slice() else { return Err(ImportError::Nothing) };
    let all_of_ab = read.iter().all(|(_, _, tool)| *tool == Tool::Ab);
    if let (Some((second, ..)), false) = (others.first(), all_of_ab) {
        return Err(ImportError::TwoRuns { first: (*name).to_owned(), second: (*second).to_owned() });
    }
    let unreadable = |why| ImportError::Unreadable { file: (*name).to_owned(), tool: *tool, why };
    let results = match tool {
        Tool::Ab => ab::read(&read)?,
        Tool::Bombardier => bombardier::read(text).map_err(unreadable)?,
        Tool::Oha if text.trim_start().starts_with('{') => oha::read(text).map_err(unreadable)?,
        Tool::Oha | Tool::Hey => summary::read(text, *tool).map_err(unreadable)?,
        Tool::Wrk => wrk::read(text).map_err(unreadable)?,
    };
    Ok(results.into_run(*tool, ended).audited_as_imported())
}

/// The results of a tool, without the frame of a run.
#[derive(Debug, Default)]
struct Results {
    target: Option<String>,
    load: Option<Plan>,
    client: ClientSide,
    checks: Vec<Check>,
}

impl Results {
    fn into_run(self, tool: Tool, ended: SystemTime) -> Run {
        let Self { target, load, mut client, checks } = self;
        let origin = match tool {
            Tool::Ab => Origin::Ab,
            Tool::Bombardier => Origin::Bombardier,
            Tool::Hey => Origin::Hey,
            Tool::Oha => Origin::Oha,
            Tool::Wrk => Origin::Wrk,
        };
        let target = target.unwrap_or_else(|| "not told".to_owned());
        let length = Duration::try_from_secs_f64(client.seconds).unwrap_or_default();
        let began = ended.checked_sub(length).unwrap_or(ended);
        // No tool measures it; if all times are known, it follows from Little's law.
        let (times, answers) = (&client.service.ok, client.answered());
        let complete = times.count().is_some_and(|count| count >= answers);
        let mean_ms = times.mean_ms().filter(|_| complete).unwrap_or_default();
        client.in_flight = client.rate * mean_ms / 1e3;
        Run {
            format: FORMAT,
            weir: env!("CARGO_PKG_VERSION").to_owned(),
            id: id_for(began, &target, origin),
            name: None,
            origin,
            target,
            began: date(began),
            seconds: client.seconds,
            load,
            config: None,
            engine: None,
            audit: Audit { checks },
            client: Some(client),
            bench: None,
            prediction: None,
            jobs: None,
            watch: None,
            rooms: None,
            window: None,
            skipped: None,
        }
    }

    fn note(&mut self, verdict: Verdict, name: &str, says: String) {
        self.checks.push(Check { name: name.to_owned(), verdict, says });
    }

    /// Counts the requests by their statuses and errors, which must be set.
    fn by_status(&mut self) {
        let client = &mut self.client;
        for (status, count) in &client.statuses {
            let side = match status.as_str() {
                "429" | "503" => &mut client.refused,
                status if status.starts_with(['1', '2', '3']) => &mut client.ok,
                _ => &mut client.failed,
            };
            *side = side.saturating_add(*count);
        }
        client.aborted = client.errors.values().fold(0, |sum, count| sum.saturating_add(*count));
        client.sent = client.answered().saturating_add(client.aborted);
    }

    /// Adds a note that the times are of all answers, if some were not successes.
    fn mixed(&mut self, tool: &str) {
        let ClientSide { refused, failed, .. } = self.client;
        if refused.saturating_add(failed) > 0 {
            let says = format!(
                "{} refused and {} failed answers are among the {} whose times {tool} reports",
                count(refused),
                count(failed),
                count(self.client.answered())
            );
            self.note(Verdict::Disturbed, "answers", says);
        }
    }

    /// Sets the times of all answers as those of successes, because the tool does not
    /// separate them.
    fn times(&mut self, count: Option<u64>, mean_ms: Option<f64>, points: Vec<[f64; 2]>) {
        self.client.service = ByAnswer { ok: timing(count, mean_ms, points), ..ByAnswer::default() };
    }
}

fn timing(count: Option<u64>, mean_ms: Option<f64>, mut points: Vec<[f64; 2]>) -> Timing {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    points.dedup_by(|a, b| a[0] == b[0]);
    Timing::points(Points { count, mean_ms, points })
}

/// Returns a closed load, if there were clients.
fn closed(clients: f64, seconds: Option<f64>, requests: Option<u64>, request: RequestPlan) -> Option<Plan> {
    let clients = (clients > 0.0).then(|| Profile::constant(clients, seconds))?;
    Some(Plan { model: Model::Closed { clients }, requests, request })
}

/// Reads a finite number that is not negative.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests;
