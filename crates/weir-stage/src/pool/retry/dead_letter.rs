//! The dead letter: an event that failed for good, with the error of its last attempt.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::clean;

/// The reason one attempt at an event failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// The handler returned an error, with this text.
    #[error("{}", clean::line(.0))]
    Error(String),
    /// The handler panicked, with this message.
    #[error("a panic: {}", clean::line(.0))]
    Panicked(String),
    /// The attempt took longer than this time limit, and was stopped.
    #[error("not done within {0:?}")]
    TimedOut(Duration),
}

/// An event that failed every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter<T> {
    /// The event, as it came.
    pub event: T,
    /// The number of attempts.
    pub attempts: u32,
    /// The error of the last attempt.
    pub last_error: AttemptError,
}

/// Shows the number of attempts and the last error, but not the event: it need not be
/// printable, and may not belong in a log.
impl<T> fmt::Display for DeadLetter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event: _, attempts, last_error } = self;
        let plural = if *attempts == 1 { "" } else { "s" };
        write!(f, "gave up an event after {attempts} attempt{plural}: {last_error}")
    }
}
