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
//! # Which one
//!
//! | dispatcher | an event goes to | choose it when |
//! |---|---|---|
//! | [`DemandDispatcher`] | one subscription: the one with the largest demand | consumers are alike; the default |
//! | [`FairDispatcher`] | one subscription, in turns | none may get a whole batch while others idle |
//! | [`BroadcastDispatcher`] | every subscription | each consumer does something else with it |
//! | [`PartitionDispatcher`] | the subscription that has its key's partition | events of one key must stay in order |
//!
//! Your own is a type that implements [`Dispatcher`], given to
//! [`ProducerBuilder::dispatcher`](crate::stage::ProducerBuilder::dispatcher).
//!
//! # Level, not change
//!
//! Where GenStage's dispatchers answer each ask with the *change* of demand to
//! send upstream, ours are asked for its present *level*, [`Dispatcher::demand`].
//! A level cannot drift: there is no pending amount to keep in step when a
//! consumer leaves, and buffered events always serve a fresh ask (GenStage's
//! issue 311 is that drift).

pub mod broadcast;
pub mod demand;
pub mod fair;
pub mod partition;

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::marker::Marker;

pub use broadcast::BroadcastDispatcher;
pub use demand::DemandDispatcher;
pub use fair::FairDispatcher;
pub use partition::{PartitionDispatcher, partition_of};

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

/// Says whether a subscription wants an event.
pub type Selector<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

/// What a subscription is, besides its tag, and what it would like of the
/// dispatcher. A dispatcher takes from it what it understands.
pub struct Wish<T> {
    /// Who subscribes: the same number for all subscriptions of one consumer.
    pub consumer: u64,
    /// Which partition, for a [`PartitionDispatcher`].
    pub partition: Option<PartitionId>,
    /// Which events, for a [`BroadcastDispatcher`]; all by default.
    pub selector: Option<Selector<T>>,
    /// How many events a turn, for a [`FairDispatcher`], or whatever it means to
    /// a dispatcher of your own; 1 by default.
    pub weight: usize,
    /// The subscription's in-flight limit, in events; `None` if it asks by hand.
    pub max_demand: Option<usize>,
    /// Whether the consumer means to share events among several subscriptions, and
    /// to give back what it has not started so that it is dealt out anew, as a
    /// [pool](crate::pool) does. A dispatcher that serves each consumer by one
    /// subscription refuses this with [`Refused::OneSubscription`]; the pool then
    /// subscribes once.
    pub shares: bool,
}

impl<T> Wish<T> {
    /// No wishes.
    pub fn none(consumer: u64) -> Self {
        Self { consumer, partition: None, selector: None, weight: 1, max_demand: None, shares: false }
    }
}

impl<T> Clone for Wish<T> {
    fn clone(&self) -> Self {
        Self { partition: self.partition.clone(), selector: self.selector.clone(), ..*self }
    }
}

impl<T> fmt::Debug for Wish<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consumer, partition, selector, weight, max_demand, shares } = self;
        f.debug_struct("Wish")
            .field("consumer", consumer)
            .field("partition", partition)
            .field("selects", &selector.is_some())
            .field("weight", weight)
            .field("max_demand", max_demand)
            .field("shares", shares)
            .finish()
    }
}

/// Names one partition of a [`PartitionDispatcher`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionId {
    /// By its number, from 0.
    Number(usize),
    /// By its name.
    Name(Arc<str>),
}

