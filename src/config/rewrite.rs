//! Writes new values into the text of a configuration file, and keeps the rest of the
//! text byte for byte: comments, order, line endings and unusual formatting.
//!
//! The text is edited at the places that the parser reports, and nothing else is reprinted.
//! The value of a key that is in the file is replaced. A missing key is added beside its
//! siblings, or in a section of its own at the end. Each result is parsed again: it is
//! accepted only if the key has the wanted value and every other key its old one.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::value::{EMPTY, Value, flatten};

/// Returns `text` with the value of each key replaced or added. Values are TOML. Returns
/// the first key that cannot be written as `Err`.
pub(super) fn rewrite<'a>(
    text: &str,
    changes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<String, String> {
    let mut text = text.to_owned();
    for (key, value) in changes {
        text = write(&text, key, value).ok_or_else(|| key.to_owned())?;
    }
    Ok(text)
}

/// One replacement of bytes.
type Splice = (Range<usize>, String);

fn write(text: &str, key: &str, value: &str) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let mut wanted = keys(text)?;
    wanted.insert(key.to_owned(), Value::from(&DeValue::parse(value).ok()?.into_inner()));
    let splices = candidates(text, document.get_ref(), key, value);
    let written = splices.into_iter().map(|(range, new)| {
        let mut changed = text.to_owned();
        changed.replace_range(range, &new);
        changed
    });
    written.into_iter().find(|changed| keys(changed).as_ref() == Some(&wanted))
}

/// Returns every key of a text with its value, without empty tables.
fn keys(text: &str) -> Option<BTreeMap<String, Value>> {
    let document = DeTable::parse(text).ok()?;
    let mut keys = BTreeMap::new();
    flatten("", document.get_ref(), &mut |key, value, _, _| {
        if value != EMPTY {
            keys.insert(key, value);
        }
    });
    Some(keys)
}

/// The innermost existing table on the way to a key.
struct Nearest<'a, 'i> {
    table: &'a DeTable<'i>,
    /// The bytes of the table: from `{` to `}`, of its header, or of a dotted key.
    span: Range<usize>,
    /// The part of the key below the table.
    rest: &'a str,
}

/// Returns the possible edits of the text, best first.
fn candidates(text: &str, root: &DeTable<'_>, key: &str, value: &str) -> Vec<Splice> {
    let mut nearest = Nearest { table: root, span: 0..0, rest: key };
    loop {
        let (name, below) = nearest.rest.split_once('.').unwrap_or((nearest.rest, ""));
        match nearest.table.get(name).map(|found| (found.span(), found.get_ref())) {
            Some((span, DeValue::Table(table))) if !below.is_empty() => {
                nearest = Nearest { table, span, rest: below };
            }
            Some((span, _)) if below.is_empty() => return vec![replaced(text, span, value)],
            _ => break,
        }
    }
    let mut found = Vec::new();
    if text[nearest.span.clone()].starts_with('{') {
        found.push(in_braces(&nearest, value));
    } else if !nearest.span.is_empty() {
        found.extend(beside_sibling(text, &nearest, value));
        if text[nearest.span.clone()].starts_with('[') {
            let indent = indent(text, nearest.span.start);
            found.push(line_after(text, nearest.span.end, &format!("{indent}{} = {value}", nearest.rest)));
        }
        // Tables that only dotted keys at the top of the file have made.
        let mut last = 0;
        flatten("", nearest.table, &mut |_, _, _, value| last = last.max(value.end));
        found.push(line_after(text, last, &format!("{key} = {value}")));
    }
    found.push(in_new_section(text, key, value));
    found
}

/// Replaces a value. A comment after it stays in its column if there is room.
fn replaced(text: &str, span: Range<usize>, value: &str) -> Splice {
    let behind = &text[span.end..];
    let gap = behind.len() - behind.trim_start_matches(' ').len();
    if gap < 2 || !behind[gap..].starts_with('#') {
        return (span, value.to_owned());
    }
    let column = text[span.clone()].chars().count() + gap;
    let gap_now = column.saturating_sub(value.chars().count()).max(1);
    (span.start..span.end + gap, format!("{value}{}", " ".repeat(gap_now)))
}

/// Adds a key to an inline table: after its last key, or after the opening brace.
fn in_braces(nearest: &Nearest<'_, '_>, value: &str) -> Splice {
    let Nearest { table, span, rest } = nearest;
    match table.values().map(|sibling| sibling.span().end).max() {
        Some(end) => (end..end, format!(", {rest} = {value}")),
        None => (span.start + 1..span.start + 1, format!(" {rest} = {value} ")),
    }
}

/// Adds a line after the last key of the table that is on a line of its own, and repeats the
/// text before that key: its indentation, and the first part of a dotted key.
fn beside_sibling(text: &str, nearest: &Nearest<'_, '_>, value: &str) -> Option<Splice> {
    let values = nearest.table.iter().filter(|(_, value)| {
        !matches!(value.get_ref(), DeValue::Table(_)) || text[value.span()].starts_with('{')
    });
    let (key, sibling) = values.max_by_key(|(_, value)| value.span().end)?;
    let before = &text[line_start(text, key.span().start)..key.span().start];
    let line = format!("{before}{} = {value}", nearest.rest);
    Some(line_after(text, sibling.span().end, &line))
}

/// Adds a section at the end of the file.
fn in_new_section(text: &str, key: &str, value: &str) -> Splice {
    let (section, rest) = key.split_once('.').unwrap_or(("", key));
    let newline = newline(text);
    let is_empty = text.trim_start_matches('\u{feff}').is_empty();
    let before = match text {
        _ if is_empty => String::new(),
        text if text.ends_with('\n') => newline.to_owned(),
        _ => newline.repeat(2),
    };
    let section = format!("{before}[{section}]{newline}{rest} = {value}{newline}");
    (text.len()..text.len(), section)
}

/// Adds a line below the line with the byte `at`, and below the lines that continue its
/// comment.
fn line_after(text: &str, at: usize, line: &str) -> Splice {
    let newline = newline(text);
    let Some(length) = text[at..].find('\n') else {
        return (text.len()..text.len(), format!("{newline}{line}"));
    };
    let mut end = at + length + 1;
    if text[at..end].contains('#') {
        for next in text[end..].split_inclusive('\n') {
            let is_continued = next.starts_with([' ', '\t']) && next.trim_start().starts_with('#');
            if !is_continued {
                break;
            }
            end += next.len();
        }
    }
    let (before, behind) = if text[..end].ends_with('\n') { ("", newline) } else { (newline, "") };
    (end..end, format!("{before}{line}{behind}"))
}

fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    // A byte order mark is not indentation.
    start + if text[start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

fn indent(text: &str, at: usize) -> &str {
    &text[line_start(text, at)..at]
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests;
