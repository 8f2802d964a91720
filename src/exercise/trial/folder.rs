//! A folder for the files of a run, which is removed with it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers the folders of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder among the system's temporary files. Dropping it removes it.
#[derive(Debug)]
pub(in crate::exercise::trial) struct Folder(PathBuf);

impl Folder {
    /// Creates an empty folder.
    pub(in crate::exercise::trial) fn create() -> io::Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("weir-engine-{}-{number}", std::process::id()));
        // A killed process may have left one.
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(in crate::exercise::trial) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a queue.
    pub(in crate::exercise::trial) fn queue(&self) -> PathBuf {
        self.0.join("queue.redb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
