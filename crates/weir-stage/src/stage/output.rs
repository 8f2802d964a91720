//! The output side of a stage: its outlet, its mailbox and the addresses of its
//! consumers. Producers and producer-consumers share it.
//!
//! The [outlet](super::outlet) decides what goes where; this module receives the
//! messages that change its state, and does the sending.

mod ending;
mod greedy;
pub(super) mod options;
mod subscribers;

use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc::error::{SendError, TryRecvError};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use self::options::{OnOverflow, OutputOptions, Rescue};
use self::subscribers::Subscriber;
use super::mail::{Delivery, ProducerMail, Requeue, StopLimit, ToConsumer, ToProducer, WeakProducerMail};
use super::meter::Meter;
use super::observe::Observer;
use super::outlet::{Out, Outlet};
use super::registration::Registration;
use super::{Marker, Peer, ProducerRef, Reason, State};
use crate::dispatch::{Dispatcher, Tag};

pub(super) struct OutputSide<T, D> {
    outlet: Outlet<T, D>,
    mail: UnboundedReceiver<ToProducer<T>>,
    /// Sorted by tag, so that one among a thousand is found quickly.
    subscribers: Vec<Subscriber<T>>,
    /// Cancelled tags that are not closed yet: their consumers may still requeue events.
    leaving: Vec<Tag>,
    /// The reason why the stage ended, once its consumers have been sent `Ended`.
    ended: Option<Reason>,
    /// True while the stage delivers what it has and takes nothing new.
    ending: bool,
    /// The longest limit among the stops received so far.
    pub(super) stop_limit: StopLimit,
    /// The registration by which consumers find the stage, and its address there. Both
    /// are weak: a stage that kept itself alive would never see that its last reference
    /// is gone.
    registration: (Weak<Registration<T>>, WeakProducerMail<T>),
    /// True if another stage may register after this one.
    restartable: bool,
    on_overflow: Option<OnOverflow>,
    rescue: Option<Rescue<T>>,
    until_last_cancel: bool,
    /// True once the last consumer has left a stage that ends with it.
    last_consumer_left: bool,
    observer: Option<Observer>,
    meter: Meter,
    /// Names of consumers that a warning has called greedy.
    warned_greedy: Vec<Arc<str>>,
}

impl<T, D: Dispatcher<T>> OutputSide<T, D> {
    /// Makes an output side, the reference to it, and its address. The result is an
    /// error if another stage is registered under the reserved name: the reference is
    /// then of no use, and the stage must end.
    pub(super) fn new(
        options: OutputOptions<T, D>,
        meter: Meter,
        observer: Option<Observer>,
    ) -> (Self, ProducerRef<T>, ProducerMail<T>, Result<(), Reason>) {
        let (address, mail) = mpsc::unbounded_channel();
        let name = meter.name();
        let mut registered = Ok(());
        let restartable = options.reserved.is_some();
        let refers = match options.reserved {
            Some(reserved) => {
                if !reserved.registration().register(address.clone(), Arc::clone(&name)) {
                    let name = reserved.name();
                    registered = Err(Reason::failed(format_args!("another stage is at {name:?}")));
                }
                reserved
            }
            None => ProducerRef::new(address.clone(), name),
        };
        if options.paused {
            meter.state(State::Paused);
        }
        let output = Self {
            outlet: Outlet::new(options.dispatcher, options.buffer, options.paused),
            mail,
            subscribers: Vec::new(),
            leaving: Vec::new(),
            ended: None,
            ending: false,
            stop_limit: StopLimit::Configured,
            registration: (Arc::downgrade(refers.registration()), address.downgrade()),
            restartable,
            on_overflow: options.on_overflow,
            rescue: options.rescue,
            until_last_cancel: options.until_last_cancel,
            last_consumer_left: false,
            observer,
            meter,
            warned_greedy: Vec::new(),
        };
        (output, refers, address, registered)
    }

    /// Waits for demand and returns it, or the reason why the stage must stop.
    pub(super) async fn demand(&mut self) -> Result<usize, Reason> {
        // Handles all mail first, so that asks add up to one demand.
        if let ControlFlow::Break(reason) = self.handle_mail() {
            return Err(reason);
        }
        while self.outlet.demand() == 0 {
            // Without senders, no consumer can ever ask.
            let message = self.mail.recv().await.ok_or(Reason::Stopped)?;
            if let ControlFlow::Break(reason) = self.handle(message) {
                return Err(reason);
            }
        }
        Ok(self.outlet.demand())
    }

    /// Returns true if a consumer wants events now.
    pub(super) fn has_demand(&self) -> bool {
        self.outlet.demand() > 0
    }

    /// Handles every message that has arrived.
    pub(super) fn handle_mail(&mut self) -> ControlFlow<Reason> {
        loop {
            match self.mail.try_recv() {
                Ok(message) => self.handle(message)?,
                Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
                // Without senders, no consumer can ever ask.
                Err(TryRecvError::Disconnected) => return ControlFlow::Break(Reason::Stopped),
            }
        }
    }

