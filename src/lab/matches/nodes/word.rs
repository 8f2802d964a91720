//! The messages between nodes about a match, as JSON.

use serde::{Deserialize, Serialize};

use super::super::{Event, PlayPlan};

/// A message between nodes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Sent {
    /// The node that sends it.
    pub(super) from: String,
    /// The number of the match, counted from 1; 0 for all.
    pub(super) number: usize,
    pub(super) word: Word,
}

/// The content of a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) enum Word {
    /// Asks every home to announce its state.
    Hello,
    /// The home announces the number of its next event.
    State { epoch: u64, next: u64 },
    /// The home publishes an event. The time is in microseconds since the epoch.
    Event { epoch: u64, seq: u64, at: u64, event: Event },
    /// A node asks the home for all events from a number on.
    Want { to: String, from: u64 },
    /// The home answers with events, and the number of its next one.
    Past { to: String, epoch: u64, from: u64, next: u64, events: Vec<Event> },
    /// A node asks the home to carry out an order.
    Order { to: String, ask: u64, order: Order },
    /// The home answers with the result of an order, or the reason of a refusal.
    Answer { to: String, ask: u64, result: Result<Option<Done>, String> },
}

/// An order to a match.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in super::super) enum Order {
    Apply(Event),
    Play(PlayPlan),
    Pause,
    Stop,
    Again,
}

/// An event that an order caused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Done {
    pub(super) seq: u64,
    pub(super) text: String,
    pub(super) score: [u16; 2],
}
