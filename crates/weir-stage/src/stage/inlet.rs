//! The consuming side of a stage: its subscriptions, its mailbox, and the events
//! that were delivered and not started.
//!
//! The inlet keeps the promise that no event is lost between a producer and a
//! handler: whatever was delivered and not started when a subscription is
//! cancelled, or when the whole stage goes, travels back to its producer, even
//! when the stage's task is aborted.

mod begin;
mod former;
mod subscription;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::mpsc::{self, UnboundedReceiver};

use self::former::{Former, NO_WAY_BACK};
use self::subscription::Subscription;
use super::mail::{ConsumerMail, Delivery, ProducerMail, Requeue, ToConsumer, ToProducer, drain};
use super::meter::Meter;
use super::observe::{Notice, Observer, notify};
use super::{Marker, Peer, Reason};
use crate::demand::Limits;
use crate::dispatch::Tag;

pub(crate) struct Inlet<T> {
    /// The same for every subscription, and no other inlet's.
    id: u64,
    mail: UnboundedReceiver<ToConsumer<T>>,
    /// Given to every producer subscribed to.
    me: ConsumerMail<T>,
    subscriptions: Vec<Subscription<T>>,
    /// A marker is never the first.
    waiting: VecDeque<Waiting<T>>,
    /// How many events are in `waiting`.
    waiting_events: usize,
    /// Markers whose place has come, for the stage to run.
    due: VecDeque<Marker>,
    /// Cancelled tags that are not closed yet.
    former: Vec<Former<T>>,
    /// Names subscriptions across a resubscription, where the tag changes.
    next_slot: usize,
    exit: Option<Reason>,
    observer: Option<Observer>,
    /// Whether to log events that are lost.
    notes_losses: bool,
    meter: Meter,
}

/// What waits for the stage, in the order in which it came.
enum Waiting<T> {
    Batch(Batch<T>),
    Marker(Marker),
}

/// The rest of one delivery, never empty.
struct Batch<T> {
    slot: usize,
    first: u64,
    events: std::vec::IntoIter<T>,
}

/// Where taken events came from: a subscription, and the tag it had then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    slot: usize,
    tag: Tag,
}

/// Events on their way into a handler. Whoever takes them calls
/// [`Inlet::finished`] with the same origin.
pub(crate) struct Taken<T> {
    pub(crate) from: Origin,
    pub(crate) events: Vec<T>,
}

/// One event on its way into a handler. Its taker calls [`Inlet::finished`]
/// with the same origin.
pub(crate) struct TakenOne<T> {
    pub(crate) from: Origin,
    /// Its place in the order of dispatch.
    pub(crate) first: u64,
    pub(crate) event: T,
}

