//! The run in progress: a small file beside the folder of runs, which the bench writes
//! about once a second, so that a list can show the run before it is saved.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Store;
use crate::files;
use crate::record::{date, now};

const FILE: &str = "run-in-progress.json";
/// An older file was left behind by a process that was killed.
const STALE: Duration = Duration::from_secs(5);
/// Larger than any such file.
const LARGEST: u64 = 64 * 1024;

/// A run that the bench is recording.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InProgress {
    /// When it began, in UTC.
    pub began: String,
    /// Its length so far.
    pub seconds: f64,
    /// Requests answered since then, for each mode that was used.
    pub requests: BTreeMap<String, u64>,
    /// Events that the bench holds.
    pub held: u64,
    /// When this was written, in UTC.
    pub written: String,
}

impl Store {
    fn progress_file(&self) -> Option<PathBuf> {
        // A relative folder without a parent is in the current one.
        Some(self.directory().parent()?.join(FILE))
    }

    /// Writes the progress of the current run. A failure is ignored, because the run
    /// itself is not affected.
    pub fn note_progress(&self, run: &InProgress) {
        let Some(path) = self.progress_file() else { return };
        let run = InProgress { written: date(now()), ..run.clone() };
        let beside = path.with_extension(format!("{}.tmp", fastrand::u64(..)));
        let write = || -> std::io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&beside, serde_json::to_string(&run)?)?;
            fs::rename(&beside, &path)
        };
        if write().is_err() {
            let _ = fs::remove_file(&beside);
        }
    }

    /// Removes the progress file: no run is in progress.
    pub fn no_progress(&self) {
        if let Some(path) = self.progress_file() {
            let _ = fs::remove_file(path);
        }
    }

    /// Returns the run that a bench is recording for this folder, if any.
    pub fn in_progress(&self) -> Option<InProgress> {
        let path = self.progress_file()?;
        let age = now().duration_since(fs::metadata(&path).ok()?.modified().ok()?).unwrap_or_default();
        let text = files::read(&path, LARGEST).ok().filter(|_| age < STALE)?;
        serde_json::from_slice(&text).ok()
    }
}
