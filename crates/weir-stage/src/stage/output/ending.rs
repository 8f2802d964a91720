//! The end of an output side: it delivers what is left, tells the consumers, and waits
//! for the events that they may still requeue.

use std::any::Any;

use super::{OutputSide, Peer, Reason, State, Subscriber, ToConsumer, ToProducer};
use crate::dispatch::Dispatcher;
use crate::panics;
use crate::stage::mail::drain;

impl<T, D: Dispatcher<T>> OutputSide<T, D> {
    /// Delivers what is left, tells the consumers, and waits until they have finished:
    /// until then they may still requeue events.
    pub(in super::super) async fn end(&mut self, reason: &Reason) {
        self.meter.state(State::Ending);
        self.ending = true;
        self.outlet.resume();
        self.send();
        loop {
            let alone = self.subscribers.is_empty() && self.leaving.is_empty();
            if self.outlet.is_empty() {
                self.announce_end(reason);
                if alone {
                    return;
                }
            } else if alone && self.discards_rest(reason) {
                self.ended = Some(reason.clone());
                return;
            }
            match self.mail.recv().await {
                Some(message) => drop(self.handle(message)),
                // No consumer can subscribe any more. `Drop` counts what is left.
                None => {
                    self.ended = Some(reason.clone());
                    return;
                }
            }
        }
    }

    /// Notes a panic in the dispatcher or in a closure of the stage, and returns it as
    /// the reason to end; `Drop` sends it to the consumers. Nothing more can be
    /// dispatched, because the dispatcher may be in the middle of an operation.
    pub(in super::super) fn dispatcher_panicked(&mut self, panic: &(dyn Any + Send)) -> Reason {
        let message = panics::message(panic);
        let name = self.meter.name();
        log::error!("{name}: its dispatcher panicked, and events that it held are dropped: {message}");
        let reason = Reason::Panicked(message);
        self.ended = Some(reason.clone());
        reason
    }

    /// Returns true if the stage ends although no consumer is there to take what is
    /// left. Otherwise it waits for a new consumer. It does not wait if it ends with its
    /// last consumer. Nor does it wait if it has a reserved name and was stopped or has
    /// failed, because its successor, or the caller of `stop`, is waiting for it.
    fn discards_rest(&self, reason: &Reason) -> bool {
        self.until_last_cancel || (self.restartable && *reason != Reason::Finished)
    }

    /// Sends `Ended` to the consumers that have not had it. A consumer that subscribes
    /// later gets it once the earlier ones have finished: until then events may be
    /// requeued, and it may have come for those. (Otherwise a pool that replaces a
    /// worker would be sent `Ended`, replace it, and so on.)
    fn announce_end(&mut self, reason: &Reason) {
        let unfinished =
            !self.leaving.is_empty() || self.subscribers.iter().any(|subscriber| subscriber.ended_sent);
        if self.ended.is_some() && unfinished {
            return;
        }
        // After a failure, unregister first: a consumer that resubscribes would find
        // this stage again. After an orderly end none resubscribes, and new consumers
        // must find the stage as long as events may be requeued.
        if self.restartable && !reason.is_normal() {
            self.unregister(reason);
        }
        for subscriber in self.subscribers.iter_mut().filter(|subscriber| !subscriber.ended_sent) {
            subscriber.ended_sent = true;
            let tag = subscriber.peer.tag;
            drop(subscriber.mail.send(ToConsumer::Ended { tag, reason: reason.clone() }));
        }
        self.ended = Some(reason.clone());
    }
}

impl<T, D> OutputSide<T, D> {
    fn unregister(&self, reason: &Reason) {
        // Without a registration or a sender, no consumer can find the stage anyway.
        let (registration, address) = &self.registration;
        if let (Some(registration), Some(address)) = (registration.upgrade(), address.upgrade()) {
            registration.unregister(&address, reason);
        }
    }
}

impl<T, D> Drop for OutputSide<T, D> {
    /// Answers every consumer that waits for the stage, also when its task was aborted.
    fn drop(&mut self) {
        let reason = self.ended.clone().unwrap_or(Reason::Aborted);
        // First, so that a consumer that finds the stage gone also finds the reason.
        self.unregister(&reason);
        let mut dropped = self.meter.read().buffered;
        for message in drain(&mut self.mail) {
            match message {
                ToProducer::Subscribe { tag, consumer, name, .. } => {
                    self.subscribers.push(Subscriber::new(consumer, Peer::consumer(tag, name)));
                }
                // An unanswered consumer would wait as long as it lives.
                ToProducer::Cancel { tag, requeue, .. } => {
                    for run in requeue {
                        dropped += run.events.len();
                        self.outlet.keep(run);
                    }
                    let found = self.subscribers.iter().position(|subscriber| subscriber.peer.tag == tag);
                    if let Some(at) = found {
                        drop(self.subscribers.remove(at).mail.send(ToConsumer::Cancelled { tag }));
                    }
                }
                ToProducer::Requeue(run) => {
                    dropped += run.events.len();
                    self.outlet.keep(run);
                }
                ToProducer::Emit { events, .. } => {
                    dropped += events.len();
                    self.outlet.keep_emitted(events);
                }
                _ => {}
            }
        }
        if let Some(rescue) = self.rescue.take() {
            let rescued = self.outlet.take_all();
            dropped = dropped.saturating_sub(rescued.len());
            rescue(rescued);
        }
        if dropped > 0 {
            self.meter.dropped(dropped);
            log::warn!(
                "{}: {dropped} events are discarded: the stage has ended ({reason})",
                self.meter.name()
            );
        }
        for Subscriber { mail, peer, .. } in self.subscribers.drain(..) {
            drop(mail.send(ToConsumer::Ended { tag: peer.tag, reason: reason.clone() }));
        }
        self.meter.outlet(0, 0, 0);
        self.meter.state(State::Ended);
    }
}
