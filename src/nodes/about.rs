//! A node's description of itself.

use serde::{Deserialize, Serialize};

use crate::record::LedgerState;

/// A node's description of itself, sent once a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The address of its page.
    pub url: String,
    /// Weir's version.
    pub version: String,
    /// Seconds since its start.
    pub since_s: f64,
    /// The process id, by which two nodes with one name differ.
    pub pid: u32,
    /// Its ledger.
    pub ledger: NodeLedger,
}

/// The ledger of a node, or the sum over nodes:
/// accepted + recovered = done + failed + dropped + held + shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeLedger {
    /// Accepted events.
    pub accepted: u64,
    /// Events that the queue held when the node opened it.
    #[serde(default)]
    pub recovered: u64,
    /// Events whose work is done.
    pub done: u64,
    /// Events that failed for good.
    pub failed: u64,
    /// Dropped events.
    pub dropped: u64,
    /// Events that wait or are in work.
    pub held: u64,
    /// With a shared queue, the events that the node has put in minus those that it has taken out.
    /// The sum over all nodes is the number of events in the queue.
    #[serde(default)]
    pub shared: i64,
}

impl NodeLedger {
    /// Adds the ledger of another node.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            recovered: self.recovered + other.recovered,
            done: self.done + other.done,
            failed: self.failed + other.failed,
            dropped: self.dropped + other.dropped,
            held: self.held + other.held,
            shared: self.shared + other.shared,
        }
    }
}

impl From<&LedgerState> for NodeLedger {
    fn from(ledger: &LedgerState) -> Self {
        let LedgerState { accepted, recovered, done, failed, dropped, held, shared, .. } = *ledger;
        Self { accepted, recovered, done, failed, dropped, held, shared }
    }
}
