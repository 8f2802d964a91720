//! The consuming side of a stage: its subscriptions, its mailbox, and the events
//! that were delivered and not started.
//!
//! The inlet keeps the promise that no event is lost between a producer and a
//! handler: whatever was delivered and not started when a subscription is
//! cancelled, or when the whole stage goes, travels back to its producer, even
//! when the stage's task is aborted.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::mail::{Delivery, Returned, ToConsumer, ToProducer};
use super::{CancelMode, ProducerRef, Reason, SubscribeOptions};
use crate::demand::{Limits, Window};
use crate::dispatch::{Tag, Wish};

pub(crate) struct Inlet<T> {
    /// The same for every subscription, and no other inlet's.
    id: u64,
    mail: UnboundedReceiver<ToConsumer<T>>,
    /// Given to every producer subscribed to.
    me: UnboundedSender<ToConsumer<T>>,
    subscriptions: Vec<Subscription<T>>,
    waiting: VecDeque<Batch<T>>,
    /// Cancelled tags whose cancellation the producer has not acknowledged:
    /// events may still come in under them, and go back where they came from.
    former: Vec<(Tag, UnboundedSender<ToProducer<T>>)>,
    /// Names subscriptions across a resubscription, where the tag changes.
    next_slot: usize,
    exit: Option<Reason>,
}

struct Subscription<T> {
    slot: usize,
    /// `None` once cancelled.
    tag: Option<Tag>,
    producer: UnboundedSender<ToProducer<T>>,
    window: Window,
    cancel: CancelMode,
    wish: Wish<T>,
    /// Events that a handler has begun and not finished.
    in_hand: usize,
    ended: Option<Reason>,
}

/// The rest of one delivery, never empty.
struct Batch<T> {
    slot: usize,
    first: u64,
    events: std::vec::IntoIter<T>,
}

/// Events on their way into a handler. Whoever takes them calls
/// [`Inlet::finished`] with the same slot.
pub(crate) struct Taken<T> {
    pub(crate) slot: usize,
    pub(crate) events: Vec<T>,
}

