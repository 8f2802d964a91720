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
        /// The process, if it has noted itself beside the file.
        pid: Option<u32>,
    },
    /// The file is damaged.
    #[error("{} is damaged: {what}", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is damaged.
        what: String,
    },
    /// The file does not contain a queue.
    #[error("{} is not the file of a queue: {what}", .file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A newer version wrote the file.
    #[error("{} has format {format}, and this version reads formats up to {known}", .file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: u64,
        /// The newest format that this version reads.
        known: u64,
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

impl StoreError {
    /// Returns what is damaged, if that is the error.
    pub(crate) fn corrupted(&self) -> Option<&str> {
        match &*self.0 {
            redb::Error::Corrupted(what) => Some(what),
            _ => None,
        }
    }
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}
