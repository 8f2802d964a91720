//! How far somebody has come: a plain file, by exercise id, so that exercises stay
//! finished when the set is ordered anew or extended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Value;
use crate::clean;
use crate::runs::date;

/// What somebody has done, exercise by exercise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// By id. Those of other sets are left as they are.
    #[serde(flatten)]
    exercises: BTreeMap<String, State>,
    #[serde(skip)]
    file: PathBuf,
}

/// What somebody has done of one exercise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What was predicted, by question.
    pub predictions: BTreeMap<String, Value>,
    /// How many hints were asked for.
    pub hints: usize,
    /// How often it was checked.
    pub checks: u32,
    /// When it was finished.
    pub finished: Option<String>,
}

/// Why progress cannot be read or kept.
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
    /// When it cannot be read, or is not a file of progress.
    pub fn read(file: &Path) -> Result<Self, ProgressError> {
        let failed = |reason: String| ProgressError { file: file.display().to_string(), reason };
        let mut progress: Self = match std::fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(failed(error.to_string())),
        };
        file.clone_into(&mut progress.file);
        Ok(progress)
    }

    /// What was done of an exercise.
    pub fn of(&self, id: &str) -> State {
        self.exercises.get(id).cloned().unwrap_or_default()
    }

    /// Changes what was done of an exercise, and keeps it. The file is read again
    /// before: the page and the command line write it both.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut State)) -> Result<State, ProgressError> {
        *self = Self::read(&self.file)?;
        let state = self.exercises.entry(id.to_owned()).or_default();
        change(state);
        let state = state.clone();
        self.write()?;
        Ok(state)
    }

    /// Forgets an exercise, or all.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn reset(&mut self, id: Option<&str>) -> Result<(), ProgressError> {
        *self = Self::read(&self.file)?;
        match id {
            Some(id) => drop(self.exercises.remove(id)),
            None => self.exercises.clear(),
        }
        self.write()
    }

    fn write(&self) -> Result<(), ProgressError> {
        let failed = |error: std::io::Error| ProgressError {
            file: self.file.display().to_string(),
            reason: error.to_string(),
        };
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        // Put beside and then in its place, so that a kill leaves no half a file.
        let beside = self.file.with_extension("tmp");
        std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &self.file)).map_err(failed)
    }
}

impl State {
    /// The exercise is done, from now on if it was not before.
    pub fn finish(&mut self) {
        self.finished.get_or_insert_with(|| date(crate::runs::now()));
    }
}
