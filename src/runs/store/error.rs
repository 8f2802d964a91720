//! The errors of a store.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::names::LONGEST;
use crate::clean;
use crate::runs::FormatError;

/// An error of a store. Its text includes the cause, which is therefore not its `source`.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file operation failed.
    #[error("cannot {doing} {}: {error}", clean::path(path))]
    Io {
        /// The operation, such as `read`.
        doing: &'static str,
        /// The file or folder.
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
    /// The id cannot be the name of a file.
    #[error(
        "{0:?} cannot be the id of a run: 1 to {LONGEST} of A-Z, a-z, 0-9, \".\", \"_\" and \"-\", \
         beginning with a letter or a digit"
    )]
    BadId(String),
    /// The name is not allowed.
    #[error(
        "{0:?} cannot be the name of a run: 1 to {LONGEST} characters without \"/\", \"\\\" and control \
         characters, not \"last\", and no space at either end"
    )]
    BadName(String),
    /// The reference can be neither an id nor a name, nor the beginning of one.
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
        /// The id of that run.
        id: String,
    },
    /// The folder is full.
    #[error("{} holds {most} runs, the limit. Delete some with `weir runs delete`", clean::path(path))]
    Full {
        /// The folder.
        path: PathBuf,
        /// The most runs.
        most: usize,
    },
    /// No run fits the reference.
    #[error(
        "no run {reference:?} among the {known}: expected an id, a name, the beginning of one, \
         \"last\", or \"last~1\" for the one before"
    )]
    NotFound {
        /// The reference.
        reference: String,
        /// The number of runs.
        known: usize,
    },
    /// Several runs fit the reference.
    #[error("{reference:?} fits several runs: {}", clean::line(&candidates.join(", ")))]
    Ambiguous {
        /// The reference.
        reference: String,
        /// Their ids and names.
        candidates: Vec<String>,
    },
}

impl StoreError {
    /// Returns true if the request is at fault, and not a file or the disk.
    pub fn is_request(&self) -> bool {
        !matches!(self, Self::Io { .. } | Self::Format { .. } | Self::Full { .. })
    }
}

/// Returns a function that turns an I/O error into a store error.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| StoreError::Io { doing, path: path.to_owned(), error }
}
