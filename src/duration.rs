//! Durations as people write them: `"500ms"`, `"2s"`, `"1.5s"`, `"1m30s"`.

use std::time::Duration;

/// The units, longest first. Durations are written in these.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads a number and a unit, or several of them from the longest unit to the
/// shortest: `1m30s`. `m` is a minute, as in Go, wrk, hey and k6. A plain `0` needs
/// no unit. `None` for anything else.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let (mut sum, mut longest) = (0.0, u64::MAX);
    while !rest.is_empty() || longest == u64::MAX {
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at(number_end);
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let nanos = nanos_of(unit).filter(|nanos| *nanos < longest)?;
        sum += number.parse::<f64>().ok()? * nanos as f64;
        longest = nanos;
        rest = after.trim_start();
    }
    // A longer one would lose precision as a Duration.
    (sum < 1e18).then(|| Duration::from_nanos(sum.round() as u64))
}

fn nanos_of(unit: &str) -> Option<u64> {
    let unit = match unit {
        "m" => "min",
        // The micro sign, and the Greek letter that keyboards have.
        "\u{b5}s" | "\u{3bc}s" => "us",
        unit => unit,
    };
    UNITS.into_iter().find(|(name, _)| *name == unit).map(|(_, nanos)| nanos)
}

/// Like [`parse`], and a number without a unit is seconds, as ab, wrk and curl take
/// it. For the command line only: in `config.toml` most times are milliseconds, so
/// a number without a unit there is more likely a mistake.
pub fn parse_seconds(text: &str) -> Option<Duration> {
    let plain = text.trim().chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain { parse(&format!("{}s", text.trim())) } else { parse(text) }
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

/// Writes a duration as text, for `serde(serialize_with)`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
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
    fn durations_of_other_tools_are_read() {
        for (text, seconds) in [
            ("1m", 60.0),
            ("1m30s", 90.0),
            ("1h 2min 3.5s", 3723.5),
            ("2s500ms", 2.5),
            ("5 \u{3bc}s", 5e-6),
        ] {
            assert_eq!(parse(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_seconds_on_the_command_line_only() {
        assert_eq!(parse_seconds("10"), Some(Duration::from_secs(10)));
        assert_eq!(parse_seconds(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(parse_seconds("1m30s"), parse("90s"));
        assert_eq!((parse_seconds(""), parse_seconds("."), parse_seconds("-1")), (None, None, None));
        assert_eq!(parse("10"), None);
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "",
            "5",
            "ms",
            "-5ms",
            "5 parsecs",
            "1e3s",
            "infs",
            "NaNs",
            "1..5s",
            "9999999999h",
            "s5",
            "1s30",
            "30s1m",
            "1s2s",
            "1m ms",
            "m",
            "1s,2s",
        ] {
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
