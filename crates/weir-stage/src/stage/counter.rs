//! Where a producing stage meets its consumers: the outlet, their addresses and
//! the mailbox. A producer and a producer-consumer share it.

mod ending;
mod greedy;

use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc::error::{SendError, TryRecvError};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::front::{Front, OnOverflow};
use super::mail::{
    ConsumerMail, Delivery, Patience, ProducerMail, Requeue, ToConsumer, ToProducer, WeakProducerMail,
};
use super::meter::Meter;
use super::observe::{Notice, Observer, notify};
use super::outlet::{Out, Outlet};
use super::seat::Seat;
use super::{Marker, Peer, ProducerRef, Reason, State};
use crate::dispatch::{Dispatcher, SubscribeError, SubscribeRequest, Tag};

pub(super) struct Counter<T, D> {
    outlet: Outlet<T, D>,
    mail: UnboundedReceiver<ToProducer<T>>,
    /// In the order of their tags, to be found quickly among a thousand.
    consumers: Vec<Client<T>>,
    /// Cancelled subscriptions of which events may still come back.
    leaving: Vec<Tag>,
    /// Why the stage ended, once its consumers have been told.
    told: Option<Reason>,
    /// Whether the stage delivers what it has and takes nothing new.
    ending: bool,
    /// Of the callers that told the stage to stop.
    pub(super) patience: Patience,
    /// Where it can be found. Weak, both the seat and the address: a stage must not
    /// keep itself alive, or it would never see that nobody refers to it.
    seat: (Weak<Seat<T>>, WeakProducerMail<T>),
    /// Whether another stage may sit there later.
    returns: bool,
    on_overflow: Option<OnOverflow>,
    until_last_cancel: bool,
    /// Whether the last consumer has left, and that was to be the end.
    abandoned: bool,
    observer: Option<Observer>,
    meter: Meter,
    /// Consumers that a warning has named as greedy.
    named_greedy: Vec<Arc<str>>,
}

/// One subscription, as its producer knows it.
struct Client<T> {
    mail: ConsumerMail<T>,
    peer: Peer,
    /// Why this side has ended it, if it has.
    dismissed: Option<Reason>,
    /// Whether it has been told that it has ended.
    told: bool,
}

impl<T, D: Dispatcher<T>> Counter<T, D> {
    /// A counter, the reference to it, and its own address. When somebody sits at the seat
    /// already, the reference is of no use, and the stage is to end.
    pub(super) fn new(
        front: Front<T, D>,
        meter: Meter,
        observer: Option<Observer>,
    ) -> (Self, ProducerRef<T>, ProducerMail<T>, Result<(), Reason>) {
        let (address, mail) = mpsc::unbounded_channel();
        let name = meter.name();
        let mut taken = Ok(());
        let returns = front.seat.is_some();
        let refers = match front.seat {
            Some(seat) => {
                if !seat.seat().take(address.clone(), Arc::clone(&name)) {
                    taken = Err(Reason::failed(format_args!("another stage is at {:?}", seat.name())));
                }
                seat
            }
            None => ProducerRef::new(address.clone(), name),
        };
        if front.paused {
            meter.state(State::Paused);
        }
        let counter = Self {
            outlet: Outlet::new(front.dispatcher, front.buffer, front.paused),
            mail,
            consumers: Vec::new(),
            leaving: Vec::new(),
            told: None,
            ending: false,
            patience: Patience::Own,
            seat: (Arc::downgrade(refers.seat()), address.downgrade()),
            returns,
            on_overflow: front.on_overflow,
            until_last_cancel: front.until_last_cancel,
            abandoned: false,
            observer,
            meter,
            named_greedy: Vec::new(),
        };
        (counter, refers, address, taken)
    }

    /// Waits until somebody wants events and returns how many; or why the stage
    /// is to stop.
    pub(super) async fn demand(&mut self) -> Result<usize, Reason> {
        // Everything that has arrived first, so that asks add up to one demand.
        if let ControlFlow::Break(reason) = self.catch_up() {
            return Err(reason);
        }
        while self.outlet.demand() == 0 {
            // Without senders there is nobody left who could ever want any.
            let message = self.mail.recv().await.ok_or(Reason::Stopped)?;
            if let ControlFlow::Break(reason) = self.handle(message) {
                return Err(reason);
            }
        }
        Ok(self.outlet.demand())
    }

    /// Whether somebody wants events now.
    pub(super) fn is_wanted(&self) -> bool {
        self.outlet.demand() > 0
    }

