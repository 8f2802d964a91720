//! Formats the numbers in the sentences of an audit.

/// Formats a count with its digits grouped: `9,981`.
pub(crate) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// Groups the digits of a whole number by commas.
pub(crate) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a share as `75 %`, `2.5 %` or `0.04 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", figure(share * 100.0))
}

/// Formats a number with at most three significant digits, down to a thousandth.
pub(super) fn figure(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 99.95 => return format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(
            [0, 999, 1000, 9_981, 1_234_567].map(count),
            ["0", "999", "1,000", "9,981", "1,234,567"]
        );
        let shares = [1.0, 0.75, 0.025, 0.0004, 0.0].map(percent);
        assert_eq!(shares, ["100 %", "75 %", "2.5 %", "0.04 %", "0 %"]);
        assert_eq!([5.0, 20.0, 0.5, 1234.5].map(figure), ["5", "20", "0.5", "1234"]);
    }
}
