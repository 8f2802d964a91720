//! Runs as a file to keep or to send: a report, a picture, a table or the run itself. The
//! server and the command line write the same bytes.

use thiserror::Error;

use super::export::{ExportError, Table, csv};
use super::format::{FormatError, to_json};
use super::html::{MAX_RUNS, html};
use super::svg::svg;
use crate::record::Run;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A self-contained report of up to three runs.
    Html,
    /// The charts of up to three runs.
    Svg,
    /// A table of one run.
    Csv(Table),
    /// One run with everything.
    Json,
}

/// Why a document cannot be written.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// More runs than it can hold.
    #[error("{given} runs, but a {what} holds at most {MAX_RUNS}")]
    TooMany {
        /// The number of runs.
        given: usize,
        /// The document.
        what: &'static str,
    },
    /// Several runs for a document that holds one.
    #[error(
        "{given} runs, but a {what} file holds one; a report (HTML) or a picture (SVG) holds {MAX_RUNS}"
    )]
    Several {
        /// The number of runs.
        given: usize,
        /// The document.
        what: &'static str,
    },
    /// The run has nothing for the table.
    #[error(transparent)]
    Table(#[from] ExportError),
    /// The run cannot be written as JSON.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl Document {
    /// Returns the media type, for `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Svg => "image/svg+xml",
            Self::Csv(_) => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    /// Returns the extension of its file name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Csv(_) => "csv",
            Self::Json => "json",
        }
    }

    /// Writes the document of these runs.
    ///
    /// # Errors
    /// [`DocumentError`], if it cannot hold them.
    pub fn write(self, runs: &[Run]) -> Result<String, DocumentError> {
        let given = runs.len();
        match (self, runs) {
            (Self::Html | Self::Svg, _) if given > MAX_RUNS => {
                let what = if self == Self::Html { "report" } else { "picture" };
                Err(DocumentError::TooMany { given, what })
            }
            (Self::Html, _) => Ok(html(runs)),
            (Self::Svg, _) => Ok(svg(runs)),
            (Self::Csv(table), [run]) => Ok(csv(run, table)?),
            (Self::Json, [run]) => Ok(to_json(run)?),
            (Self::Csv(_), _) => Err(DocumentError::Several { given, what: "CSV" }),
            (Self::Json, _) => Err(DocumentError::Several { given, what: "JSON" }),
        }
    }
}
