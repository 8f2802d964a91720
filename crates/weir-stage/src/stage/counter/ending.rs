//! How a producing stage ends: everything is delivered, everybody is told, and
//! what may still come back is waited for.

use std::any::Any;

use super::{Client, Counter, Peer, Reason, State, ToConsumer, ToProducer};
use crate::dispatch::Dispatcher;
use crate::panics;
use crate::stage::mail::drain;

impl<T, D: Dispatcher<T>> Counter<T, D> {
    /// Delivers what is left, tells the consumers, and waits until they have
    /// finished: until then they may still give events back.
    pub(in super::super) async fn end(&mut self, reason: &Reason) {
        self.meter.state(State::Ending);
        self.ending = true;
        self.outlet.resume();
        self.send();
        loop {
            let alone = self.consumers.is_empty() && self.leaving.is_empty();
            if self.outlet.is_empty() {
                self.tell(reason);
                if alone {
                    return;
                }
            } else if alone && self.gives_up(reason) {
                self.told = Some(reason.clone());
                return;
            }
            match self.mail.recv().await {
                Some(message) => drop(self.handle(message)),
                // No consumer can come any more. What is left is
                // counted when this is dropped.
                None => {
                    self.told = Some(reason.clone());
                    return;
                }
            }
        }
    }

    /// Notes that the stage's own code panicked, in its dispatcher or one of its
    /// closures, and says so to the consumers when it is dropped. Nothing more can
    /// be dispatched: the dispatcher may be in the middle of something.
    pub(in super::super) fn broken(&mut self, panic: &(dyn Any + Send)) -> Reason {
        let message = panics::message(panic);
        let name = self.meter.name();
        log::error!("{name}: its dispatcher panicked, and events that it held are dropped: {message}");
        let reason = Reason::Panicked(message);
        self.told = Some(reason.clone());
        reason
    }

    /// Whether to end without anybody to take what is left. Otherwise the stage
    /// waits for a newcomer; but nobody is to wait for one whose successor is
    /// waited for, or that was told to stop, or whose consumers were to have the
    /// last word.
    fn gives_up(&self, reason: &Reason) -> bool {
        self.until_last_cancel || (self.returns && *reason != Reason::Finished)
    }

    /// Tells the consumers that there is nothing more. A newcomer is told when
    /// those who were told before it have finished: until then something may
    /// still come back, for which it may have come. (Were it told at once, a pool
    /// that replaces a worker would be told, replace it, and so on.)
    fn tell(&mut self, reason: &Reason) {
        let unfinished = !self.leaving.is_empty() || self.consumers.iter().any(|client| client.told);
        if self.told.is_some() && unfinished {
            return;
        }
        // After a failure before anybody is told, or they would find this stage
        // there again. After an orderly end nobody comes back; but newcomers
        // should find it for as long as something may be returned to it.
        if self.returns && !reason.is_normal() {
            self.leave_seat(reason);
        }
        for Client { mail, peer, told, .. } in self.consumers.iter_mut().filter(|client| !client.told) {
            *told = true;
            drop(mail.send(ToConsumer::Ended { tag: peer.tag, reason: reason.clone() }));
        }
        self.told = Some(reason.clone());
    }
}

impl<T, D> Counter<T, D> {
    fn leave_seat(&self, reason: &Reason) {
        // Without a seat or an address there is nobody who could still find it.
        if let (Some(seat), Some(address)) = (self.seat.0.upgrade(), self.seat.1.upgrade()) {
            seat.leave(&address, reason);
        }
    }
}

impl<T, D> Drop for Counter<T, D> {
    /// Nobody waits for a producer that is gone, be it finished or aborted.
    fn drop(&mut self) {
        let reason = self.told.clone().unwrap_or(Reason::Lost);
        // First, or somebody could find a stage that is gone and not why.
        self.leave_seat(&reason);
        let mut dropped = self.meter.read().buffered;
        for message in drain(&mut self.mail) {
            match message {
                ToProducer::Subscribe { tag, consumer, name, .. } => {
                    let peer = Peer::consumer(tag, name);
                    self.consumers.push(Client { mail: consumer, peer, dismissed: None, told: false });
                }
                // Answered, or the consumer would wait for it as long as it lives.
                ToProducer::Cancel { tag, requeue, .. } => {
                    dropped += requeue.iter().map(|run| run.events.len()).sum::<usize>();
                    if let Some(at) = self.consumers.iter().position(|client| client.peer.tag == tag) {
                        drop(self.consumers.remove(at).mail.send(ToConsumer::Cancelled { tag }));
                    }
                }
                ToProducer::Requeue(requeue) => dropped += requeue.events.len(),
                _ => {}
            }
        }
        if dropped > 0 {
            self.meter.dropped(dropped);
            log::warn!(
                "{}: {dropped} events are discarded: the stage has ended ({reason})",
                self.meter.name()
            );
        }
        for Client { mail, peer, .. } in self.consumers.drain(..) {
            drop(mail.send(ToConsumer::Ended { tag: peer.tag, reason: reason.clone() }));
        }
        self.meter.outlet(0, 0, 0);
        self.meter.state(State::Ended);
    }
}
