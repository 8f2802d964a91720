//! Escaping of foreign text in HTML and SVG, and formatting of numbers with their units.

use super::words::{figure, grouped};
use crate::clean;

/// Stands for a figure that is not known.
pub(super) const NONE: &str = "–";

/// Makes text safe inside an element or a quoted attribute of HTML or XML. Characters that
/// XML does not allow become escapes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::new();
    for c in clean::line(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Formats a number: whole numbers in full with grouped thousands, others with three
/// significant digits, down to a thousandth.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        v if !v.is_finite() => NONE.to_owned(),
        v if v >= 1e15 => format!("{value:.2e}"),
        v if v >= 99.95 || v.fract() == 0.0 => {
            let digits = grouped(&format!("{v:.0}"));
            if value <= -0.5 { format!("-{digits}") } else { digits }
        }
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Formats a time with the unit that fits.
pub(super) fn time(ms: f64) -> String {
    with_unit(ms, number)
}

/// Formats a time for a tick of an axis, without trailing zeros.
pub(super) fn tick(ms: f64) -> String {
    with_unit(ms, figure)
}

fn with_unit(ms: f64, format: impl Fn(f64) -> String) -> String {
    match ms {
        ms if !ms.is_finite() => NONE.to_owned(),
        ms if ms < 0.001 => "&lt; 0.001 ms".to_owned(),
        ms if ms < 1000.0 => format!("{} ms", format(ms)),
        ms => format!("{} s", format(ms / 1e3)),
    }
}

/// Formats a figure that may be unknown.
pub(super) fn known(value: Option<f64>, format: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), format)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Elements of HTML without an end tag.
    const VOID: [&str; 2] = ["meta", "br"];

    /// Fails unless every tag is closed in its order, attributes are quoted, and nothing is
    /// requested from anywhere.
    #[track_caller]
    pub(in crate::runs) fn assert_self_contained(text: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = text.trim_start_matches("<!doctype html>");
        while let Some((before, after)) = rest.split_once('<') {
            assert!(open.last() == Some(&"style") || !before.contains('>'), "a bare > in {before:?}");
            let (tag, content) = after.split_once('>').unwrap_or_else(|| panic!("{after:?} is not closed"));
            assert!(tag.matches('"').count().is_multiple_of(2), "a quote is open in {tag:?}");
            // Text may say anything; tags and style sheets may not.
            let own = tag.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            let style = if open.last() == Some(&"style") { before } else { "" };
            for request in
                ["http:", "//", "src=", "href=", "script", "link", "NaN", "inf", " onload", " onerror"]
            {
                assert!(!own.contains(request), "{request} in {tag:?}");
            }
            for request in ["http:", "//", "@import", "url(", "<"] {
                assert!(!style.contains(request), "{request} in {style:?}");
            }
            let name = tag.trim_matches('/').split_whitespace().next().unwrap_or_default();
            match (tag.starts_with('/'), tag.ends_with('/') || VOID.contains(&name)) {
                (true, _) => assert_eq!(open.pop(), Some(name), "before {content:.80?}"),
                (false, false) => open.push(name),
                (false, true) => {}
            }
            rest = content;
        }
        assert!(open.is_empty(), "{open:?} are not closed");
    }

    #[test]
    fn no_markup_gets_out_of_a_foreign_text() {
        let hostile = "</title><script>alert('1')</script>\" onload=\"x\u{0}\u{1b}\u{ffff}";
        let safe = escape(hostile);
        assert!(!safe.contains(['<', '>', '"', '\'', '\u{0}', '\u{1b}', '\u{ffff}']), "{safe}");
        assert_eq!(escape("a & b"), "a &amp; b");
    }

    #[test]
    fn figures_have_three_digits_and_their_unit() {
        assert_eq!([0.0, 7.7, 12.345, 12_345.6].map(number), ["0", "7.70", "12.3", "12,346"]);
        assert_eq!([-1234.0, -0.25, 1e300].map(number), ["-1,234", "-0.250", "1.00e300"]);
        assert_eq!([0.0002, 5.03, 1500.0].map(time), ["&lt; 0.001 ms", "5.03 ms", "1.50 s"]);
        assert_eq!([0.5, 1500.0].map(tick), ["0.5 ms", "1.5 s"]);
        assert_eq!(known(None, number), "–");
    }
}
