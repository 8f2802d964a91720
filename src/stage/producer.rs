//! The task of a producer, and the part of it that a producer-consumer shares:
//! answering consumers.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;

use futures::FutureExt;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::mail::{Delivery, Returned, ToConsumer, ToProducer};
use super::outlet::Outlet;
use super::{Producer, ProducerRef, Reason, RunningProducer, panic_message};
use crate::buffer::Buffer;
use crate::dispatch::{DemandDispatcher, Dispatcher, Tag};

/// A producer to be configured and spawned. Made by
/// [`stage::producer`](super::producer()).
#[derive(Debug)]
pub struct ProducerBuilder<P: Producer, D = DemandDispatcher> {
    producer: P,
    dispatcher: D,
    buffer: Buffer<P::Event>,
}

impl<P: Producer> ProducerBuilder<P> {
    pub(super) fn new(producer: P) -> Self {
        Self { producer, dispatcher: DemandDispatcher::new(), buffer: Buffer::default() }
    }
}

impl<P: Producer, D: Dispatcher<P::Event>> ProducerBuilder<P, D> {
    /// Dispatches with `dispatcher` instead of a [`DemandDispatcher`].
    pub fn dispatcher<E: Dispatcher<P::Event>>(self, dispatcher: E) -> ProducerBuilder<P, E> {
        ProducerBuilder { producer: self.producer, dispatcher, buffer: self.buffer }
    }

    /// Keeps events that were emitted beyond demand in `buffer`; by default one
    /// without a bound.
    pub fn buffer(mut self, buffer: Buffer<P::Event>) -> Self {
        self.buffer = buffer;
        self
    }

    /// Starts the stage.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> RunningProducer<P::Event> {
        let (counter, mail) = Counter::new(self.dispatcher, self.buffer);
        let task = tokio::spawn(run(self.producer, counter));
        RunningProducer { producer: ProducerRef::new(mail), task }
    }
}

async fn run<P, D>(mut producer: P, mut counter: Counter<P::Event, D>) -> Reason
where
    P: Producer,
    D: Dispatcher<P::Event>,
{
    let reason = loop {
        let Some(demand) = counter.demand().await else { break Reason::Stopped };
        let mut produce = pin!(AssertUnwindSafe(producer.produce(demand)).catch_unwind());
        // The future lives across messages, so that its author need not make
        // it cancel-safe. Messages first: a cancellation should be known
        // before its events are dispatched.
        let produced = tokio::select! {
            biased;
            stopped = counter.serve() => break stopped,
            produced = produce.as_mut() => produced,
        };
        match produced {
            Ok(Some(events)) => counter.emit(events),
            Ok(None) => break Reason::Finished,
            Err(panic) => break Reason::Panicked(panic_message(&*panic)),
        }
    };
    counter.end(reason.clone()).await;
    reason
}

/// Where a producing stage meets its consumers: the outlet, their addresses and
/// the mailbox.
pub(super) struct Counter<T, D> {
    outlet: Outlet<T, D>,
    mail: UnboundedReceiver<ToProducer<T>>,
    /// In the order of their tags, to be found quickly among a thousand.
    consumers: Vec<(Tag, UnboundedSender<ToConsumer<T>>)>,
    /// Cancelled subscriptions of which events may still come back.
    leaving: Vec<Tag>,
    /// Why the stage ended, once its consumers have been told.
    told: Option<Reason>,
}

impl<T, D: Dispatcher<T>> Counter<T, D> {
    pub(super) fn new(dispatcher: D, buffer: Buffer<T>) -> (Self, UnboundedSender<ToProducer<T>>) {
        let (address, mail) = mpsc::unbounded_channel();
        let outlet = Outlet::new(dispatcher, buffer);
        (Self { outlet, mail, consumers: Vec::new(), leaving: Vec::new(), told: None }, address)
    }

    /// Waits until somebody wants events and returns how many. `None` when the
    /// stage is to stop, or when nobody is left who could ever want any.
    pub(super) async fn demand(&mut self) -> Option<usize> {
        // Everything that has arrived first, so that asks add up to one demand.
        while let Ok(message) = self.mail.try_recv() {
            if self.handle(message).is_break() {
                return None;
            }
        }
        while self.outlet.demand() == 0 {
            let message = self.mail.recv().await?;
            if self.handle(message).is_break() {
                return None;
            }
        }
        Some(self.outlet.demand())
    }

    /// Whether somebody wants events now.
    pub(super) fn is_wanted(&self) -> bool {
        self.outlet.demand() > 0
    }

    /// Answers consumers until the stage is to stop; never returns otherwise.
    ///
    /// # Cancel safety
    /// Cancelling it loses no message.
    pub(super) async fn serve(&mut self) -> Reason {
        while let Some(message) = self.mail.recv().await {
            if self.handle(message).is_break() {
                return Reason::Stopped;
            }
        }
        // Nobody can send anything any more, so nobody can take anything.
        Reason::Stopped
    }

    /// Dispatches or buffers new events, and sends what was dispatched.
    pub(super) fn emit(&mut self, events: Vec<T>) {
        discarded(&self.outlet.emit(events), "the buffer is full");
        self.send();
    }

