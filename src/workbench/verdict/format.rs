//! Formats the figures of a sentence.

use crate::runs::words::grouped;

/// The longest time that is written, in seconds: ten years.
const FOREVER: f64 = 10.0 * 365.0 * 86_400.0;

/// A whole number, with commas.
pub(super) fn whole(value: f64) -> String {
    grouped(&format!("{:.0}", value.max(0.0)))
}

/// This many significant digits.
fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let unit = 10f64.powi(value.abs().log10().floor() as i32 + 1 - digits);
    (value / unit).round() * unit
}

/// A rate a second: two digits below 10, whole above, three significant from 1,000 on.
pub(super) fn rate(per_s: f64) -> String {
    match per_s {
        r if r.is_infinite() => "any number of events".to_owned(),
        r if r < 0.05 => "0/s".to_owned(),
        r if r < 9.95 => format!("{}/s", trimmed(format!("{:.2}", rounded(r, 2)))),
        r if r < 999.5 => format!("{}/s", whole(r)),
        r => format!("{}/s", whole(rounded(r, 3))),
    }
}

/// A time in seconds, in the unit that suits it.
pub(super) fn time(seconds: f64) -> String {
    match seconds {
        s if s < 0.000_995 => format!("{} µs", trimmed(format!("{:.1}", rounded(s * 1e6, 2)))),
        s if s < 0.0995 => format!("{} ms", trimmed(format!("{:.3}", rounded(s * 1e3, 2)))),
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 99.5 => format!("{s:.0} s"),
        s => long(s),
    }
}

/// A time in seconds, in its two largest units.
pub(super) fn long(seconds: f64) -> String {
    if seconds > FOREVER {
        return "more than 10 years".to_owned();
    }
    let seconds = seconds.max(0.0) as u64;
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(units.len() - 1);
    let (size, unit) = units[first];
    let mut text = format!("{} {unit}", seconds / size);
    if let Some((next, unit)) = units.get(first + 1) {
        let rest = seconds % size / next;
        if rest > 0 {
            text += &format!(" {rest} {unit}");
        }
    }
    text
}

/// A share in whole per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A share in tenths: `6 of 10`.
pub(super) fn tenths(share: f64) -> String {
    format!("{:.0} of 10", (share * 10.0).round().clamp(1.0, 10.0))
}

/// `1 consumer`, `2 consumers`.
pub(super) fn consumers(count: f64) -> String {
    if count == 1.0 { "1 consumer".to_owned() } else { format!("{} consumers", whole(count)) }
}

fn trimmed(decimal: String) -> String {
    match decimal.contains('.') {
        true => decimal.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => decimal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        assert_eq!([0.0, 999.0, 1000.0, 1_234_567.0].map(whole), ["0", "999", "1,000", "1,234,567"]);
        let rates = [0.01, 0.123, 9.94, 9.96, 30.4, 999.6, 1234.0].map(rate);
        assert_eq!(rates, ["0/s", "0.12/s", "9.9/s", "10/s", "30/s", "1,000/s", "1,230/s"]);
        let times = [0.000_5, 0.0123, 0.5, 1.25, 42.2].map(time);
        assert_eq!(times, ["500 µs", "12 ms", "500 ms", "1.2 s", "42 s"]);
        let times = [994.0, 3600.0, 90_000.0, f64::INFINITY].map(time);
        assert_eq!(times, ["16 min 34 s", "1 h", "1 d 1 h", "more than 10 years"]);
        assert_eq!([0.01, 0.6, 1.0].map(tenths), ["1 of 10", "6 of 10", "10 of 10"]);
    }
}
