//! Dispatchers: which subscription gets which event.
//!
//! A dispatcher is a pure state machine that keeps the demand of every subscription
//! of one producer. It is notified of subscriptions, cancellations and asks. Given
//! events, it answers with [`Assignment`]s; the stage's task does the sending.
//!
//! ```text
//!   ask(a, 3) ─┐                              ┌─▶ Assignment { to: a, events: [1, 2, 3] }
//!   ask(b, 2) ─┼─▶ dispatch([1, 2, 3, 4, 5, 6]) ─▶ Assignment { to: b, events: [4, 5] }
//!              │                              └─▶ returned: [6]
//!              └─▶ demand() = 5
//! ```
//!
//! # Choosing a dispatcher
//!
//! | dispatcher | an event goes to | use it when |
//! |---|---|---|
//! | [`DemandDispatcher`] | the subscription with the largest demand | consumers are interchangeable; the default |
//! | [`FairDispatcher`] | one subscription, in turns | no consumer may take a whole batch while others idle |
//! | [`BroadcastDispatcher`] | every subscription | each consumer does something different with it |
//! | [`PartitionDispatcher`] | the subscription of its key's partition | events of one key must stay in order |
//!
//! To write your own, implement [`Dispatcher`] and pass it to
//! [`ProducerBuilder::dispatcher`](crate::stage::ProducerBuilder::dispatcher).
//!
//! # Level, not change
//!
//! GenStage's dispatchers answer each ask with the *change* of demand to send
//! upstream. Ours report its present *level*, [`Dispatcher::demand`]. A level cannot
//! drift: no pending amount has to be kept in step when a consumer leaves, and
//! buffered events always serve a fresh ask. (GenStage's issue 311 is that drift.)

pub mod broadcast;
pub mod demand;
pub mod fair;
pub mod partition;
mod request;

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::marker::Marker;

pub use broadcast::BroadcastDispatcher;
pub use demand::DemandDispatcher;
pub use fair::FairDispatcher;
pub use partition::{PartitionDispatcher, partition_of};
pub use request::{PartitionId, Selector, SubscribeError, SubscribeRequest};

/// Identifies one subscription. A tag is never reused within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u64);

impl Tag {
    /// Makes a tag that no other subscription of this process has.
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Only uniqueness matters, so no ordering with other memory is needed.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Events for one subscription, in the order they were dispatched.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment<T> {
    /// The subscription that receives the events.
    pub to: Tag,
    /// The events; never empty.
    pub events: Vec<T>,
}

/// A subscription that asks for far more than the others, so that it is assigned
/// most events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Greedy {
    /// The subscription.
    pub tag: Tag,
    /// How many events it asks for.
    pub asks: usize,
    /// How many events the others ask for: the least and the most.
    pub others: RangeInclusive<usize>,
}

impl Greedy {
    /// Reports that `tag` asks for `asks` events, and each of the others for an
    /// amount within `others`.
    pub fn new(tag: Tag, asks: usize, others: RangeInclusive<usize>) -> Self {
        Self { tag, asks, others }
    }
}

/// What a dispatcher decides about [requeued](Dispatcher::requeue) events.
#[derive(Debug)]
pub enum Requeued<T> {
    /// Any subscription may have them: the stage dispatches them again, before
    /// anything else.
    Dispatch(VecDeque<T>),
    /// The dispatcher keeps them and assigns them itself.
    Kept,
    /// No other subscription may have them: the stage counts them as dropped.
    Discard(VecDeque<T>),
}

/// Decides which subscription gets which event.
///
/// The stage calls these methods one at a time, so an implementation needs no locks.
/// It must keep two rules:
/// 1. A subscription is never assigned more than it has asked for and not yet been
///    assigned.
/// 2. [`dispatch`](Dispatcher::dispatch) takes at least as many of the events given to
///    it as [`demand`](Dispatcher::demand) promised.
pub trait Dispatcher<T>: Send + 'static {
    /// Adds a subscription, with no demand yet.
    ///
    /// # Errors
    /// [`SubscribeError`], if the dispatcher cannot serve the request. The dispatcher
    /// is then unchanged.
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError>;

    /// Removes a subscription and its demand, and returns the events that are
    /// discarded with it. Ignores an unknown tag.
    fn cancel(&mut self, tag: Tag) -> Vec<T>;

    /// Notes, before [`cancel`](Self::cancel), that the consumer of `tag` may still be
    /// working on events, or may still requeue some. The default does nothing.
    ///
    /// A dispatcher that keeps events in order from one consumer to the next assigns
    /// nothing to the successor until `tag` is [drained](Self::drained).
    ///
    /// The stage may call it more than once for a tag. A dispatcher that is used
    /// without a stage needs no such call: a cancelled consumer then counts as drained.
    fn draining(&mut self, tag: Tag) {
        let _ = tag;
    }

    /// Notes that every event assigned to the cancelled `tag` is finished or
    /// [requeued](Self::requeue). The default does nothing.
    fn drained(&mut self, tag: Tag) {
        let _ = tag;
    }

    /// Adds `n` events to the demand of `tag`. Ignores an unknown tag.
    fn ask(&mut self, tag: Tag, n: usize);

    /// Returns how many events could be assigned now. The stage asks its producer for
    /// this many.
    fn demand(&self) -> usize;

    /// Assigns as many of `events` as there is demand for, pushes the assignments onto
    /// `assignments`, and returns the rest in order.
    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T>;

    /// Takes back events that a consumer received and did not start. `first` is the
    /// position of the first one in the order of dispatch; the others follow it
    /// without a gap. The default has them dispatched again.
    fn requeue(&mut self, first: u64, events: VecDeque<T>) -> Requeued<T> {
        let _ = first;
        Requeued::Dispatch(events)
    }

    /// Returns the subscription that is assigned most events because it asks for far
    /// more than the others. The stage calls this after a dispatch and logs a warning
    /// that names the consumer.
    ///
    /// A dispatcher answers only if something has changed since the last call. The
    /// default never answers.
    fn greedy(&mut self) -> Option<Greedy> {
        None
    }

    /// Returns how many events wait inside the dispatcher.
    fn queued(&self) -> usize {
        0
    }

    /// Assigns the events that wait inside and for which there is demand, and pushes
    /// the assignments onto `assignments`. Stops at a marker that is
    /// [due](Dispatcher::take_due): the stage takes the marker and calls again.
    fn dispatch_queued(&mut self, assignments: &mut Vec<Assignment<T>>) {
        let _ = assignments;
    }

    /// Handles a marker: everything emitted before it has been passed to
    /// [`dispatch`](Dispatcher::dispatch). A dispatcher in which events wait keeps the
    /// marker until they have been assigned. The default returns it at once.
    fn mark(&mut self, marker: Marker) -> Option<Marker> {
        Some(marker)
    }

    /// Takes the next kept marker that no longer has an event to wait for.
    fn take_due(&mut self) -> Option<Marker> {
        None
    }
}