impl<T> Inlet<T> {
    pub(crate) fn new() -> Self {
        let (me, mail) = mpsc::unbounded_channel();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            mail,
            me,
            subscriptions: Vec::new(),
            waiting: VecDeque::new(),
            former: Vec::new(),
            next_slot: 0,
            exit: None,
        }
    }

    /// A sender to this inlet's mailbox.
    pub(crate) fn address(&self) -> UnboundedSender<ToConsumer<T>> {
        self.me.clone()
    }

    /// The next message. Never ends: the inlet holds a sender to itself.
    ///
    /// # Cancel safety
    /// Cancelling it loses no message.
    pub(crate) async fn recv(&mut self) -> ToConsumer<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<ToConsumer<T>> {
        match self.mail.poll_recv(cx) {
            Poll::Ready(Some(message)) => Poll::Ready(message),
            _ => Poll::Pending,
        }
    }

    pub(crate) fn subscribe(&mut self, producer: ProducerRef<T>, options: SubscribeOptions<T>) {
        let slot = self.next_slot;
        self.next_slot += 1;
        let SubscribeOptions { limits, cancel, partition, selector, weight } = options;
        self.subscriptions.push(Subscription {
            slot,
            tag: None,
            producer: producer.into_mail(),
            window: Window::new(limits),
            cancel,
            wish: Wish { consumer: self.id, partition, selector, weight },
            in_hand: 0,
            ended: None,
        });
        self.open(self.subscriptions.len() - 1);
    }

    pub(crate) fn handle(&mut self, message: ToConsumer<T>) {
        match message {
            ToConsumer::Events(delivery) => self.accept(delivery),
            ToConsumer::Ended { tag, reason } => self.ended(tag, reason),
            ToConsumer::Subscribe { producer, options } => self.subscribe(producer, options),
            ToConsumer::Resubscribe { limits, done } => {
                self.resubscribe(limits);
                // Whoever asked may have stopped waiting; that changes nothing.
                let _ = done.send(());
            }
            ToConsumer::Stop { done } => {
                self.stop();
                let _ = done.send(());
            }
        }
    }

    /// Takes the next events: as many as the subscription's limits allow in one
    /// call of a handler.
    pub(crate) fn take(&mut self) -> Option<Taken<T>> {
        let batch = self.waiting.front_mut()?;
        let slot = batch.slot;
        let subscription = self.subscriptions.iter_mut().find(|s| s.slot == slot)?;
        let n = subscription.window.limits().batch();
        subscription.in_hand += n.min(batch.events.len());
        if n < batch.events.len() {
            batch.first += n as u64;
            return Some(Taken { slot, events: batch.events.by_ref().take(n).collect() });
        }
        let batch = self.waiting.pop_front()?;
        // Collecting a whole `IntoIter` hands its allocation on.
        Some(Taken { slot, events: batch.events.collect() })
    }

    /// Takes the next event, and the slot to report it finished with.
    pub(crate) fn take_one(&mut self) -> Option<(usize, T)> {
        let batch = self.waiting.front_mut()?;
        let (slot, event) = (batch.slot, batch.events.next()?);
        batch.first += 1;
        if batch.events.len() == 0 {
            self.waiting.pop_front();
        }
        if let Some(subscription) = self.subscriptions.iter_mut().find(|s| s.slot == slot) {
            subscription.in_hand += 1;
        }
        Some((slot, event))
    }

    /// Notes that `n` taken events are finished, and asks for more when it is
    /// time to.
    pub(crate) fn finished(&mut self, slot: usize, n: usize) {
        let Some(at) = self.subscriptions.iter().position(|s| s.slot == slot) else { return };
        let subscription = &mut self.subscriptions[at];
        subscription.in_hand -= n;
        let ask = subscription.window.finished(n);
        if ask > 0
            && let Some(tag) = subscription.tag
        {
            self.tell(at, ToProducer::Ask { tag, n: ask });
        }
        self.close_if_over(at);
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Why the stage should end, once it should and nothing is left to do.
    pub(crate) fn exit(&self) -> Option<&Reason> {
        self.exit.as_ref().filter(|_| self.waiting.is_empty())
    }

    /// Cancels every subscription and gives back what was not started.
    pub(crate) fn stop(&mut self) {
        for at in 0..self.subscriptions.len() {
            self.cancel(at);
        }
        self.exit.get_or_insert(Reason::Stopped);
    }

    /// Ends every subscription for good. Nothing more can be delivered from here
    /// on, so what is cancelled now is closed at once.
    pub(crate) fn close(&mut self) {
        self.mail.close();
        while let Ok(message) = self.mail.try_recv() {
            if let ToConsumer::Events(delivery) = message {
                self.accept(delivery);
            }
        }
        self.stop();
        for (tag, producer) in self.former.drain(..) {
            drop(producer.send(ToProducer::Closed { tag }));
        }
    }

    /// Gives back what was not started and asks anew.
    fn resubscribe(&mut self, limits: Option<Limits>) {
        if self.exit.is_some() {
            return;
        }
        for at in 0..self.subscriptions.len() {
            self.cancel(at);
            let subscription = &mut self.subscriptions[at];
            let limits = limits.unwrap_or(subscription.window.limits());
            subscription.window = Window::new(limits);
            // Should the producer have ended, it will say so again.
            subscription.ended = None;
            self.open(at);
        }
    }

    fn open(&mut self, at: usize) {
        let subscription = &mut self.subscriptions[at];
        let tag = *subscription.tag.insert(Tag::unique());
        let n = subscription.window.open(subscription.in_hand);
        let wish = subscription.wish.clone();
        self.tell(at, ToProducer::Subscribe { tag, consumer: self.me.clone(), wish });
        if n > 0 {
            self.tell(at, ToProducer::Ask { tag, n });
        }
    }

    fn cancel(&mut self, at: usize) {
        let subscription = &mut self.subscriptions[at];
        let slot = subscription.slot;
        let Some(tag) = subscription.tag.take() else { return };
        self.former.push((tag, subscription.producer.clone()));
        let (mine, others): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|batch| batch.slot == slot);
        self.waiting = others.into();
        let back = |batch: Batch<T>| Returned { first: batch.first, events: batch.events.collect() };
        self.tell(at, ToProducer::Cancel { tag, returned: mine.into_iter().map(back).collect() });
    }

    fn accept(&mut self, Delivery { to, first, events }: Delivery<T>) {
        if let Some(subscription) = self.subscriptions.iter().find(|s| s.tag == Some(to)) {
            let slot = subscription.slot;
            self.waiting.push_back(Batch { slot, first, events: events.into_iter() });
        } else if let Some((_, producer)) = self.former.iter().find(|(tag, _)| *tag == to) {
            // It waits for our `Closed`, so it is there to take them.
            drop(producer.send(ToProducer::Return(Returned { first, events: events.into() })));
        }
    }

    fn ended(&mut self, tag: Tag, reason: Reason) {
        if let Some(at) = self.former.iter().position(|(other, _)| *other == tag) {
            let (tag, producer) = self.former.remove(at);
            drop(producer.send(ToProducer::Closed { tag }));
        } else if let Some(at) = self.subscriptions.iter().position(|s| s.tag == Some(tag)) {
            self.subscriptions[at].ended = Some(reason);
            self.close_if_over(at);
        }
    }

    /// Answers the end of a subscription once nothing of it is left here.
    fn close_if_over(&mut self, at: usize) {
        let subscription = &self.subscriptions[at];
        let Some(reason) = subscription.ended.clone() else { return };
        let slot = subscription.slot;
        if subscription.in_hand > 0 || self.waiting.iter().any(|batch| batch.slot == slot) {
            return;
        }
        if subscription.cancel.stops_on(&reason) {
            self.exit.get_or_insert(reason);
        }
        self.cancel(at);
        self.subscriptions.remove(at);
    }

    /// Sends to the producer of a subscription. When it is gone, the
    /// subscription has ended, and what was to be returned to it is dropped.
    fn tell(&mut self, at: usize, message: ToProducer<T>) {
        let subscription = &mut self.subscriptions[at];
        if subscription.producer.send(message).is_err()
            && let Some(tag) = subscription.tag
        {
            // By mail rather than at once: the caller is in the middle of
            // something with this very subscription.
            drop(self.me.send(ToConsumer::Ended { tag, reason: Reason::Lost }));
        }
    }
}

impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        self.close();
    }
}
