//! The life of one subscription, from the consumer's side.
//!
//! ```text
//!   waiting for a seat ── Seated ─▶ open ── Ended ─▶ finishing ─▶ gone
//!            ▲                       │                  │
//!            │                     cancel             (resubscribe)
//!            └───────────────────────┴──────────────────┘
//! ```
//! Its tag is cancelled on the way, and then lives on as a [`Former`] one.

use super::former::NO_WAY_BACK;
use super::{
    Former, Inlet, Limits, Notice, Origin, Peer, ProducerMail, Reason, Tag, ToConsumer, ToProducer,
    Waiting, notify,
};
use crate::demand::Window;
use crate::dispatch::{SubscribeError, SubscribeRequest};
use crate::stage::mail::Requeue;
use crate::stage::seat::Found;
use crate::stage::{CancelMode, ProducerRef, SubscribeOptions};

pub(super) struct Subscription<T> {
    pub(super) slot: usize,
    /// `None` while there is no producer, and once cancelled.
    pub(super) tag: Option<Tag>,
    pub(super) peer: Peer,
    seat: ProducerRef<T>,
    producer: Option<ProducerMail<T>>,
    pub(super) window: Window,
    cancel: CancelMode,
    request: SubscribeRequest<T>,
    /// Events that a handler has begun and not finished, under this tag and
    /// earlier ones.
    pub(super) in_hand: usize,
    /// Those of them that came under this tag.
    begun: usize,
    pub(super) ended: Option<Reason>,
}

impl<T> Subscription<T> {
    /// A handler begins `n` more events.
    pub(super) fn begin(&mut self, n: usize) -> Origin {
        debug_assert_eq!(self.tag, Some(self.peer.tag), "what waits came under a tag that is open");
        self.in_hand += n;
        self.begun += n;
        Origin { slot: self.slot, tag: self.peer.tag }
    }

    /// A handler has finished `n` events that came under `tag`.
    pub(super) fn finish(&mut self, tag: Tag, n: usize) {
        debug_assert!(n <= self.in_hand, "{n} events are finished and {} were begun", self.in_hand);
        self.in_hand -= n;
        if self.tag == Some(tag) {
            debug_assert!(n <= self.begun, "{n} events are finished and {} were begun", self.begun);
            self.begun -= n;
        }
    }

    /// Has ended for a reason that is not the producer's failure: another one in
    /// its place would change nothing.
    pub(super) fn forever(&mut self, reason: Reason) {
        if self.cancel == CancelMode::Resubscribe {
            self.cancel = CancelMode::Permanent;
        }
        self.ended.get_or_insert(reason);
    }
}

impl<T> Inlet<T> {
    /// Subscribes, now or as soon as there is somebody at the seat.
    pub(crate) fn subscribe(&mut self, seat: ProducerRef<T>, options: SubscribeOptions<T>) -> Tag {
        self.subscribe_as(seat, options, false)
    }

    /// Subscribes as one of several, among which a consumer [shares](SubscribeRequest::pooled)
    /// events.
    pub(crate) fn subscribe_pooled(&mut self, seat: ProducerRef<T>, options: SubscribeOptions<T>) -> Tag {
        self.subscribe_as(seat, options, true)
    }

    fn subscribe_as(&mut self, seat: ProducerRef<T>, options: SubscribeOptions<T>, pooled: bool) -> Tag {
        let slot = self.next_slot;
        self.next_slot += 1;
        let SubscribeOptions { limits, manual, cancel, partition, selector, weight } = options;
        let tag = Tag::unique();
        self.subscriptions.push(Subscription {
            slot,
            tag: None,
            peer: Peer::producer(tag, seat.name()),
            seat,
            producer: None,
            window: if manual { Window::manual() } else { Window::new(limits) },
            cancel,
            request: SubscribeRequest {
                partition,
                selector,
                weight,
                pooled,
                ..SubscribeRequest::new(self.id)
            },
            in_hand: 0,
            begun: 0,
            ended: None,
        });
        self.connect(self.subscriptions.len() - 1);
        self.show();
        tag
    }

