//! bombardier: its output. Without `--latencies` there are no percentiles.
//!
//! It counts answers by class of status, and prints no duration. The duration is in the
//! first line if the test was by time; otherwise it follows from the rate.

use super::wrk::milliseconds;
use super::{ReadError, Results, closed, number};
use crate::duration;
use crate::record::{RequestPlan, Verdict};

/// Returns whether the line begins a result.
pub(super) fn begins(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words == ["Statistics", "Avg", "Stdev", "Max"]
}

/// Reads the output of bombardier.
pub(super) fn read(text: &str) -> Result<Results, ReadError> {
    let mut results = Results::default();
    let (mut rate, mut mean_ms, mut points) = (None, None, Vec::new());
    let (mut clients, mut planned_s, mut requests, mut others, mut in_errors) = (0.0, None, None, 0, false);
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Bombarding", url, rest @ ..] => {
                results.target = Some((*url).to_owned());
                match rest {
                    ["for", time, "using", connections, ..] => {
                        planned_s = duration::parse(time).map(|time| time.as_secs_f64());
                        clients = number(connections).unwrap_or_default();
                    }
                    ["with", count, _, "using", connections, ..] => {
                        requests = number(count).map(|count| count as u64);
                        clients = number(connections).unwrap_or_default();
                    }
                    _ => {}
                }
            }
            ["Reqs/sec", mean, ..] => rate = number(mean),
            ["Latency", mean, _, longest] => {
                mean_ms = milliseconds(mean);
                points.extend(milliseconds(longest).map(|ms| [100.0, ms]));
            }
            [percent, time] if percent.ends_with('%') => {
                let percent = number(percent.trim_end_matches('%')).filter(|percent| *percent <= 100.0);
                points.extend(percent.zip(milliseconds(time)).map(|(percent, ms)| [percent, ms]));
            }
            ["1xx", ..] => {
                for (class, count) in line.split(',').filter_map(|part| part.trim().split_once(" - ")) {
                    if let Some(count) = number(count).filter(|count| *count > 0.0) {
                        results.client.statuses.insert(class.to_owned(), count as u64);
                    }
                }
            }
            ["others", "-", count] => others = number(count).unwrap_or_default() as u64,
            ["Errors:"] => in_errors = true,
            ["Throughput:", ..] => in_errors = false,
            _ if in_errors => {
                if let Some((reason, count)) = line.rsplit_once(" - ") {
                    results
                        .client
                        .errors
                        .insert(reason.to_owned(), number(count).unwrap_or_default() as u64);
                }
            }
            _ => {}
        }
    }
    if results.client.statuses.is_empty() && others == 0 {
        return Err(ReadError::NoCounts);
    }
    let with_reason = results.client.errors.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if let Some(more @ 1..) = others.checked_sub(with_reason) {
        results.client.errors.insert("other".to_owned(), more);
    }
    results.by_status();
    let answered = results.client.answered();
    let rate = rate.filter(|_| answered > 0).unwrap_or_default();
    results.client.rate = rate;
    results.client.seconds = planned_s.unwrap_or(if rate > 0.0 { answered as f64 / rate } else { 0.0 });
    if planned_s.is_none() {
        let says = "bombardier does not print its duration; it is computed from the mean rate";
        results.note(Verdict::Note, "duration", says.to_owned());
    }
    if results.target.is_none() {
        let says = "the line that begins with \"Bombarding\" is missing, so target and load are unknown";
        results.note(Verdict::Note, "load", says.to_owned());
    }
    results.load =
        closed(clients, planned_s, requests, RequestPlan { timeout_s: 2.0, ..RequestPlan::default() });
    results.times((answered > 0).then_some(answered), mean_ms, points);
    results.mixed("bombardier");
    Ok(results)
}
