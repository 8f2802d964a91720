//! The three ways to use the resource, next to each other.
//!
//! They differ in what waits for the work: the client (serial), nothing (async), or the
//! event in the queue (pipelined). The work itself is the same.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use thiserror::Error;

use super::backlog::{Backlog, Bytes, Stored};
use super::spawned::{InFlight, TooMany, spawned};
use super::work::InvalidInput;
use super::{Arrival, Bench, PayloadError, Workbench};
use crate::engine;
use crate::pipeline::{Event, Outcome, Stamp, Ticket};
use crate::pool::Handler;
use crate::queue;
use crate::record::Mode;
use crate::resource::{Admission, Failed, Full, Reservation};

/// Why a request was not served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The resource was full; nothing was accepted.
    #[error(transparent)]
    ResourceFull(#[from] Full),
    /// The limit of async events in flight is reached; nothing was accepted.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The queue refused the event; nothing was accepted.
    #[error(transparent)]
    Queue(#[from] queue::PushError),
    /// The engine that keeps the queue did not take the event; nothing was accepted.
    #[error(transparent)]
    Stored(#[from] engine::Refused),
    /// The payload was not taken; nothing was accepted.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Jobs do the work, and the input is not a number for them; nothing was accepted.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The server is draining; nothing was accepted.
    #[error("the server is shutting down")]
    Stopping,
    /// The event was accepted, and its work failed.
    #[error(transparent)]
    Failed(#[from] Failed),
}

/// A pipelined event that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: u64,
    /// The moment of acceptance.
    pub at: Stamp,
}

impl Workbench {
    /// Uses the resource, and returns the event's id when the work is done.
    ///
    /// # Errors
    /// [`Refusal`]: the resource is full, or the work failed, or the server is
    /// stopping.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the work; if it was accepted, the ledger
    /// counts it as failed.
    pub async fn serial(&self, arrival: impl Into<Arrival>) -> Result<u64, Refusal> {
        let Arrival { at, input } = arrival.into();
        let reservation = self.reserve(Mode::Serial)?;
        let ticket = self.accept(Mode::Serial, at);
        let id = ticket.id();
        self.bench.work_behind(Mode::Serial, reservation, ticket, input).await?;
        Ok(id)
    }

    /// Spawns the work, and returns the event's id at once.
    ///
    /// # Errors
    /// [`Refusal`]: too many events are in flight, the resource is full, or the
    /// server is stopping.
    pub fn spawn(&self, arrival: impl Into<Arrival>) -> Result<u64, Refusal> {
        let Arrival { at, input } = arrival.into();
        // First, so that a refusal leaves the resource alone.
        let bench =
            InFlight::enter(&self.bench).inspect_err(|_| self.bench.stats(Mode::Async).account.reject())?;
        let reservation = self.reserve(Mode::Async)?;
        let ticket = self.accept(Mode::Async, at);
        let id = ticket.id();
        self.bench.keep_input(id, input);
        self.shutdown.spawn(spawned(bench, reservation, ticket));
        Ok(id)
    }

    /// Pushes an event into the queue, and returns once it has a place. That takes time
    /// only while the queue is full and its policy is to wait.
    ///
    /// # Errors
    /// [`Refusal`]: the queue refused the event, or the server is stopping.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the wait for a place; nothing was accepted.
    pub async fn enqueue(&self, arrival: impl Into<Arrival>) -> Result<Accepted, Refusal> {
        self.enqueue_with(arrival, Vec::new()).await
    }

    /// Like [`enqueue`](Self::enqueue), with a payload, which is kept with the event. An engine
    /// that outlives the process also keeps the input of a job, as the payload of an event without
    /// one.
    ///
    /// # Errors
    /// [`Refusal`]: the queue or its engine refused the event, or the server is stopping.
    ///
    /// # Cancel safety
    /// As for [`enqueue`](Self::enqueue). If an engine keeps the events, one may still be accepted
    /// after the future is dropped; the ledger then counts it.
    pub async fn enqueue_with(
        &self,
        arrival: impl Into<Arrival>,
        payload: Vec<u8>,
    ) -> Result<Accepted, Refusal> {
        let Arrival { at: arrived, input } = arrival.into();
        let account = &self.bench.stats(Mode::Pipelined).account;
        let bytes = if payload.is_empty() {
            None
        } else {
            // Boxed, because most events have no payload and should not carry its timer.
            let admitted = Box::pin(self.bench.admit(payload)).await;
            admitted.inspect_err(|_| account.reject())?
        };
        let queue = match &self.bench.queue {
            Backlog::Memory(queue) => queue,
            Backlog::Stored(stored) => {
                let pushed = Box::pin(stored.push(arrived, input, bytes)).await;
                return pushed.inspect_err(|_| account.reject());
            }
        };
        let mut accepted = Accepted { id: 0, at: arrived };
        // Not the queue's own number: ids are unique over all modes.
        let accept = |_| {
            account.accept(arrived);
            let id = self.bench.next_id();
            accepted = Accepted { id, at: self.bench.clock.now() };
            self.bench.keep_input(id, input);
            if let Some(bytes) = bytes {
                self.bench.payloads.keep(id, bytes);
            }
            Event { id, arrived, accepted: accepted.at }
        };
        let dropped = queue.push(accept).await.inspect_err(|_| account.reject())?;
        if let Some(dropped) = dropped {
            account.drop_waiting(dropped.arrived);
            self.bench.forget(dropped.id);
        }
        Ok(accepted)
    }

    fn reserve(&self, mode: Mode) -> Result<Reservation, Refusal> {
        let refused = if self.shutdown.is_stopping() {
            Refusal::Stopping
        } else {
            match self.bench.resource.reserve() {
                Ok(reservation) => return Ok(reservation),
                Err(full) => Refusal::ResourceFull(full),
            }
        };
        self.bench.stats(mode).account.reject();
        Err(refused)
    }

    /// Accepts an event that uses the resource without a queue.
    pub(super) fn accept(&self, mode: Mode, arrived: Stamp) -> Ticket {
        let account = &self.bench.stats(mode).account;
        account.accept(arrived);
        let id = self.bench.next_id();
        let now = self.bench.clock.now();
        // Without a queue, an event is dispatched as soon as it is accepted.
        Ticket::dispatched(Event { id, arrived, accepted: now }, now, Arc::clone(account))
    }
}

/// The pool's handler: uses the resource for each pipelined event.
#[derive(Debug)]
pub(super) struct ResourceHandler(pub(super) Arc<Bench>);

impl Handler<Ticket> for ResourceHandler {
    async fn handle(&self, mut ticket: Ticket) {
        let Self(bench) = self;
        let input = bench.begin(ticket.id());
        match bench.resource.reserve() {
            Ok(reservation) => {
                let cell = bench.cells.enter(ticket.id());
                let work = async {
                    let admission = reservation.admission().await;
                    let now = bench.clock.now();
                    ticket.start(now);
                    cell.admitted(now);
                    // The ledger has the result. No client waits for it.
                    match bench.queue.stored() {
                        None => drop(bench.work_inside(Mode::Pipelined, admission, ticket, input).await),
                        Some(stored) => {
                            stored.begin(ticket.id());
                            let result = bench.work(admission, input).await;
                            bench.settled(stored, ticket, result).await;
                        }
                    }
                };
                cell.unless_killed(work).await;
            }
            // The event was accepted before, so a refusal here is a failure.
            Err(full) => match bench.queue.stored() {
                None => bench.settle(Mode::Pipelined, ticket, Outcome::Failed),
                Some(stored) => {
                    bench.settled(stored, ticket, Err(Failed::Work(full.to_string().into()))).await;
                }
            },
        }
    }
}

impl Bench {
    /// Returns the id of the next accepted event, counted from 1 over all modes.
    fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits to be admitted, does the work, and settles the event.
    async fn work_behind(
        &self,
        mode: Mode,
        reservation: Reservation,
        mut ticket: Ticket,
        input: Option<i64>,
    ) -> Result<(), Failed> {
        let admission = reservation.admission().await;
        ticket.start(self.clock.now());
        self.work_inside(mode, admission, ticket, input).await
    }

    async fn work_inside(
        &self,
        mode: Mode,
        admission: Admission,
        ticket: Ticket,
        input: Option<i64>,
    ) -> Result<(), Failed> {
        let result = self.work(admission, input).await;
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
        self.settle(mode, ticket, outcome);
        result
    }

    async fn work(&self, admission: Admission, input: Option<i64>) -> Result<(), Failed> {
        match self.begin_job(admission, input) {
            Ok(job) => job.await,
            Err(admission) => admission.work().await,
        }
    }

    /// Settles an event that an engine keeps, and returns when that is stored. It is stored even if
    /// the worker is killed meanwhile.
    async fn settled(self: &Arc<Self>, stored: &Arc<Stored>, ticket: Ticket, result: Result<(), Failed>) {
        let settling = Arc::clone(self).settle_stored(Arc::clone(stored), ticket, result);
        // It fails only when the runtime ends.
        drop(tokio::spawn(settling).await);
    }

    /// Counts a payload among those that wait.
    async fn admit(&self, payload: Vec<u8>) -> Result<Option<Bytes>, PayloadError> {
        self.payloads.admit(payload, self.queue.policy()).await
    }

    /// Takes what is kept beside an event whose work begins. Returns the input of a job.
    fn begin(&self, id: u64) -> Option<i64> {
        match self.queue.stored() {
            Some(stored) => stored.input(id),
            None => self.forget(id),
        }
    }

    /// Forgets what is kept beside an event in memory. Returns its input.
    pub(super) fn forget(&self, id: u64) -> Option<i64> {
        self.payloads.forget(id);
        self.take_input(id)
    }

    pub(super) fn settle(&self, mode: Mode, ticket: Ticket, outcome: Outcome) {
        let times = ticket.settle(outcome, self.clock.now());
        self.stats(mode).record(outcome, times);
    }
}