    /// Handles messages; ready only with the reason why the stage must stop.
    fn poll_until_stop(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        while let Some(message) = ready!(self.mail.poll_recv(cx)) {
            if let ControlFlow::Break(reason) = self.handle(message) {
                return Poll::Ready(reason);
            }
        }
        Poll::Ready(Reason::Stopped)
    }

    /// Returns true if no sender to the mailbox is left, so that no consumer can ever
    /// subscribe.
    pub(super) fn is_unreachable(&self) -> bool {
        self.mail.is_closed()
    }

    /// Handles the messages that have arrived, and continues after a stop: its reason
    /// goes into `stopped`.
    pub(super) fn poll_mail(&mut self, cx: &mut Context<'_>, stopped: &mut Option<Reason>) {
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

    /// Dispatches or buffers new events, and sends the dispatched ones.
    pub(super) fn emit(&mut self, events: Vec<T>) {
        self.outlet.emit(events);
        self.send();
    }

    /// Places a marker behind everything emitted so far.
    pub(super) fn mark(&mut self, marker: Marker) {
        self.outlet.mark(marker);
        self.send();
    }

    fn handle(&mut self, message: ToProducer<T>) -> ControlFlow<Reason> {
        // A requester may have dropped its receiver; the operation takes effect all the
        // same.
        match message {
            ToProducer::Ask { tag, n } => self.outlet.ask(tag, n),
            ToProducer::Subscribe { tag, consumer, request, name } => {
                self.subscribe(tag, consumer, *request, name);
            }
            ToProducer::Cancel { tag, reason, requeue } => {
                self.cancel(tag, &reason, requeue);
            }
            ToProducer::Requeue(run) => {
                let discarded = self.outlet.requeue(run).len();
                self.count_dropped(discarded, "a consumer gave them back");
            }
            ToProducer::Closed { tag } => self.closed(tag),
            ToProducer::Evict { tag, reason, done } => {
                let _ = done.send(self.evict(tag, *reason));
            }
            ToProducer::Emit { events, done } => {
                self.outlet.emit(events);
                let _ = done.send(self.send());
            }
            ToProducer::Mark(marker) => self.outlet.mark(marker),
            // A paused stage would never finish its end, so an ending stage ignores a
            // pause.
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
            ToProducer::Freeze { done } => {
                self.outlet.freeze();
                let _ = done.send(());
            }
            ToProducer::Unfreeze => self.outlet.unfreeze(),
            ToProducer::Stop { reason, limit } => {
                self.stop_limit = self.stop_limit.max(limit);
                return ControlFlow::Break(reason);
            }
        }
        self.send();
        // A pool that freezes the stage cancels all of its subscriptions and makes them
        // anew at once, so the last consumer has not left for good.
        match self.last_consumer_left && !self.outlet.is_frozen() {
            true => ControlFlow::Break(Reason::Stopped),
            false => ControlFlow::Continue(()),
        }
    }

    /// Sends dispatched events and runs due markers. Returns the events that did not
    /// fit the buffer. Events that a leaving consumer no longer accepts are dispatched
    /// again, which may produce more to send.
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
                let found = self.subscribers.binary_search_by_key(&delivery.to, |other| other.peer.tag);
                let Some(subscriber) = found.ok().and_then(|at| self.subscribers.get(at)) else {
                    bounced.push(delivery);
                    continue;
                };
                let n = delivery.events.len();
                match subscriber.mail.send(ToConsumer::Events(delivery)) {
                    Ok(()) => self.meter.delivered(n),
                    Err(SendError(ToConsumer::Events(delivery))) => bounced.push(delivery),
                    Err(_) => {}
                }
            }
            for Delivery { to, first, events } in bounced {
                // The subscriber stays listed: its `Cancel`, with the events that it
                // requeues, is still to come.
                let requeue = vec![Requeue { first, events: events.into() }];
                let discarded = self.outlet.cancel(to, requeue).len();
                self.count_dropped(discarded, "a consumer has died");
            }
        }
        if sends && let Some(greedy) = self.outlet.greedy() {
            self.warn_of(&greedy);
        }
        self.meter.outlet(self.subscribers.len(), self.outlet.demand(), self.outlet.buffered());
        overflow
    }

    /// Counts `n` events as dropped and logs why.
    fn count_dropped(&self, n: usize, why: &str) {
        if n > 0 {
            self.meter.dropped(n);
            log::warn!("{}: {n} events are discarded: {why}", self.meter.name());
        }
    }
}

/// Runs `work` while answering consumers. Returns its output, or the reason why the
/// stage must stop first.
pub(super) async fn while_serving<T, D, F>(
    output: &mut OutputSide<T, D>,
    work: F,
) -> Result<F::Output, Reason>
where
    D: Dispatcher<T>,
    F: Future,
{
    let mut work = pin!(work);
    poll_fn(|cx| {
        // Messages that have arrived go first: a cancellation should be known before
        // its events are dispatched. Waiting for more messages registers a waker, so
        // that is left until the work has turned out to be pending; most is not.
        if let ControlFlow::Break(reason) = output.handle_mail() {
            return Poll::Ready(Err(reason));
        }
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        output.poll_until_stop(cx).map(Err)
    })
    .await
}
