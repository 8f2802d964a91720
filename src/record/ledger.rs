//! The ledger as the snapshot shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// accepted = done + failed + dropped + held, plus what was never accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    /// Events that the bench promised to do.
    pub accepted: u64,
    /// Done.
    pub done: u64,
    /// Events that failed or were abandoned.
    pub failed: u64,
    /// Accepted events that the queue's policy dropped.
    pub dropped: u64,
    /// Events in the queue, with consumers, or in the resource.
    pub held: u64,
    /// Refused requests: never accepted.
    pub rejected: u64,
    /// Accepted events that are in none of these. While events move, the parts are read
    /// at slightly different moments; it is 0 whenever the bench is quiet.
    pub unaccounted: i64,
}

/// The account in one line.
impl fmt::Display for LedgerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, done, failed, dropped, held, rejected, unaccounted } = self;
        write!(
            f,
            "accepted {accepted} = done {done} + failed {failed} + dropped {dropped} + held {held}; \
             rejected {rejected}, unaccounted {unaccounted}"
        )
    }
}
