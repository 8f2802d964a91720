//! Makes foreign text safe to print: names and notes of run files, output of other tools, file
//! names, exercise sets, configuration keys, responses of a server.
//!
//! Such text may contain characters that command a terminal (ESC, the C1 controls), reorder a
//! line (bidirectional overrides), hide in it (zero-width characters) or end it, so that the
//! rest looks like a line of Weir's own. [`line()`] shows all of them as escapes. [`text`]
//! keeps line breaks and tabs, for text that is meant to have several lines.
//!
//! The escapes are those of JSON (`\n`, `\u001b`), so a cleaned JSON document has the same
//! meaning.
//!
//! A message cleans each foreign word with [`line()`] where it inserts the word. The command
//! line and the log clean everything they print once more with [`text`] and [`record`], so a
//! forgotten word can break a line and do nothing worse.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// Puts a word on one line: each character that a terminal would act on, line breaks and tabs
/// included, becomes its escape.
///
/// ```
/// assert_eq!(weir_stage::clean::line("a\nweir: forged \u{1b}[2J"), r"a\nweir: forged \u001b[2J");
/// ```
pub fn line(word: &str) -> Cow<'_, str> {
    cleaned(word, |_| false)
}

/// Cleans text of several lines: like [`line()`], but keeps line breaks and tabs, and removes
/// a carriage return before a line break.
pub fn text(text: &str) -> Cow<'_, str> {
    match text.contains("\r\n") {
        false => cleaned(text, |c| matches!(c, '\n' | '\t')),
        true => Cow::Owned(cleaned(&text.replace("\r\n", "\n"), |c| matches!(c, '\n' | '\t')).into_owned()),
    }
}

/// Cleans the coloured output of a program that Weir started: like [`text`], but keeps ESC
/// where it begins a complete sequence that only sets colour and weight.
pub fn coloured(text: &str) -> String {
    let mut clean = String::new();
    let mut pieces = text.split('\u{1b}');
    clean.push_str(&self::text(pieces.next().unwrap_or_default()));
    for piece in pieces {
        let after =
            piece.trim_start_matches('[').trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        let is_colour = piece.starts_with('[') && !piece.starts_with("[[") && after.starts_with('m');
        clean.push_str(if is_colour { "\u{1b}" } else { "\\u001b" });
        clean.push_str(&self::text(piece));
    }
    clean
}

/// Cleans a log message: like [`text`], with every line after the first indented, so that it
/// does not look like a record of its own.
pub fn record(message: &str) -> String {
    text(message).replace('\n', "\n  ")
}

/// Puts a path on one line, as [`line()`] does.
pub fn path(path: &Path) -> String {
    line(&path.display().to_string()).into_owned()
}

fn cleaned(word: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |c: char| is_kept(c) || !is_hostile(c);
    let Some((first, _)) = word.char_indices().find(|(_, c)| !is_shown(*c)) else {
        return Cow::Borrowed(word);
    };
    let mut clean = word[..first].to_owned();
    for c in word[first..].chars() {
        if is_shown(c) { clean.push(c) } else { escape(c, &mut clean) }
    }
    Cow::Owned(clean)
}

/// Returns true if a character commands a terminal, ends or reorders a line, or has no width.
/// The joiners (U+200C, U+200D) are allowed, because Persian and emoji need them.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

fn escape(c: char, into: &mut String) {
    match c {
        '\n' => into.push_str("\\n"),
        '\r' => into.push_str("\\r"),
        '\t' => into.push_str("\\t"),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string never fails.
                let _ = write!(into, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmless_word_is_not_copied() {
        for word in ["", "knee at 0.8 µs → “ok”", "日本語 👩\u{200d}💻", "می\u{200c}خواهم"]
        {
            assert!(matches!(line(word), Cow::Borrowed(same) if same == word));
            assert!(matches!(text(word), Cow::Borrowed(same) if same == word));
        }
    }

    #[test]
    fn no_character_that_acts_on_a_terminal_or_a_line_comes_through() {
        for c in (0..=0x20_ffff).filter_map(char::from_u32).filter(|&c| is_hostile(c)) {
            let word = format!("a{c}b");
            assert!(line(&word).chars().all(|c| !is_hostile(c)), "{:?}", line(&word));
            let kept = matches!(c, '\n' | '\t');
            assert_eq!(text(&word) == word.as_str(), kept, "{c:?}");
        }
        for c in "\u{1b}\u{7}\u{8}\r\u{7f}\u{85}\u{9b}\u{2028}\u{202e}\u{2066}\u{200b}\u{feff}".chars() {
            assert!(is_hostile(c), "{c:?}");
        }
    }

    #[test]
    fn a_word_cannot_begin_a_line_of_its_own() {
        assert_eq!(line("x\r\nweir: y"), r"x\r\nweir: y");
        assert_eq!(record("x\nweir: y"), "x\n  weir: y");
        assert_eq!(text("a\r\nb\rc"), "a\nb\\rc");
    }

    #[test]
    fn coloured_text_keeps_colours_and_no_other_escape_sequence() {
        for kept in ["\u{1b}[1;31merror\u{1b}[0m: x\n", "\u{1b}[m", "plain"] {
            assert_eq!(coloured(kept), kept);
            assert!(!text(kept).contains('\u{1b}'));
        }
        for hostile in ["\u{1b}[2J", "\u{1b}]0;title\u{7}", "\u{1b}[31", "\u{1b}[[1m", "\u{1b}c", "\u{1b}"]
        {
            assert!(!coloured(hostile).contains(is_hostile), "{hostile:?}");
        }
    }
}
