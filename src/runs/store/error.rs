//! What can go wrong with a folder of runs.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::names::LONGEST;
use crate::clean;
use crate::runs::FormatError;

/// Why something could not be done with the runs of a folder. Its text includes the
/// cause, which is therefore no `source` as well.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("cannot {doing} {}: {error}", clean::path(path))]
    Io {
        /// Such as `read`.
        doing: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// A file is not a run, or a run cannot become a file.
    #[error("{}: {error}", clean::path(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: FormatError,
    },
    /// An id that cannot be the name of a file.
    #[error(
        "{0:?} cannot be the id of a run: 1 to {LONGEST} of A-Z, a-z, 0-9, \".\", \"_\" and \"-\", \
         beginning with a letter or a digit"
    )]
    BadId(String),
    /// A name that would be mistaken for something else.
    #[error(
        "{0:?} cannot be the name of a run: 1 to {LONGEST} characters without \"/\", \"\\\" and control \
         characters, not \"last\", and no space at either end"
    )]
    BadName(String),
    /// What can be neither an id nor a name, nor the beginning of one.
    #[error(
        "{0:?} cannot be a run: expected an id, a name, the beginning of one, \"last\", or \"last~1\" for \
         the one before"
    )]
    BadReference(String),
    /// Another run has this name.
    #[error("the name {name:?} is taken by the run {}", clean::line(id))]
    Taken {
        /// The name.
        name: String,
        /// Who has it.
        id: String,
    },
    /// The folder holds as many runs as it may.
    #[error(
        "{} holds {most} runs, the most that are kept; delete some: weir runs delete",
        clean::path(path)
    )]
    Full {
        /// The folder.
        path: PathBuf,
        /// How many that is.
        most: usize,
    },
    /// There is no such run.
    #[error(
        "no run {reference:?} among the {known}: expected an id, a name, the beginning of one, \
         \"last\", or \"last~1\" for the one before"
    )]
    NotFound {
        /// What was asked for.
        reference: String,
        /// How many runs there are.
        known: usize,
    },
    /// There is more than one such run.
    #[error("{reference:?} could be any of {}", clean::line(&candidates.join(", ")))]
    Ambiguous {
        /// What was asked for.
        reference: String,
        /// Their ids, with their names.
        candidates: Vec<String>,
    },
}

impl StoreError {
    /// Whether what was asked for is at fault, rather than a file or the disk.
    pub fn is_request(&self) -> bool {
        !matches!(self, Self::Io { .. } | Self::Format { .. } | Self::Full { .. })
    }
}

/// What a failure of the file system becomes.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| StoreError::Io { doing, path: path.to_owned(), error }
}
