//! A consumer's request to subscribe, as a dispatcher sees it, and the reasons to
//! refuse one.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// A predicate that decides whether a subscription wants an event.
pub type Selector<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

/// The request behind a subscription: which consumer makes it, and what it asks of the
/// dispatcher. A dispatcher reads the fields that apply to it and ignores the rest.
#[non_exhaustive]
pub struct SubscribeRequest<T> {
    /// The consumer's number; the same for all subscriptions of one consumer.
    pub consumer: u64,
    /// The partition, for a [`PartitionDispatcher`](super::PartitionDispatcher).
    pub partition: Option<PartitionId>,
    /// The events that the consumer wants, for a
    /// [`BroadcastDispatcher`](super::BroadcastDispatcher); all by default.
    pub selector: Option<Selector<T>>,
    /// Events a turn, for a [`FairDispatcher`](super::FairDispatcher); 1 by default. A
    /// dispatcher of your own may give it another meaning.
    pub weight: usize,
    /// The subscription's in-flight limit, in events; `None` for manual demand.
    pub max_demand: Option<usize>,
    /// True if this is one of several subscriptions by which one consumer, such as a
    /// [pool](crate::pool), shares events among its workers, and from which it may
    /// requeue what it has not started. A dispatcher that serves each consumer by a
    /// single subscription refuses it with [`SubscribeError::OneSubscription`]; the
    /// pool then subscribes once.
    pub pooled: bool,
}

impl<T> SubscribeRequest<T> {
    /// Makes a request of `consumer` with the defaults.
    pub fn new(consumer: u64) -> Self {
        Self { consumer, partition: None, selector: None, weight: 1, max_demand: None, pooled: false }
    }

    /// Asks for one partition, by number or by name.
    #[must_use]
    pub fn partition(mut self, partition: impl Into<PartitionId>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Asks only for the events that `selector` accepts.
    #[must_use]
    pub fn selector(mut self, selector: Selector<T>) -> Self {
        self.selector = Some(selector);
        self
    }

    /// Asks for `weight` events a turn.
    #[must_use]
    pub fn weight(mut self, weight: usize) -> Self {
        self.weight = weight;
        self
    }
}

impl<T> Clone for SubscribeRequest<T> {
    fn clone(&self) -> Self {
        Self { partition: self.partition.clone(), selector: self.selector.clone(), ..*self }
    }
}

impl<T> fmt::Debug for SubscribeRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consumer, partition, selector, weight, max_demand, pooled } = self;
        f.debug_struct("SubscribeRequest")
            .field("consumer", consumer)
            .field("partition", partition)
            .field("selects", &selector.is_some())
            .field("weight", weight)
            .field("max_demand", max_demand)
            .field("pooled", pooled)
            .finish()
    }
}

/// Identifies one partition of a [`PartitionDispatcher`](super::PartitionDispatcher).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionId {
    /// A number, from 0.
    Number(usize),
    /// A name.
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

/// The reason why a dispatcher refuses a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The consumer already has a subscription: a second one to a broadcast would
    /// deliver every event twice.
    #[error("this consumer is subscribed already, and a broadcast delivers to each consumer once")]
    AlreadySubscribed,
    /// The dispatcher serves each consumer by a single subscription, so it refuses a
    /// [pooled](SubscribeRequest::pooled) one. A pool then subscribes once.
    #[error("this dispatcher serves each consumer by one subscription")]
    OneSubscription,
    /// The request names no partition.
    #[error("the subscription names no partition; there are {partitions}")]
    NoPartition {
        /// The partitions of the dispatcher.
        partitions: String,
    },
    /// The partition does not exist.
    #[error("there is no partition {found}; there are {partitions}")]
    UnknownPartition {
        /// The partition in the request.
        found: PartitionId,
        /// The partitions of the dispatcher.
        partitions: String,
    },
    /// The partition has a consumer.
    #[error("partition {partition} has a consumer already, and each has one")]
    PartitionTaken {
        /// The partition in the request.
        partition: PartitionId,
    },
    /// The tag belongs to another subscription of this producer.
    #[error("the tag belongs to another subscription")]
    DuplicateTag,
    /// A reason of a dispatcher of your own.
    #[error("{0}")]
    Other(String),
}
