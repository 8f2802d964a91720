//! The file of a run: JSON that people can read.
//!
//! Objects have one key a line. Arrays of numbers and of pairs of numbers are on one line
//! each; otherwise a histogram would have a thousand lines. [`Run`] documents the fields.

use serde::Deserialize;
use thiserror::Error;

use crate::clean;
use crate::record::{FORMAT, Run};

/// Why a text is not a run, or a run cannot be written.
#[derive(Debug, Error)]
pub enum FormatError {
    /// It is not JSON, or does not have the fields of a run.
    #[error("not a run: {}", clean::line(&.0.to_string()))]
    Malformed(serde_json::Error),
    /// It is JSON, but not a run.
    #[error("not a run: no \"format\" number at the top level")]
    NotARun,
    /// It was written by a later version of Weir.
    #[error(
        "written in format {found}, but this version of Weir reads format {FORMAT}; use a newer version"
    )]
    Newer {
        /// The format number.
        found: u32,
    },
    /// A field has a value that JSON cannot represent, such as a rate of 0/0.
    #[error("the run cannot be written as JSON that can be read again: {}", clean::line(&.0.to_string()))]
    Unwritable(serde_json::Error),
}

#[derive(Deserialize)]
struct Head {
    format: Option<u32>,
}

/// Reads a run. Unknown fields are ignored.
///
/// # Errors
/// [`FormatError`], with the line and the column where there is one.
pub fn from_json(text: &[u8]) -> Result<Run, FormatError> {
    // Nearly every text is a run of this format, and is read only once.
    if let Ok(run) = serde_json::from_slice::<Run>(text)
        && run.format <= FORMAT
    {
        return Ok(run);
    }
    // The format number is checked first, because for a later format it says more than a
    // missing field.
    let head: Head = serde_json::from_slice(text).map_err(FormatError::Malformed)?;
    match head.format {
        None => Err(FormatError::NotARun),
        Some(found) if found > FORMAT => Err(FormatError::Newer { found }),
        Some(_) => serde_json::from_slice(text).map_err(FormatError::Malformed),
    }
}

/// Writes a run, with a newline at the end.
///
/// # Errors
/// [`FormatError::Unwritable`] if it could not be read back. JSON has no NaN and writes
/// null instead, so this is checked while the run is still in memory.
pub fn to_json(run: &Run) -> Result<String, FormatError> {
    let text = serde_json::to_string(run).map_err(FormatError::Unwritable)?;
    serde_json::from_str::<Run>(&text).map_err(FormatError::Unwritable)?;
    Ok(laid_out(&text))
}

/// Lays out JSON without whitespace between its tokens.
///
/// A `Formatter` of `serde_json` would do it while writing, but does not know the content
/// of an array when it begins.
fn laid_out(json: &str) -> String {
    let mut layout = Layout { json, at: 0, out: String::with_capacity(json.len() * 5 / 4) };
    layout.value(0);
    layout.out.push('\n');
    layout.out
}

struct Layout<'a> {
    json: &'a str,
    at: usize,
    out: String,
}

impl Layout<'_> {
    fn next(&self) -> u8 {
        self.json.as_bytes().get(self.at).copied().unwrap_or(b'}')
    }

    fn value(&mut self, indent: usize) {
        match (self.next(), self.inline_until()) {
            (b'[', Some(end)) => {
                self.out.push_str(&self.json[self.at..end].replace(',', ", "));
                self.at = end;
            }
            (b'[' | b'{', _) => self.lines(indent),
            _ => self.scalar(),
        }
    }

    /// Returns the end of an array that goes on one line: of numbers, or of pairs of
    /// numbers.
    fn inline_until(&self) -> Option<usize> {
        let mut depth = 0;
        for (n, byte) in self.json.as_bytes()[self.at..].iter().enumerate() {
            match byte {
                b'[' => depth += 1,
                b']' if depth == 1 => return Some(self.at + n + 1),
                b']' => depth -= 1,
                b'{' | b'"' => return None,
                _ => {}
            }
            if depth > 2 {
                return None;
            }
        }
        None
    }

    /// An object or an array, one entry a line.
    fn lines(&mut self, indent: usize) {
        let in_object = self.next() == b'{';
        self.copy(1);
        let mut empty = true;
        while !matches!(self.next(), b']' | b'}') {
            self.new_line(indent + 1);
            if in_object {
                self.scalar();
                self.copy(1);
                self.out.push(' ');
            }
            self.value(indent + 1);
            if self.next() == b',' {
                self.copy(1);
            }
            empty = false;
        }
        if !empty {
            self.new_line(indent);
        }
        self.copy(1);
    }

    /// A key, a string, a number or a word.
    fn scalar(&mut self) {
        let rest = &self.json.as_bytes()[self.at..];
        let length = match rest.first() {
            Some(b'"') => {
                let mut escaped = false;
                let ends = |byte: &u8| {
                    let end = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    end
                };
                rest[1..].iter().position(ends).map(|n| n + 2)
            }
            _ => rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}')),
        };
        self.copy(length.unwrap_or(rest.len()));
    }

    fn copy(&mut self, length: usize) {
        let end = (self.at + length).min(self.json.len());
        self.out.push_str(&self.json[self.at..end]);
        self.at = end;
    }

    fn new_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", indent));
    }
}

#[cfg(test)]
pub(crate) mod tests;
