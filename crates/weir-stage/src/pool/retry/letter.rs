//! An event that failed for good, and why.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::clean;

/// Why one attempt at an event failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AttemptError {
    /// The handler said so, in these words.
    #[error("{}", clean::line(.0))]
    Error(String),
    /// The handler panicked; with the message.
    #[error("a panic: {}", clean::line(.0))]
    Panicked(String),
    /// It took longer than this, and was stopped.
    #[error("not done within {0:?}")]
    TimedOut(Duration),
}

/// An event that failed every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter<T> {
    /// The event, as it came.
    pub event: T,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: AttemptError,
}

/// Says how often and why, and not which: an event need not be printable, and
/// may be nothing for a log.
impl<T> fmt::Display for DeadLetter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event: _, attempts, last_error } = self;
        let plural = if *attempts == 1 { "" } else { "s" };
        write!(f, "gave up an event after {attempts} attempt{plural}: {last_error}")
    }
}
