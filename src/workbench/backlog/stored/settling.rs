//! The end of an event with an engine: done, tried again later, dead, or given back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::{Stored, lock};
use crate::backoff::Backoff;
use crate::engine::{Engine, EngineError, EventId, Settle};
use crate::pipeline::{Outcome, Stamp, Ticket};
use crate::record::Mode;
use crate::resource::Failed;
use crate::workbench::Bench;

/// The longest delay between attempts, unless `queue.retry_delay` is longer.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// The delays before a failed store is repeated.
const STORE_AGAIN: Backoff = Backoff::exponential(Duration::from_millis(50), Duration::from_secs(2));
/// The reason of an attempt whose worker ended.
const STOPPED: &str = "its worker was stopped";

impl Stored {
    /// Returns whether an event ends with this outcome: it is done, or that was its last attempt.
    fn ends(&self, id: u64, outcome: Outcome) -> bool {
        outcome == Outcome::Done || lock(&self.known).tries(id - self.offset) + 1 >= self.attempts
    }

    /// Settles an event whose work has ended, and returns once that is stored. `why` is the reason if
    /// the work failed. Returns false if this process no longer holds the event.
    ///
    /// # Cancel safety
    /// The event may stay leased if the future is dropped. Run it in a task of its own.
    async fn settle(&self, id: u64, outcome: Outcome, why: String) -> bool {
        let number = id - self.offset;
        let how = match outcome {
            Outcome::Done => Settle::Done,
            Outcome::Failed => Settle::Again { after: self.delay(lock(&self.known).tries(number)), why },
        };
        let ends = self.ends(id, outcome);
        let is_stored = self.store(number, how).await;
        if is_stored && ends {
            lock(&self.known).forget(number);
        } else {
            lock(&self.known).give_back(number);
            self.places.update(self.waiting());
        }
        is_stored
    }

    /// Counts an event as waiting again, or as held by another process.
    fn counts_as_waiting(&self, ticket: Ticket) {
        let arrived = ticket.arrived();
        ticket.give_back();
        if self.is_shared() {
            self.account.lend(arrived);
        }
    }

    /// Gives an event back whose ticket was dropped. If its work had begun, that counts as an attempt.
    pub(super) async fn give_back(&self, id: u64, arrived: Stamp, begun: bool) {
        let number = id - self.offset;
        let tries = lock(&self.known).tries(number);
        let (how, dies) = if begun {
            let after = self.delay(tries);
            (Settle::Again { after, why: STOPPED.to_owned() }, tries + 1 >= self.attempts)
        } else {
            (Settle::Back, false)
        };
        let is_stored = self.store(number, how).await;
        if is_stored && dies {
            if self.is_shared() {
                self.account.recover(arrived);
            }
            self.account.fail_waiting(self.clock.now());
            lock(&self.known).forget(number);
        } else {
            lock(&self.known).give_back(number);
        }
        self.places.update(self.waiting());
    }

    /// Stores how an event ended, and tries until that succeeds. Returns false if this process no
    /// longer holds the event.
    async fn store(&self, number: u64, how: Settle) -> bool {
        let mut failures = 0;
        loop {
            match self.engine.settle(vec![(EventId(number), how.clone())]).await {
                Ok(()) => {
                    self.no_trouble();
                    return true;
                }
                Err(error @ EngineError::NotStored(_)) => self.note_trouble(&error),
                Err(error) => {
                    log::warn!("event {}: {error}", number + self.offset);
                    return false;
                }
            }
            failures += 1;
            sleep(STORE_AGAIN.max_delay(failures)).await;
        }
    }

    /// Returns the delay after a failed attempt; `tries` attempts had failed before it.
    fn delay(&self, tries: u32) -> Duration {
        let first = *self.retry_delay.lock().unwrap_or_else(PoisonError::into_inner);
        let doubled = first.saturating_mul(2_u32.saturating_pow(tries));
        self.clock.to_tokio(doubled.min(LONGEST_DELAY.max(first)))
    }
}

impl Bench {
    /// Settles the ticket of an event that an engine keeps, once the engine has stored how it
    /// ended. The times end with the work.
    pub(in crate::workbench) async fn settle_stored(
        self: Arc<Self>,
        stored: Arc<Stored>,
        ticket: Ticket,
        result: Result<(), Failed>,
    ) {
        let finished = self.clock.now();
        let (outcome, why) = match result {
            Ok(()) => (Outcome::Done, String::new()),
            Err(failed) => (Outcome::Failed, failed.to_string()),
        };
        let id = ticket.id();
        if !stored.ends(id, outcome) {
            // First, so that the event is never counted twice: by its ticket and as waiting.
            stored.counts_as_waiting(ticket);
            stored.settle(id, outcome, why).await;
        } else if stored.settle(id, outcome, why).await {
            let times = ticket.settle(outcome, finished);
            self.stats(Mode::Pipelined).record(outcome, times);
        } else {
            stored.counts_as_waiting(ticket);
        }
    }
}