    /// The subscription that goes by this tag, also one that waits for a seat.
    pub(super) fn find(&self, tag: Tag) -> Option<usize> {
        self.subscriptions.iter().position(|s| s.peer.tag == tag && s.ended.is_none())
    }

    pub(super) fn seated(&mut self, slot: usize) {
        let found = self.subscriptions.iter().position(|s| s.slot == slot);
        let waits = |s: &Subscription<T>| s.tag.is_none() && s.ended.is_none();
        if let Some(at) = found.filter(|&at| waits(&self.subscriptions[at])) {
            self.connect(at);
        }
    }

    /// Finds the producer and opens the subscription under its peer's tag.
    fn connect(&mut self, at: usize) {
        if self.exit.is_some() {
            return;
        }
        let subscription = &mut self.subscriptions[at];
        match subscription.seat.seat().find(&self.me, subscription.slot) {
            Found::Here(mail) => {
                subscription.producer = Some(mail);
                subscription.peer.name = subscription.seat.name();
                self.open(at);
            }
            Found::Later => {}
            Found::Gone(reason) => {
                let tag = subscription.peer.tag;
                subscription.tag = Some(tag);
                // By mail rather than at once: a builder subscribes too.
                drop(self.me.send(ToConsumer::Ended { tag, reason }));
            }
        }
    }

    fn open(&mut self, at: usize) {
        let subscription = &mut self.subscriptions[at];
        let tag = *subscription.tag.insert(subscription.peer.tag);
        let n = subscription.window.open(subscription.in_hand);
        // A recall may have changed it.
        subscription.request.max_demand = subscription.window.limits().map(Limits::max);
        let request = Box::new(subscription.request.clone());
        notify(self.observer.as_ref(), &Notice::Subscribed(&subscription.peer));
        let name = self.meter.name();
        self.tell(at, ToProducer::Subscribe { tag, consumer: self.me.clone(), request, name });
        if n > 0 {
            self.tell(at, ToProducer::Ask { tag, n });
        }
    }

    /// Opens the subscription anew, under another tag.
    fn reopen(&mut self, at: usize) {
        let subscription = &mut self.subscriptions[at];
        subscription.peer.tag = Tag::unique();
        subscription.ended = None;
        subscription.producer = None;
        self.connect(at);
    }

    /// Gives back what was not started and asks anew.
    pub(super) fn recall(&mut self, limits: Option<Limits>) {
        if self.exit.is_some() {
            return;
        }
        for at in 0..self.subscriptions.len() {
            if self.subscriptions[at].tag.is_some() {
                self.cancel(at, Reason::Cancelled);
            }
            let subscription = &mut self.subscriptions[at];
            if let Some(limits) = limits.or(subscription.window.limits()) {
                subscription.window = Window::new(limits);
            }
            // Should the producer have ended, it will say so again. One that is
            // waited for will find the new limits.
            if subscription.producer.is_some() {
                self.reopen(at);
            }
        }
    }

    /// Keeps to other limits from now on, and gives nothing back.
    pub(super) fn adjust(&mut self, limits: Limits) {
        for at in 0..self.subscriptions.len() {
            let subscription = &mut self.subscriptions[at];
            let n = subscription.window.adjust(limits);
            if n > 0
                && let Some(tag) = subscription.tag
            {
                self.tell(at, ToProducer::Ask { tag, n });
            }
        }
    }

    pub(super) fn ask(&mut self, tag: Tag, n: usize) -> bool {
        let manual = |&at: &usize| self.subscriptions[at].window.limits().is_none();
        let Some(at) = self.find(tag).filter(manual) else { return false };
        self.subscriptions[at].window.ask(n);
        if self.subscriptions[at].tag.is_some() && n > 0 {
            self.tell(at, ToProducer::Ask { tag, n });
        }
        true
    }

