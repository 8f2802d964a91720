//! What stages say to each other.
//!
//! A stage has one mailbox for each side it has. The channels are unbounded, and
//! yet nothing grows without bound: events move only against demand, so what can
//! wait in a consumer's mailbox is limited by what it asked for.
//!
//! ```text
//!   consumer ── Subscribe, Ask ────────────────▶ producer
//!   consumer ◀───────────────────────── Events ── producer
//! ```
//!
//! A subscription ends in three steps: *nothing more, please* (`Cancel`, with what
//! was not started), *nothing more has been sent* (`Cancelled`), and *everything
//! sent is accounted for* (`Closed`). `Ended`, with which a producer begins, asks
//! the consumer to take the first step.
//!
//! ```text
//!   consumer of one tag                          producer of the same tag
//!   open ─────── Subscribe, Ask ───────────────▶ open, or Refused
//!    │  ◀─────────────────── Ended, Events ─────  ended here: may still send
//!    ▼  ─────── Cancel { requeue } ───────────▶  │
//!   former ─── Requeue, Requeue, … ──────────────▶  ▼
//!    │  ◀──────────────────────── Cancelled ────  leaving
//!    ▼  ─────── Closed ────────────────────────▶  │
//!   forgotten                                     ▼ forgotten
//! ```
//!
//! # Invariants of one tag
//! 1. The consumer sends `Subscribe` first and `Cancel` at most once. After
//!    `Cancel` it sends only `Requeue`, and at last one `Closed`.
//! 2. A producer that refuses says so once, sends nothing else under the tag, and
//!    does not answer its `Cancel`.
//! 3. A producer answers every other `Cancel` with exactly one `Cancelled`, behind
//!    the last events of the tag. `Ended` is no such answer, also if it arrives
//!    after the `Cancel` was sent: the two have crossed, and events that other
//!    consumers gave back may have been sent in between.
//! 4. The consumer sends `Closed` when it has heard `Cancelled`, has returned what
//!    came before it, and has finished what it had begun under the tag; or when
//!    its mailbox is closed and emptied. Nothing comes back after that, and no
//!    handler works on an event of the tag.
//! 5. Every event that was sent under the tag is begun by a handler, or comes back
//!    in `Cancel` or `Requeue`: once.
//! 6. A producer that ends waits for every `Closed`. One that goes at once (it was
//!    aborted, or its dispatcher panicked) closes its mailbox and answers each
//!    `Subscribe` and `Cancel` in it, so that no consumer waits for an answer.
//!
//! A message is copied half a dozen times between two stages, and every kind is as
//! large as the largest. So what is large and rare is boxed, for the sake of asks
//! and events.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::unconstrained;

use super::{Marker, Peer, ProducerRef, Reason, SubscribeOptions};
use crate::demand::Limits;
use crate::dispatch::{SubscribeError, SubscribeRequest, Tag};

/// The way to a producing side.
pub(crate) type ProducerMail<T> = mpsc::UnboundedSender<ToProducer<T>>;
/// The same, for whoever must not keep it open.
pub(crate) type WeakProducerMail<T> = mpsc::WeakUnboundedSender<ToProducer<T>>;
/// The way to a consuming side.
pub(crate) type ConsumerMail<T> = mpsc::UnboundedSender<ToConsumer<T>>;

/// From a consumer, or from whoever holds a [`ProducerRef`], to a producer.
#[derive(Debug)]
pub(crate) enum ToProducer<T> {
    /// Deliver to this mailbox under this tag.
    Subscribe { tag: Tag, consumer: ConsumerMail<T>, request: Box<SubscribeRequest<T>>, name: Arc<str> },
    /// Will take `n` more events.
    Ask { tag: Tag, n: usize },
    /// Deliver no more, and dispatch these again in their old place: they were
    /// delivered and not started. Also what follows [`ToConsumer::Ended`], once
    /// the consumer holds nothing more of this subscription. One message, so
    /// that a producer never sees a consumer gone and its events not yet back.
    Cancel { tag: Tag, reason: Box<Reason>, requeue: Vec<Requeue<T>> },
    /// Dispatch these again: they were on their way when the subscription was
    /// cancelled.
    Requeue(Requeue<T>),
    /// Every event that was ever sent under this cancelled tag is finished or was
    /// returned. Says so once, after [`ToConsumer::Cancelled`].
    Closed { tag: Tag },
    /// End this subscription, for this reason.
    Dismiss { tag: Tag, reason: Box<Reason>, done: oneshot::Sender<bool> },
    /// Emit these, wanted or not. Answered with what was discarded for it, once
    /// the rest is dispatched or buffered.
    Emit { events: Vec<T>, done: oneshot::Sender<Vec<T>> },
    /// Run this when everything emitted so far has been dispatched.
    Mark(Marker),
    /// Keep asks, and dispatch nothing, until told otherwise.
    Pause { done: oneshot::Sender<()> },
    /// Go on where it was paused.
    Resume,
    /// As a pause, for one who has something to set right: holds add up, and
    /// asks made meanwhile become one demand.
    Hold { done: oneshot::Sender<()> },
    /// Takes back one hold.
    Release,
    /// Produce nothing more: deliver what was emitted, then end.
    Stop { reason: Reason, patience: Patience },
}

