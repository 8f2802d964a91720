//! Who gets which event.
//!
//! A dispatcher is a pure state machine that knows the demand of every
//! subscription of one producer. It is told of subscriptions, cancellations and
//! asks; it is handed events, and answers with [`Assignment`]s. The stage's task
//! does the sending.
//!
//! ```text
//!   ask(a, 3) ─┐                              ┌─▶ Assignment { to: a, events: [1, 2, 3] }
//!   ask(b, 2) ─┼─▶ dispatch([1, 2, 3, 4, 5, 6]) ─▶ Assignment { to: b, events: [4, 5] }
//!              │                              └─▶ returned: [6]
//!              └─▶ demand() = 5
//! ```
//!
//! Where GenStage's dispatchers answer each ask with the *change* of demand to
//! send upstream, ours are asked for its present *level*, [`Dispatcher::demand`].
//! A level cannot drift: there is no pending amount to keep in step when a
//! consumer leaves, and buffered events always serve a fresh ask (GenStage's
//! issue 311 is that drift).

pub mod demand;

use std::sync::atomic::{AtomicU64, Ordering};

pub use demand::DemandDispatcher;

/// Names one subscription. Never reused within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u64);

impl Tag {
    /// A tag that no other subscription of this process has.
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Only uniqueness matters, so no ordering with other memory is needed.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Events for one subscription, in the order they were dispatched.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment<T> {
    /// The subscription that gets them.
    pub to: Tag,
    /// At least one event.
    pub events: Vec<T>,
}

/// Decides which subscription gets which event.
///
/// The stage calls these methods one at a time, so an implementation needs no
/// locks. It must hold to two rules:
/// 1. never assign a subscription more than it has asked for and not yet been
///    assigned;
/// 2. of the events handed to [`dispatch`](Dispatcher::dispatch), return none
///    that [`demand`](Dispatcher::demand) had promised to take.
pub trait Dispatcher<T>: Send + 'static {
    /// Takes in a new subscription, with no demand yet.
    fn subscribe(&mut self, tag: Tag);

    /// Forgets a subscription and its demand. An unknown tag is ignored.
    fn cancel(&mut self, tag: Tag);

    /// Notes that `tag` will take `n` more events. An unknown tag is ignored.
    fn ask(&mut self, tag: Tag, n: usize);

    /// How many events could be assigned now: what the producer is asked for.
    fn demand(&self) -> usize;

    /// Assigns as many of `events` as there is demand for, pushing onto
    /// `assignments`, and returns the rest in order.
    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T>;
}
