//! `exercise.toml`: the questions of an exercise, the loads that answer them, and the known
//! mistakes.

pub(super) mod bounds;
mod engine;
mod jobs;
mod owners;
mod rooms;
mod watch;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::{AnswerError, Need, Question};
use crate::clean;
use crate::duration;
use crate::files;
use crate::workbench::Edit;
pub use bounds::BoundsError;
pub use engine::EngineRun;
pub(super) use engine::{First, Hands, Kill, KillPoint, Poison, Pushes};
pub use jobs::{JobsRun, Step};
pub use owners::Owners;
pub use rooms::RoomsRun;
pub(super) use rooms::{Casts, End, Kills, Learns, Lookups};
pub use watch::WatchRun;

/// The longest line of a command, in characters.
const LINE: usize = 72;
/// The largest file of a set, in bytes.
pub(super) const LARGEST_TEXT: u64 = 256 << 10;

/// One exercise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// The name of its folder. It never changes, since progress is keyed by it.
    #[serde(skip)]
    pub id: String,
    /// Its folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The title.
    pub title: String,
    /// The part of the workshop that it belongs to, from 1.
    pub part: u32,
    /// The time that it takes, in minutes.
    pub minutes: u32,
    /// Whether it is an extra for fast participants.
    #[serde(default)]
    pub hard: bool,
    /// The configuration, as `key=value`; the other keys have their defaults.
    #[serde(default)]
    pub config: Vec<String>,
    /// The loads.
    #[serde(default, rename = "load")]
    pub loads: Vec<Load>,
    /// Runs in the jobs lab.
    #[serde(default)]
    pub jobs: Vec<JobsRun>,
    /// Runs in the matches lab.
    #[serde(default)]
    pub watch: Vec<WatchRun>,
    /// Runs with servers and rooms.
    #[serde(default)]
    pub rooms: Vec<RoomsRun>,
    /// Runs with an engine of the queue.
    #[serde(default)]
    pub engine: Vec<EngineRun>,
    /// What the exercise needs and is missing here. It can be read, and is not checked.
    pub needs: Option<Need>,
    /// The questions, which ask for predictions.
    #[serde(default, rename = "question")]
    pub questions: Vec<Question>,
    /// Numbers in the texts that the story sets.
    #[serde(default)]
    pub given: Vec<String>,
    /// Other numbers in the texts, with their sources.
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    /// The code that participants write, if the exercise is in code.
    pub code: Option<Code>,
    /// Three hints, each of which tells more than the one before.
    pub hints: Vec<String>,
    /// The explanation, which is shown after the verdict.
    pub explanation: String,
}

/// A load, which is sent to a bench of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// The name, by which questions and facts refer to it.
    pub name: String,
    /// The arguments of `weir load`.
    pub run: String,
    /// Equivalent commands of other tools, which are shown.
    #[serde(default)]
    pub also: Vec<String>,
    /// Keys that differ from the exercise's configuration.
    #[serde(default)]
    pub config: Vec<String>,
    /// The time scale: how many times faster the load is measured than the question asks.
    /// Times in the configuration and the load are divided by it, and figures converted back.
    #[serde(default = "one")]
    pub faster: u32,
    /// Whether it serves only the texts, so that a check leaves it out.
    #[serde(default)]
    pub only_simulated: bool,
    /// Edits of the configuration during the load.
    #[serde(default)]
    pub edits: Vec<Edit>,
}

fn one() -> u32 {
    1
}

/// A number in a text and its source, so that texts stay true.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The words in the text, such as `499.5 s`; their first number counts.
    pub says: String,
    /// The source: an expression (see [`evaluate`](super::evaluate)) over numbers and figures
    /// from the simulation of a load, named as for a question.
    pub is: String,
    /// The allowed deviation, as a share.
    #[serde(default = "percent")]
    pub tolerance: f64,
}

fn percent() -> f64 {
    0.01
}

/// An exercise in code: participants write `exercise.rs`, and `check.rs` checks it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The task, in a sentence.
    pub task: String,
    /// The time limit of the compiled check, in seconds.
    #[serde(default = "two_minutes")]
    pub limit_s: u64,
    /// Files with known wrong answers, below the exercise's folder.
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
    /// The failure in the check, as part of a line of its output.
    pub fails: String,
    /// The idea behind it.
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
        /// The value that was found and the values that are allowed.
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
    /// Reads the exercise in `folder`, and looks for what it needs.
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
        exercise.needs = exercise.needs.and_then(Need::unmet);
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
    /// If it cannot be read.
    pub fn text(&self) -> std::io::Result<String> {
        files::read_text(&self.folder.join("README.md"), LARGEST_TEXT)
    }

    /// The solution in code.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn solution(&self) -> std::io::Result<String> {
        files::read_text(&self.folder.join("solution.rs"), LARGEST_TEXT)
    }

    /// The explanation, followed by the commands that show its figures.
    pub fn explained(&self) -> String {
        let mut text = self.explanation.trim_end().to_owned();
        if !self.loads.is_empty() {
            text += "\n\nEvery figure here comes from these, with `config.toml` as it came:\n\n```sh\n";
            self.loads.iter().for_each(|load| text += &format!("{}\n", self.command(load)));
            text += "```\n";
        }
        text
    }

    /// Whether a check measures anything.
    pub fn is_measured(&self) -> bool {
        let has_labs = !self.jobs.is_empty() || !self.watch.is_empty() || !self.rooms.is_empty();
        has_labs || !self.engine.is_empty() || !self.loads.is_empty()
    }

    /// The command that simulates a load, in lines for a terminal.
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

    /// The loads that a check sends.
    pub fn measured_loads(&self) -> impl Iterator<Item = &Load> + Clone {
        self.loads.iter().filter(|load| !load.only_simulated)
    }
}
