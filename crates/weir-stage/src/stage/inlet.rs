//! The input side of a stage: its subscriptions, its mailbox, and the events that were
//! delivered and not started.
//!
//! No event is lost between a producer and a handler. When a subscription is cancelled
//! or the whole stage ends, the events that were not started go back to their producer,
//! even if the stage's task is aborted.

mod begin;
mod closing;
mod subscription;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::mpsc::{self, UnboundedReceiver};

use self::closing::{ClosingTag, PRODUCER_GONE};
use self::subscription::Subscription;
use super::mail::{ConsumerMail, Delivery, Peek, Requeue, ToConsumer, drain};
use super::meter::Meter;
use super::observe::{Observer, SubscriptionChange, notify};
use super::{Marker, Peer, Reason};
use crate::demand::Limits;
use crate::dispatch::Tag;

pub(crate) struct Inlet<T> {
    /// The consumer's number in its subscribe requests; unique to this inlet.
    id: u64,
    mail: UnboundedReceiver<ToConsumer<T>>,
    /// This inlet's own address, sent with each subscribe request.
    address: ConsumerMail<T>,
    subscriptions: Vec<Subscription<T>>,
    /// Deliveries and markers in order of arrival. The first is never a marker.
    waiting: VecDeque<Waiting<T>>,
    /// The number of events in `waiting`.
    waiting_events: usize,
    /// Markers with nothing left in front of them, for the stage to run.
    due: VecDeque<Marker>,
    /// Cancelled tags for which `Closed` is not sent yet.
    closing: Vec<ClosingTag<T>>,
    /// The slot of the next subscription. A slot stays the same across a
    /// resubscription, in which the tag changes.
    next_slot: usize,
    exit: Option<Reason>,
    observer: Option<Observer>,
    /// True if dropped events are logged.
    logs_drops: bool,
    meter: Meter,
}

enum Waiting<T> {
    Batch(Batch<T>),
    Marker(Marker),
}

/// The rest of one delivery; never empty.
struct Batch<T> {
    slot: usize,
    first: u64,
    events: std::vec::IntoIter<T>,
}

/// The subscription that taken events came from, and its tag at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    slot: usize,
    tag: Tag,
}

/// Events on their way into a handler. The taker calls [`Inlet::finished`] with the same
/// origin.
pub(crate) struct TakenBatch<T> {
    pub(crate) from: Origin,
    pub(crate) events: Vec<T>,
}

/// One event on its way into a handler. The taker calls [`Inlet::finished`] with the
/// same origin.
pub(crate) struct TakenEvent<T> {
    pub(crate) from: Origin,
    /// The event's position in the order of dispatch.
    pub(crate) first: u64,
    pub(crate) event: T,
}

