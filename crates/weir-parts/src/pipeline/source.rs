//! The source of a pipeline that begins with a queue.

use std::sync::Arc;
use std::time::Duration;

use super::{Account, Clock, Event, Ticket};
use crate::queue::MemoryQueue;
use weir_stage::stage::Producer;

/// Takes from a queue what is asked for and no more, and ends when the queue is
/// closed and empty.
#[derive(Debug)]
pub struct QueueSource {
    /// Where events wait.
    pub queue: Arc<MemoryQueue<Event>>,
    /// Where they are counted from when they leave it.
    pub account: Arc<Account>,
    /// Says when that is.
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

    /// While it waits, its events are in the queue.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}
