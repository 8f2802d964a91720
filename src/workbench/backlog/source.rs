//! The source of the pipeline: takes waiting events on demand, from memory or from an engine.

use std::sync::Arc;
use std::time::Duration;

use super::{Backlog, Stored};
use crate::pipeline::{Account, Clock, QueueSource, Ticket};
use crate::stage::Producer;

/// The source, in memory or with an engine.
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

    /// Returns zero: the source holds no events of its own.
    fn finish_within(&self) -> Duration {
        Duration::ZERO
    }
}
