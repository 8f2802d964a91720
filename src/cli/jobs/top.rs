//! `weir jobs top`: the state of the lab, and its busiest jobs.

use std::time::Duration;

use crate::cli::Exit;
use crate::cli::answers::Quantiles;
use crate::cli::answers::jobs::{Code, Others, Row, Snapshot};
use crate::cli::ask::{Ask, Said};
use crate::cli::output::redraw;
use crate::cli::text::{NONE, Table, hang, left, number, pad, percent, right, time, wrap};
use crate::record::Origin;
use crate::runs::words::count;

/// The interval of `--watch`.
const AGAIN: Duration = Duration::from_secs(1);
/// The width of a label; the text begins behind it.
const LABEL: usize = 10;

pub(super) fn run(ask: &Ask<'_>, watch: bool) -> Result<Exit, Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| Said::Nothing(error.into()))?;
    loop {
        let answer = ask.get::<Snapshot>("")?;
        if watch && !ask.as_json {
            redraw(pretty(&answer.read).trim_end());
        } else {
            answer.print(ask, pretty);
        }
        if !watch {
            return Ok(Exit::Success);
        }
        // A sleep must be created inside the runtime.
        runtime.block_on(async { tokio::time::sleep(AGAIN).await });
    }
}

fn pretty(snapshot: &Snapshot) -> String {
    let verdict = &snapshot.verdict;
    let mut text = hang(&format!("{}  ", verdict.word), &format!("{}\n\n", verdict.text.trim()));
    text += &figures(snapshot);
    text += &jobs(snapshot);
    text.push('\n');
    let Code { file, version, running, problem, built_in } = &snapshot.code;
    let source = if *built_in { "the built-in code" } else { file.as_str() };
    let running: Vec<String> =
        running.iter().map(|(version, jobs)| format!("{jobs} jobs on version {version}")).collect();
    text += &labelled("code", &format!("{source}, version {version}; {}", running.join(", ")));
    if let Some(problem) = problem {
        text += &wrap(&format!("the file cannot be used: {problem}"), LABEL);
    }
    let ledger = &snapshot.ledger;
    text += &labelled(
        "ledger",
        &format!(
            "accepted {} = done {} + failed {} + killed {} + running {}; refused {}",
            ledger.accepted, ledger.done, ledger.failed, ledger.killed, ledger.running, ledger.refused
        ),
    );
    text
}

fn figures(snapshot: &Snapshot) -> String {
    let Snapshot { isolation, slice, load, now, .. } = snapshot;
    let us = slice.us.map_or(String::new(), |us| format!(", {} µs", number(us)));
    let mut text = labelled(
        "isolation",
        &format!("{isolation}, slices of {} reductions{us}", count(slice.reductions)),
    );
    text += &labelled(
        "jobs",
        &format!(
            "{}/s of {}/s, {} late, {} restarts",
            short(now.rate),
            short(load.target),
            now.late,
            now.restarts
        ),
    );
    let both = |of: Option<Quantiles>| match of {
        Some(Quantiles { p50, p99 }) => {
            format!("p50 {} ms, p99 {} ms", time(p50, Origin::Kept), time(p99, Origin::Kept))
        }
        None => "none in the last second".to_owned(),
    };
    text += &labelled("lateness", &both(now.lateness_ms));
    text += &labelled("user jobs", &both(now.yours_ms));
    text + &labelled("core", &now.cpu.map_or(NONE.to_owned(), percent))
}

/// A row for each of the busiest jobs, and one for the others.
fn jobs(snapshot: &Snapshot) -> String {
    let header = ["id", "input", "by", "version", "core", "reductions/s", "slices", "longest", "age", ""];
    let columns =
        [right(8), right(10), left(4), right(7), right(6), right(12), right(7), right(7), right(6)];
    let mut table = Table::new(columns.into_iter().chain([left(0)])).header(header);
    for row in &snapshot.top {
        let Row { id, input, by, version, core, reductions_s, slices, longest_us, age_ms, kill } = row;
        let kill = match kill.as_deref() {
            None => "",
            Some("no_effect") => "kill has no effect",
            Some(_) => "killing",
        };
        table.row([
            &id.to_string(),
            input,
            by,
            &version.to_string(),
            &percent(*core),
            &short(*reductions_s),
            &short(*slices as f64),
            &format!("{} µs", number(*longest_us)),
            &age(*age_ms),
            kill,
        ]);
    }
    let Others { count, core, reductions_s, longest_us } = snapshot.others;
    table.row([
        "others",
        &count.to_string(),
        "",
        "",
        &percent(core),
        &short(reductions_s),
        "",
        &format!("{} µs", number(longest_us)),
    ]);
    table.section()
}

fn labelled(label: &str, text: &str) -> String {
    hang(&pad(label, LABEL), text)
}

/// Milliseconds, or seconds from a second on.
fn age(ms: f64) -> String {
    if ms < 1000.0 { format!("{} ms", time(ms, Origin::Kept)) } else { format!("{} s", number(ms / 1e3)) }
}

/// A count in three digits and a letter from 100,000 on: `10000`, `789 M`, `13.0 G`.
pub(super) fn short(count: f64) -> String {
    let scales = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match scales.into_iter().find(|(scale, _)| count >= *scale) {
        Some((scale, letter)) if count >= 1e5 => format!("{} {letter}", number(count / scale)),
        _ => format!("{count:.0}"),
    }
}
