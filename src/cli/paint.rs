//! Colours titles, marks and verdicts on a terminal.
//!
//! Text is painted when it is printed, by its content: layouts never count an escape
//! sequence, and a file or a pipe gets the same text without colour.

use std::ffi::OsStr;
use std::fmt::Write;
use std::io::IsTerminal;

const BOLD: &str = "1";
const RED: &str = "31";
const RED_BOLD: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// Whether a stream is painted: it is a terminal that can show colour, and `NO_COLOR` is
/// empty or not set (<https://no-color.org>).
pub(super) fn is_wanted(stream: &impl IsTerminal) -> bool {
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    is_wanted_with(stream.is_terminal(), &variable("NO_COLOR"), &variable("TERM"))
}

fn is_wanted_with(is_terminal: bool, no_color: &OsStr, term: &OsStr) -> bool {
    is_terminal && no_color.is_empty() && term != "dumb"
}

/// The text with colours. JSON stays as it is.
pub(super) fn paint(text: &str) -> String {
    if text.starts_with(['{', '[']) {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut painted = String::with_capacity(text.len() * 5 / 4);
    for (n, line) in lines.iter().enumerate() {
        if n > 0 {
            painted.push('\n');
        }
        let is_title = !line.is_empty() && lines.get(n + 1).is_some_and(|next| is_rule(next));
        match colour_of(line) {
            Some(colour) => coloured(&mut painted, colour, line),
            None if is_title => coloured(&mut painted, BOLD, line),
            None => marks(&mut painted, line),
        }
    }
    painted
}

/// Whether a line is a rule.
fn is_rule(line: &str) -> bool {
    !line.is_empty() && line.chars().all(|c| c == '─')
}

/// The colour of a whole line, by its beginning.
fn colour_of(line: &str) -> Option<&'static str> {
    let words = line.trim_start().to_ascii_lowercase();
    let is_mark = |c: char| matches!(c, '^' | ' ' | '|');
    if line.contains('^') && line.chars().all(is_mark) {
        return Some(RED);
    }
    let begins =
        |with: &str| words.strip_prefix(with).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    let audit = words.strip_prefix("audit").map(str::trim_start);
    match audit {
        Some(rest) if rest.starts_with("valid") => return Some(GREEN),
        Some(rest) if rest.starts_with("invalid") => return Some(RED_BOLD),
        Some(rest) if rest.starts_with("disturbed") => return Some(YELLOW),
        _ => {}
    }
    if begins("invalid") || begins("error") {
        Some(RED_BOLD)
    } else if begins("caution") || begins("disturbed") || begins("warning") {
        Some(YELLOW)
    } else {
        None
    }
}

/// The line with its marks in colour.
fn marks(painted: &mut String, line: &str) {
    for c in line.chars() {
        match c {
            '✓' => coloured(painted, GREEN, "✓"),
            '✗' => coloured(painted, RED, "✗"),
            c => painted.push(c),
        }
    }
}

fn coloured(painted: &mut String, colour: &str, text: &str) {
    // Writing to a string does not fail.
    let _ = write!(painted, "\u{1b}[{colour}m{text}\u{1b}[0m");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean;

    #[test]
    fn only_a_terminal_is_painted_and_not_where_no_color_is_set() {
        let wanted = |is_terminal, no_color: &str, term: &str| {
            is_wanted_with(is_terminal, OsStr::new(no_color), OsStr::new(term))
        };
        assert!(wanted(true, "", "xterm") && wanted(true, "", ""));
        assert!(!wanted(false, "", "xterm"));
        assert!(!wanted(true, "1", "xterm") && !wanted(true, "0", "xterm"));
        assert!(!wanted(true, "", "dumb"));
    }

    #[test]
    fn marks_titles_and_verdicts_have_colours_and_the_rest_has_none() {
        assert_eq!(paint("sent  5  ✓"), "sent  5  \u{1b}[32m✓\u{1b}[0m");
        assert_eq!(paint("Title\n────\nx"), "\u{1b}[1mTitle\u{1b}[0m\n────\nx");
        assert_eq!(paint("audit     valid"), "\u{1b}[32maudit     valid\u{1b}[0m");
        assert_eq!(paint("INVALID:  late"), "\u{1b}[1;31mINVALID:  late\u{1b}[0m");
        assert_eq!(paint("   |  ^^^"), "\u{1b}[31m   |  ^^^\u{1b}[0m");
        for plain in ["", "a line\n\nanother", "{\"mark\": \"✓\"}", "cautiously 2^3 invalidates"] {
            assert_eq!(paint(plain), plain);
        }
    }

    #[test]
    fn colours_pass_the_cleaning_and_nothing_else_does() {
        let painted = paint("✗ no\nerror: x");
        assert_eq!(clean::coloured(&painted), painted);
    }
}
