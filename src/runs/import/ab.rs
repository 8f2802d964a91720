//! ApacheBench: what it prints, and the percentiles that `-e` writes.
//!
//! ```text
//!   Complete requests     answers, of any status
//!   Failed requests       connections that failed or broke, and answers whose
//!                         length is not that of the first one
//!   Non-2xx responses     counted apart from the failed ones; may be both
//! ```
//!
//! A failed connection is retried and is not among the complete requests.

use super::{ImportError, ReadError, Results, Tool, closed, number};
use crate::record::{RequestPlan, Verdict};
use crate::runs::words::count;

/// Below this, a mean in whole milliseconds is too coarse.
const COARSE_MS: f64 = 10.0;

/// Returns whether it is an `-e` file.
pub(super) fn is_csv(text: &str) -> bool {
    text.trim_start().starts_with("Percentage served")
}

/// Reads the output of `ab`, its `-e` file, or both.
pub(super) fn read(files: &[(&str, String, Tool)]) -> Result<Results, ImportError> {
    let (tables, outputs): (Vec<_>, Vec<_>) = files.iter().partition(|(_, text, _)| is_csv(text));
    for several in [&tables, &outputs] {
        if let [(first, ..), (second, ..), ..] = several.as_slice() {
            let [first, second] = [first, second].map(|name| name.to_string());
            return Err(ImportError::TwoRuns { first, second });
        }
    }
    let unreadable =
        |file: &str, why| ImportError::Unreadable { file: file.to_owned(), tool: Tool::Ab, why };
    let mut results = Results::default();
    let (mut points, mut count, mut mean_ms) = (Vec::new(), None, None);
    if let Some((name, text, _)) = outputs.first() {
        let output = Output::read(text).map_err(|why| unreadable(name, why))?;
        count = Some(output.complete);
        mean_ms = output.mean_ms;
        points.clone_from(&output.points);
        results = output.results();
    }
    if let Some((name, text, _)) = tables.first() {
        let fine = read_csv(text).map_err(|why| unreadable(name, why))?;
        // The highest percentiles, if only the output has them and they are not rounded.
        let last = fine.last().copied().unwrap_or_default();
        points.retain(|[percent, ms]| *percent > last[0] && *ms >= last[1]);
        points.splice(0..0, fine);
        mean_ms = mean_ms.filter(|mean| *mean >= COARSE_MS);
    } else {
        let says = "ab prints whole milliseconds. For finer times, import this output together with the file \
                    that ab writes with -e";
        results.note(Verdict::Note, "resolution", says.to_owned());
    }
    if outputs.is_empty() {
        let says = "counts, rate and duration are unknown, because the -e file of ab has only percentiles. \
                    Import it together with the output of ab";
        results.note(Verdict::Note, "counts", says.to_owned());
    }
    results.times(count, mean_ms, points);
    Ok(results)
}

fn read_csv(text: &str) -> Result<Vec<[f64; 2]>, ReadError> {
    let mut points = Vec::new();
    for (n, line) in text.trim().lines().enumerate().skip(1) {
        let pair = line.split_once(',').and_then(|(percent, ms)| Some([number(percent)?, number(ms)?]));
        let Some(point) = pair.filter(|[percent, _]| *percent <= 100.0) else {
            return Err(ReadError::BadPoint { line: n + 1, found: line.to_owned() });
        };
        points.push(point);
    }
    if points.is_empty() { Err(ReadError::NoPoints) } else { Ok(points) }
}

/// The output of `ab`.
#[derive(Debug, Default)]
struct Output {
    complete: u64,
    /// Connections that failed; answers that broke; wrong lengths; exceptions.
    failures: [u64; 4],
    non_2xx: u64,
    clients: f64,
    seconds: f64,
    rate: Option<f64>,
    bytes: f64,
    mean_ms: Option<f64>,
    host: Option<String>,
    port: Option<String>,
    path: String,
    https: bool,
    keep_alive: bool,
    has_body: bool,
    points: Vec<[f64; 2]>,
}

