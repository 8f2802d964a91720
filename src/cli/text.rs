//! The layout of everything that the command line prints: one width, one way to wrap,
//! to shorten, to write a number, and (in [`table`]) to line up columns.
//!
//! Widths are columns of a terminal: a wide character takes two, a combining one none.
//! Foreign words are cleaned here ([`clean::line`]) before they are measured, since an
//! escaped character is wider than the character.
//!
//! Two things are printed as they are, however wide: source code and the compiler's
//! messages, which a line break would change.

mod table;

use textwrap::{Options, WordSeparator, WordSplitter};
use unicode_width::UnicodeWidthStr;

pub(in crate::cli) use table::{Table, left, right};

use crate::clean;
use crate::record::Origin;

/// The most columns of a line, on a terminal and in a pipe.
pub(in crate::cli) const WIDTH: usize = 80;

/// Stands for a figure that does not exist.
pub(in crate::cli) const NONE: &str = "–";

/// Units that stay on the line of their number.
const UNITS: [&str; 7] = ["%", "µs", "ms", "s", "min", "/s", "times"];

/// Shows the character before it as a picture of two columns, which textwrap counts as one. A line
/// can do without.
const EMOJI: char = '\u{fe0f}';
const NO_BREAK: char = '\u{a0}';

/// Wraps a paragraph, each line behind `indent` spaces. Ends with a line break.
pub(in crate::cli) fn wrap(text: &str, indent: usize) -> String {
    hang(&" ".repeat(indent), text)
}

/// Wraps a paragraph behind `lead`, with the other lines below its end. Ends with a
/// line break. A word that is wider than a line is broken.
pub(in crate::cli) fn hang(lead: &str, text: &str) -> String {
    let lead = clean::line(lead);
    let indent = " ".repeat(lead.width());
    let lines = fold_with(text, WIDTH, &lead, &indent);
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The lines of a paragraph of at most `width` columns.
pub(in crate::cli) fn fold(text: &str, width: usize) -> Vec<String> {
    fold_with(text, width, "", "")
}

fn fold_with(text: &str, width: usize, first: &str, others: &str) -> Vec<String> {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(others)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let text = joined(text);
    if text.is_empty() {
        return vec![first.to_owned()];
    }
    textwrap::wrap(&text, options).iter().map(|line| line.replace(NO_BREAK, " ")).collect()
}

/// The words, cleaned and with one space between them; a number and its unit with one
/// that does not break.
fn joined(text: &str) -> String {
    let mut joined = String::new();
    for word in text.split_whitespace() {
        let is_unit = UNITS.contains(&word.trim_end_matches([',', '.', ';', ':', ')']));
        if joined.ends_with(|c: char| c.is_ascii_digit()) && is_unit {
            joined.push(NO_BREAK);
        } else if !joined.is_empty() {
            joined.push(' ');
        }
        joined.extend(clean::line(word).chars().filter(|c| *c != EMOJI));
    }
    joined
}

/// Wraps the lines that are too wide, each by itself and with its own indent, for texts
/// that are laid out already.
pub(in crate::cli) fn fit(text: &str) -> String {
    let one = |line: &str| {
        if line.width() <= WIDTH {
            return line.to_owned();
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        fold_with(line, WIDTH, indent, &format!("{indent}  ")).join("\n")
    };
    clean::text(text).lines().map(one).collect::<Vec<_>>().join("\n")
}

/// At most `width` columns of a line; an ellipsis stands for the rest.
pub(in crate::cli) fn cut(text: &str, width: usize) -> String {
    let text = clean::line(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        // The width of the whole: a character may widen the one before it.
        if kept.width() >= width {
            kept.pop();
            break;
        }
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Fills a text up to `width` columns with spaces behind it.
pub(in crate::cli) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A line of `─`.
pub(in crate::cli) fn rule(width: usize) -> String {
    "─".repeat(width.min(WIDTH))
}

/// Three significant digits, down to a thousandth: milliseconds to the microsecond.
/// Whole from 100 on, and with an exponent from 100 million on.
pub(in crate::cli) fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1e8 => format!("{value:.1e}"),
        v if v >= 99.95 || v == 0.0 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A share in percent.
pub(in crate::cli) fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// A time in milliseconds. Weir's histograms resolve a microsecond: a shorter time is
/// not 0. Where another tool or a formula says 0, so does this.
pub(in crate::cli) fn time(ms: f64, origin: Origin) -> String {
    let is_histogram = matches!(origin, Origin::Recorded | Origin::Load | Origin::Kept | Origin::Simulated);
    match ms.abs() {
        v if v < 0.001 && (is_histogram || v > 0.0) => "<0.001".to_owned(),
        _ => number(ms),
    }
}

/// Fails when a line of `text` is wider than [`WIDTH`] or ends with a space.
#[cfg(test)]
#[track_caller]
pub(in crate::cli) fn assert_fits(text: &str) {
    for line in text.lines() {
        assert!(line.width() <= WIDTH, "{} columns: {line:?}", line.width());
        assert_eq!(line, line.trim_end(), "spaces at the end");
    }
}

#[cfg(test)]
mod tests;
