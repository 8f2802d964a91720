//! The subscriptions of an output side: from `Subscribe` to `Closed`.
//!
//! A tag moves through these states; the messages are those of [`mail`](super::super::mail).
//!
//! ```text
//!   Subscribe ─▶ open ── evict ─▶ evicted, `Ended` sent ─┐
//!                 └────────────── Cancel ────────────────┴─▶ leaving ── Closed ─▶ forgotten
//! ```

use std::sync::Arc;

use super::{OutputSide, Peer, Reason};
use crate::dispatch::{Dispatcher, SubscribeError, SubscribeRequest, Tag};
use crate::stage::mail::{ConsumerMail, Requeue, ToConsumer};
use crate::stage::observe::{SubscriptionChange, notify};

/// One subscription, as its producer sees it.
pub(super) struct Subscriber<T> {
    pub(super) mail: ConsumerMail<T>,
    pub(super) peer: Peer,
    /// The reason why the producer ended the subscription, if it did.
    pub(super) evicted: Option<Reason>,
    /// True once the consumer has been sent `Ended`.
    pub(super) ended_sent: bool,
}

impl<T> Subscriber<T> {
    pub(super) fn new(mail: ConsumerMail<T>, peer: Peer) -> Self {
        Self { mail, peer, evicted: None, ended_sent: false }
    }
}

impl<T, D: Dispatcher<T>> OutputSide<T, D> {
    pub(super) fn find(&self, tag: Tag) -> Option<usize> {
        self.subscribers.binary_search_by_key(&tag, |subscriber| subscriber.peer.tag).ok()
    }

    /// Opens a subscription, or answers that it is refused.
    pub(super) fn subscribe(
        &mut self,
        tag: Tag,
        mail: ConsumerMail<T>,
        request: SubscribeRequest<T>,
        name: Arc<str>,
    ) {
        match self.outlet.subscribe(tag, request) {
            Ok(()) => {
                self.last_consumer_left = false;
                let peer = Peer::consumer(tag, name);
                notify(self.observer.as_ref(), &SubscriptionChange::Subscribed(&peer));
                let at = self.subscribers.partition_point(|subscriber| subscriber.peer.tag < tag);
                self.subscribers.insert(at, Subscriber::new(mail, peer));
            }
            Err(error) => {
                // A pool asks to find out, and subscribes once instead.
                if error != SubscribeError::OneSubscription {
                    log::warn!("{}: the subscription of {name} was refused: {error}", self.meter.name());
                }
                drop(mail.send(ToConsumer::Refused { tag, error }));
            }
        }
    }

    /// Ends a subscription at its consumer's request, and dispatches again the events
    /// that the consumer had not started.
    pub(super) fn cancel(&mut self, tag: Tag, reason: &Reason, requeue: Vec<Requeue<T>>) {
        let discarded = self.outlet.cancel(tag, requeue).len();
        self.count_dropped(discarded, "a consumer has left");
        if let Some(at) = self.find(tag) {
            let Subscriber { mail, peer, evicted, .. } = self.subscribers.remove(at);
            self.last_consumer_left = self.until_last_cancel && self.subscribers.is_empty();
            let reason = evicted.as_ref().or(self.ended.as_ref()).unwrap_or(reason);
            notify(self.observer.as_ref(), &SubscriptionChange::Cancelled { peer: &peer, reason });
            // The consumer answers with `Closed`. If its mailbox is closed by now, it
            // sends `Closed` unasked, after requeueing what it found there.
            drop(mail.send(ToConsumer::Cancelled { tag }));
            debug_assert!(!self.leaving.contains(&tag), "invariant 1: a tag is cancelled once");
            self.leaving.push(tag);
        }
    }

    /// Forgets a cancelled tag: none of its events is in a handler or will be requeued.
    pub(super) fn closed(&mut self, tag: Tag) {
        debug_assert!(self.find(tag).is_none(), "invariant 1: a tag is cancelled before it is closed");
        if let Some(at) = self.leaving.iter().position(|&other| other == tag) {
            self.leaving.swap_remove(at);
            self.outlet.drained(tag);
        }
    }

    /// Ends a subscription from the producer's side. The consumer finishes what it has
    /// and answers as if it had cancelled. Returns false if there is no such
    /// subscription, or if it is evicted already.
    pub(super) fn evict(&mut self, tag: Tag, reason: Reason) -> bool {
        let Some(at) = self.find(tag).filter(|&at| self.subscribers[at].evicted.is_none()) else {
            return false;
        };
        let discarded = self.outlet.cancel(tag, Vec::new()).len();
        self.count_dropped(discarded, "a consumer was dismissed");
        // Events that were dispatched before must arrive before `Ended`.
        drop(self.send());
        let subscriber = &mut self.subscribers[at];
        subscriber.evicted = Some(reason.clone());
        subscriber.ended_sent = true;
        drop(subscriber.mail.send(ToConsumer::Ended { tag, reason }));
        true
    }
}
