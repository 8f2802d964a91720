//! An index of the listed runs, in one file beside the folder, so that a list need not
//! read thousands of files. Each entry has the state of its file; if the file has changed
//! since, it is read again.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Listed, Store};

/// Changes with the content of an entry.
const FORMAT: u32 = 1;
/// The index is rewritten when at least this many entries have changed; fewer files are
/// read quickly.
const WORTH: usize = 32;
/// Larger than the index of any folder.
const LARGEST: u64 = 64 << 20;

/// Held while a list is made, so that a second one finds the index of the first.
static LISTING: Mutex<()> = Mutex::new(());

/// Waits until no other list is being made.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    LISTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of a file when it was read. Any write to the file, or its replacement,
/// changes one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    size: u64,
    inode: u64,
    modified: i128,
    changed: i128,
}

impl From<&Metadata> for Seen {
    fn from(about: &Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            size: about.size(),
            inode: about.ino(),
            modified: nanos(about.mtime(), about.mtime_nsec()),
            changed: nanos(about.ctime(), about.ctime_nsec()),
        }
    }
}

/// Why a file is not a run, without the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{0}")]
#[serde(transparent)]
pub(super) struct NotARun(pub(super) String);

/// The runs of a folder as they were last read, by file name. Files that are not runs are
/// included with the reason.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Index {
    format: u32,
    weir: String,
    files: BTreeMap<String, (Seen, Result<Listed, NotARun>)>,
    /// Entries read from files since the index was written.
    #[serde(skip)]
    fresh: usize,
    /// Entries used.
    #[serde(skip)]
    used: usize,
}

impl Index {
    /// Reads the index of a store. Returns an empty one if there is none, or if it is of
    /// another version.
    pub(super) fn read(store: &Store) -> Self {
        let read = || -> Option<Self> {
            let path = path(store)?;
            let about = fs::metadata(&path).ok().filter(|about| about.is_file() && about.len() <= LARGEST);
            let text = about.and_then(|_| fs::read(&path).ok())?;
            let index: Self = serde_json::from_slice(&text).ok()?;
            (index.format == FORMAT && index.weir == env!("CARGO_PKG_VERSION")).then_some(index)
        };
        let weir = env!("CARGO_PKG_VERSION").to_owned();
        read().unwrap_or_else(|| Self { format: FORMAT, weir, ..Self::default() })
    }

    /// Returns the entry of a file, which is read if it has changed.
    pub(super) fn entry(
        &mut self,
        file: &str,
        seen: Seen,
        read: impl FnOnce() -> Result<Listed, NotARun>,
    ) -> Result<Listed, NotARun> {
        self.used += 1;
        match self.files.get(file) {
            Some((known, entry)) if *known == seen => entry.clone(),
            _ => {
                let entry = read();
                self.fresh += 1;
                self.files.insert(file.to_owned(), (seen, entry.clone()));
                entry
            }
        }
    }

    /// Writes the index if enough of it has changed. A failure only costs time at the
    /// next list.
    pub(super) fn keep(mut self, store: &Store, is_there: impl Fn(&str) -> bool) {
        let gone = self.files.len() - self.used.min(self.files.len());
        if self.fresh < WORTH && gone < WORTH {
            return;
        }
        self.files.retain(|file, _| is_there(file));
        let Some(path) = path(store) else { return };
        let beside = path.with_extension(format!("{}.tmp", fastrand::u64(..)));
        let Ok(text) = serde_json::to_string(&self) else { return };
        if fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).is_err() {
            let _ = fs::remove_file(&beside);
        }
    }
}

fn path(store: &Store) -> Option<PathBuf> {
    let name = store.directory().file_name()?.to_string_lossy().into_owned();
    Some(store.directory().parent()?.join(format!("{name}-index.json")))
}
