//! The subscriptions of an inlet: the messages that move each from one
//! [state](SubscriptionState) to the next.

mod state;

use tokio::sync::mpsc::error::SendError;

pub(super) use self::state::Subscription;
use self::state::SubscriptionState;
use super::closing::PRODUCER_GONE;
use super::{ClosingTag, Inlet, Limits, Origin, Peer, Reason, SubscriptionChange, Tag, Waiting, notify};
use crate::demand::Window;
use crate::dispatch::{SubscribeError, SubscribeRequest};
use crate::stage::mail::{ProducerMail, ToConsumer, ToProducer};
use crate::stage::registration::Lookup;
use crate::stage::{CancelMode, ProducerRef, SubscribeOptions};

impl<T> Inlet<T> {
    /// Subscribes now, or as soon as a stage registers under the producer's name.
    pub(crate) fn subscribe(&mut self, producer: ProducerRef<T>, options: SubscribeOptions<T>) -> Tag {
        self.add_subscription(producer, options, false)
    }

    /// Subscribes as one of several inlets of a [pool](SubscribeRequest::pooled).
    pub(crate) fn subscribe_pooled(
        &mut self,
        producer: ProducerRef<T>,
        options: SubscribeOptions<T>,
    ) -> Tag {
        self.add_subscription(producer, options, true)
    }

    fn add_subscription(
        &mut self,
        producer: ProducerRef<T>,
        options: SubscribeOptions<T>,
        pooled: bool,
    ) -> Tag {
        let slot = self.next_slot;
        self.next_slot += 1;
        let SubscribeOptions { limits, manual, cancel, partition, selector, weight } = options;
        let tag = Tag::unique();
        self.subscriptions.push(Subscription {
            slot,
            peer: Peer::producer(tag, producer.name()),
            producer,
            window: if manual { Window::manual() } else { Window::new(limits) },
            cancel,
            request: SubscribeRequest {
                partition,
                selector,
                weight,
                pooled,
                ..SubscribeRequest::new(self.id)
            },
            in_progress: 0,
            state: SubscriptionState::Waiting,
        });
        self.connect(self.subscriptions.len() - 1);
        self.update_meter();
        tag
    }

    /// Finds the subscription with this tag, unless it has ended or was cancelled.
    pub(super) fn find(&self, tag: Tag) -> Option<usize> {
        self.subscriptions.iter().position(|s| s.peer.tag == tag && s.is_current())
    }

    /// Handles `Registered`: looks for the producer again.
    pub(super) fn registered(&mut self, slot: usize) {
        let found = self.subscriptions.iter().position(|s| s.slot == slot);
        let waits = |at: &usize| matches!(self.subscriptions[*at].state, SubscriptionState::Waiting);
        if let Some(at) = found.filter(waits) {
            self.connect(at);
        }
    }

    /// Looks for the producer of a waiting subscription, and opens it if it is there.
    fn connect(&mut self, at: usize) {
        if self.exit.is_some() {
            return;
        }
        let subscription = &mut self.subscriptions[at];
        match subscription.producer.registration().lookup(&self.address, subscription.slot) {
            Lookup::Found(mail) => {
                subscription.connected(mail);
                subscription.peer.name = subscription.producer.name();
                self.open(at);
            }
            Lookup::Pending => {}
            Lookup::Gone(reason) => {
                subscription.missing();
                let tag = subscription.peer.tag;
                drop(self.address.send(ToConsumer::Ended { tag, reason }));
            }
        }
    }

    /// Sends `Subscribe` and the first `Ask`.
    fn open(&mut self, at: usize) {
        let subscription = &mut self.subscriptions[at];
        let tag = subscription.peer.tag;
        debug_assert!(
            self.closing.iter().all(|closing| closing.tag != tag),
            "invariant 1: a tag is subscribed once"
        );
        let n = subscription.window.open(subscription.in_progress);
        // A requeue may have changed the limits.
        subscription.request.max_demand = subscription.window.limits().map(Limits::max);
        let request = Box::new(subscription.request.clone());
        notify(self.observer.as_ref(), &SubscriptionChange::Subscribed(&subscription.peer));
        let (consumer, name) = (self.address.clone(), self.meter.name());
        self.send_to_producer(at, ToProducer::Subscribe { tag, consumer, request, name });
        self.send_ask(at, n);
    }

    /// Looks for the producer under a new tag.
    fn reopen(&mut self, at: usize) {
        let subscription = &mut self.subscriptions[at];
        debug_assert!(matches!(subscription.state, SubscriptionState::Waiting));
        subscription.peer.tag = Tag::unique();
        self.connect(at);
    }

    /// Requeues what was not started and subscribes anew, within new limits if given.
    pub(super) fn requeue(&mut self, limits: Option<Limits>) {
        if self.exit.is_some() {
            return;
        }
        for at in 0..self.subscriptions.len() {
            let connected = self.subscriptions[at].connection().is_some();
            if connected {
                self.send_cancel(at, Reason::Cancelled, SubscriptionState::Waiting);
            }
            let subscription = &mut self.subscriptions[at];
            if let Some(limits) = limits.or(subscription.window.limits()) {
                subscription.window = Window::new(limits);
            }
            // A producer that has ended will send `Ended` again.
            if connected {
                self.reopen(at);
            }
        }
    }

    /// Keeps to other limits from now on, and requeues nothing.
    pub(super) fn adjust(&mut self, limits: Limits) {
        for at in 0..self.subscriptions.len() {
            let n = self.subscriptions[at].window.adjust(limits);
            self.send_ask(at, n);
        }
    }

