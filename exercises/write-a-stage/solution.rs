// A subscription is a stream and a producer may wait, so a stage in the middle can be
// written as one method that reads like the sentence that describes it.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, timeout_at};
use weir_stage::demand::Limits;
use weir_stage::stage::{self, Producer, ProducerRef, Reason, Subscription};

/// Reads a subscription on one side, and produces batches on the other.
pub(crate) struct Batches {
    /// Where events come from. It is a stream: `next().await` waits for an event, and
    /// is `None` when the source has ended and everything is read.
    events: Subscription<u32>,
    /// How many make a batch full.
    size: usize,
    /// How long the first event of a batch may wait for the others.
    patience: Duration,
}

impl Producer for Batches {
    type Event = Vec<u32>;

    /// Returns the next batch, never an empty one; `None` when there will be none.
    /// `_demand` counts batches, and one of them is an answer.
    async fn produce(&mut self, _demand: usize) -> Option<Vec<Vec<u32>>> {
        // Without a deadline: as long as nothing has come, nobody waits for us, and a
        // batch is never empty. When the source has ended there is none.
        let first = self.events.next().await?;
        // Taken once, here: time runs from the first event on, whatever comes later.
        let deadline = Instant::now() + self.patience;
        let mut batch = vec![first];
        while batch.len() < self.size {
            // Giving up on `next` loses no event: what was not returned is still in
            // the subscription.
            match timeout_at(deadline, self.events.next()).await {
                Ok(Some(event)) => batch.push(event),
                // Time is up; or the source has ended, and these are the last. The
                // next call will find that out again, and answer `None`.
                Ok(None) | Err(_) => break,
            }
        }
        // One, though more may be wanted: a second would keep the first waiting.
        Some(vec![batch])
    }

    /// Asked after `None`: why there are no more batches. If the source failed, so
    /// did we.
    fn exit_reason(&mut self) -> Reason {
        // The stream only says that it has ended; why, the subscription knows.
        self.events.reason().cloned().unwrap_or(Reason::Finished)
    }
}

/// Starts the stage behind `source`.
pub(crate) fn batches(source: &ProducerRef<u32>, size: usize, patience: Duration) -> ProducerRef<Vec<u32>> {
    // Asks for one batch's worth, and for the next when that is read.
    let limits = Limits::new(size, 0).unwrap_or(Limits::ONE);
    let events = source.subscribe(limits);
    stage::producer(Batches { events, size, patience }).spawn().producer()
}