    /// Delivers what is left, tells the consumers, and waits until they have
    /// finished: until then they may still give events back.
    pub(super) async fn end(&mut self, reason: Reason) {
        loop {
            if self.outlet.is_empty() {
                if self.told.is_none() {
                    self.tell(&reason);
                }
                if self.consumers.is_empty() && self.leaving.is_empty() {
                    return;
                }
            }
            match self.mail.recv().await {
                Some(message) => drop(self.handle(message)),
                None => return,
            }
        }
    }

    fn tell(&mut self, reason: &Reason) {
        for (tag, consumer) in &self.consumers {
            drop(consumer.send(ToConsumer::Ended { tag: *tag, reason: reason.clone() }));
        }
        self.told = Some(reason.clone());
    }

    fn handle(&mut self, message: ToProducer<T>) -> std::ops::ControlFlow<()> {
        match message {
            ToProducer::Ask { tag, n } => self.outlet.ask(tag, n),
            ToProducer::Subscribe { tag, consumer, wish } => match self.outlet.subscribe(tag, wish) {
                Ok(()) => {
                    // Newcomers are told too, once they have been served.
                    self.told = None;
                    let at = self.consumers.partition_point(|(other, _)| *other < tag);
                    self.consumers.insert(at, (tag, consumer));
                }
                Err(refused) => {
                    log::warn!("a subscription was refused: {refused}");
                    let reason = Reason::Refused(refused.to_string());
                    drop(consumer.send(ToConsumer::Ended { tag, reason }));
                }
            },
            ToProducer::Cancel { tag, returned } => self.cancel(tag, returned),
            ToProducer::Return(returned) => {
                discarded(self.outlet.give_back(returned).make_contiguous(), "a consumer gave them back");
            }
            ToProducer::Closed { tag } => self.leaving.retain(|&other| other != tag),
            ToProducer::Hold { done } => {
                self.outlet.hold();
                // Whoever asked may have stopped waiting; the hold stays.
                let _ = done.send(());
            }
            ToProducer::Release => self.outlet.release(),
            ToProducer::Stop => return std::ops::ControlFlow::Break(()),
        }
        self.send();
        std::ops::ControlFlow::Continue(())
    }

    fn find(&self, tag: Tag) -> Option<usize> {
        self.consumers.binary_search_by_key(&tag, |(other, _)| *other).ok()
    }

    fn cancel(&mut self, tag: Tag, returned: Vec<Returned<T>>) {
        discarded(&self.outlet.cancel(tag, returned), "a consumer has left");
        if let Some(at) = self.find(tag) {
            let (_, consumer) = self.consumers.remove(at);
            // Unless it is gone already, it will answer.
            if consumer.send(ToConsumer::Ended { tag, reason: Reason::Cancelled }).is_ok() {
                self.leaving.push(tag);
            }
        }
    }

    /// Sends what was dispatched. What a consumer that is going no longer takes
    /// is dispatched again, which may fill the out-tray anew.
    fn send(&mut self) {
        while self.outlet.has_outgoing() {
            let mut bounced = Vec::new();
            for delivery in self.outlet.outgoing() {
                let found = self.consumers.binary_search_by_key(&delivery.to, |(tag, _)| *tag);
                let Some((_, consumer)) = found.ok().and_then(|at| self.consumers.get(at)) else {
                    bounced.push(delivery);
                    continue;
                };
                if let Err(SendError(ToConsumer::Events(delivery))) =
                    consumer.send(ToConsumer::Events(delivery))
                {
                    bounced.push(delivery);
                }
            }
            for Delivery { to, first, events } in bounced {
                // It is still to say what it gives back, so it stays listed.
                let returned = vec![Returned { first, events: events.into() }];
                discarded(&self.outlet.cancel(to, returned), "a consumer has died");
            }
        }
    }
}

impl<T, D> Drop for Counter<T, D> {
    /// Nobody waits for a producer that is gone, be it finished or aborted.
    fn drop(&mut self) {
        self.mail.close();
        while let Ok(message) = self.mail.try_recv() {
            if let ToProducer::Subscribe { tag, consumer, .. } = message {
                self.consumers.push((tag, consumer));
            }
        }
        let reason = self.told.clone().unwrap_or(Reason::Lost);
        for (tag, consumer) in self.consumers.drain(..) {
            drop(consumer.send(ToConsumer::Ended { tag, reason: reason.clone() }));
        }
    }
}

/// Says that events are gone. They are dropped with that, which an event that is
/// to be accounted for notices.
fn discarded<T>(events: &[T], why: &str) {
    if !events.is_empty() {
        log::warn!("{} events are discarded: {why}", events.len());
    }
}

/// Waits for `work` while answering consumers. `None` when the stage is to stop
/// first.
pub(super) async fn while_serving<T, D, F>(counter: &mut Counter<T, D>, work: F) -> Option<F::Output>
where
    D: Dispatcher<T>,
    F: Future,
{
    tokio::select! {
        biased;
        _ = counter.serve() => None,
        output = work => Some(output),
    }
}
