//! The bounded queue in front of the pool: where HTTP hands over to the stages,
//! and where backpressure is decided.
//!
//! A push takes a closure that makes the event, and calls it only when the event
//! is accepted. An event is therefore never lost to a refusal or to a wait that
//! is given up: it does not exist yet.
//!
//! The only engine so far keeps events in memory; a process that is killed loses
//! them. Engines that survive that come in beside it.

mod memory;

use std::time::Duration;

use thiserror::Error;

pub use memory::MemoryQueue;

/// What a full queue does with the next event, and to whoever sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Refuses it. The sender learns at once and can slow down or go elsewhere.
    Reject,
    /// Makes the sender wait for a place, in order of arrival, and refuses after
    /// the timeout. Backpressure: a closed loop slows down to the pool's pace.
    Wait {
        /// How long a sender waits at most.
        timeout: Duration,
    },
    /// Accepts it and drops it. The sender never learns; only the ledger does.
    DropNewest,
    /// Accepts it and drops the event that has waited longest. The sender of
    /// that one never learns; only the ledger does.
    DropOldest,
}

/// What can be changed while a queue is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// How many events may wait. When it shrinks below what waits, nothing is
    /// dropped: the queue counts as full until enough has been taken.
    pub capacity: usize,
    /// What happens to the next one then.
    pub when_full: WhenFull,
}

/// Why a place was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PushError {
    /// Every place is taken and the policy is [`WhenFull::Reject`].
    #[error("the queue is full: all {capacity} places are taken (queue.capacity)")]
    Full {
        /// How many events may wait.
        capacity: usize,
    },
    /// No place became free in time.
    #[error("the queue stayed full for {timeout:?} (queue.wait_timeout)")]
    TimedOut {
        /// How long the sender waited.
        timeout: Duration,
    },
    /// The queue is draining and takes nothing new.
    #[error("the queue is closed: the server is shutting down")]
    Closed,
}
