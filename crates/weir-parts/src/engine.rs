//! The contract of an engine, which keeps a queue's events from their acceptance to their end.
//!
//! ```text
//!   push ─▶ ready ──ask──▶ leased ──settle─▶ done
//!             ▲              │ │
//!             ├── back ──────┘ ├─ again ─▶ delayed ─▶ ready
//!             └── delay over   └─ dead ──▶ dead letters
//! ```
//!
//! A push resolves when the event is as safe as the engine makes it ([`Safety`]). An ask *leases* an
//! event: until it is settled, no other asker gets it. After a crash, a durable engine leases the
//! events again that were leased before, marked [`Leased::recovered`], because they may have been
//! worked on. An asker calls [`Engine::begin`] when it starts on an event. A crash then counts as a
//! failed attempt, so an event that kills its process becomes a dead letter.
//!
//! # The book
//! [`Book`] counts every event that was ever accepted: accepted = done + failed + dropped + held. An
//! event counts as done when its settling is as safe as its push was. Until then it is held.
//!
//! [`contract::check`] compares an engine with a model.

mod any;
#[doc(hidden)]
pub mod contract;
mod memory;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use thiserror::Error;

pub use any::AnyEngine;
pub use memory::MemoryEngine;

/// The number of an event. Numbers rise in the order of acceptance and are never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// How safe an event is once its push has resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    /// It is lost with the process.
    Memory,
    /// It survives a kill of the process, and may be lost in a power cut.
    Process,
    /// It survives a power cut.
    PowerLoss,
}

/// An event that belongs to the asker until it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Its number.
    pub id: EventId,
    /// Its payload; empty if it was pushed without one.
    pub payload: Vec<u8>,
    /// The attempts that have failed so far.
    pub tries: u32,
    /// True if the event was held when the engine was opened: it may have been worked on before.
    pub recovered: bool,
}

/// How a leased event ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// The work is finished.
    Done,
    /// The attempt has failed. The event is ready again after this time, or is a dead letter if
    /// that was its last attempt.
    Again {
        /// The delay.
        after: Duration,
        /// Why it failed: the reason of the dead letter, if it becomes one.
        why: String,
    },
    /// The event cannot be worked on, and is a dead letter.
    Dead {
        /// Why.
        why: String,
    },
    /// The work was not begun: the event is ready at once, and no attempt counts.
    Back,
}

/// A dead letter: an event that failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadEvent {
    /// Its number.
    pub id: EventId,
    /// Its payload.
    pub payload: Vec<u8>,
    /// The attempts that were made.
    pub tries: u32,
    /// Why the last attempt failed.
    pub why: String,
}

/// Where the held events are. The numbers may be out of date when they arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Events that can be asked for.
    pub ready: u64,
    /// Events that belong to an asker, those that are settling included.
    pub leased: u64,
    /// Events that wait for their next attempt.
    pub delayed: u64,
    /// Events whose settling is not safe yet.
    pub settling: u64,
    /// Dead letters that are kept. They are not held.
    pub dead: u64,
}

impl Depth {
    /// Returns the number of events that are held.
    pub fn held(&self) -> u64 {
        self.ready + self.leased + self.delayed
    }
}

/// The counts of all events, over all lives of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Book {
    /// Events that were accepted. The next one gets this number.
    pub accepted: u64,
    /// Events whose work is finished.
    pub done: u64,
    /// Dead letters, those that were purged included. A dead letter that is retried is accepted
    /// again, under a number of its own.
    pub failed: u64,
    /// Events that an operator purged.
    pub dropped: u64,
}

impl Book {
    /// Returns the number of events that must be held: accepted − done − failed − dropped.
    pub fn held(&self) -> u64 {
        self.checked_held().unwrap_or(0)
    }

    /// Like [`held`](Self::held), but `None` for a book that does not add up.
    pub fn checked_held(&self) -> Option<u64> {
        let settled = self.done.checked_add(self.failed)?.checked_add(self.dropped)?;
        self.accepted.checked_sub(settled)
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, done, failed, dropped } = self;
        write!(f, "accepted {accepted}, done {done}, failed {failed}, dropped {dropped}")
    }
}

/// Why an event was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// The engine was closed.
    #[error("the queue is closed")]
    Closed,
    /// The payload is too long.
    #[error("the payload has {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The disk has too little space. The rest is reserved for settling accepted events.
    #[error("the disk is nearly full: {free} bytes are free; {reserve} are reserved for accepted events")]
    DiskFull {
        /// Free bytes.
        free: u64,
        /// The bytes that are kept free.
        reserve: u64,
    },
    /// The event could not be stored.
    #[error("the event was not stored: {0}")]
    NotStored(String),
    /// The engine cannot be reached at present.
    #[error("the queue cannot be reached: {why}")]
    Away {
        /// Why.
        why: String,
    },
}

