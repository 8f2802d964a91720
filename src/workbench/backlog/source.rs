//! The source of the pipeline: takes events from where they wait, against demand.

use std::sync::Arc;
use std::time::Duration;

use super::{Backlog, Stored};
use crate::pipeline::{Account, Clock, QueueSource, Ticket};
use crate::stage::Producer;

/// The source, by what keeps the events.
#[derive(Debug)]
pub(in crate::workbench) enum BacklogSource {
    Memory(QueueSource),
    Stored(Arc<Stored>),
}

impl BacklogSource {
    pub(in crate::workbench) fn new(backlog: &Backlog, account: &Arc<Account>, clock: Clock) -> Self {
        match backlog {
            Backlog::Memory(queue) => {
                Self::Memory(QueueSource { queue: Arc::clone(queue), account: Arc::clone(account), clock })
            }
            Backlog::Stored(stored) => Self::Stored(Arc::clone(stored)),
        }
    }
}

impl Producer for BacklogSource {
    type Event = Ticket;

    async fn produce(&mut self, demand: usize) -> Option<Vec<Ticket>> {
        match self {
            Self::Memory(queue) => queue.produce(demand).await,
            Self::Stored(stored) => stored.take(demand).await,
        }
    }

    /// Returns zero: while it waits, its events are where they wait.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}
