//! A participant's progress: a file keyed by exercise id, so that exercises stay finished
//! when the set is reordered or extended.
//!
//! The page and several commands may change it at once. Each change holds a lock on
//! a file beside it from reading to writing, and the new text replaces the old one
//! in one step; a process that is killed leaves the one or the other, and no lock.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Exercise, Findings, Grade, Judgement, Value, finishes, is_honest};
use crate::clean;
use crate::files;
use crate::record::date;

/// The number of attempts to take the lock, and the pause between them: a change takes a
/// millisecond.
const TRIES: u32 = 500;
const WAIT: Duration = Duration::from_millis(10);
/// The largest progress file, in bytes.
const LARGEST: u64 = 8 << 20;

/// A participant's progress, exercise by exercise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// By id. Those of other sets are left as they are.
    #[serde(flatten)]
    exercises: BTreeMap<String, State>,
    #[serde(skip)]
    file: PathBuf,
}

/// The progress in one exercise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The predictions, by question.
    pub predictions: BTreeMap<String, Value>,
    /// The number of hints that were shown.
    pub hints: usize,
    /// The number of checks.
    pub checks: u32,
    /// The date on which it was finished.
    pub finished: Option<String>,
    /// The score of the first check in which every question was answered.
    pub first: Option<Score>,
    /// The findings of the last check.
    pub findings: Option<Findings>,
}

/// The score of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Score {
    /// Right answers; code that passes counts as one.
    pub right: usize,
    /// Answers.
    pub of: usize,
    /// The date, in UTC.
    pub at: String,
}

/// Why progress cannot be read or stored.
#[derive(Debug, Error)]
#[error("{}: {}", clean::line(file), clean::line(reason))]
pub struct ProgressError {
    file: String,
    reason: String,
}

impl Progress {
    /// Reads the file, or begins anew if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is not a progress file.
    pub fn read(file: &Path) -> Result<Self, ProgressError> {
        let failed = |reason: String| ProgressError { file: file.display().to_string(), reason };
        let mut progress: Self = match files::read_text(file, LARGEST) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(failed(error.to_string())),
        };
        file.clone_into(&mut progress.file);
        Ok(progress)
    }

    /// The progress in an exercise.
    pub fn of(&self, id: &str) -> State {
        self.exercises.get(id).cloned().unwrap_or_default()
    }

    /// Changes the progress in an exercise, and stores it. Reads the file again first, under
    /// a lock, since the page and the command line both write it.
    ///
    /// # Errors
    /// If it cannot be read or written, or another process locks it for five seconds.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut State)) -> Result<State, ProgressError> {
        let _lock = self.lock()?;
        *self = Self::read(&self.file)?;
        let state = self.exercises.entry(id.to_owned()).or_default();
        change(state);
        let state = state.clone();
        self.write()?;
        Ok(state)
    }

    /// Deletes the progress in an exercise, or in all.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub fn reset(&mut self, id: Option<&str>) -> Result<(), ProgressError> {
        let _lock = self.lock()?;
        *self = Self::read(&self.file)?;
        match id {
            Some(id) => drop(self.exercises.remove(id)),
            None => self.exercises.clear(),
        }
        self.write()
    }

    fn failed(&self, error: &io::Error) -> ProgressError {
        ProgressError { file: self.file.display().to_string(), reason: error.to_string() }
    }

    /// Waits for the lock, and holds it until the file is dropped. A file system without
    /// locks has none.
    fn lock(&self) -> Result<Option<File>, ProgressError> {
        let failed = |error| self.failed(&error);
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let lock = self.file.with_extension("lock");
        let lock = File::options().create(true).append(true).open(lock).map_err(failed)?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(lock)),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(WAIT),
                Err(TryLockError::Error(_)) => return Ok(None),
            }
        }
        let reason = "another process has locked it for 5 s; end that process".to_owned();
        Err(ProgressError { file: self.file.display().to_string(), reason })
    }

    fn write(&self) -> Result<(), ProgressError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        // Written beside it and renamed, so that a kill leaves no half-written file.
        let beside = self.file.with_extension(format!("{}.tmp", fastrand::u64(..)));
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &self.file));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written.map_err(|error| self.failed(&error))
    }
}

impl State {
    /// Records a check: its score if it is the first complete one, and whether it finishes
    /// the exercise.
    pub fn checked(&mut self, judgements: &[Judgement], code: Option<bool>, code_is_written: Option<bool>) {
        self.checks += 1;
        if is_honest(judgements, code_is_written) {
            let right = judgements.iter().filter(|judgement| judgement.verdict == Grade::Right).count();
            let score = Score {
                right: right + usize::from(code == Some(true)),
                of: judgements.len() + usize::from(code.is_some()),
                at: date(crate::record::now()),
            };
            self.first.get_or_insert(score);
        }
        if finishes(judgements, code) {
            self.finish();
        }
    }

    /// Whether the explanation is shown: after the first complete check, right or wrong.
    pub fn is_explained(&self) -> bool {
        self.first.is_some() || self.finished.is_some()
    }

    /// The findings for this version of the exercise, if there are any.
    pub fn findings_of(&self, exercise: &Exercise) -> Option<&Findings> {
        self.findings.as_ref().filter(|findings| findings.fit(exercise))
    }

    /// Marks the exercise as finished, if it was not before.
    pub fn finish(&mut self) {
        self.finished.get_or_insert_with(|| date(crate::record::now()));
    }
}
