//! What a producer's stage does with an empty batch.
//!
//! [`Producer::produce`](super::Producer::produce) waits when it has nothing. One
//! that answers with no events instead would be asked again at once, for the demand
//! is still there, and would keep a core busy for nothing. So the stage waits a
//! moment before it asks again, and longer each time.

use std::time::Duration;

use tokio::time::sleep;

use super::meter::Meter;
use crate::backoff::Backoff;

/// Long enough that an idle stage costs nothing to speak of, and short enough that
/// events do not wait long for the next call.
const WAITS: Backoff =
    Backoff::exponential(Duration::from_millis(1), Duration::from_millis(100)).without_jitter();

/// EmptyBatches batches since the last that was not.
#[derive(Debug, Default)]
pub(super) struct EmptyBatches {
    in_a_row: u32,
    warned: bool,
}

impl EmptyBatches {
    /// Waits after an empty batch, and warns of the first of a stage's life.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait.
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

    /// Notes a batch that was not empty.
    pub(super) fn reset(&mut self) {
        self.in_a_row = 0;
    }
}
