//! What stages say to each other.
//!
//! A stage has one mailbox. The channels are unbounded, and yet nothing grows
//! without bound: events move only against demand, so what can wait in a
//! consumer's mailbox is limited by what it asked for.
//!
//! ```text
//!   consumer ── Subscribe, Ask, Cancel, Return ──▶ producer
//!   consumer ◀── Events, Ended ──────────────────── producer
//! ```

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};

use super::{Reason, SubscribeOptions};
use crate::demand::Limits;
use crate::dispatch::Tag;

/// From a consumer, or from whoever holds a
/// [`ProducerRef`](super::ProducerRef), to a producer.
#[derive(Debug)]
pub(crate) enum ToProducer<T> {
    /// Deliver to this mailbox under this tag.
    Subscribe { tag: Tag, consumer: mpsc::UnboundedSender<ToConsumer<T>> },
    /// Will take `n` more events.
    Ask { tag: Tag, n: usize },
    /// Deliver no more. Also the answer to [`ToConsumer::Ended`], once the
    /// consumer holds nothing more of this subscription.
    Cancel { tag: Tag },
    /// Events that were delivered and not started, to be dispatched again in
    /// their old place.
    Return { first: u64, events: VecDeque<T> },
    /// Dispatch nothing until released; asks are kept. Holds add up.
    Hold { done: oneshot::Sender<()> },
    /// Takes back one hold.
    Release,
    /// Produce nothing more: deliver what was emitted, then end.
    Stop,
}

/// From a producer, or from a stage's own handle, to a consumer.
#[derive(Debug)]
pub(crate) enum ToConsumer<T> {
    /// Events against demand.
    Events(Delivery<T>),
    /// Nothing more will be produced for this subscription.
    Ended { tag: Tag, reason: Reason },
    /// Subscribe to a further producer.
    Subscribe { producer: super::ProducerRef<T>, options: SubscribeOptions },
    /// Give back what is not started and ask anew, within new limits if given.
    Resubscribe { limits: Option<Limits>, done: oneshot::Sender<()> },
    /// Give back what is not started, finish what is, and end.
    Stop,
}

/// Consecutive events of one producer for one subscription.
#[derive(Debug)]
pub(crate) struct Delivery<T> {
    pub(crate) to: Tag,
    /// The place of the first event in the order of dispatch; the others follow
    /// it without a gap. Returned events find their old place by it.
    pub(crate) first: u64,
    pub(crate) events: Vec<T>,
}
