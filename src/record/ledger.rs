//! The ledger as the snapshot shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// accepted + recovered = done + failed + dropped + held + shared, plus what was never accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    /// Events that the bench promised to do.
    pub accepted: u64,
    /// Events that the queue held when the server started: accepted before, and not finished.
    #[serde(default)]
    pub recovered: u64,
    /// Done.
    pub done: u64,
    /// Events that failed or were abandoned.
    pub failed: u64,
    /// Accepted events that the queue's policy dropped.
    pub dropped: u64,
    /// Events in the queue, with consumers, or in the resource.
    pub held: u64,
    /// With a queue that several processes share: the events that this one has put in, minus those
    /// that it has taken out. Summed over all of them, it is what the queue holds.
    #[serde(default)]
    pub shared: i64,
    /// Refused requests: never accepted.
    pub rejected: u64,
    /// Accepted events that are in none of these. While events move, the parts are read
    /// at slightly different moments; it is 0 whenever the bench is quiet.
    pub unaccounted: i64,
}

/// The account in one line.
impl fmt::Display for LedgerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, recovered, done, failed, dropped, held, shared, rejected, unaccounted } = self;
        write!(f, "accepted {accepted}")?;
        if *recovered > 0 {
            write!(f, " + recovered {recovered}")?;
        }
        write!(f, " = done {done} + failed {failed} + dropped {dropped} + held {held}")?;
        if *shared != 0 {
            write!(f, " + shared {shared}")?;
        }
        write!(f, "; rejected {rejected}, unaccounted {unaccounted}")
    }
}
