//! Why a file cannot be opened or read.

use std::path::PathBuf;

use thiserror::Error;

/// Why a queue could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A process has the file open.
    #[error("{} is in use by {}", .file.display(), .pid.map_or("another process".to_owned(), |pid| format!("process {pid}")))]
    InUse {
        /// The file.
        file: PathBuf,
        /// The process, as it has written beside the file.
        pid: Option<u32>,
    },
    /// The file does not agree with itself.
    #[error("{} is damaged: {what}", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What does not agree.
        what: String,
    },
    /// The file could not be read or written.
    #[error("{}: {error}", .file.display())]
    Store {
        /// The file.
        file: PathBuf,
        /// Why.
        error: StoreError,
    },
}

/// An error of the store.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StoreError(Box<redb::Error>);

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}
