//! The messages between stages, and the protocol of a subscription.
//!
//! A stage has one mailbox for each of its sides. The channels are unbounded, and still
//! nothing grows without bound: events move only against demand, so the events in a
//! consumer's mailbox are limited by what it asked for.
//!
//! ```text
//!   consumer ── Subscribe, Ask ────────────────▶ producer
//!   consumer ◀───────────────────────── Events ── producer
//! ```
//!
//! A subscription ends in three steps. The consumer sends `Cancel`, with the events that
//! it has not started: *send nothing more*. The producer answers `Cancelled`: *nothing
//! more has been sent*. The consumer sends `Closed`: *everything sent is accounted for*.
//! A producer that wants to end a subscription sends `Ended`, and the consumer takes the
//! first step.
//!
//! ```text
//!   consumer of one tag                          producer of the same tag
//!   open ─────── Subscribe, Ask ───────────────▶ open, or Refused
//!    │  ◀─────────────────── Ended, Events ─────  ended here: may still send
//!    ▼  ─────── Cancel { requeue } ────────────▶  │
//!   closing ── Requeue, Requeue, … ────────────▶  ▼
//!    │  ◀──────────────────────── Cancelled ────  leaving
//!    ▼  ─────── Closed ────────────────────────▶  │
//!   forgotten                                     ▼ forgotten
//! ```
//!
//! # Invariants of one tag
//! 1. The consumer sends `Subscribe` first and `Cancel` at most once. After `Cancel` it
//!    sends only `Requeue`, and at last one `Closed`.
//! 2. A producer that refuses sends one `Refused`, sends nothing else under the tag, and
//!    does not answer its `Cancel`.
//! 3. A producer answers every other `Cancel` with exactly one `Cancelled`, behind the
//!    last events of the tag. `Ended` is not that answer, even if it arrives after
//!    `Cancel` was sent: the two have crossed, and in between the producer may have sent
//!    events that other consumers requeued.
//! 4. The consumer sends `Closed` once it has received `Cancelled`, has requeued the
//!    events that arrived before it, and has finished the events that it had begun under
//!    the tag. It also sends `Closed` once its mailbox is closed and emptied. After
//!    `Closed`, none of the tag's events is requeued or in a handler.
//! 5. Every event sent under the tag is either begun by a handler or comes back in
//!    `Cancel` or `Requeue`, and only once. If its producer was aborted, it goes to the
//!    successor in `Emit` instead.
//! 6. A producer that ends waits for every `Closed`. One that ends at once (aborted, or
//!    its dispatcher panicked) closes its mailbox and answers each `Subscribe` and
//!    `Cancel` in it, so that no consumer waits for an answer.
//!
//! # Size
//! A message is copied half a dozen times between two stages, and every variant is as
//! large as the largest. Large, rare fields are therefore boxed, to keep asks and events
//! small.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::unconstrained;

use super::{Marker, Peer, ProducerRef, Reason, SubscribeOptions};
use crate::demand::Limits;
use crate::dispatch::{SubscribeError, SubscribeRequest, Tag};

/// The address of a stage's output side.
pub(crate) type ProducerMail<T> = mpsc::UnboundedSender<ToProducer<T>>;
/// The address of a stage's output side, which does not keep its mailbox open.
pub(crate) type WeakProducerMail<T> = mpsc::WeakUnboundedSender<ToProducer<T>>;
/// The address of a stage's input side.
pub(crate) type ConsumerMail<T> = mpsc::UnboundedSender<ToConsumer<T>>;

/// A message to a producer, from a consumer or through a [`ProducerRef`].
#[derive(Debug)]
pub(crate) enum ToProducer<T> {
    /// Deliver to this mailbox under this tag.
    Subscribe { tag: Tag, consumer: ConsumerMail<T>, request: Box<SubscribeRequest<T>>, name: Arc<str> },
    /// Raise the demand of the tag by `n` events.
    Ask { tag: Tag, n: usize },
    /// Deliver nothing more, and dispatch these events again in their old place: they
    /// were delivered and not started. Also the answer to [`ToConsumer::Ended`], once
    /// the consumer holds nothing of this subscription. One message, so that a producer
    /// never sees that a consumer is gone before it has its events back.
    Cancel { tag: Tag, reason: Box<Reason>, requeue: Vec<Requeue<T>> },
    /// Dispatch these events again: they were under way when the subscription was
    /// cancelled.
    Requeue(Requeue<T>),
    /// Forget this cancelled tag: every event sent under it is finished or requeued.
    /// Sent once, after [`ToConsumer::Cancelled`].
    Closed { tag: Tag },
    /// End this subscription for this reason. Answered with true if there is one.
    Evict { tag: Tag, reason: Box<Reason>, done: oneshot::Sender<bool> },
    /// Emit these events, whether or not there is demand. Answered with the events that
    /// did not fit the buffer, once the rest is dispatched or buffered.
    Emit { events: Vec<T>, done: oneshot::Sender<Vec<T>> },
    /// Run this marker when everything emitted so far has been dispatched.
    Mark(Marker),
    /// Dispatch nothing until `Resume`, and keep asks one by one.
    Pause { done: oneshot::Sender<()> },
    /// Continue after `Pause`.
    Resume,
    /// Dispatch nothing until `Unfreeze`. Unlike pauses, freezes nest, and asks made
    /// meanwhile add up to one demand. A pool freezes its producer while it is resized.
    Freeze { done: oneshot::Sender<()> },
    /// End one freeze.
    Unfreeze,
    /// Produce nothing more: deliver what was emitted, then end.
    Stop { reason: Reason, limit: StopLimit },
}

