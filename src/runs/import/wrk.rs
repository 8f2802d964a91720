//! wrk: its output. Without `--latency` there are no percentiles, only the mean and the
//! longest time.
//!
//! A `timeout` of wrk is an answer that came later than `--timeout` (2 s by default): it
//! is among the requests, but not among the times.

use super::{ReadError, Results, Tool, closed, number};
use crate::record::{RequestPlan, Verdict};
use crate::runs::words::{count, percent};

/// The share of missing times from which a p99 is meaningless.
const TOO_MANY: f64 = 0.01;

/// Returns whether the line has the counts: `188 requests in 1.00s, 21.66KB read`.
pub(super) fn counts(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), [_, "requests", "in", _, _, "read"])
}

/// Reads the output of wrk.
pub(super) fn read(text: &str) -> Result<Results, ReadError> {
    let mut results = Results::default();
    let (mut requests, mut planned_s, mut clients, mut late) = (None, None, 0.0, 0_u64);
    let (mut mean_ms, mut points) = (None, Vec::new());
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Running", length, "test", "@", url, ..] => {
                planned_s = milliseconds(length).map(|ms| ms / 1e3);
                results.target = Some((*url).to_owned());
            }
            [_, "threads", "and", connections, "connections", ..] => {
                clients = number(connections).unwrap_or_default();
            }
            ["Latency", mean, _, longest, ..] => {
                mean_ms = mean_ms.or(milliseconds(mean));
                points.extend(milliseconds(longest).map(|ms| [100.0, ms]));
            }
            [percent, time] if percent.ends_with('%') => {
                let percent = number(percent.trim_end_matches('%')).filter(|percent| *percent <= 100.0);
                points.extend(percent.zip(milliseconds(time)).map(|(percent, ms)| [percent, ms]));
            }
            [count, "requests", "in", length, size, "read"] => {
                requests = number(count).map(|count| count as u64);
                results.client.seconds =
                    milliseconds(length.trim_end_matches(',')).unwrap_or_default() / 1e3;
                results.client.bytes = bytes(size).unwrap_or_default();
            }
            ["Requests/sec:", rate] => results.client.rate = number(rate).unwrap_or_default(),
            ["Non-2xx", "or", "3xx", "responses:", count] => {
                results.client.failed = number(count).unwrap_or_default() as u64;
            }
            ["Socket", "errors:", errors @ ..] => {
                for error in errors.chunks_exact(2) {
                    let count = number(error[1].trim_end_matches(',')).unwrap_or_default() as u64;
                    match (error[0], count) {
                        (_, 0) => {}
                        ("timeout", late_ones) => late = late_ones,
                        (name, count) => {
                            results.client.errors.insert(name.to_owned(), count);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let expected = "such as \"188 requests in 1.00s, 21.66KB read\"";
    let requests: u64 = requests.ok_or(ReadError::Unfinished { expected, tool: Tool::Wrk })?;
    let client = &mut results.client;
    client.aborted = client.errors.values().fold(0, |sum, count| sum.saturating_add(*count));
    client.sent = requests.saturating_add(client.aborted);
    client.ok = requests.saturating_sub(client.failed);
    let failed = client.failed;
    if failed > 0 {
        let says = format!(
            "{} of {} answers were neither 2xx nor 3xx; wrk does not separate refusals, so all count as \
             failed, and the times are of all answers together",
            count(failed),
            count(requests)
        );
        results.note(Verdict::Disturbed, "answers", says);
    }
    if late > 0 {
        let heavy = late as f64 > TOO_MANY * requests as f64;
        let verdict = if heavy { Verdict::Failed } else { Verdict::Disturbed };
        let says = format!(
            "{} of {} answers took longer than wrk's --timeout and are missing from its times (limit {}), so \
             the percentiles are too low",
            count(late),
            count(requests),
            percent(TOO_MANY)
        );
        results.note(verdict, "late answers", says);
    }
    results.load =
        closed(clients, planned_s, None, RequestPlan { timeout_s: 2.0, ..RequestPlan::default() });
    let timed = requests.saturating_sub(late);
    if timed > 0 {
        results.times(Some(timed), mean_ms, points);
    }
    Ok(results)
}

/// Reads `0.92ms`, `593.21us`, `1.5s`, `2m` or `1h`.
pub(super) fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 60e3), ("h", 3600e3)];
    let (digits, scale) = units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    // Digits below a millionth of a millisecond are noise of the conversion, as in 0.92 *
    // 1000.
    let ms = number(digits)? * scale;
    Some((ms * 1e6).round() / 1e6).filter(|ms| ms.is_finite())
}

/// Reads `240.00B`, `21.66KB` or `3.27MB`, whose steps are of 1024.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let step = "BKMGTP".find(text[digits.len()..].chars().next()?)?;
    Some((number(digits)? * 1024_f64.powi(i32::try_from(step).ok()?)) as u64)
}
