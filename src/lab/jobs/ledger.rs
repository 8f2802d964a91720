//! The account of every job: each one that was accepted is done, failed, killed or running.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use weir_job_wasm::outcome::Ending;

/// The counters of all jobs since the start.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    accepted: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    killed: AtomicU64,
    refused: AtomicU64,
}

/// The account. `accepted = done + failed + killed + running` at all times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LedgerCounts {
    /// Jobs that were accepted.
    pub accepted: u64,
    /// Jobs that returned a value.
    pub done: u64,
    /// Jobs that trapped or exceeded a limit.
    pub failed: u64,
    /// Jobs that an operator or the end of the lab stopped.
    pub killed: u64,
    /// Jobs that have not ended.
    pub running: u64,
    /// Submissions that were refused: there was no job.
    pub refused: u64,
}

/// The entry of a job that runs. A job that is dropped before its end counts as killed.
#[derive(Debug)]
pub(super) struct Ticket {
    ledger: Arc<Ledger>,
    has_ended: bool,
}

impl Ledger {
    /// Enters a job.
    pub(super) fn accept(self: &Arc<Self>) -> Ticket {
        self.accepted.fetch_add(1, Ordering::SeqCst);
        Ticket { ledger: Arc::clone(self), has_ended: false }
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }

    /// Reads the account. The endings are read first: a job that ends in the meantime counts
    /// as running, and none counts as ended before it is accepted.
    pub(super) fn counts(&self) -> LedgerCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let (done, failed, killed) = (read(&self.done), read(&self.failed), read(&self.killed));
        let (accepted, refused) = (read(&self.accepted), read(&self.refused));
        let running = accepted - done - failed - killed;
        LedgerCounts { accepted, done, failed, killed, running, refused }
    }
}

impl LedgerCounts {
    /// Returns the account since `before`. Jobs that ran then count as accepted anew.
    pub(super) fn since(self, before: &Self) -> Self {
        Self {
            accepted: self.accepted - (before.accepted - before.running),
            done: self.done - before.done,
            failed: self.failed - before.failed,
            killed: self.killed - before.killed,
            running: self.running,
            refused: self.refused - before.refused,
        }
    }

    /// Returns true if every accepted job is accounted for.
    pub fn balances(&self) -> bool {
        self.accepted == self.done + self.failed + self.killed + self.running
    }
}

impl Ticket {
    /// Enters how the job ended.
    pub(super) fn end(mut self, ending: Ending) {
        self.has_ended = true;
        self.ledger.counter(ending).fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.has_ended {
            self.ledger.killed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Ledger {
    fn counter(&self, ending: Ending) -> &AtomicU64 {
        match ending {
            Ending::Value(_) => &self.done,
            Ending::Killed | Ending::Cancelled => &self.killed,
            // Also an ending that a later version of the engine adds.
            _ => &self.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_job_wasm::outcome::Trap;

    use super::*;

    proptest! {
        #[test]
        fn the_account_balances_after_any_order_of_endings_and_resets(
            steps in prop::collection::vec(0_u8..7, 0..200),
        ) {
            let ledger = Arc::new(Ledger::default());
            let mut before = LedgerCounts::default();
            let mut running = Vec::new();
            for step in steps {
                match (step, running.is_empty()) {
                    (0..=2, _) | (3..=4, true) => running.push(ledger.accept()),
                    (3, _) => running.swap_remove(0).end(Ending::Value(1)),
                    (4, _) => running.swap_remove(0).end(Ending::Trap(Trap::Unreachable)),
                    (5, _) => drop(running.pop()),
                    _ => before = ledger.counts(),
                }
                let counts = ledger.counts().since(&before);
                prop_assert!(counts.balances(), "{counts:?}");
                prop_assert_eq!(counts.running, running.len() as u64);
            }
        }
    }
}
