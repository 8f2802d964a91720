//! Arguments, memory and figures of the bench.

use std::time::Duration;

use hdrhistogram::Histogram;

/// True if a part was named, or none was.
pub(crate) fn chosen(part: &str) -> bool {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-') && !word.contains('=')).collect();
    words.is_empty() || words.iter().any(|word| word == part)
}

/// A number from the arguments, as in `seconds=3`.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    let prefix = format!("{name}=");
    std::env::args()
        .find_map(|word| word.strip_prefix(&prefix).and_then(|number| number.parse().ok()))
        .unwrap_or(default)
}

/// A histogram of microseconds, up to a minute.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are valid")
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Median and 99th percentile in milliseconds.
pub(crate) fn quantiles(histogram: &Histogram<u64>) -> String {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    format!("{:.2} / {:.2}", at(0.5), at(0.99))
}

/// Resident memory of the process in bytes, on Linux; 0 elsewhere.
pub(crate) fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
