//! The counts of the earlier lives of a stage, so that its figures continue after a restart.

use std::time::Duration;

use crate::stage::Status;

/// Sums over the lives that have ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EarlierLives {
    events_in: u64,
    events_out: u64,
    dropped: u64,
    requeued: u64,
    busy: Duration,
}

impl EarlierLives {
    /// Adds a life that has ended.
    pub(super) fn add(&mut self, last: &Status) {
        self.events_in += last.events_in;
        self.events_out += last.events_out;
        self.dropped += last.dropped;
        self.requeued += last.requeued;
        self.busy += last.busy;
    }

    /// Returns the status of the present life with the counts of all lives.
    pub(super) fn with(&self, mut status: Status) -> Status {
        status.events_in += self.events_in;
        status.events_out += self.events_out;
        status.dropped += self.dropped;
        status.requeued += self.requeued;
        status.busy += self.busy;
        status
    }
}
