//! Waiting pipelined events: in memory, or with a durable engine.

#[cfg(feature = "nats")]
mod jetstream;
mod open;
mod payloads;
mod places;
mod report;
mod source;
mod stored;

use std::sync::Arc;
use std::time::Duration;

pub use open::EngineOpenError;
pub(super) use open::{Opened, open};
pub use payloads::PayloadError;
pub(super) use payloads::{Bytes, Payloads};
pub use report::{BookState, DepthState, QueueReport};
pub(super) use source::BacklogSource;
pub(super) use stored::Stored;

use super::queue_settings;
use crate::config::Settings;
use crate::pipeline::{Clock, Event, Stamp};
use crate::queue::{MemoryQueue, WhenFull};

/// The waiting events.
#[derive(Debug, Clone)]
pub(super) enum Backlog {
    /// In memory; lost with the process.
    Memory(Arc<MemoryQueue<Event>>),
    /// With an engine.
    Stored(Arc<Stored>),
}

impl Backlog {
    /// Creates one in memory.
    pub(super) fn in_memory(settings: &Settings, clock: Clock) -> Self {
        let queue = MemoryQueue::new(queue_settings(settings, clock));
        Self::Memory(Arc::new(if clock.is_scaled() { queue.in_virtual_time() } else { queue }))
    }

    /// Returns the engine, if the events are not in memory.
    pub(super) fn stored(&self) -> Option<&Arc<Stored>> {
        match self {
            Self::Memory(_) => None,
            Self::Stored(stored) => Some(stored),
        }
    }

    /// Returns the number of events that wait, delayed ones included.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Memory(queue) => queue.depth(),
            Self::Stored(stored) => stored.waiting(),
        }
    }

    pub(super) fn peak_depth(&self) -> usize {
        match self {
            Self::Memory(queue) => queue.peak_depth(),
            Self::Stored(stored) => stored.places().peak(),
        }
    }

    pub(super) fn reset_peak(&self) {
        match self {
            Self::Memory(queue) => queue.reset_peak(),
            Self::Stored(stored) => stored.places().reset_peak(stored.waiting()),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        match self {
            Self::Memory(queue) => queue.capacity(),
            Self::Stored(stored) => stored.places().capacity(),
        }
    }

    /// Returns the number of requests that wait for a place.
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Memory(queue) => queue.waiting(),
            Self::Stored(stored) => stored.places().line(),
        }
    }

    /// Returns when the event arrived that has waited longest.
    pub(super) fn oldest(&self) -> Option<Stamp> {
        match self {
            Self::Memory(queue) => queue.oldest(|event| event.arrived),
            Self::Stored(stored) => stored.oldest(),
        }
    }

    /// Returns the policy of a full queue.
    pub(super) fn policy(&self) -> WhenFull {
        match self {
            Self::Memory(queue) => queue.policy(),
            Self::Stored(stored) => stored.places().policy(),
        }
    }

    pub(super) fn configure(&self, settings: &Settings, clock: Clock) {
        match self {
            Self::Memory(queue) => queue.configure(queue_settings(settings, clock)),
            Self::Stored(stored) => stored.configure(settings),
        }
    }

    /// Refuses new events from now on.
    pub(super) fn close(&self) {
        match self {
            Self::Memory(queue) => queue.close(),
            Self::Stored(stored) => stored.close(),
        }
    }

    /// Waits at most this long until the engine has stored all changes.
    pub(super) async fn end(&self, within: Duration) {
        if let Self::Stored(stored) = self {
            stored.end(within).await;
        }
    }
}
