//! The bounded queue in front of the pool, filled from outside and read against demand.
//! Backpressure on senders is decided here.
//!
//! A push takes a closure that makes the event, and calls it only when the event is accepted.
//! A refused or abandoned push therefore loses no event: it was never made.
//!
//! The only engine so far keeps events in memory, so a process that is killed loses them.

mod memory;

use std::time::Duration;

use thiserror::Error;

pub use memory::MemoryQueue;

/// The policy of a full queue: what it does with the next event and its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Refuses the event. The sender learns it at once and can slow down or go elsewhere.
    Reject,
    /// Makes the sender wait for a place, in order of arrival, and refuses the event after the
    /// timeout. This is backpressure: a closed loop slows down to the pool's pace.
    Wait {
        /// The longest a sender waits.
        timeout: Duration,
    },
    /// Accepts the event and drops it. Only the ledger shows it; the sender does not learn it.
    DropNewest,
    /// Accepts the event and drops the one that has waited longest. Only the ledger shows it;
    /// the sender of the dropped event does not learn it.
    DropOldest,
}

/// The settings of a queue, which can change while it is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// The number of events that may wait. If it shrinks below the number that waits, no event
    /// is dropped: the queue counts as full until enough events have been taken.
    pub capacity: usize,
    /// What a full queue does with the next event.
    pub when_full: WhenFull,
}

/// The reason a push was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PushError {
    /// Every place is taken and the policy is [`WhenFull::Reject`].
    #[error("the queue is full: all {capacity} places are taken (queue.capacity)")]
    Full {
        /// The number of events that may wait.
        capacity: usize,
    },
    /// No place became free within the timeout.
    #[error("the queue stayed full for {timeout:?} (queue.wait_timeout)")]
    TimedOut {
        /// The time the sender waited.
        timeout: Duration,
    },
    /// The queue is closed and takes no new event.
    #[error("the queue is closed: the server is shutting down")]
    Closed,
}
