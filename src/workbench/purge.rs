//! Purges the queue: drops every waiting event and counts it as dropped.

use serde::{Deserialize, Serialize};

use super::Workbench;
use super::backlog::Backlog;
use crate::engine::EngineError;
use crate::record::{MarkKind, Mode};

/// The result of a purge, in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// Events dropped from the queue.
    pub dropped: u64,
    /// Events that had left the queue before; consumers finish them.
    pub held: u64,
}

impl Workbench {
    /// Drops every event that waits in the queue; the ledger counts each as dropped. It
    /// also works while the pipeline is paused.
    ///
    /// Events that have left the queue are not affected: those that consumers handle or
    /// have prefetched, and those that a pause holds at the gate. Senders that wait for a
    /// place get one.
    ///
    /// # Errors
    /// [`EngineError`], if the engine that keeps the events fails.
    ///
    /// # Cancel safety
    /// The events of an engine may be dropped and not counted if the future is dropped.
    pub async fn purge(&self) -> Result<Purged, EngineError> {
        let account = &self.bench.stats(Mode::Pipelined).account;
        let dropped = match &self.bench.queue {
            Backlog::Memory(queue) => {
                let waiting = queue.take_all();
                for event in &waiting {
                    account.drop_waiting(event.arrived);
                    self.bench.forget(event.id);
                }
                waiting.len() as u64
            }
            Backlog::Stored(stored) => stored.purge().await?,
        };
        let purged = Purged { dropped, held: account.in_flight() as u64 };
        if purged.dropped > 0 {
            self.sampler().judge.purged(purged.dropped);
            log::info!("the queue was emptied: {purged}");
            self.mark(MarkKind::Purge, &format!("queue emptied: {} events dropped", purged.dropped));
        }
        Ok(purged)
    }
}

impl std::fmt::Display for Purged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let events = |n: u64| if n == 1 { "event" } else { "events" };
        let Self { dropped, held } = *self;
        write!(f, "{dropped} waiting {} dropped", events(dropped))?;
        match held {
            0 => Ok(()),
            1 => write!(f, "; 1 event had left the queue and will be finished"),
            _ => write!(f, "; {held} events had left the queue and will be finished"),
        }
    }
}
