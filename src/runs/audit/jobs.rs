//! Checks of a run of the jobs lab.

use crate::record::{Audit, JobsSide, Verdict};
use crate::runs::words::count;

impl Audit {
    pub(super) fn jobs(&mut self, jobs: &JobsSide) {
        let ledger = &jobs.ledger;
        self.check("jobs-ledger", ledger.balances(), ledger.to_string());
        if ledger.running > 0 {
            let says = format!("{} jobs had not ended when the run did", count(ledger.running));
            self.note("jobs-ended", Verdict::Disturbed, says);
        }
        let times = jobs.lateness.count().unwrap_or_default() + jobs.yours.count().unwrap_or_default();
        let passed = times <= ledger.accepted;
        let says = format!("{} of {} jobs were timed", count(times), count(ledger.accepted));
        self.check("jobs-times", passed, says);
    }
}
