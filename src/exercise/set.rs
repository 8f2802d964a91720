//! A set of exercises: a folder with `set.toml` and a folder for each.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::format::LARGEST_TEXT;
use super::{Exercise, FileError, FileProblem};
use crate::clean;
use crate::files;

/// A set of exercises, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The title.
    pub title: String,
    /// The titles of its parts; the first is part 1.
    pub parts: Vec<String>,
    /// The exercises, in order.
    pub exercises: Vec<Exercise>,
    /// Numbers that need no source in any text, such as `202`.
    pub given: Vec<String>,
    /// The folder of the set.
    pub folder: PathBuf,
}

/// Why a set or an exercise was not found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetError {
    /// The folder has no readable `set.toml`.
    #[error(
        "no exercises in {}: {}; run weir beside the folder `exercises`, or use --dir",
        clean::line(folder),
        clean::line(reason)
    )]
    None {
        /// The folder.
        folder: String,
        /// The system's reason.
        reason: String,
    },
    /// A file of the set cannot be used.
    #[error(transparent)]
    Bad(#[from] FileError),
    /// Several ids begin so.
    #[error("several exercises begin with {id:?}: {}", clean::line(&ids.join(", ")))]
    Several {
        /// The beginning that was given.
        id: String,
        /// The ids that begin so.
        ids: Vec<String>,
    },
    /// No exercise has this id.
    #[error("no exercise {id:?}: expected one of {}", clean::line(&ids.join(", ")))]
    Unknown {
        /// The beginning that was given.
        id: String,
        /// The ids of the set.
        ids: Vec<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    parts: Vec<String>,
    exercises: Vec<String>,
    #[serde(default)]
    given: Vec<String>,
}

/// The largest number of exercises in a set.
const MOST: usize = 500;

/// Whether an id can name an exercise, its folder and its test for cargo. A path would lead
/// out of the set, and a leading hyphen would be an option.
fn is_id(id: &str) -> bool {
    let known = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    (1..=64).contains(&id.len()) && id.bytes().all(known) && !id.starts_with('-')
}

impl Set {
    /// Reads the set in `folder`, with every exercise that it names.
    ///
    /// # Errors
    /// [`SetError::None`] and [`SetError::Bad`].
    pub fn read(folder: &Path) -> Result<Self, SetError> {
        let file = folder.join("set.toml");
        let text = files::read_text(&file, LARGEST_TEXT).map_err(|error| SetError::None {
            folder: folder.display().to_string(),
            reason: error.to_string(),
        })?;
        let File { title, parts, exercises, given } = super::format::parsed(&file, &text)?;
        if exercises.len() > MOST {
            let problem = FileProblem::TooManyExercises { found: exercises.len(), most: MOST };
            return Err(problem.in_file(&file).into());
        }
        if let Some(id) = exercises.iter().find(|id| !is_id(id)) {
            return Err(FileProblem::NoId(id.clone()).in_file(&file).into());
        }
        let exercises: Result<Vec<Exercise>, FileError> =
            exercises.iter().map(|id| Exercise::read(&folder.join(id))).collect();
        let exercises = exercises?;
        let line = |text: &String| clean::line(text).into_owned();
        let (title, parts) = (line(&title), parts.iter().map(line).collect());
        Ok(Self { title, parts, exercises, given, folder: folder.to_owned() })
    }

    /// The exercise that comes after this one.
    pub fn after(&self, exercise: &Exercise) -> Option<&Exercise> {
        let here = self.exercises.iter().position(|other| other.id == exercise.id)?;
        self.exercises.get(here + 1)
    }

    /// The exercise of that id, or the only one whose id begins so.
    ///
    /// # Errors
    /// [`SetError::Several`] and [`SetError::Unknown`].
    pub fn find(&self, id: &str) -> Result<&Exercise, SetError> {
        if let Some(exact) = self.exercises.iter().find(|exercise| exercise.id == id) {
            return Ok(exact);
        }
        let begin: Vec<&Exercise> =
            self.exercises.iter().filter(|exercise| exercise.id.starts_with(id)).collect();
        let ids = |of: &[&Exercise]| of.iter().map(|exercise| exercise.id.clone()).collect();
        match begin[..] {
            [only] => Ok(only),
            [] => Err(SetError::Unknown {
                id: id.to_owned(),
                ids: self.exercises.iter().map(|exercise| exercise.id.clone()).collect(),
            }),
            _ => Err(SetError::Several { id: id.to_owned(), ids: ids(&begin) }),
        }
    }
}
