//! Why an exercise could not be tried.

use thiserror::Error;

use crate::config::ConfigError;
use crate::exercise::BoundsError;
use crate::load::watch::WatchError;
use crate::measure::{ArgsError, MeasureError};

/// Why an exercise could not be tried.
#[derive(Debug, Error)]
pub enum TrialError {
    /// No load of the exercise can be sent to a running bench.
    #[error("each load of this exercise needs its own configuration; check it without --url")]
    NeedsOwnBench,
    /// A load is invalid.
    #[error("{exercise}: load {load}: {problem}")]
    Load {
        /// The exercise's id.
        exercise: String,
        /// The load's name.
        load: String,
        /// What is wrong with it.
        problem: LoadProblem,
    },
    /// The exercise's configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No bench could be started.
    #[error("cannot start a bench: {0}")]
    NoBench(std::io::Error),
    /// A load was not measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// Watchers could not be started.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A run in a process of its own failed.
    #[error("run {run} was not measured: {why}")]
    Apart {
        /// The run's name.
        run: String,
        /// What the process printed, or what happened to it.
        why: String,
    },
    /// A load took too long.
    #[error("load {load} took longer than {minutes} minutes")]
    TooLong {
        /// The load's name.
        load: String,
        /// The limit.
        minutes: u64,
    },
    /// The bench's snapshot cannot be read.
    #[error("cannot read the snapshot of the bench: {0}")]
    NoSnapshot(serde_json::Error),
}

/// What is wrong with a load.
#[derive(Debug, Error)]
pub enum LoadProblem {
    /// Its arguments.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// Its size.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// One of its edits.
    #[error(transparent)]
    Edit(#[from] ConfigError),
}
