//! The ledger as the snapshot shows it.

use serde::{Deserialize, Serialize};

/// accepted = done + failed + dropped + held, plus what was never accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    /// Promised to be done.
    pub accepted: u64,
    /// Done.
    pub done: u64,
    /// Tried and not done, or abandoned.
    pub failed: u64,
    /// Accepted, and given up by the queue's policy.
    pub dropped: u64,
    /// In the queue, with consumers, or in the resource.
    pub held: u64,
    /// Refused, and therefore never accepted.
    pub rejected: u64,
    /// Accepted and nowhere to be found. While events move, the parts are read
    /// at slightly different moments; when quiet it is 0.
    pub unaccounted: i64,
}
