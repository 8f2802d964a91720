//! hey and oha: the summary that both print, which oha copied from hey. The JSON of oha
//! has more; see [`super::oha`].
//!
//! ```text
//!   Summary:                      Latency distribution:        Status code distribution:
//!     Total:    4.0100 secs         50% in 0.0200 secs           [200] 1900 responses
//!     Average:  0.0200 secs         99% in 0.0300 secs         Error distribution:
//!     Slowest:  0.0310 secs                                      [5] dial tcp: refused
//! ```

use super::{ReadError, Results, Tool, number};
use crate::record::Verdict;

/// They print tenths of a millisecond, which is too coarse below this mean.
const COARSE_MS: f64 = 5.0;

/// Returns the tool of a summary: only oha prints a success rate.
pub(super) fn tool(text: &str) -> Tool {
    let of_oha = text.lines().any(|line| line.trim_start().starts_with("Success rate:"));
    if of_oha { Tool::Oha } else { Tool::Hey }
}

/// Reads the output of hey or oha.
pub(super) fn read(text: &str, tool: Tool) -> Result<Results, ReadError> {
    let mut results = Results::default();
    let (mut total_ms, mut mean_ms, mut rate, mut points) = (None, None, None, Vec::new());
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with([' ', '\t']) && line.trim_end().ends_with(':') {
            section = line.trim_end();
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Total:", time, unit, ..] => total_ms = milliseconds(time, unit),
            ["Average:", time, unit, ..] => mean_ms = milliseconds(time, unit),
            ["Slowest:", time, unit, ..] => {
                points.extend(milliseconds(time, unit).map(|ms| [100.0, ms]));
            }
            ["Requests/sec:", value] => rate = number(value),
            ["Total", "data:", size, unit, ..] => {
                results.client.bytes = bytes(size, unit).unwrap_or_default();
            }
            [percent, "in", time, unit] if percent.ends_with('%') => {
                let percent = number(percent.trim_end_matches('%')).filter(|percent| *percent <= 100.0);
                points.extend(percent.zip(milliseconds(time, unit)).map(|(percent, ms)| [percent, ms]));
            }
            [bracketed, rest @ ..] if section.starts_with("Status code") => {
                let count = rest.first().and_then(|count| number(count));
                if let (Some(status), Some(count)) = (in_brackets(bracketed), count) {
                    results.client.statuses.insert(status.to_owned(), count as u64);
                }
            }
            [bracketed, reason @ ..] if section.starts_with("Error") => {
                if let Some(count) = in_brackets(bracketed).and_then(number) {
                    results.client.errors.insert(reason.join(" "), count as u64);
                }
            }
            _ => {}
        }
    }
    let expected = "such as \"Total: 4.0100 secs\" under \"Summary:\"";
    results.client.seconds = total_ms.ok_or(ReadError::Unfinished { expected, tool })? / 1e3;
    results.by_status();
    let answered = results.client.answered();
    // Their requests per second include those without an answer.
    let own =
        (results.client.seconds > 0.0 && answered > 0).then(|| answered as f64 / results.client.seconds);
    results.client.rate = own.or(rate.filter(|_| answered > 0)).unwrap_or_default();
    results.times((answered > 0).then_some(answered), mean_ms, points);
    results.mixed(tool.name());
    if mean_ms.is_some_and(|mean| mean < COARSE_MS) {
        let says = format!("{} prints times in tenths of a millisecond", tool.name());
        results.note(Verdict::Note, "resolution", says);
    }
    let says = format!("{} does not print its target and load, so both are unknown", tool.name());
    results.note(Verdict::Note, "load", says);
    Ok(results)
}

fn in_brackets(word: &str) -> Option<&str> {
    word.strip_prefix('[')?.strip_suffix(']')
}

fn milliseconds(time: &str, unit: &str) -> Option<f64> {
    let scale = match unit {
        "ns" => 1e-6,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-3,
        "ms" => 1.0,
        "s" | "sec" | "secs" => 1e3,
        "m" | "min" | "mins" => 60e3,
        "h" => 3600e3,
        _ => return None,
    };
    // Digits below a millionth of a millisecond are noise of the conversion.
    Some((number(time)? * scale * 1e6).round() / 1e6).filter(|ms| ms.is_finite())
}

/// Reads a size: hey prints `bytes`, oha `B`, `KiB` and so on.
fn bytes(size: &str, unit: &str) -> Option<u64> {
    let step = "bKMGTP"
        .find(unit.chars().next()?.to_ascii_uppercase())
        .or(unit.starts_with(['b', 'B']).then_some(0))?;
    Some((number(size)? * 1024_f64.powi(i32::try_from(step).ok()?)) as u64)
}
