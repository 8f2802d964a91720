//! What stages say to each other.
//!
//! A stage has one mailbox. The channels are unbounded, and yet nothing grows
//! without bound: events move only against demand, so what can wait in a
//! consumer's mailbox is limited by what it asked for.
//!
//! ```text
//!   consumer ── Subscribe, Ask ────────────────▶ producer
//!   consumer ◀───────────────────────── Events ── producer
//! ```
//!
//! A subscription ends in three steps, whoever begins: *nothing more, please*
//! (`Cancel`, with what was not started), *nothing more has been sent* (`Ended`),
//! and *everything sent is accounted for* (`Closed`). Between the first and the
//! second, events may cross on the way; they are returned. A producer that has
//! ended waits for the third, so nothing comes back to nobody.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};

use super::{Reason, SubscribeOptions};
use crate::demand::Limits;
use crate::dispatch::{Tag, Wish};

/// From a consumer, or from whoever holds a
/// [`ProducerRef`](super::ProducerRef), to a producer.
#[derive(Debug)]
pub(crate) enum ToProducer<T> {
    /// Deliver to this mailbox under this tag.
    Subscribe { tag: Tag, consumer: mpsc::UnboundedSender<ToConsumer<T>>, wish: Wish<T> },
    /// Will take `n` more events.
    Ask { tag: Tag, n: usize },
    /// Deliver no more, and dispatch these again in their old place: they were
    /// delivered and not started. Also the answer to [`ToConsumer::Ended`], once
    /// the consumer holds nothing more of this subscription. One message, so
    /// that a producer never sees a consumer gone and its events not yet back.
    Cancel { tag: Tag, returned: Vec<Returned<T>> },
    /// Dispatch these again: they were on their way when the subscription was
    /// cancelled.
    Return(Returned<T>),
    /// Every event that was ever sent under this cancelled tag is accounted for.
    Closed { tag: Tag },
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
    /// Nothing more comes for this subscription: the source has ended, or, in
    /// answer to a [`ToProducer::Cancel`], nothing more has been sent.
    Ended { tag: Tag, reason: Reason },
    /// Subscribe to a further producer.
    Subscribe { producer: super::ProducerRef<T>, options: SubscribeOptions<T> },
    /// Give back what is not started and ask anew, within new limits if given.
    Resubscribe { limits: Option<Limits>, done: oneshot::Sender<()> },
    /// Give back what is not started, finish what is, and end. Answered as soon
    /// as it is given back.
    Stop { done: oneshot::Sender<()> },
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

/// Consecutive events on their way back to the producer.
#[derive(Debug)]
pub(crate) struct Returned<T> {
    /// As in [`Delivery`].
    pub(crate) first: u64,
    pub(crate) events: VecDeque<T>,
}
