// Forgets the second rule: waits until the batch is full.

use std::time::Duration;

use futures::StreamExt;
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
        let first = self.events.next().await?;
        let mut batch = vec![first];
        while batch.len() < self.size {
            match self.events.next().await {
                Some(event) => batch.push(event),
                None => break,
            }
        }
        Some(vec![batch])
    }

    /// Asked after `None`: why there are no more batches. If the source failed, so
    /// did we.
    fn exit_reason(&mut self) -> Reason {
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