impl From<usize> for PartitionId {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for PartitionId {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

/// Why a dispatcher does not take a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// A broadcast to the same consumer twice would deliver every event twice.
    #[error("this consumer is subscribed already, and a broadcast delivers to each consumer once")]
    AlreadySubscribed,
    /// The dispatcher does not let a consumer [share](Wish::shares) events among
    /// several subscriptions. A pool answers this by subscribing once.
    #[error("this dispatcher serves each consumer by one subscription")]
    OneSubscription,
    /// A partition dispatcher was not told which partition.
    #[error("the subscription names no partition; there are {partitions}")]
    NoPartition {
        /// Which there are.
        partitions: String,
    },
    /// There is no such partition.
    #[error("there is no partition {found}; there are {partitions}")]
    UnknownPartition {
        /// The one that was named.
        found: PartitionId,
        /// Which there are.
        partitions: String,
    },
    /// Another consumer has it.
    #[error("partition {partition} has a consumer already, and each has one")]
    PartitionTaken {
        /// The one that was named.
        partition: PartitionId,
    },
    /// The tag belongs to another subscription of this producer.
    #[error("the tag belongs to another subscription")]
    DuplicateTag,
    /// What a dispatcher of your own has to say.
    #[error("{0}")]
    Other(String),
}

/// A subscription that asks for so much more than the others that it is assigned
/// most events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greedy {
    /// The subscription.
    pub tag: Tag,
    /// How many events it asks for.
    pub asks: usize,
    /// How many events each of the others asks for, from the least to the most.
    pub others: RangeInclusive<usize>,
}

/// What a dispatcher does with events that were delivered, not started, and given
/// back.
#[derive(Debug)]
pub enum GivenBack<T> {
    /// Anybody may have them: dispatch them again, before anything else.
    Dispatch(VecDeque<T>),
    /// The dispatcher has put them where they belong.
    Kept,
    /// Nobody else may have them.
    Discard(VecDeque<T>),
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
    ///
    /// # Errors
    /// [`Refused`], if it cannot be served as it wishes. The dispatcher is then
    /// as it was.
    fn subscribe(&mut self, tag: Tag, wish: Wish<T>) -> Result<(), Refused>;

    /// Forgets a subscription and its demand. An unknown tag is ignored.
    /// Returns events that go with it, if any do; they are counted as discarded.
    fn cancel(&mut self, tag: Tag) -> Vec<T>;

    /// Called before [`cancel`](Self::cancel): the consumer of `tag` may still work
    /// on events, or have some to give back. A dispatcher that keeps events in
    /// order from one consumer to the next serves no other in its place until they
    /// are [settled](Self::settled). By default nothing.
    ///
    /// It may be called more than once for a tag. A dispatcher that is used without
    /// a stage need not be told: a cancelled consumer then counts as finished.
    fn unsettled(&mut self, tag: Tag) {
        let _ = tag;
    }

    /// Every event that was assigned to the cancelled `tag` is finished or has been
    /// [given back](Self::give_back). By default nothing.
    fn settled(&mut self, tag: Tag) {
        let _ = tag;
    }

    /// Notes that `tag` will take `n` more events. An unknown tag is ignored.
    fn ask(&mut self, tag: Tag, n: usize);

    /// How many events could be assigned now: what the producer is asked for.
    fn demand(&self) -> usize;

    /// Assigns as many of `events` as there is demand for, pushing onto
    /// `assignments`, and returns the rest in order.
    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T>;

    /// Takes back events that were delivered and not started. `first` is the
    /// place of the first in the order of dispatch.
    fn give_back(&mut self, first: u64, events: VecDeque<T>) -> GivenBack<T> {
        let _ = first;
        GivenBack::Dispatch(events)
    }

    /// The subscription that is assigned most events because it asks for so much
    /// more than the others. The stage asks after a dispatch, and logs a warning
    /// that names the consumer. A dispatcher answers when something has changed
    /// since the last call; the default never does.
    fn greedy(&mut self) -> Option<Greedy> {
        None
    }

    /// How many events wait inside the dispatcher.
    fn queued(&self) -> usize {
        0
    }

    /// Assigns what waits inside and is asked for, pushing onto `assignments`. It
    /// stops at a marker that is [due](Dispatcher::take_due); the stage takes
    /// that and comes again.
    fn dispatch_queued(&mut self, assignments: &mut Vec<Assignment<T>>) {
        let _ = assignments;
    }

    /// A marker has come to its place: everything emitted before it has been
    /// handed to [`dispatch`](Dispatcher::dispatch). A dispatcher inside which
    /// events wait keeps it until they have been assigned; the others, and that
    /// is the default, give it straight back.
    fn mark(&mut self, marker: Marker) -> Option<Marker> {
        Some(marker)
    }

    /// The next marker that was kept and has nothing left to wait for.
    fn take_due(&mut self) -> Option<Marker> {
        None
    }
}
