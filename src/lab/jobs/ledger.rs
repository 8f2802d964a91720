//! The account of every job: each one that was accepted is done, failed, killed or running.

use std::sync::{Arc, Mutex};

use weir_job_wasm::outcome::Ending;

use super::lock;
use crate::record::JobsLedger;

/// The account since the start. One lock for all counters, so that every reading balances.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<JobsLedger>);

/// The entry of a job that runs. A job that is dropped before its end counts as killed.
#[derive(Debug)]
pub(super) struct Ticket {
    ledger: Arc<Ledger>,
    has_ended: bool,
}

impl Ledger {
    /// Enters a job.
    pub(super) fn accept(self: &Arc<Self>) -> Ticket {
        let mut counts = lock(&self.0);
        counts.accepted += 1;
        counts.running += 1;
        Ticket { ledger: Arc::clone(self), has_ended: false }
    }

    pub(super) fn refuse(&self) {
        lock(&self.0).refused += 1;
    }

    /// Reads the account.
    pub(super) fn counts(&self) -> JobsLedger {
        *lock(&self.0)
    }

    /// Enters how a job ended. `running` is counted by the tickets and not computed from the
    /// other counters, so that a job that is lost would show.
    fn end(&self, ending: Ending) {
        let mut counts = lock(&self.0);
        debug_assert!(counts.running > 0, "more jobs ended than ran");
        counts.running -= 1;
        match ending {
            Ending::Value(_) => counts.done += 1,
            Ending::Killed | Ending::Cancelled => counts.killed += 1,
            // Also an ending that a later version of the engine adds.
            _ => counts.failed += 1,
        }
    }
}

impl Ticket {
    /// Enters how the job ended.
    pub(super) fn end(mut self, ending: Ending) {
        self.has_ended = true;
        self.ledger.end(ending);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.has_ended {
            self.ledger.end(Ending::Cancelled);
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
            let mut before = JobsLedger::default();
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