/// How long a `produce` that is under way may go on when its stage is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Patience {
    /// As long as the stage itself says.
    Own,
    /// Until the stage is aborted: the caller has a deadline.
    UntilAborted,
}

/// From a producer, or from a stage's own handle, to a consumer.
#[derive(Debug)]
pub(crate) enum ToConsumer<T> {
    /// Events against demand.
    Events(Delivery<T>),
    /// The source has ended, or gives this subscription up: cancel it when all
    /// that came is finished. Until then events may still come, which other
    /// consumers gave back.
    Ended { tag: Tag, reason: Reason },
    /// The answer to [`ToProducer::Cancel`]: nothing more has been sent.
    Cancelled { tag: Tag },
    /// The producer has not taken the subscription, and knows nothing of it: there
    /// is nothing to cancel, and nobody to answer.
    Refused { tag: Tag, error: SubscribeError },
    /// The producer that a subscription waits for is there.
    Seated { slot: usize },
    /// Subscribe to a further producer, in the place of an earlier subscription
    /// if one is named. Answered with the tag.
    Subscribe {
        instead: Option<Tag>,
        producer: ProducerRef<T>,
        options: Box<SubscribeOptions<T>>,
        done: oneshot::Sender<Tag>,
    },
    /// Give up a subscription. Answered with whether there was one.
    Cancel { tag: Tag, reason: Box<Reason>, done: oneshot::Sender<bool> },
    /// Ask for more by hand. Answered with whether there is such a subscription.
    Ask { tag: Tag, n: usize, done: oneshot::Sender<bool> },
    /// Say who the producers are.
    Producers { done: oneshot::Sender<Vec<Peer>> },
    /// Run this when everything that came in before has been dealt with.
    Mark(Marker),
    /// Give back what is not started and ask anew, within new limits if given.
    Recall { limits: Option<Limits>, done: oneshot::Sender<()> },
    /// Keep to these limits from now on, and give nothing back.
    Adjust { limits: Limits, done: oneshot::Sender<()> },
    /// Give back what is not started, finish what is, and end. Answered as soon
    /// as it is given back.
    Stop { reason: Reason, done: oneshot::Sender<()> },
}

/// Consecutive events of one producer for one subscription.
#[derive(Debug)]
pub(crate) struct Delivery<T> {
    pub(crate) to: Tag,
    /// The place of the first event in the order of dispatch; the others follow
    /// it without a gap. Requeued events find their old place by it.
    pub(crate) first: u64,
    pub(crate) events: Vec<T>,
}

/// Consecutive events on their way back to the producer.
#[derive(Debug)]
pub(crate) struct Requeue<T> {
    /// As in [`Delivery`].
    pub(crate) first: u64,
    pub(crate) events: VecDeque<T>,
}

/// Closes a mailbox and takes out what was sent to it.
///
/// Not with `try_recv`, and not by dropping the receiver: both miss a message
/// whose sender has been let in and has not yet put it down. It would stay there
/// for as long as anybody has a sender, its events lost and its question not
/// answered. `recv` ends only when there is no such sender. That one is between
/// two instructions, so it is waited for here rather than awaited.
pub(super) fn drain<M>(mail: &mut mpsc::UnboundedReceiver<M>) -> Vec<M> {
    mail.close();
    let mut messages = Vec::new();
    loop {
        // Unconstrained, or a task that has used up its budget would never see
        // the end.
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
    fn whatever_was_sent_before_a_mailbox_closed_is_taken_out_of_it() {
        for _ in 0..500 {
            let (sender, mut mail) = mpsc::unbounded_channel();
            // Sends until it is refused, if it can, so that the mailbox closes under it.
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
