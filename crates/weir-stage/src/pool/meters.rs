//! The meters of a pool's workers. Their sums are the pool's figures.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::Id;

use crate::stage::Status;
use crate::stage::meter::Meter;

/// The meters of the workers that run, and the totals of those that have ended.
#[derive(Debug, Default)]
pub(super) struct Meters(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: Vec<(Id, Meter)>,
    /// Events delivered to workers that have since ended.
    events_in: u64,
    /// Events dropped by workers that have since ended.
    dropped: u64,
    /// Events requeued by workers that have since ended.
    requeued: u64,
}

/// Sums over all workers, in events.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) events_in: u64,
    pub(super) asked: usize,
    pub(super) held: usize,
    pub(super) dropped: u64,
    pub(super) requeued: u64,
}

impl Meters {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the meter of a worker that was started.
    pub(super) fn add(&self, id: Id, meter: Meter) {
        self.lock().running.push((id, meter));
    }

    /// Removes the meter of a worker that has ended, keeps its totals, and returns its last
    /// state. Returns `None` for a task without a meter.
    pub(super) fn remove(&self, id: Id) -> Option<Status> {
        let mut inner = self.lock();
        let at = inner.running.iter().position(|(other, _)| *other == id)?;
        let (_, meter) = inner.running.remove(at);
        let last = meter.read();
        inner.events_in += last.events_in;
        inner.dropped += last.dropped;
        inner.requeued += last.requeued;
        Some(last)
    }

    /// Returns the state of one running worker.
    pub(super) fn of(&self, id: Id) -> Option<Status> {
        self.lock().running.iter().find(|(other, _)| *other == id).map(|(_, meter)| meter.read())
    }

    /// Returns the state of each worker that runs, the oldest first.
    pub(super) fn workers(&self) -> Vec<(Id, Status)> {
        self.lock().running.iter().map(|(id, meter)| (*id, meter.read())).collect()
    }

    /// Adds up all workers, those that have ended included.
    pub(super) fn totals(&self) -> Totals {
        let inner = self.lock();
        let Inner { events_in, dropped, requeued, .. } = *inner;
        let mut totals = Totals { events_in, dropped, requeued, ..Totals::default() };
        for (_, meter) in &inner.running {
            let worker = meter.read();
            totals.events_in += worker.events_in;
            totals.asked = totals.asked.saturating_add(worker.asked);
            totals.held += worker.held;
            totals.dropped += worker.dropped;
            totals.requeued += worker.requeued;
        }
        totals
    }
}