/// How long a pending `produce` may continue after its stage was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StopLimit {
    /// The stage's own `finish_within`.
    Configured,
    /// Until the stage is aborted: the caller has a deadline.
    UntilAborted,
}

/// A message to a consumer, from a producer or through a [`ConsumerRef`](super::ConsumerRef).
#[derive(Debug)]
pub(crate) enum ToConsumer<T> {
    /// Events against demand.
    Events(Delivery<T>),
    /// Cancel this subscription when everything that came is finished: the source has
    /// ended, or evicts the consumer. Until then it may still deliver events that other
    /// consumers requeued.
    Ended { tag: Tag, reason: Reason },
    /// The answer to [`ToProducer::Cancel`]: nothing more has been sent.
    Cancelled { tag: Tag },
    /// The producer has refused the subscription and does not know the tag: there is
    /// nothing to cancel, and a `Cancel` gets no answer.
    Refused { tag: Tag, error: SubscribeError },
    /// Look the producer up again: it has registered, or none is expected any more.
    Registered { slot: usize },
    /// Subscribe to a further producer, in place of an earlier subscription if one is
    /// named. Answered with the tag.
    Subscribe {
        instead: Option<Tag>,
        producer: ProducerRef<T>,
        options: Box<SubscribeOptions<T>>,
        done: oneshot::Sender<Tag>,
    },
    /// Cancel a subscription. Answered with true if there is one.
    Cancel { tag: Tag, reason: Box<Reason>, done: oneshot::Sender<bool> },
    /// Ask for `n` more events of a manual subscription. Answered with true if there is
    /// one.
    Ask { tag: Tag, n: usize, done: oneshot::Sender<bool> },
    /// List the producers.
    Producers { done: oneshot::Sender<Vec<Peer>> },
    /// Run this marker when everything that came in before it has been handled.
    Mark(Marker),
    /// Requeue what is not started, and subscribe anew, within new limits if given.
    Requeue { limits: Option<Limits>, done: oneshot::Sender<()> },
    /// Read the waiting events, which no handler has begun.
    Peek(Peek<T>),
    /// Keep to these limits from now on, and requeue nothing.
    Adjust { limits: Limits, done: oneshot::Sender<()> },
    /// Requeue what is not started, finish what is, and end. Answered as soon as the
    /// events are requeued.
    Stop { reason: Reason, done: oneshot::Sender<()> },
}

/// A closure that reads events without taking them.
pub(crate) struct Peek<T>(Box<ReadEvents<T>>);

type ReadEvents<T> = dyn FnOnce(&mut dyn Iterator<Item = &T>) + Send;

impl<T> Peek<T> {
    pub(crate) fn new(read: impl FnOnce(&mut dyn Iterator<Item = &T>) + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    /// Passes the events on, oldest first.
    pub(crate) fn read(self, events: &mut dyn Iterator<Item = &T>) {
        (self.0)(events);
    }
}

impl<T> fmt::Debug for Peek<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peek")
    }
}

/// Consecutive events of one producer for one subscription.
#[derive(Debug)]
pub(crate) struct Delivery<T> {
    pub(crate) to: Tag,
    /// The position of the first event in the order of dispatch; the others follow it
    /// without a gap. Requeued events find their old place by it.
    pub(crate) first: u64,
    pub(crate) events: Vec<T>,
}

/// Consecutive events that were delivered and not started, on their way back to the
/// producer.
#[derive(Debug)]
pub(crate) struct Requeue<T> {
    /// The position of the first event, as in [`Delivery`].
    pub(crate) first: u64,
    pub(crate) events: VecDeque<T>,
}

/// Closes a mailbox and takes out every message sent to it.
///
/// Neither `try_recv` nor dropping the receiver would do: both miss a message whose
/// sender has been admitted and has not yet stored it. The message would stay in the
/// channel as long as any sender lives, its events lost and its question unanswered.
/// `recv` ends only when there is no such sender. That sender is between two
/// instructions, so this spins instead of awaiting it.
pub(super) fn drain<M>(mail: &mut mpsc::UnboundedReceiver<M>) -> Vec<M> {
    mail.close();
    let mut messages = Vec::new();
    loop {
        // Unconstrained, because a task whose cooperative budget is used up would never
        // see the end.
        match unconstrained(mail.recv()).now_or_never() {
            Some(Some(message)) => messages.push(message),
            Some(None) => return messages,
            None => std::thread::yield_now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draining_a_mailbox_takes_out_every_message_sent_before_it_closed() {
        for _ in 0..500 {
            let (sender, mut mail) = mpsc::unbounded_channel();
            // Sends until a send fails, if it can, so that the mailbox closes under it.
            let sending =
                std::thread::spawn(move || (0..2000).take_while(|n| sender.send(*n).is_ok()).count());
            while mail.is_empty() {
                std::thread::yield_now();
            }
            let taken = drain(&mut mail).len();
            assert_eq!(sending.join().unwrap(), taken);
        }
    }
}