    /// Asks for `n` events of a manual subscription. Returns false if there is none with
    /// this tag.
    pub(super) fn ask(&mut self, tag: Tag, n: usize) -> bool {
        let manual = |&at: &usize| self.subscriptions[at].window.limits().is_none();
        let Some(at) = self.find(tag).filter(manual) else { return false };
        self.subscriptions[at].window.ask(n);
        self.send_ask(at, n);
        true
    }

    /// Cancels a subscription at the consumer's request: its cancel mode decides whether
    /// the stage stops.
    pub(super) fn cancel(&mut self, at: usize, reason: Reason) {
        self.subscriptions[at].never_resubscribe();
        self.send_cancel(at, reason.clone(), SubscriptionState::Cancelled(reason));
        self.close_if_done(at);
    }

    /// Cancels a subscription that another one replaces, so that the stage does not stop
    /// whatever its cancel mode.
    pub(super) fn replace(&mut self, at: usize) {
        self.subscriptions[at].cancel = CancelMode::Temporary;
        self.send_cancel(at, Reason::Cancelled, SubscriptionState::Cancelled(Reason::Cancelled));
        self.close_if_done(at);
    }

    /// Moves a subscription into the state `next`. If it was connected, sends `Cancel`
    /// with the events that were not started.
    pub(super) fn send_cancel(&mut self, at: usize, reason: Reason, next: SubscriptionState<T>) {
        let subscription = &mut self.subscriptions[at];
        let (tag, slot) = (subscription.peer.tag, subscription.slot);
        let before = std::mem::replace(&mut subscription.state, next);
        let (SubscriptionState::Open(connection) | SubscriptionState::Ended(connection, _)) = before else {
            return;
        };
        let requeue = self.take_waiting(slot);
        let n: usize = requeue.iter().map(|run| run.events.len()).sum();
        let cancel = ToProducer::Cancel { tag, reason: Box::new(reason), requeue };
        let name = self.subscriptions[at].producer.clone();
        match connection.mail.send(cancel) {
            Ok(()) => {
                self.meter.requeued(n);
                self.closing.push(ClosingTag::new(tag, connection.mail, name, connection.in_progress));
            }
            // The producer was aborted. Its positions mean nothing to a successor, which can
            // only emit the events anew.
            Err(SendError(ToProducer::Cancel { requeue, .. })) => {
                let events: Vec<T> = requeue.into_iter().flat_map(|run| run.events).collect();
                match events.is_empty() || name.adopt(events) {
                    true => self.meter.requeued(n),
                    false => self.count_dropped(n, PRODUCER_GONE),
                }
            }
            Err(_) => {}
        }
    }

    /// Handles `Ended`. It has no effect on a tag that is cancelled already: the two
    /// messages have crossed, and the answer to the cancellation is still to come.
    pub(super) fn ended(&mut self, tag: Tag, reason: Reason) {
        let found = self.subscriptions.iter().position(|s| s.peer.tag == tag && s.has_producer());
        if let Some(at) = found {
            self.subscriptions[at].ended(reason);
            self.close_if_done(at);
        }
    }

    /// Handles `Refused`.
    pub(super) fn refused(&mut self, tag: Tag, error: SubscribeError) {
        // The consumer may have cancelled before it knew, and gets no answer to that.
        self.forget_closing(tag);
        if let Some(at) = self.subscriptions.iter().position(|s| s.is_open_under(tag)) {
            self.subscriptions[at].refused(error);
            self.close_if_done(at);
        }
    }

    /// Removes a subscription that has ended or was cancelled, once none of its events
    /// waits or is in a handler. Then resubscribes, or stops the stage, if the cancel
    /// mode says so.
    pub(super) fn close_if_done(&mut self, at: usize) {
        let subscription = &self.subscriptions[at];
        let (SubscriptionState::Ended(_, reason) | SubscriptionState::Cancelled(reason)) =
            &subscription.state
        else {
            return;
        };
        if subscription.in_progress > 0 || self.has_waiting_of(subscription.slot) {
            return;
        }
        let reason = reason.clone();
        let resubscribes = subscription.cancel == CancelMode::Resubscribe
            && self.exit.is_none()
            && subscription.producer.registration().expects_another_after(&reason);
        let stops = subscription.cancel.stops_on(&reason);
        self.send_cancel(at, reason.clone(), SubscriptionState::Waiting);
        let peer = &self.subscriptions[at].peer;
        notify(self.observer.as_ref(), &SubscriptionChange::Cancelled { peer, reason: &reason });
        if resubscribes {
            self.reopen(at);
            return;
        }
        self.subscriptions.remove(at);
        if stops {
            // Cancels the other subscriptions too, or a producer that keeps up would
            // never let the stage reach its end.
            self.stop(reason);
        }
    }

    fn has_waiting_of(&self, slot: usize) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Batch(batch) if batch.slot == slot))
    }

    /// Asks the producer of a connected subscription for `n` more events.
    pub(super) fn send_ask(&mut self, at: usize, n: usize) {
        let subscription = &self.subscriptions[at];
        let tag = subscription.peer.tag;
        if n > 0 && subscription.connection().is_some() {
            self.send_to_producer(at, ToProducer::Ask { tag, n });
        }
    }

    /// Sends to the producer of a connected subscription. If the producer is gone, the
    /// subscription has ended.
    fn send_to_producer(&mut self, at: usize, message: ToProducer<T>) {
        let subscription = &self.subscriptions[at];
        let Some(connection) = subscription.connection() else { return };
        if connection.mail.send(message).is_err() {
            // By mail rather than at once, because the caller is in the middle of an
            // operation on this subscription.
            let tag = subscription.peer.tag;
            drop(self.address.send(ToConsumer::Ended { tag, reason: Reason::Aborted }));
        }
    }
}
