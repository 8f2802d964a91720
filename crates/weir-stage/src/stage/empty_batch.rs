//! The backoff after an empty batch.
//!
//! [`Producer::produce`](super::Producer::produce) should wait when it has no events. If it
//! returns an empty batch instead, the demand is still there, so the stage would call it
//! again at once and spin. The stage therefore waits before it calls again, and longer each
//! time.

use std::time::Duration;

use tokio::time::sleep;

use super::meter::Meter;
use crate::backoff::Backoff;

/// The waits: long enough that an idle stage costs almost nothing, and short enough that
/// events do not wait long for the next call.
const WAITS: Backoff =
    Backoff::exponential(Duration::from_millis(1), Duration::from_millis(100)).without_jitter();

/// The number of empty batches in a row.
#[derive(Debug, Default)]
pub(super) struct EmptyBatches {
    in_a_row: u32,
    warned: bool,
}

impl EmptyBatches {
    /// Waits after an empty batch. Logs a warning after the first one in a stage's life.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future ends the wait.
    pub(super) async fn wait(&mut self, meter: &Meter, demand: usize) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        if !std::mem::replace(&mut self.warned, true) {
            log::warn!(
                "{}: `produce` returned no events for a demand of {demand}; it is called again \
                 after 1 ms, then after up to 100 ms",
                meter.name()
            );
        }
        sleep(WAITS.max_delay(self.in_a_row)).await;
    }

    /// Starts over after a batch that was not empty.
    pub(super) fn reset(&mut self) {
        self.in_a_row = 0;
    }
}
