// Reports `Finished` even if the source failed.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, timeout_at};
use weir_stage::demand::Limits;
use weir_stage::stage::{self, Producer, ProducerRef, Reason, Subscription};

/// Reads a subscription on one side, and produces batches on the other.
pub(crate) struct Batches {
    /// The source's events, as a stream: `next().await` waits for an event, and returns
    /// `None` when the source has ended and every event has been read.
    events: Subscription<u32>,
    /// How many events fill a batch.
    size: usize,
    /// How long the first event of a batch may wait for the others.
    patience: Duration,
}

impl Producer for Batches {
    type Event = Vec<u32>;

    /// Returns the next batch, never an empty one, and `None` when there will be no more.
    /// `_demand` counts batches; one batch is enough.
    async fn produce(&mut self, _demand: usize) -> Option<Vec<Vec<u32>>> {
        let first = self.events.next().await?;
        let deadline = Instant::now() + self.patience;
        let mut batch = vec![first];
        while batch.len() < self.size {
            match timeout_at(deadline, self.events.next()).await {
                Ok(Some(event)) => batch.push(event),
                Ok(None) | Err(_) => break,
            }
        }
        Some(vec![batch])
    }

    /// Says why there are no more batches; called after `None`. If the source failed, this
    /// stage failed too.
    fn exit_reason(&mut self) -> Reason {
        Reason::Finished
    }
}

/// Starts the stage behind `source`.
pub(crate) fn batches(source: &ProducerRef<u32>, size: usize, patience: Duration) -> ProducerRef<Vec<u32>> {
    // Asks for as many events as a batch holds, and asks again when all are read.
    let limits = Limits::new(size, 0).unwrap_or(Limits::ONE);
    let events = source.subscribe(limits);
    stage::producer(Batches { events, size, patience }).spawn().producer()
}
