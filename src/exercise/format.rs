//! `exercise.toml`: what an exercise asks, how the answer is found, and which wrong
//! ideas people have about it.

pub(super) mod bounds;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::{AnswerError, Question};
use crate::clean;
use crate::duration;
use crate::files;
use crate::workbench::Edit;
pub use bounds::BoundsError;

/// The longest line of a command, in characters.
const LINE: usize = 72;
/// The largest file of a set, in bytes.
pub(super) const LARGEST_TEXT: u64 = 256 << 10;

/// One exercise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// The name of its folder: it never changes, and progress is kept by it.
    #[serde(skip)]
    pub id: String,
    /// Its folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What it is called.
    pub title: String,
    /// Which part of the workshop it belongs to, from 1.
    pub part: u32,
    /// How long it takes.
    pub minutes: u32,
    /// Whether it is for those who want more.
    #[serde(default)]
    pub hard: bool,
    /// The configuration to start from, as `key=value`; defaults for the rest.
    #[serde(default)]
    pub config: Vec<String>,
    /// The loads that are made.
    #[serde(default, rename = "load")]
    pub loads: Vec<Load>,
    /// What is to be predicted.
    #[serde(default, rename = "question")]
    pub questions: Vec<Question>,
    /// Numbers in the texts that are as they are because the story has it so.
    #[serde(default)]
    pub given: Vec<String>,
    /// Other numbers in the texts, and where they come from.
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    /// What is to be written, if anything.
    pub code: Option<Code>,
    /// Three, each telling more than the one before.
    pub hints: Vec<String>,
    /// What is shown after the verdict.
    pub explanation: String,
}

/// A load that is made, on a bench of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// What measures refer to it by.
    pub name: String,
    /// Exactly what stands behind `weir load`.
    pub run: String,
    /// The same with other tools, to be shown.
    #[serde(default)]
    pub also: Vec<String>,
    /// What is different from the exercise's configuration.
    #[serde(default)]
    pub config: Vec<String>,
    /// How many times faster it is measured than it is asked about: every time in
    /// configuration and load is divided by it, and what is measured is converted
    /// back.
    #[serde(default = "one")]
    pub faster: u32,
    /// Whether it is there for the texts: a check leaves it out.
    #[serde(default)]
    pub only_simulated: bool,
    /// Edits of the configuration while it is on.
    #[serde(default)]
    pub edits: Vec<Edit>,
}

fn one() -> u32 {
    1
}

/// A number that stands in a text, and what it is, so that texts stay true.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// As it stands there, such as `499.5 s`; its first number is what counts.
    pub says: String,
    /// What it is: an expression (see [`evaluate`](super::evaluate)) over numbers and of figures
    /// from the simulation of a load, named as for a question.
    pub is: String,
    /// How far off it may be, as a share.
    #[serde(default = "percent")]
    pub tolerance: f64,
}

fn percent() -> f64 {
    0.01
}

/// Code to be written: `exercise.rs`, which is checked by `check.rs`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// What is to be written, in a sentence.
    pub task: String,
    /// How long the check may run once it is compiled, in seconds.
    #[serde(default = "two_minutes")]
    pub limit_s: u64,
    /// Files below the exercise's folder with answers that people give, and what
    /// each reveals.
    #[serde(default)]
    pub wrong: Vec<WrongCode>,
}

fn two_minutes() -> u64 {
    120
}

/// A wrong answer in code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongCode {
    /// Such as `wrong/sleeps.rs`.
    pub file: String,
    /// What fails in the check, as part of a line of its output.
    pub fails: String,
    /// What wrong idea it suggests.
    pub reveals: String,
}

