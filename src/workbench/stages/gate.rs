//! The gate: events that have left the queue but belong to no stage, because the stage that
//! took them was killed. Its successor takes them first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::pipeline::Ticket;
use crate::stage::Producer;
use crate::workbench::backlog::BacklogSource;

/// Events between two lives of the queue's stage, oldest first.
#[derive(Debug, Default)]
pub(super) struct Gate {
    kept: Mutex<Kept>,
    /// Makes the stage panic after taking its next events, which are put back.
    #[cfg(test)]
    pub(super) fuse: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Ticket>,
    /// The number of events put back since the start.
    handed_over: u64,
    closed: bool,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps events that a stage had taken, in front of those that wait here: it took them
    /// from here first. A closed gate drops them.
    pub(super) fn put_back(&self, events: Vec<Ticket>) {
        let mut kept = self.lock();
        if kept.closed {
            return;
        }
        kept.handed_over += events.len() as u64;
        for event in events.into_iter().rev() {
            kept.events.push_front(event);
        }
    }

    fn take(&self, most: usize) -> Vec<Ticket> {
        let mut kept = self.lock();
        let n = most.min(kept.events.len());
        kept.events.drain(..n).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().events.len()
    }

    pub(super) fn handed_over(&self) -> u64 {
        self.lock().handed_over
    }

    /// Drops the events at the gate, and those that still arrive.
    pub(super) fn close(&self) {
        let mut kept = self.lock();
        kept.closed = true;
        // Dropped after the lock is released, because a ticket takes locks of its own.
        let events = std::mem::take(&mut kept.events);
        drop(kept);
        drop(events);
    }
}

/// The source of the pipeline: the events at the gate, and then those in the queue.
#[derive(Debug)]
pub(super) struct GateSource {
    pub(super) gate: Arc<Gate>,
    pub(super) queue: BacklogSource,
}

impl Producer for GateSource {
    type Event = Ticket;

    async fn produce(&mut self, demand: usize) -> Option<Vec<Ticket>> {
        let events = self.gate.take(demand);
        if !events.is_empty() {
            return Some(events);
        }
        let events = self.queue.produce(demand).await;
        #[cfg(test)]
        if self.gate.fuse.swap(false, std::sync::atomic::Ordering::SeqCst) {
            self.gate.put_back(events.unwrap_or_default());
            panic!("the fuse has blown");
        }
        events
    }

    fn finish_within(&self) -> Duration {
        self.queue.finish_within()
    }
}
