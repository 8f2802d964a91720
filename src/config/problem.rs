//! What is wrong with a configuration, said so that a person can act on it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use thiserror::Error;

/// Why a configuration was refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file could not be read at all.
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It was read, and something in it is wrong.
    #[error("{}", Lines(.0))]
    Invalid(Vec<Problem>),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `config.toml:24:15`, or the flag.
    pub place: String,
    /// What was found and what is allowed.
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
    pub(super) fn in_file(name: &str, text: &str, span: Range<usize>, message: String) -> Self {
        let start = floor_char_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let number = text[..start].matches('\n').count() + 1;
        let before = text[line_start..start].chars().count();
        let end = floor_char_boundary(text, span.end.max(start));
        let marked = text[start..end].lines().next().unwrap_or_default().chars().count().max(1);
        let margin = number.to_string();
        let gap = " ".repeat(margin.len());
        // A tab is as wide above the mark as below it.
        let indent: String =
            line.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let excerpt = format!("{gap} |\n{margin} | {line}\n{gap} | {indent}{}", "^".repeat(marked));
        Self { place: format!("{name}:{number}:{}", before + 1), message, excerpt: Some(excerpt) }
    }

    /// A problem in a flag.
    pub(super) fn in_flag(flag: &str, message: String) -> Self {
        Self { place: format!("--set {flag}"), message, excerpt: None }
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
