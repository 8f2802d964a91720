//! Every event goes to every subscription.
//!
//! Nobody gets ahead: what can be dispatched is the *smallest* outstanding demand.
//! One subscription that does not ask holds all the others, and when it leaves
//! they go on. With a selector a subscription gets only the events it wants, and
//! those it does not want cost it no demand. The rules are those of GenStage's
//! `BroadcastDispatcher`.
//!
//! A copy that its consumer gives back because it leaves is discarded, with a
//! warning: dispatched again, it would go to every consumer twice.
//!
//! A [pool](crate::pool) is one subscriber here, whatever its mode and size, so it
//! handles each event once. A resize gives no copies back.

use std::collections::VecDeque;

use super::{Assignment, Dispatcher, Requeued, SubscribeError, SubscribeRequest, Tag};

/// Sends a copy of each event to each subscription. For large events make them
/// `Arc`s.
#[derive(Debug)]
pub struct BroadcastDispatcher<T> {
    subscriptions: Vec<Listening<T>>,
}

#[derive(Debug)]
struct Listening<T> {
    tag: Tag,
    request: SubscribeRequest<T>,
    demand: usize,
}

impl<T> BroadcastDispatcher<T> {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self { subscriptions: Vec::new() }
    }
}

impl<T> Default for BroadcastDispatcher<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Listening<T> {
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
        self.subscriptions.push(Listening { tag, request, demand: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        self.subscriptions.retain(|listening| listening.tag != tag);
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(listening) = self.subscriptions.iter_mut().find(|listening| listening.tag == tag) {
            listening.demand = listening.demand.saturating_add(n);
        }
    }

    fn demand(&self) -> usize {
        self.subscriptions.iter().map(|listening| listening.demand).min().unwrap_or(0)
    }

    fn dispatch(&mut self, mut events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        // Selectors leave demand over, so there may be more than one round.
        loop {
            let demand = <Self as Dispatcher<T>>::demand(self);
            if demand == 0 || events.is_empty() {
                return events;
            }
            let rest = events.split_off(demand.min(events.len()));
            for listening in &mut self.subscriptions {
                let chosen = listening.choose(&events);
                listening.demand -= chosen.len();
                if !chosen.is_empty() {
                    assignments.push(Assignment { to: listening.tag, events: chosen });
                }
            }
            events = rest;
        }
    }

    /// The others have had theirs, so nobody is waiting for these.
    fn requeue(&mut self, _first: u64, events: VecDeque<T>) -> Requeued<T> {
        Requeued::Discard(events)
    }
}