/// Why a file of a set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {problem}", clean::path(file))]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// What is wrong with a file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// It cannot be read, for the system's reason.
    #[error("cannot be read: {}", clean::line(.0))]
    Unreadable(String),
    /// It is not TOML, or has other keys or values than are allowed.
    #[error("{line}:{column}: {}", clean::line(message))]
    Content {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was found and what is allowed.
        message: String,
    },
    /// The exercise exceeds a bound.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// The set has too many exercises.
    #[error("{found} exercises: expected at most {most}")]
    TooManyExercises {
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// An exercise cannot have this id.
    #[error("{0:?} cannot be an exercise: expected the name of a folder in a-z, 0-9 and \"-\"")]
    NoId(String),
}

impl FileProblem {
    /// The problem in `file`.
    pub(super) fn in_file(self, file: &Path) -> FileError {
        FileError { file: file.to_owned(), problem: self }
    }
}

/// Parses a file of TOML.
///
/// # Errors
/// [`FileProblem::Content`].
pub(super) fn parsed<T: serde::de::DeserializeOwned>(file: &Path, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        FileProblem::Content { line, column, message: error.message().to_owned() }.in_file(file)
    })
}

impl Exercise {
    /// Reads the exercise in `folder`.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(folder: &Path) -> Result<Self, FileError> {
        let file = folder.join("exercise.toml");
        let text = files::read_text(&file, LARGEST_TEXT)
            .map_err(|error| FileProblem::Unreadable(error.to_string()).in_file(&file))?;
        let mut exercise: Self = parsed(&file, &text)?;
        exercise.id = clean::line(&folder.file_name().unwrap_or_default().to_string_lossy()).into_owned();
        exercise.title = clean::line(&exercise.title).into_owned();
        for Question { name, unit, .. } in &mut exercise.questions {
            (*name, *unit) = (clean::line(name).into_owned(), clean::line(unit).into_owned());
        }
        bounds::check(&exercise).map_err(|error| FileProblem::from(error).in_file(&file))?;
        folder.clone_into(&mut exercise.folder);
        Ok(exercise)
    }

    /// The question of that name.
    ///
    /// # Errors
    /// [`AnswerError::Question`].
    pub fn question(&self, name: &str) -> Result<&Question, AnswerError> {
        let question = self.questions.iter().find(|question| question.name == name);
        question.ok_or_else(|| AnswerError::Question {
            question: name.to_owned(),
            questions: self.questions.iter().map(|question| question.name.clone()).collect(),
        })
    }

    /// The text of its README.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self) -> std::io::Result<String> {
        files::read_text(&self.folder.join("README.md"), LARGEST_TEXT)
    }

    /// The solution in code.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn solution(&self) -> std::io::Result<String> {
        files::read_text(&self.folder.join("solution.rs"), LARGEST_TEXT)
    }

    /// The explanation, with the commands behind it that show its figures.
    pub fn explained(&self) -> String {
        let mut text = self.explanation.trim_end().to_owned();
        if !self.loads.is_empty() {
            text += "\n\nEvery figure here comes from these, with `config.toml` as it came:\n\n```sh\n";
            self.loads.iter().for_each(|load| text += &format!("{}\n", self.command(load)));
            text += "```\n";
        }
        text
    }

    /// What simulates a load, in lines that a terminal takes.
    fn command(&self, load: &Load) -> String {
        let sets = self.config.iter().chain(&load.config).map(|setting| format!(" --set {setting}"));
        let edits = load.edits.iter().map(|Edit { after, key, value }| {
            format!(" --edit {}:{key}={value}", duration::format(*after))
        });
        let (mut command, mut width) = (String::new(), 0);
        for part in [format!("weir simulate {}", load.run)].into_iter().chain(sets).chain(edits) {
            if width > 0 && width + part.len() > LINE {
                command += " \\\n   ";
                width = 4;
            }
            width += part.len();
            command += &part;
        }
        command
    }

    /// The loads that a check makes.
    pub fn measured_loads(&self) -> impl Iterator<Item = &Load> + Clone {
        self.loads.iter().filter(|load| !load.only_simulated)
    }
}