    /// Cancels a subscription, and gives back what was not started of it.
    pub(super) fn cancel(&mut self, at: usize, reason: Reason) {
        let subscription = &mut self.subscriptions[at];
        let slot = subscription.slot;
        let in_hand = std::mem::take(&mut subscription.begun);
        let Some(tag) = subscription.tag.take() else { return };
        let Some(producer) = subscription.producer.clone() else { return };
        let requeue: Vec<Requeue<T>> = self.take_back(slot);
        let n: usize = requeue.iter().map(|run| run.events.len()).sum();
        if producer.send(ToProducer::Cancel { tag, reason: Box::new(reason), requeue }).is_ok() {
            self.former.push(Former { tag, producer, in_hand, answered: false });
        } else {
            self.lost(n, NO_WAY_BACK);
        }
    }

    /// The producer has ended, or has given the subscription up. Of a tag that was
    /// cancelled here this says nothing: the two have crossed, and the answer to
    /// the cancellation is still to come.
    pub(super) fn ended(&mut self, tag: Tag, reason: Reason) {
        if let Some(at) = self.subscriptions.iter().position(|s| s.tag == Some(tag)) {
            // The first reason is the one: that the producer is not to be reached
            // any more, which is all that later messages to it show, follows.
            self.subscriptions[at].ended.get_or_insert(reason);
            self.close_if_over(at);
        }
    }

    pub(super) fn refused(&mut self, tag: Tag, error: SubscribeError) {
        // It may have been cancelled before this was known, and is not answered.
        self.forget_former(tag);
        if let Some(at) = self.subscriptions.iter().position(|s| s.tag == Some(tag)) {
            self.subscriptions[at].tag = None;
            self.subscriptions[at].forever(Reason::Refused(error));
            self.close_if_over(at);
        }
    }

    /// Forgets a cancelled subscription once nothing of it is in hand, without
    /// asking whether the stage is to stop for it.
    pub(super) fn remove_when_idle(&mut self, at: usize, reason: Reason) {
        self.subscriptions[at].cancel = CancelMode::Temporary;
        self.subscriptions[at].ended = Some(reason);
        self.close_if_over(at);
    }

    /// Answers the end of a subscription once nothing of it is left here.
    pub(super) fn close_if_over(&mut self, at: usize) {
        let subscription = &self.subscriptions[at];
        let Some(reason) = subscription.ended.clone() else { return };
        if subscription.in_hand > 0 || self.has_waiting_of(subscription.slot) {
            return;
        }
        let again = subscription.cancel == CancelMode::Resubscribe
            && self.exit.is_none()
            && subscription.seat.seat().expects_another_after(&reason);
        let stops = subscription.cancel.stops_on(&reason);
        self.cancel(at, reason.clone());
        notify(
            self.observer.as_ref(),
            &Notice::Cancelled { peer: &self.subscriptions[at].peer, reason: &reason },
        );
        if again {
            self.reopen(at);
            return;
        }
        self.subscriptions.remove(at);
        if stops {
            // The others too, or a producer that keeps up would never let the
            // stage come to its end.
            self.stop(reason);
        }
    }

    fn has_waiting_of(&self, slot: usize) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Batch(batch) if batch.slot == slot))
    }

    /// Sends to the producer of a subscription. When it is gone, the
    /// subscription has ended.
    pub(super) fn tell(&mut self, at: usize, message: ToProducer<T>) {
        let subscription = &mut self.subscriptions[at];
        let Some(producer) = &subscription.producer else { return };
        if producer.send(message).is_err()
            && let Some(tag) = subscription.tag
        {
            // By mail rather than at once: the caller is in the middle of
            // something with this very subscription.
            drop(self.me.send(ToConsumer::Ended { tag, reason: Reason::Lost }));
        }
    }
}
