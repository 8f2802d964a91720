//! Watches the file of the code by polling, as the configuration file is watched: a change
//! counts when two readings in a row agree, so that a half-written file is not tried.

use std::io;
use std::path::{Path, PathBuf};

use weir_job_wasm::code::Code;

use crate::files;

/// The file that is watched.
#[derive(Debug)]
pub(in crate::lab::jobs) struct CodeFile {
    path: PathBuf,
    known: Reading,
    last: Reading,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reading {
    Bytes(Vec<u8>),
    Missing,
    Unreadable(String),
}

/// A change of the file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lab::jobs) enum Saved {
    /// It has other content.
    Bytes(Vec<u8>),
    /// It cannot be read.
    Unreadable(String),
}

impl CodeFile {
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.into(), known: Reading::Missing, last: Reading::Missing }
    }

    pub(in crate::lab::jobs) fn path(&self) -> &Path {
        &self.path
    }

    /// Watches another file. Its content is a change.
    pub(in crate::lab::jobs) fn set_path(&mut self, path: &str) {
        *self = Self::new(path);
    }

    /// Reads the file for the first time. `None` if there is no file.
    pub(super) fn read(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.known = reading(&self.path);
        self.last = self.known.clone();
        match &self.known {
            Reading::Bytes(bytes) => Ok(Some(bytes.clone())),
            Reading::Missing => Ok(None),
            Reading::Unreadable(why) => Err(why.clone()),
        }
    }

    /// Reads the file, and returns a change once two readings in a row agree. A file that
    /// disappears is not a change: the current code stays.
    pub(in crate::lab::jobs) fn changed(&mut self) -> Option<Saved> {
        let now = reading(&self.path);
        let settled = now == self.last;
        if !settled {
            self.last = now;
            return None;
        }
        if now == self.known {
            return None;
        }
        self.known = now;
        match &self.known {
            Reading::Bytes(bytes) => Some(Saved::Bytes(bytes.clone())),
            Reading::Unreadable(why) => Some(Saved::Unreadable(why.clone())),
            Reading::Missing => None,
        }
    }
}

/// Reads a file of code. `None` if there is none.
///
/// # Errors
/// Why it cannot be read, in words.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match files::read(path, Code::MAX_BYTES as u64) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn reading(path: &Path) -> Reading {
    match read(path) {
        Ok(Some(bytes)) => Reading::Bytes(bytes),
        Ok(None) => Reading::Missing,
        Err(error) => Reading::Unreadable(error),
    }
}
