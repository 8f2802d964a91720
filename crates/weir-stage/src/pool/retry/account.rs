//! The counters of a retrying handler.

use std::sync::atomic::{AtomicU64, Ordering};

use super::AttemptError;

/// Counters of one [`Retry`](super::Retry), which can be read at any time. They only grow.
#[derive(Debug, Default)]
pub struct RetryAccount {
    attempts: AtomicU64,
    retries: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    dead_letters: AtomicU64,
}

/// The counts of a [`RetryAccount`] at one moment. When nothing runs,
/// `attempts - retries` events have been tried, and all of them but `dead_letters` are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetryCounts {
    /// Attempts begun.
    pub attempts: u64,
    /// Attempts that were not the first one at their event.
    pub retries: u64,
    /// Attempts that ended with an error of the handler.
    pub errors: u64,
    /// Attempts that ended with a panic.
    pub panics: u64,
    /// Attempts that were stopped at their time limit.
    pub timeouts: u64,
    /// Events that failed every attempt.
    pub dead_letters: u64,
}

impl RetryAccount {
    /// Reads the counters. While events are tried, they are read at slightly different
    /// moments.
    pub fn counts(&self) -> RetryCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RetryCounts {
            attempts: read(&self.attempts),
            retries: read(&self.retries),
            errors: read(&self.errors),
            panics: read(&self.panics),
            timeouts: read(&self.timeouts),
            dead_letters: read(&self.dead_letters),
        }
    }

    pub(super) fn attempt(&self, is_retry: bool) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if is_retry {
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn failed(&self, error: &AttemptError) {
        let counter = match error {
            AttemptError::Error(_) => &self.errors,
            AttemptError::Panicked(_) => &self.panics,
            AttemptError::TimedOut(_) => &self.timeouts,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dead_letter(&self) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
    }
}