/// Why events were not settled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The asker does not hold this event: it was settled before.
    #[error("event {} is not leased", .0.0)]
    NotLeased(EventId),
    /// The change could not be stored. Events stay leased and can be settled again.
    #[error("the change was not stored: {0}")]
    NotStored(String),
    /// The engine has ended.
    #[error("the queue has ended")]
    Ended,
}

/// Keeps the events of a queue.
pub trait Engine: Send + Sync + 'static {
    /// Accepts an event, and resolves when it is safe. If the event is accepted, calls `accepted`
    /// once with its number, before the event can be leased. A shared engine may call it later.
    ///
    /// # Errors
    /// [`Refused`].
    ///
    /// # Cancel safety
    /// The event may be accepted after the future is dropped; `accepted` is then called as well.
    fn push_with(
        &self,
        payload: Vec<u8>,
        accepted: impl FnOnce(EventId) + Send + 'static,
    ) -> impl Future<Output = Result<EventId, Refused>> + Send;

    /// Like [`push_with`](Self::push_with), without a callback.
    ///
    /// # Errors
    /// [`Refused`].
    ///
    /// # Cancel safety
    /// The event may be accepted after the future is dropped.
    fn push(&self, payload: Vec<u8>) -> impl Future<Output = Result<EventId, Refused>> + Send {
        self.push_with(payload, |_| ())
    }

    /// Waits for events, and leases at least one and at most `demand` of them. Events that were given
    /// back or whose delay is over come first, then new ones in the order of their numbers. `None`
    /// once the engine is closed and holds no event.
    ///
    /// # Cancel safety
    /// No event is leased to a future that is dropped.
    fn ask(&self, demand: usize) -> impl Future<Output = Option<Vec<Leased>>> + Send;

    /// Notes that the work on leased events begins, without waiting. A durable engine stores the note
    /// with its next change. If the process then ends before the events are settled, other than by
    /// [`Engine::end`], the engine counts a failed attempt of each when it is opened again. Events
    /// that are not leased are ignored. The default does nothing.
    fn begin(&self, ids: &[EventId]) {
        _ = ids;
    }

    /// Returns the number of events that this engine itself has made dead letters since it was opened,
    /// because their last attempt ended with the process that worked on them. No asker has settled
    /// them. Zero for an engine that does this only when it is opened.
    fn given_up(&self) -> u64 {
        0
    }

    /// Settles leased events, and resolves when that is safe.
    ///
    /// # Errors
    /// [`EngineError::NotLeased`] names an event that is not leased; the others are settled.
    ///
    /// # Cancel safety
    /// The events are settled even if the future is dropped.
    fn settle(
        &self,
        settled: Vec<(EventId, Settle)>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Drops all events that are not leased, and returns their number.
    ///
    /// # Errors
    /// [`EngineError`].
    fn purge(&self) -> impl Future<Output = Result<u64, EngineError>> + Send;

    /// Returns at most `most` dead letters with a number above `after`, in the order of their
    /// numbers.
    ///
    /// # Errors
    /// [`EngineError`].
    fn dead(
        &self,
        after: Option<EventId>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<DeadEvent>, EngineError>> + Send;

    /// Accepts a dead letter again, or all of them, as new events. Returns their number: zero if
    /// there is no such letter.
    ///
    /// # Errors
    /// [`EngineError`].
    ///
    /// # Cancel safety
    /// The letters may be accepted after the future is dropped.
    fn retry_dead(&self, which: Option<EventId>) -> impl Future<Output = Result<u64, EngineError>> + Send;

    /// Removes all dead letters, and returns their number. They stay counted as failed.
    ///
    /// # Errors
    /// [`EngineError`].
    ///
    /// # Cancel safety
    /// The letters may be removed after the future is dropped.
    fn purge_dead(&self) -> impl Future<Output = Result<u64, EngineError>> + Send;

    /// Returns where the held events are.
    fn depth(&self) -> Depth;

    /// Returns the counts.
    fn book(&self) -> Book;

    /// Returns how safe an accepted event is.
    fn safety(&self) -> Safety;

    /// Returns whether other processes push to the same queue and take from it.
    fn is_shared(&self) -> bool {
        false
    }

    /// Accepts no more events. Held events can still be asked for and settled.
    fn close(&self);

    /// Ends the engine: stores the changes asked for before, and releases its resources.
    ///
    /// # Cancel safety
    /// The engine ends even if the future is dropped.
    fn end(&self) -> impl Future<Output = ()> + Send;
}