    /// Answers everything that has arrived.
    pub(super) fn catch_up(&mut self) -> ControlFlow<Reason> {
        loop {
            match self.mail.try_recv() {
                Ok(message) => self.handle(message)?,
                Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
                // Nobody can send anything any more, so nobody can take anything.
                Err(TryRecvError::Disconnected) => return ControlFlow::Break(Reason::Stopped),
            }
        }
    }

    /// Answers consumers until the stage is to stop; never returns otherwise.
    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        while let Some(message) = ready!(self.mail.poll_recv(cx)) {
            if let ControlFlow::Break(reason) = self.handle(message) {
                return Poll::Ready(reason);
            }
        }
        Poll::Ready(Reason::Stopped)
    }

    /// True when no handle refers to the stage, so no consumer can ever come.
    pub(super) fn is_forsaken(&self) -> bool {
        self.mail.is_closed()
    }

    /// Answers consumers, also when the stage is to stop: why, is noted.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>, stopped: &mut Option<Reason>) {
        while let Poll::Ready(message) = self.mail.poll_recv(cx) {
            match message.map(|message| self.handle(message)) {
                Some(ControlFlow::Continue(())) => {}
                Some(ControlFlow::Break(reason)) => drop(stopped.get_or_insert(reason)),
                None => {
                    stopped.get_or_insert(Reason::Stopped);
                    return;
                }
            }
        }
    }

    /// Dispatches or buffers new events, and sends what was dispatched.
    pub(super) fn emit(&mut self, events: Vec<T>) {
        self.outlet.emit(events);
        self.send();
    }

    /// Puts a marker behind what was emitted.
    pub(super) fn mark(&mut self, marker: Marker) {
        self.outlet.mark(marker);
        self.send();
    }

    fn handle(&mut self, message: ToProducer<T>) -> ControlFlow<Reason> {
        // Whoever sent a question may have stopped waiting for the answer; what
        // was wanted stays done.
        match message {
            ToProducer::Ask { tag, n } => self.outlet.ask(tag, n),
            ToProducer::Subscribe { tag, consumer, request, name } => {
                self.subscribe(tag, consumer, *request, name);
            }
            ToProducer::Cancel { tag, reason, requeue } => {
                self.cancel(tag, &reason, requeue);
            }
            ToProducer::Requeue(requeue) => {
                let gone = self.outlet.requeue(requeue).len();
                self.discarded(gone, "a consumer gave them back");
            }
            ToProducer::Closed { tag } => self.closed(tag),
            ToProducer::Dismiss { tag, reason, done } => {
                let _ = done.send(self.dismiss(tag, *reason));
            }
            ToProducer::Emit { events, done } => {
                self.outlet.emit(events);
                let _ = done.send(self.send());
            }
            ToProducer::Mark(marker) => self.outlet.mark(marker),
            // Whoever waits for the end of a paused stage would wait for ever, so
            // one that ends is neither paused nor resumed.
            ToProducer::Pause { done } => {
                if !self.ending {
                    self.outlet.pause();
                    self.meter.state(State::Paused);
                }
                let _ = done.send(());
            }
            ToProducer::Resume => {
                if !self.ending {
                    self.outlet.resume();
                    self.meter.state(State::Running);
                }
            }
            ToProducer::Hold { done } => {
                self.outlet.hold();
                let _ = done.send(());
            }
            ToProducer::Release => self.outlet.release(),
            ToProducer::Stop { reason, patience } => {
                self.patience = self.patience.max(patience);
                return ControlFlow::Break(reason);
            }
        }
        self.send();
        // Whoever holds the stage has consumers leave to come back at once.
        match self.abandoned && !self.outlet.is_held() {
            true => ControlFlow::Break(Reason::Stopped),
            false => ControlFlow::Continue(()),
        }
    }

    fn find(&self, tag: Tag) -> Option<usize> {
        self.consumers.binary_search_by_key(&tag, |client| client.peer.tag).ok()
    }

    fn subscribe(&mut self, tag: Tag, mail: ConsumerMail<T>, request: SubscribeRequest<T>, name: Arc<str>) {
        match self.outlet.subscribe(tag, request) {
            Ok(()) => {
                self.abandoned = false;
                let peer = Peer::consumer(tag, name);
                notify(self.observer.as_ref(), &Notice::Subscribed(&peer));
                let at = self.consumers.partition_point(|client| client.peer.tag < tag);
                self.consumers.insert(at, Client { mail, peer, dismissed: None, told: false });
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

    fn cancel(&mut self, tag: Tag, reason: &Reason, requeue: Vec<Requeue<T>>) {
        let gone = self.outlet.cancel(tag, requeue).len();
        self.discarded(gone, "a consumer has left");
        if let Some(at) = self.find(tag) {
            let Client { mail, peer, dismissed, .. } = self.consumers.remove(at);
            self.abandoned = self.until_last_cancel && self.consumers.is_empty();
            let reason = dismissed.as_ref().or(self.told.as_ref()).unwrap_or(reason);
            notify(self.observer.as_ref(), &Notice::Cancelled { peer: &peer, reason });
            // It answers with `Closed`. If its mailbox is closed by now, so it does
            // all the same, and before that it returns what it found there.
            drop(mail.send(ToConsumer::Cancelled { tag }));
            debug_assert!(!self.leaving.contains(&tag), "invariant 1: a tag is cancelled once");
            self.leaving.push(tag);
        }
    }

    /// Nothing comes back under this tag, and nothing of it is in a handler.
    fn closed(&mut self, tag: Tag) {
        debug_assert!(self.find(tag).is_none(), "invariant 1: a tag is cancelled before it is closed");
        if let Some(at) = self.leaving.iter().position(|&other| other == tag) {
            self.leaving.swap_remove(at);
            self.outlet.drained(tag);
        }
    }

    /// Ends a subscription from this side. Its consumer finishes what it has,
    /// and answers as if it had cancelled.
    fn dismiss(&mut self, tag: Tag, reason: Reason) -> bool {
        let Some(at) = self.find(tag).filter(|&at| self.consumers[at].dismissed.is_none()) else {
            return false;
        };
        let gone = self.outlet.cancel(tag, Vec::new()).len();
        self.discarded(gone, "a consumer was dismissed");
        // What it had been sent before must reach it before this.
        drop(self.send());
        let client = &mut self.consumers[at];
        client.dismissed = Some(reason.clone());
        client.told = true;
        drop(client.mail.send(ToConsumer::Ended { tag, reason }));
        true
    }

    /// Sends what was dispatched and runs markers that are due; returns what the
    /// buffer had no room for. What a consumer that is going no longer takes is
    /// dispatched again, which may fill the out-tray anew.
    fn send(&mut self) -> Vec<T> {
        let mut overflow = Vec::new();
        let sends = self.outlet.has_outgoing();
        while self.outlet.has_outgoing() {
            let mut bounced = Vec::new();
            for out in self.outlet.outgoing() {
                let delivery = match out {
                    Out::Send(delivery) => delivery,
                    Out::Run(marker) => {
                        marker.run();
                        continue;
                    }
                    Out::Overflow(events) => {
                        let n = events.len();
                        self.meter.dropped(n);
                        overflow.extend(events);
                        if self.on_overflow.as_mut().is_none_or(|hook| hook(n)) {
                            log::warn!(
                                "{}: {n} events are discarded: the buffer is full",
                                self.meter.name()
                            );
                        }
                        continue;
                    }
                };
                let found = self.consumers.binary_search_by_key(&delivery.to, |client| client.peer.tag);
                let Some(client) = found.ok().and_then(|at| self.consumers.get(at)) else {
                    bounced.push(delivery);
                    continue;
                };
                let n = delivery.events.len();
                match client.mail.send(ToConsumer::Events(delivery)) {
                    Ok(()) => self.meter.delivered(n),
                    Err(SendError(ToConsumer::Events(delivery))) => bounced.push(delivery),
                    Err(_) => {}
                }
            }
            for Delivery { to, first, events } in bounced {
                // It is still to say what it gives back, so it stays listed.
                let requeue = vec![Requeue { first, events: events.into() }];
                let gone = self.outlet.cancel(to, requeue).len();
                self.discarded(gone, "a consumer has died");
            }
        }
        if sends && let Some(greedy) = self.outlet.greedy() {
            self.warn_of(&greedy);
        }
        self.meter.outlet(self.consumers.len(), self.outlet.demand(), self.outlet.buffered());
        overflow
    }

    /// Says that events are gone. They are dropped with that, which an event that is
    /// to be accounted for notices.
    fn discarded(&self, n: usize, why: &str) {
        if n > 0 {
            self.meter.dropped(n);
            log::warn!("{}: {n} events are discarded: {why}", self.meter.name());
        }
    }
}

/// Waits for `work` while answering consumers; or says why the stage is to stop
/// first.
pub(super) async fn while_serving<T, D, F>(
    counter: &mut Counter<T, D>,
    work: F,
) -> Result<F::Output, Reason>
where
    D: Dispatcher<T>,
    F: Future,
{
    let mut work = pin!(work);
    poll_fn(|cx| {
        // Messages that are there go first: a cancellation should be known before
        // its events are dispatched. But most work returns at once, so to wait for
        // messages, which leaves a waker behind, is for when it did not.
        if let ControlFlow::Break(reason) = counter.catch_up() {
            return Poll::Ready(Err(reason));
        }
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        counter.poll_serve(cx).map(Err)
    })
    .await
}