impl<T> Inlet<T> {
    pub(crate) fn new(meter: Meter, observer: Option<Observer>) -> Self {
        let (address, mail) = mpsc::unbounded_channel();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            mail,
            address,
            subscriptions: Vec::new(),
            waiting: VecDeque::new(),
            waiting_events: 0,
            due: VecDeque::new(),
            closing: Vec::new(),
            next_slot: 0,
            exit: None,
            observer,
            logs_drops: false,
            meter,
        }
    }

    /// Logs dropped events. For a stage whose own handler works on what it takes, so
    /// that events in the handler are dropped with the stage.
    pub(super) fn logging_drops(mut self) -> Self {
        self.logs_drops = true;
        self
    }

    pub(crate) fn address(&self) -> ConsumerMail<T> {
        self.address.clone()
    }

    /// Waits for the next message. Never ends, because the inlet holds a sender to
    /// itself.
    ///
    /// # Cancel safety
    /// Dropping the future loses no message.
    pub(crate) async fn recv(&mut self) -> ToConsumer<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<ToConsumer<T>> {
        match self.mail.poll_recv(cx) {
            Poll::Ready(Some(message)) => Poll::Ready(message),
            _ => Poll::Pending,
        }
    }

    pub(crate) fn handle(&mut self, message: ToConsumer<T>) {
        // A requester may have dropped its receiver; the operation takes effect all the
        // same.
        match message {
            ToConsumer::Events(delivery) => self.accept(delivery),
            ToConsumer::Ended { tag, reason } => self.ended(tag, reason),
            ToConsumer::Cancelled { tag } => self.cancelled(tag),
            ToConsumer::Refused { tag, error } => self.refused(tag, error),
            ToConsumer::Registered { slot } => self.registered(slot),
            ToConsumer::Subscribe { instead, producer, options, done } => {
                if let Some(at) = instead.and_then(|tag| self.find(tag)) {
                    self.replace(at);
                }
                let _ = done.send(self.subscribe(producer, *options));
            }
            ToConsumer::Cancel { tag, reason, done } => {
                let found = self.find(tag);
                if let Some(at) = found {
                    self.cancel(at, *reason);
                }
                let _ = done.send(found.is_some());
            }
            ToConsumer::Ask { tag, n, done } => {
                let _ = done.send(self.ask(tag, n));
            }
            ToConsumer::Producers { done } => {
                let current = self.subscriptions.iter().filter(|s| s.has_producer());
                let _ = done.send(current.map(|s| s.peer.clone()).collect());
            }
            ToConsumer::Mark(marker) => match self.waiting.is_empty() {
                true => self.due.push_back(marker),
                false => self.waiting.push_back(Waiting::Marker(marker)),
            },
            ToConsumer::Requeue { limits, done } => {
                self.requeue(limits);
                let _ = done.send(());
            }
            ToConsumer::Adjust { limits, done } => {
                self.adjust(limits);
                let _ = done.send(());
            }
            ToConsumer::Peek(peek) => self.peek(peek),
            ToConsumer::Stop { reason, done } => {
                self.stop(reason);
                let _ = done.send(());
            }
        }
        self.update_meter();
    }

    /// Takes the next events: as many as the subscription's limits allow in one call of
    /// a handler.
    pub(crate) fn take(&mut self) -> Option<TakenBatch<T>> {
        let Some(Waiting::Batch(batch)) = self.waiting.front_mut() else { return None };
        let subscription = self.subscriptions.iter_mut().find(|s| s.slot == batch.slot)?;
        let n = subscription.window.batch().min(batch.events.len());
        let from = subscription.begin(n);
        self.waiting_events -= n;
        if n < batch.events.len() {
            batch.first += n as u64;
            return Some(TakenBatch { from, events: batch.events.by_ref().take(n).collect() });
        }
        let Some(Waiting::Batch(batch)) = self.waiting.pop_front() else { return None };
        self.release_markers();
        // Collecting a whole `IntoIter` reuses its allocation.
        Some(TakenBatch { from, events: batch.events.collect() })
    }

    /// Takes the next event.
    pub(crate) fn take_one(&mut self) -> Option<TakenEvent<T>> {
        let Some(Waiting::Batch(batch)) = self.waiting.front_mut() else { return None };
        let subscription = self.subscriptions.iter_mut().find(|s| s.slot == batch.slot)?;
        let event = batch.events.next()?;
        let (from, first) = (subscription.begin(1), batch.first);
        batch.first += 1;
        if batch.events.len() == 0 {
            self.waiting.pop_front();
            self.release_markers();
        }
        self.waiting_events -= 1;
        Some(TakenEvent { from, first, event })
    }

    /// Makes the markers due that have nothing left in front of them. Called whenever a
    /// batch has gone, so that a marker is never the first to wait.
    fn release_markers(&mut self) {
        while matches!(self.waiting.front(), Some(Waiting::Marker(_))) {
            if let Some(Waiting::Marker(marker)) = self.waiting.pop_front() {
                self.due.push_back(marker);
            }
        }
    }

    /// Takes the next due marker. A producer-consumer then places it behind what it has
    /// emitted.
    pub(super) fn take_due(&mut self) -> Option<Marker> {
        self.due.pop_front()
    }

    /// Notes that `n` events of one origin are finished, and asks for more if the limits
    /// say so.
    pub(crate) fn finished(&mut self, from: Origin, n: usize) {
        self.finished_closing(from.tag, n);
        let Some(at) = self.subscriptions.iter().position(|s| s.slot == from.slot) else { return };
        let subscription = &mut self.subscriptions[at];
        subscription.finish(from.tag, n);
        let ask = subscription.window.finished(n);
        self.send_ask(at, ask);
        self.close_if_done(at);
        self.update_meter();
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns the reason why the stage must end, once nothing waits.
    pub(crate) fn exit(&self) -> Option<&Reason> {
        self.exit.as_ref().filter(|_| self.waiting.is_empty())
    }

    /// Cancels every subscription and requeues what was not started.
    pub(crate) fn stop(&mut self, reason: Reason) {
        for at in 0..self.subscriptions.len() {
            let next = self.subscriptions[at].when_stopped();
            self.send_cancel(at, reason.clone(), next);
        }
        self.exit.get_or_insert(reason);
    }

    /// Ends every subscription for good. Nothing can be delivered after this, so the
    /// tags cancelled here are closed at once.
    pub(crate) fn close(&mut self, reason: Reason) {
        for message in drain(&mut self.mail) {
            if let ToConsumer::Events(delivery) = message {
                self.accept(delivery);
            }
        }
        let begun: usize = self.subscriptions.iter().map(|subscription| subscription.in_progress).sum();
        self.count_dropped(begun, format_args!("it had begun them ({reason})"));
        self.stop(reason);
        for subscription in &self.subscriptions {
            let reason = self.exit.as_ref().unwrap_or(&Reason::Aborted);
            let peer = &subscription.peer;
            notify(self.observer.as_ref(), &SubscriptionChange::Cancelled { peer, reason });
        }
        self.subscriptions.clear();
        self.closing.drain(..).for_each(ClosingTag::close);
        debug_assert!(
            self.waiting.is_empty() && self.waiting_events == 0,
            "invariant 5: every waiting event is requeued"
        );
        self.update_meter();
    }

    fn accept(&mut self, Delivery { to, first, events }: Delivery<T>) {
        if let Some(subscription) = self.subscriptions.iter().find(|s| s.is_open_under(to)) {
            let slot = subscription.slot;
            self.waiting_events += events.len();
            self.meter.arrived(events.len());
            self.waiting.push_back(Waiting::Batch(Batch { slot, first, events: events.into_iter() }));
        } else if let Some(closing) = self.closing.iter().find(|closing| closing.tag == to) {
            debug_assert!(!closing.answered, "invariant 3: no events come behind the answer");
            let n = events.len();
            match closing.requeue(Requeue { first, events: events.into() }) {
                true => self.meter.requeued(n),
                false => self.count_dropped(n, PRODUCER_GONE),
            }
        } else {
            // Only a broken producer sends under a tag that this inlet never used.
            self.meter.dropped(events.len());
            log::error!("{} events came for an unknown subscription and are dropped", events.len());
        }
    }

    /// Counts events as dropped, and logs why if this inlet logs drops.
    pub(super) fn count_dropped(&self, n: usize, why: impl std::fmt::Display) {
        if n > 0 {
            self.meter.dropped(n);
            if self.logs_drops {
                log::warn!("{}: {n} events are dropped: {why}", self.meter.name());
            }
        }
    }

    /// Reads the waiting events, oldest first. Not inlined, because it is rare.
    #[cold]
    fn peek(&self, peek: Peek<T>) {
        peek.read(&mut self.waiting.iter().flat_map(|waiting| match waiting {
            Waiting::Batch(batch) => batch.events.as_slice(),
            Waiting::Marker(_) => &[],
        }));
    }

    /// Takes out the waiting events of one subscription, in order.
    fn take_waiting(&mut self, slot: usize) -> Vec<Requeue<T>> {
        let mut taken = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Batch(batch) if batch.slot == slot => {
                    self.waiting_events -= batch.events.len();
                    taken.push(Requeue { first: batch.first, events: batch.events.collect() });
                }
                other => self.waiting.push_back(other),
            }
        }
        self.release_markers();
        taken
    }

    fn update_meter(&self) {
        let (mut held, mut outstanding) = (self.waiting_events, 0_usize);
        for subscription in &self.subscriptions {
            held += subscription.in_progress;
            outstanding = outstanding.saturating_add(subscription.window.outstanding());
        }
        // Less than `held` while a subscription waits for its producer with a fresh
        // window, and its handler still works on events of the earlier tag.
        let asked = outstanding.saturating_sub(held);
        self.meter.inlet(self.subscriptions.len(), asked, held);
    }
}

impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        self.close(Reason::Aborted);
    }
}
