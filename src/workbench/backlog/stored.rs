//! Events that an engine keeps, from their acceptance to their settling.
//!
//! ```text
//!   request ─▶ place ─▶ engine.push ─▶ 202 … engine.ask ─▶ ticket ─▶ work ─▶ engine.settle ─▶ done
//!                                        ▲                   │        │
//!                                        └─── back, again ───┴────────┘
//! ```
//!
//! The engine has the event and its payload. This module knows when the event arrived at this process,
//! so that waits and responses can be measured.

mod known;
mod settling;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::timeout;

use self::known::{Known, KnownEvents};
use super::super::{Accepted, Refusal};
use super::payloads::Bytes;
use super::places::Places;
use crate::config::Settings;
use crate::engine::{AnyEngine, Depth, Engine, EngineError, EventId, Leased, Refused};
use crate::pipeline::{Account, Clock, Event, Keeper, Stamp, Ticket};

/// The events of an engine.
#[derive(Debug)]
pub(in crate::workbench) struct Stored {
    engine: AnyEngine,
    account: Arc<Account>,
    clock: Clock,
    places: Places,
    known: Arc<Mutex<KnownEvents>>,
    /// The difference between an event's id and its number with the engine.
    offset: u64,
    attempts: u32,
    retry_delay: Mutex<Duration>,
    /// Events that were held when the engine was opened.
    recovered: u64,
    /// Events that the engine itself has made dead letters, as far as the ledger has them.
    given_up: AtomicU64,
    file: Option<PathBuf>,
    trouble: Mutex<Option<String>>,
    me: Weak<Self>,
}

/// The parts of a bench that an engine's events need.
pub(in crate::workbench) struct Parts {
    pub(super) engine: AnyEngine,
    pub(super) file: Option<PathBuf>,
    pub(super) account: Arc<Account>,
    pub(super) clock: Clock,
}

impl Stored {
    /// Takes over the events that the engine holds. They count as recovered.
    pub(in crate::workbench) fn new(parts: Parts, settings: &Settings) -> Arc<Self> {
        let Parts { engine, file, account, clock } = parts;
        let now = clock.now();
        let recovered = if engine.is_shared() { 0 } else { engine.book().held() };
        for _ in 0..recovered {
            account.recover(now);
        }
        let places = Places::new(super::queue_settings(settings, clock));
        // An engine of one process counts from 0; ids count from 1.
        let offset = u64::from(!engine.is_shared());
        let given_up = AtomicU64::new(engine.given_up());
        let stored = Arc::new_cyclic(|me| Self {
            known: Arc::new(Mutex::new(KnownEvents::new(now))),
            engine,
            account,
            clock,
            places,
            offset,
            attempts: u32::try_from(settings.queue.attempts).unwrap_or(u32::MAX),
            retry_delay: Mutex::new(settings.queue.retry_delay),
            recovered,
            given_up,
            file,
            trouble: Mutex::default(),
            me: me.clone(),
        });
        let keeper: Weak<dyn Keeper> = Arc::<Self>::downgrade(&stored);
        stored.account.set_keeper(keeper);
        stored
    }

    /// Accepts an event, and returns once the engine has it. The input of a job becomes the payload
    /// of an event without one.
    ///
    /// # Errors
    /// [`Refusal::Queue`] and [`Refusal::Stored`]; nothing was accepted.
    ///
    /// # Cancel safety
    /// The event may be accepted after the future is dropped; the ledger then counts it.
    pub(in crate::workbench) async fn push(
        &self,
        arrived: Stamp,
        input: Option<i64>,
        mut bytes: Option<Bytes>,
    ) -> Result<Accepted, Refusal> {
        let payload = match (&mut bytes, input) {
            (Some(bytes), _) => bytes.take(),
            (None, Some(input)) => input.to_string().into_bytes(),
            (None, None) => Vec::new(),
        };
        let place = self.places.reserve(self.waiting()).await?;
        let known = Arc::clone(&self.known);
        let (account, clock, is_shared) = (Arc::clone(&self.account), self.clock, self.engine.is_shared());
        let accepted = move |EventId(number)| {
            account.accept(arrived);
            if is_shared {
                account.lend(arrived);
            }
            let event =
                Known { arrived, accepted: clock.now(), bytes, is_leased: false, tries: 0, input: None };
            lock(&known).insert(number, event);
        };
        let pushed = self.engine.push_with(payload, accepted).await;
        let EventId(number) = pushed.inspect_err(|refused| {
            if !matches!(refused, Refused::Closed) {
                self.note_trouble(refused);
            }
        })?;
        place.fill();
        self.no_trouble();
        Ok(Accepted { id: number + self.offset, at: self.clock.now() })
    }

    /// Waits for events, and takes up to `demand` of them. `None` once the engine is closed and
    /// holds none.
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub(super) async fn take(&self, demand: usize) -> Option<Vec<Ticket>> {
        let leased = self.engine.ask(demand).await?;
        let tickets = leased.into_iter().map(|event| self.ticket(event)).collect();
        self.places.update(self.waiting());
        Some(tickets)
    }

    fn ticket(&self, event: Leased) -> Ticket {
        let Leased { id: EventId(number), payload, tries, recovered } = event;
        let now = self.clock.now();
        let (arrived, accepted) =
            lock(&self.known).lease(number, tries, input_of(&payload), recovered, now);
        if self.engine.is_shared() {
            // Another process may have accepted it.
            self.account.recover(arrived);
        }
        let event = Event { id: number + self.offset, arrived, accepted };
        Ticket::dispatched(event, now, Arc::clone(&self.account))
    }

