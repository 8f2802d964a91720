//! The task of an async event, and the limit on their number (`async.max_in_flight`).
//!
//! Hundreds of thousands of these tasks may exist at once, so the future is small. The
//! event, its admission and the timer are stored once, and the wait for a full resource
//! is boxed.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

use super::Bench;
use crate::pipeline::{Outcome, Ticket};
use crate::record::Mode;
use crate::resource::Reservation;

/// `async.max_in_flight` async events are in flight already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("async is full: all {limit} events that may be in flight are (async.max_in_flight)")]
pub struct TooMany {
    /// The most events in flight.
    pub limit: usize,
}

/// The number of async events in flight, and its limit.
#[derive(Debug, Default)]
pub(super) struct Flights {
    now: AtomicUsize,
    /// 0: no limit.
    limit: AtomicUsize,
}

impl Flights {
    pub(super) fn new(limit: u64) -> Self {
        let flights = Self::default();
        flights.resize(limit);
        flights
    }

    /// Changes the limit. Events in flight beyond it continue.
    pub(super) fn resize(&self, limit: u64) {
        self.limit.store(usize::try_from(limit).unwrap_or(usize::MAX), Ordering::Relaxed);
    }
}

/// The bench, held by an async event. The event counts as in flight until this is
/// dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Bench>);

impl InFlight {
    /// Counts one more in flight.
    ///
    /// # Errors
    /// [`TooMany`] at the limit.
    pub(super) fn enter(bench: &Arc<Bench>) -> Result<Self, TooMany> {
        let flights = &bench.flights;
        let limit = flights.limit.load(Ordering::Relaxed);
        if limit == 0 {
            flights.now.fetch_add(1, Ordering::Relaxed);
        } else {
            // In one step, or two requests could both take the last place.
            let one_more = |now: usize| (now < limit).then_some(now + 1);
            let entered = flights.now.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
            entered.map_err(|_| TooMany { limit })?;
        }
        Ok(Self(Arc::clone(bench)))
    }
}

impl Deref for InFlight {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.flights.now.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits for admission, does the work, and settles the event. The ledger has the result;
/// the client already has its answer.
#[expect(clippy::manual_async_fn, reason = "an async fn keeps each of its arguments twice")]
pub(super) fn spawned(
    bench: InFlight,
    reservation: Reservation,
    mut ticket: Ticket,
) -> impl Future<Output = ()> + Send + 'static {
    async move {
        let admission = reservation.admission().await;
        ticket.start(bench.clock.now());
        let input = bench.take_input(ticket.id());
        let result = match bench.begin_job(admission, input) {
            Ok(job) => job.await,
            Err(admission) => admission.work().await,
        };
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
        bench.settle(Mode::Async, ticket, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use crate::workbench::Workbench;

    /// tokio adds 104 bytes and we 80, to be able to drop the task, and a task takes a
    /// multiple of 128.
    #[tokio::test]
    async fn the_task_of_an_async_event_fits_into_384_bytes() {
        let sources = Sources::default();
        let bench = Workbench::start(sources.load().unwrap(), &sources);
        let reservation = bench.bench.resource.reserve().unwrap();
        let ticket = bench.accept(Mode::Async, bench.bench.clock.now());
        let task = spawned(InFlight::enter(&bench.bench).unwrap(), reservation, ticket);
        let size = size_of_val(&task) + 80 + 104;
        assert!(size <= 384, "{size} bytes");
    }

    #[tokio::test]
    async fn threads_that_enter_at_once_never_exceed_the_limit_together() {
        let sources = Sources { file: None, flags: vec!["async.max_in_flight=100".to_owned()] };
        let bench = Workbench::start(sources.load().unwrap(), &sources);
        let enter = || (0..100).filter_map(|_| InFlight::enter(&bench.bench).ok()).collect::<Vec<_>>();
        let entered: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(enter)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(entered.len(), 100);
        assert_eq!(InFlight::enter(&bench.bench).unwrap_err(), TooMany { limit: 100 });
        drop(entered);
        assert!(InFlight::enter(&bench.bench).is_ok());
    }
}
