//! The broadcast dispatcher: every event goes to every subscription.
//!
//! The demand is the *smallest* demand of all subscriptions, so no consumer gets ahead of
//! another. A subscription that does not ask holds the others back until it leaves. With
//! a selector, a subscription gets only the events it selects, and the others cost it no
//! demand. The rules are those of GenStage's `BroadcastDispatcher`.
//!
//! If a leaving consumer requeues its copies, they are discarded with a warning:
//! dispatched again, they would reach every other consumer twice.
//!
//! A [pool](crate::pool) is one subscriber here, however it spreads its events and
//! whatever its size, so it handles each event once. A resize requeues no copies.

use std::collections::VecDeque;

use super::{Assignment, Dispatcher, Requeued, SubscribeError, SubscribeRequest, Tag};

/// Sends a copy of each event to each subscription. Wrap large events in an `Arc`.
#[derive(Debug)]
pub struct BroadcastDispatcher<T> {
    subscriptions: Vec<Subscriber<T>>,
}

#[derive(Debug)]
struct Subscriber<T> {
    tag: Tag,
    request: SubscribeRequest<T>,
    demand: usize,
}

impl<T> BroadcastDispatcher<T> {
    /// Makes a dispatcher without subscriptions.
    pub fn new() -> Self {
        Self { subscriptions: Vec::new() }
    }
}

impl<T> Default for BroadcastDispatcher<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Subscriber<T> {
    /// Copies the events that the subscription selects.
    fn choose(&self, events: &[T]) -> Vec<T> {
        match &self.request.selector {
            Some(wants) => events.iter().filter(|event| wants(event)).cloned().collect(),
            None => events.to_vec(),
        }
    }
}

impl<T: Clone + Send + 'static> Dispatcher<T> for BroadcastDispatcher<T> {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        if request.pooled {
            return Err(SubscribeError::OneSubscription);
        }
        if self.subscriptions.iter().any(|other| other.request.consumer == request.consumer) {
            return Err(SubscribeError::AlreadySubscribed);
        }
        self.subscriptions.push(Subscriber { tag, request, demand: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        self.subscriptions.retain(|subscriber| subscriber.tag != tag);
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(subscriber) = self.subscriptions.iter_mut().find(|subscriber| subscriber.tag == tag) {
            subscriber.demand = subscriber.demand.saturating_add(n);
        }
    }

    fn demand(&self) -> usize {
        self.subscriptions.iter().map(|subscriber| subscriber.demand).min().unwrap_or(0)
    }

    fn dispatch(&mut self, mut events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        // Selectors leave demand unserved, so there may be more than one round.
        loop {
            let demand = <Self as Dispatcher<T>>::demand(self);
            if demand == 0 || events.is_empty() {
                return events;
            }
            let rest = events.split_off(demand.min(events.len()));
            for subscriber in &mut self.subscriptions {
                let chosen = subscriber.choose(&events);
                subscriber.demand -= chosen.len();
                if !chosen.is_empty() {
                    assignments.push(Assignment { to: subscriber.tag, events: chosen });
                }
            }
            events = rest;
        }
    }

    /// Discards the events: the other subscriptions have had their copies.
    fn requeue(&mut self, _first: u64, events: VecDeque<T>) -> Requeued<T> {
        Requeued::Discard(events)
    }
}