impl<T> Inlet<T> {
    /// An inlet of a stage with this meter, that may be watched.
    pub(crate) fn new(meter: Meter, observer: Option<Observer>) -> Self {
        let (me, mail) = mpsc::unbounded_channel();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            mail,
            me,
            subscriptions: Vec::new(),
            waiting: VecDeque::new(),
            waiting_events: 0,
            due: VecDeque::new(),
            former: Vec::new(),
            next_slot: 0,
            exit: None,
            observer,
            notes_losses: false,
            meter,
        }
    }

    /// The same for a stage whose handler works on what it takes: what it had in
    /// hand when it goes is lost, and logged.
    pub(super) fn noting_losses(mut self) -> Self {
        self.notes_losses = true;
        self
    }

    /// A sender to this inlet's mailbox.
    pub(crate) fn address(&self) -> ConsumerMail<T> {
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

    pub(crate) fn handle(&mut self, message: ToConsumer<T>) {
        // Whoever sent a question may have stopped waiting for the answer; that
        // changes nothing.
        match message {
            ToConsumer::Events(delivery) => self.accept(delivery),
            ToConsumer::Ended { tag, reason } => self.ended(tag, reason),
            ToConsumer::Cancelled { tag } => self.cancelled(tag),
            ToConsumer::Refused { tag, error } => self.refused(tag, error),
            ToConsumer::Seated { slot } => self.seated(slot),
            ToConsumer::Subscribe { instead, producer, options, done } => {
                if let Some(at) = instead.and_then(|tag| self.find(tag)) {
                    self.cancel(at, Reason::Cancelled);
                    self.remove_when_idle(at, Reason::Cancelled);
                }
                let _ = done.send(self.subscribe(producer, *options));
            }
            ToConsumer::Cancel { tag, reason, done } => {
                let found = self.find(tag);
                if let Some(at) = found {
                    self.cancel(at, (*reason).clone());
                    self.subscriptions[at].forever(*reason);
                    self.close_if_over(at);
                }
                let _ = done.send(found.is_some());
            }
            ToConsumer::Ask { tag, n, done } => {
                let _ = done.send(self.ask(tag, n));
            }
            ToConsumer::Producers { done } => {
                let peers = self.subscriptions.iter().filter(|s| s.tag.is_some()).map(|s| s.peer.clone());
                let _ = done.send(peers.collect());
            }
            ToConsumer::Mark(marker) => match self.waiting.is_empty() {
                true => self.due.push_back(marker),
                false => self.waiting.push_back(Waiting::Marker(marker)),
            },
            ToConsumer::Recall { limits, done } => {
                self.recall(limits);
                let _ = done.send(());
            }
            ToConsumer::Adjust { limits, done } => {
                self.adjust(limits);
                let _ = done.send(());
            }
            ToConsumer::Stop { reason, done } => {
                self.stop(reason);
                let _ = done.send(());
            }
        }
        self.show();
    }

    /// Takes the next events: as many as the subscription's limits allow in one
    /// call of a handler.
    pub(crate) fn take(&mut self) -> Option<Taken<T>> {
        let Some(Waiting::Batch(batch)) = self.waiting.front_mut() else { return None };
        let subscription = self.subscriptions.iter_mut().find(|s| s.slot == batch.slot)?;
        let n = subscription.window.batch().min(batch.events.len());
        let from = subscription.begin(n);
        self.waiting_events -= n;
        if n < batch.events.len() {
            batch.first += n as u64;
            return Some(Taken { from, events: batch.events.by_ref().take(n).collect() });
        }
        let Some(Waiting::Batch(batch)) = self.waiting.pop_front() else { return None };
        self.release_markers();
        // Collecting a whole `IntoIter` hands its allocation on.
        Some(Taken { from, events: batch.events.collect() })
    }

    /// Takes the next event.
    pub(crate) fn take_one(&mut self) -> Option<TakenOne<T>> {
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
        Some(TakenOne { from, first, event })
    }

    /// Markers that have nothing in front of them any more are due. Called
    /// whenever a batch has gone, so that the first to wait is always one.
    fn release_markers(&mut self) {
        while matches!(self.waiting.front(), Some(Waiting::Marker(_))) {
            if let Some(Waiting::Marker(marker)) = self.waiting.pop_front() {
                self.due.push_back(marker);
            }
        }
    }

    /// The next marker whose place has come. Of a producer-consumer it then goes
    /// behind what it has emitted.
    pub(super) fn take_due(&mut self) -> Option<Marker> {
        self.due.pop_front()
    }

    /// Notes that `n` events of one origin are finished, and asks for more when it
    /// is time to.
    pub(crate) fn finished(&mut self, from: Origin, n: usize) {
        self.finished_former(from.tag, n);
        let Some(at) = self.subscriptions.iter().position(|s| s.slot == from.slot) else { return };
        let subscription = &mut self.subscriptions[at];
        subscription.finish(from.tag, n);
        let ask = subscription.window.finished(n);
        if ask > 0
            && let Some(tag) = subscription.tag
        {
            self.tell(at, ToProducer::Ask { tag, n: ask });
        }
        self.close_if_over(at);
        self.show();
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Why the stage should end, once it should and nothing is left to do.
    pub(crate) fn exit(&self) -> Option<&Reason> {
        self.exit.as_ref().filter(|_| self.waiting.is_empty())
    }

    /// Cancels every subscription and gives back what was not started.
    pub(crate) fn stop(&mut self, reason: Reason) {
        for at in 0..self.subscriptions.len() {
            self.cancel(at, reason.clone());
        }
        self.exit.get_or_insert(reason);
    }

    /// Ends every subscription for good. Nothing more can be delivered from here
    /// on, so what is cancelled now is closed at once.
    pub(crate) fn close(&mut self, reason: Reason) {
        for message in drain(&mut self.mail) {
            if let ToConsumer::Events(delivery) = message {
                self.accept(delivery);
            }
        }
        let begun: usize = self.subscriptions.iter().map(|subscription| subscription.in_hand).sum();
        self.lost(begun, format_args!("it had begun them ({reason})"));
        self.stop(reason);
        for subscription in &self.subscriptions {
            let reason = self.exit.as_ref().unwrap_or(&Reason::Lost);
            notify(self.observer.as_ref(), &Notice::Cancelled { peer: &subscription.peer, reason });
        }
        self.subscriptions.clear();
        self.former.drain(..).for_each(Former::close);
        debug_assert!(self.waiting.is_empty() && self.waiting_events == 0, "all that waited went back");
        self.show();
    }

    fn accept(&mut self, Delivery { to, first, events }: Delivery<T>) {
        if let Some(subscription) = self.subscriptions.iter().find(|s| s.tag == Some(to)) {
            let slot = subscription.slot;
            self.waiting_events += events.len();
            self.meter.arrived(events.len());
            self.waiting.push_back(Waiting::Batch(Batch { slot, first, events: events.into_iter() }));
        } else if let Some(former) = self.former.iter().find(|former| former.tag == to) {
            debug_assert!(!former.answered, "invariant 3: no events come behind the answer");
            let n = events.len();
            if !former.requeue(Requeue { first, events: events.into() }) {
                self.lost(n, NO_WAY_BACK);
            }
        } else {
            // Only a broken producer sends under a tag that never was ours.
            self.meter.dropped(events.len());
            log::error!("{} events came for an unknown subscription and are dropped", events.len());
        }
    }

    /// Counts events that are gone, and says why.
    pub(super) fn lost(&self, n: usize, why: impl std::fmt::Display) {
        if n > 0 {
            self.meter.dropped(n);
            if self.notes_losses {
                log::warn!("{}: {n} events are dropped: {why}", self.meter.name());
            }
        }
    }

    /// Takes back what waits of one subscription, in order.
    fn take_back(&mut self, slot: usize) -> Vec<Requeue<T>> {
        let mut returned = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Batch(batch) if batch.slot == slot => {
                    self.waiting_events -= batch.events.len();
                    returned.push(Requeue { first: batch.first, events: batch.events.collect() });
                }
                other => self.waiting.push_back(other),
            }
        }
        self.release_markers();
        returned
    }

    /// Sets the dials.
    fn show(&self) {
        let (mut held, mut outstanding) = (self.waiting_events, 0_usize);
        for subscription in &self.subscriptions {
            held += subscription.in_hand;
            outstanding = outstanding.saturating_add(subscription.window.outstanding());
        }
        self.meter.inlet(self.subscriptions.len(), outstanding.saturating_sub(held), held);
    }
}

impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        self.close(Reason::Lost);
    }
}
