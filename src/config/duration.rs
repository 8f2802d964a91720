//! Durations as people write them: `"500ms"`, `"2s"`, `"1.5s"`, `"10us"`.

use std::time::Duration;

/// The units, longest first.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads a number and a unit. `None` for anything else; a plain `0` needs no
/// unit.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ')?;
    let (number, unit) = text.split_at(unit_at);
    let unit = if unit == "µs" { "us" } else { unit };
    let (_, nanos) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let number = number.trim_end();
    // `f64` also reads words and signs that are no amount of time.
    if !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let nanos = number.parse::<f64>().ok()? * nanos as f64;
    // Beyond this a Duration would lose precision, and nobody waits so long.
    (nanos < 1e18).then(|| Duration::from_nanos(nanos.round() as u64))
}

/// Writes a duration in the largest unit that needs no fraction.
pub fn format(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0ms".to_owned();
    }
    let fits = |(_, unit): &&(&str, u64)| nanos.is_multiple_of(u128::from(*unit));
    let (name, unit) = UNITS.iter().find(fits).unwrap_or(&UNITS[5]);
    format!("{}{name}", nanos / u128::from(*unit))
}

pub(super) fn serialize<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format(*duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, ms) in
            [("500ms", 500.0), ("2s", 2e3), ("1.5s", 1.5e3), ("250 us", 0.25), ("1min", 6e4), ("0", 0.0)]
        {
            assert_eq!(parse(text).unwrap().as_secs_f64() * 1e3, ms, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in ["", "5", "ms", "-5ms", "5 parsecs", "1e3s", "infs", "NaNs", "1..5s", "9999999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for text in ["500ms", "2s", "1500ms", "10us", "1h", "90min", "7ns", "0ms"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
    }
}
