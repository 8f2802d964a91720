//! The source of a pipeline that begins with a queue.

use std::sync::Arc;
use std::time::Duration;

use super::{Account, Clock, Event, Ticket};
use crate::queue::MemoryQueue;
use weir_stage::stage::Producer;

/// A producer that takes events from a queue when they are asked for. It ends when the queue
/// is closed and empty.
#[derive(Debug)]
pub struct QueueSource {
    /// The queue in which the events wait.
    pub queue: Arc<MemoryQueue<Event>>,
    /// The account that counts the events in flight.
    pub account: Arc<Account>,
    /// The clock that stamps the moment an event leaves the queue.
    pub clock: Clock,
}

impl QueueSource {
    /// This file, relative to the workspace.
    pub const SOURCE: &str = file!();
}

impl Producer for QueueSource {
    type Event = Ticket;

    async fn produce(&mut self, demand: usize) -> Option<Vec<Ticket>> {
        let events = self.queue.pop(demand).await?;
        let dispatched = self.clock.now();
        let ticket = |event| Ticket::dispatched(event, dispatched, Arc::clone(&self.account));
        Some(events.into_iter().map(ticket).collect())
    }

    /// Returns zero: while it waits, its events are in the queue.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}