impl Output {
    fn read(text: &str) -> Result<Self, ReadError> {
        let mut output = Self::default();
        let mut complete = None;
        for line in text.lines() {
            if let Some((key, value)) = line.split_once(':') {
                let value = value.trim();
                let first = value.split_whitespace().next().and_then(number);
                match key.trim() {
                    "Complete requests" => complete = first,
                    "Non-2xx responses" => output.non_2xx = first.unwrap_or_default() as u64,
                    "Concurrency Level" => output.clients = first.unwrap_or_default(),
                    "Time taken for tests" => output.seconds = first.unwrap_or_default(),
                    "Requests per second" => output.rate = first,
                    "Total transferred" => output.bytes = first.unwrap_or_default(),
                    "Total" => output.mean_ms = value.split_whitespace().nth(1).and_then(number),
                    "Server Hostname" => output.host = Some(value.to_owned()),
                    "Server Port" => output.port = Some(value.to_owned()),
                    "Document Path" => value.clone_into(&mut output.path),
                    "SSL/TLS Protocol" => output.https = true,
                    "Keep-Alive requests" => output.keep_alive = true,
                    "Total body sent" => output.has_body = true,
                    "(Connect" => output.failures = failures(value),
                    _ => {}
                }
            } else if let Some((percent, ms)) = line.split_once('%') {
                let ms = ms.split_whitespace().next().and_then(number);
                let percent = number(percent).filter(|percent| *percent <= 100.0);
                output.points.extend(percent.zip(ms).map(|(percent, ms)| [percent, ms]));
            }
        }
        let expected = "\"Complete requests:\" with a number";
        output.complete = complete.ok_or(ReadError::Unfinished { expected, tool: Tool::Ab })? as u64;
        Ok(output)
    }

    fn results(self) -> Results {
        let [connect, receive, length, exceptions] = self.failures;
        let broken = receive.saturating_add(exceptions);
        let mut results = Results::default();
        let client = &mut results.client;
        client.sent = self.complete.saturating_add(connect);
        client.aborted = connect.saturating_add(broken);
        client.failed = self.non_2xx;
        client.ok = self.complete.saturating_sub(self.non_2xx).saturating_sub(broken);
        client.seconds = self.seconds;
        client.rate = self.rate.unwrap_or_default();
        client.bytes = self.bytes as u64;
        let errors = [("connect", connect), ("receive", receive), ("exception", exceptions)];
        let errors = errors.into_iter().filter(|(_, count)| *count > 0);
        client.errors = errors.map(|(name, count)| (name.to_owned(), count)).collect();
        if self.non_2xx > 0 {
            let says = format!(
                "{} of {} answers were not 2xx; ab does not separate refusals and redirects, so all count as \
                 failed, and the times are of all answers together",
                count(self.non_2xx),
                count(self.complete)
            );
            results.note(Verdict::Disturbed, "answers", says);
        }
        if length > 0 {
            let says = format!(
                "{} answers differ in length from the first. ab calls them failed; here they count as successes, \
                 as with ab -l",
                count(length)
            );
            results.note(Verdict::Note, "lengths", says);
        }
        let port = self.port.filter(|port| port != if self.https { "443" } else { "80" });
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let scheme = if self.https { "https" } else { "http" };
        results.target = self.host.map(|host| format!("{scheme}://{host}{port}{}", self.path));
        let method = if self.has_body { "POST" } else { "GET" }.to_owned();
        let request = RequestPlan { method, body: None, keep_alive: self.keep_alive, timeout_s: 30.0 };
        results.load = closed(self.clients, None, Some(self.complete), request);
        results
    }
}

/// Reads `0, Receive: 0, Length: 6, Exceptions: 0)`.
fn failures(text: &str) -> [u64; 4] {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    std::array::from_fn(|_| numbers.next().unwrap_or_default())
}