    /// Notes that the work of an event begins.
    pub(in crate::workbench) fn begin(&self, id: u64) {
        self.engine.begin(&[EventId(id - self.offset)]);
    }

    /// Returns the input of a job, if the payload of the event is a number.
    pub(in crate::workbench) fn input(&self, id: u64) -> Option<i64> {
        lock(&self.known).input(id - self.offset)
    }

    /// Counts events as failed that the engine itself has made dead letters.
    fn count_given_up(&self) {
        let given_up = self.engine.given_up();
        let counted = self.given_up.fetch_max(given_up, Ordering::AcqRel);
        let now = self.clock.now();
        for _ in counted..given_up {
            // Another process has accepted it, or this one, which has lent it.
            self.account.recover(now);
            self.account.fail_waiting(now);
        }
    }

    /// Returns the number of events that wait, delayed ones included.
    pub(in crate::workbench) fn waiting(&self) -> usize {
        self.count_given_up();
        let Depth { ready, delayed, .. } = self.engine.depth();
        (ready + delayed) as usize
    }

    /// Returns the number of leased events that no ticket of `in_flight` holds: they are on their way
    /// back to the engine.
    pub(in crate::workbench) fn returning(&self, in_flight: u64) -> u64 {
        if self.engine.is_shared() { 0 } else { self.engine.depth().leased.saturating_sub(in_flight) }
    }

    /// Returns when the event arrived that has waited longest. An event of an earlier life has
    /// waited since this one began.
    pub(super) fn oldest(&self) -> Option<Stamp> {
        let ready = self.waiting();
        lock(&self.known).oldest(ready)
    }

    pub(super) fn configure(&self, settings: &Settings) {
        self.places.configure(super::queue_settings(settings, self.clock));
        *self.retry_delay.lock().unwrap_or_else(PoisonError::into_inner) = settings.queue.retry_delay;
    }

    pub(super) fn close(&self) {
        self.places.close();
        self.engine.close();
    }

    pub(super) async fn end(&self, within: Duration) {
        if timeout(within, self.engine.end()).await.is_err() {
            log::warn!("the queue has not ended within {within:?}");
        }
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(in crate::workbench) fn engine(&self) -> &AnyEngine {
        &self.engine
    }

    pub(in crate::workbench) fn is_shared(&self) -> bool {
        self.engine.is_shared()
    }

    pub(in crate::workbench) fn recovered(&self) -> u64 {
        self.recovered
    }

    pub(in crate::workbench) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(in crate::workbench) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns the difference between an event's id and its number with the engine.
    pub(in crate::workbench) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns why the engine refused or failed last, until it works again.
    pub(in crate::workbench) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_trouble(&self, trouble: &impl ToString) {
        let trouble = trouble.to_string();
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.as_deref() != Some(trouble.as_str()) {
            log::error!("queue: {trouble}");
            *noted = Some(trouble);
        }
    }

    fn no_trouble(&self) {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.take().is_some() {
            log::info!("the queue works again");
        }
    }

    /// Drops every event that waits, and returns their number.
    ///
    /// # Errors
    /// [`EngineError`].
    pub(in crate::workbench) async fn purge(&self) -> Result<u64, EngineError> {
        let waiting = lock(&self.known).waiting();
        let purged = self.engine.purge().await?;
        let now = self.clock.now();
        for _ in 0..purged {
            if self.is_shared() {
                // Another process may have accepted it.
                self.account.recover(now);
            }
            // The engine does not say which events it dropped, so they count as inside until now.
            self.account.drop_waiting(now);
        }
        lock(&self.known).forget_unleased(&waiting);
        self.places.update(self.waiting());
        Ok(purged)
    }

    /// Accepts a dead letter again, or all of them. Returns their number.
    ///
    /// # Errors
    /// [`EngineError`].
    pub(in crate::workbench) async fn retry_dead(&self, id: Option<u64>) -> Result<u64, EngineError> {
        let which = id.map(|id| EventId(id.saturating_sub(self.offset)));
        let now = self.clock.now();
        let retried = self.engine.retry_dead(which).await?;
        for _ in 0..retried {
            self.account.accept(now);
            if self.is_shared() {
                self.account.lend(now);
            }
        }
        self.places.update(self.waiting());
        Ok(retried)
    }
}

fn lock(known: &Mutex<KnownEvents>) -> MutexGuard<'_, KnownEvents> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the input of a job from a payload.
fn input_of(payload: &[u8]) -> Option<i64> {
    // The longest number has twenty characters.
    if payload.len() > 20 { None } else { std::str::from_utf8(payload).ok()?.trim().parse().ok() }
}

impl Keeper for Stored {
    fn take_back(&self, event: &Event, begun: bool) {
        let (Some(me), Ok(runtime)) = (self.me.upgrade(), tokio::runtime::Handle::try_current()) else {
            // The process ends, and the next one gets the event again.
            return;
        };
        let (id, arrived) = (event.id, event.arrived);
        if self.is_shared() {
            self.account.lend(arrived);
        }
        runtime.spawn(async move { me.give_back(id, arrived, begun).await });
    }
}
