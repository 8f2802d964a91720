//! Problems of a configuration, with their place, what was found and what is allowed.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use thiserror::Error;

use crate::clean;

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {}", clean::path(path), clean::line(&error.to_string()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The file lost its content while it was watched.
    #[error("{}: the file is empty; add a comment to restore the defaults", clean::path(path))]
    Emptied {
        /// The file.
        path: PathBuf,
    },
    /// It has problems.
    #[error("{}", Lines(.0))]
    Invalid(Vec<Problem>),
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `config.toml:24:15`, or the flag.
    pub place: String,
    /// The line and the column, both from 1, if the problem is in a text.
    pub position: Option<(usize, usize)>,
    /// The value that was found, and the values that are allowed.
    pub message: String,
    /// The line of the file with a mark under the place.
    pub excerpt: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

/// How much of a line of the file is shown, in characters: with the line's number before
/// it, it fits 80 columns.
const WIDTH: usize = 70;

struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl Problem {
    /// A problem at a span of bytes in the file `name` with the content `text`.
    pub(super) fn in_file(name: &str, text: &str, span: Range<usize>, message: &str) -> Self {
        let start = floor_char_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        // An editor shows no byte order mark.
        let line = text[line_start..].lines().next().unwrap_or_default().trim_start_matches('\u{feff}');
        let number = text[..start].matches('\n').count() + 1;
        let before = text[line_start..start].trim_start_matches('\u{feff}').chars().count();
        let end = floor_char_boundary(text, span.end.max(start));
        let marked = text[start..end].lines().next().unwrap_or_default().chars().count().max(1);
        let excerpt = excerpt(line, number, before, marked);
        let place = format!("{}:{number}:{}", clean::line(name), before + 1);
        let position = Some((number, before + 1));
        Self { place, position, message: clean::line(message).into_owned(), excerpt: Some(excerpt) }
    }

    /// A problem in a flag.
    pub(super) fn in_flag(flag: &str, message: &str) -> Self {
        Self::elsewhere(format!("--set {}", clean::line(flag)), message)
    }

    /// A problem outside any text.
    pub(super) fn elsewhere(place: String, message: &str) -> Self {
        Self { place, position: None, message: clean::line(message).into_owned(), excerpt: None }
    }
}

/// The line with a mark under the place. Characters that command a terminal are replaced,
/// and a long line is shown from the place on.
fn excerpt(line: &str, number: usize, before: usize, marked: usize) -> String {
    let skip = if before + marked > WIDTH { before } else { 0 };
    let harmless = |c: char| if c != '\t' && clean::is_hostile(c) { '\u{fffd}' } else { c };
    let shown: String = line.chars().skip(skip).take(WIDTH).map(harmless).collect();
    let margin = number.to_string();
    let gap = " ".repeat(margin.len());
    // A tab is as wide above the mark as below it.
    let indent: String =
        shown.chars().take(before - skip).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{gap} |\n{margin} | {shown}\n{gap} | {indent}{}", "^".repeat(marked.min(WIDTH)))
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
