//! A dispatcher of your own: the largest weight is served first, and equal weights take
//! turns.
//!
//! ```sh
//! cargo run --example own_dispatcher
//! ```
//!
//! Six events arrive per round, and every consumer wants more than that. In rounds 1 to
//! 3 Ann and Bob share them. In rounds 4 to 6 a VIP asks for four, gets the first four of
//! each round, and the other two share the rest. From round 7 on the VIP is gone.
//!
//! A dispatcher is a pure state machine, so it can be tested without a stage. It must
//! keep two rules:
//! 1. *Never assign more than was asked.* Here an event goes only to a subscriber with
//!    `demand` left, which it lowers by one. Backpressure is this rule.
//! 2. *Take what you promised.* `demand` is the sum over all subscribers, and `dispatch`
//!    continues until no subscriber has any left, so it never returns an event that
//!    `demand` promised to take. Otherwise the producer would be asked for events that
//!    then lie in a buffer.

use std::cmp::Reverse;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::sleep;
use weir_stage::demand::{Limits, LimitsError};
use weir_stage::dispatch::{Assignment, Dispatcher, SubscribeError, SubscribeRequest, Tag};
use weir_stage::stage::{self, SubscribeOptions, Subscription};

/// Serves the largest weight first.
#[derive(Default)]
struct Priority {
    subscribers: Vec<Subscriber>,
    /// The number of events assigned so far; decides turns among equal weights.
    turn: u64,
}

struct Subscriber {
    tag: Tag,
    weight: usize,
    demand: usize,
    /// The value of `turn` when it was last served.
    served: u64,
}

impl Priority {
    /// Returns the subscriber with demand that has the largest weight, and among equal
    /// weights the one that has waited longest.
    fn next(&self) -> Option<usize> {
        let asking = (0..self.subscribers.len()).filter(|&at| self.subscribers[at].demand > 0);
        asking.min_by_key(|&at| (Reverse(self.subscribers[at].weight), self.subscribers[at].served))
    }
}

impl<T: Send + 'static> Dispatcher<T> for Priority {
    fn subscribe(&mut self, tag: Tag, request: SubscribeRequest<T>) -> Result<(), SubscribeError> {
        if request.weight == 0 {
            return Err(SubscribeError::Other("weight 0 would never be served".to_owned()));
        }
        self.subscribers.push(Subscriber { tag, weight: request.weight, demand: 0, served: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        self.subscribers.retain(|subscriber| subscriber.tag != tag);
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(subscriber) = self.subscribers.iter_mut().find(|subscriber| subscriber.tag == tag) {
            subscriber.demand += n;
        }
    }

    fn demand(&self) -> usize {
        self.subscribers.iter().map(|subscriber| subscriber.demand).sum()
    }

    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        let mut given: Vec<Vec<T>> = self.subscribers.iter().map(|_| Vec::new()).collect();
        let mut rest = events.into_iter();
        // The subscriber first: an event without demand stays in `rest`.
        while let Some(at) = self.next()
            && let Some(event) = rest.next()
        {
            self.turn += 1;
            self.subscribers[at].demand -= 1;
            self.subscribers[at].served = self.turn;
            given[at].push(event);
        }
        let given = self.subscribers.iter().zip(given).filter(|(_, events)| !events.is_empty());
        assignments.extend(given.map(|(subscriber, events)| Assignment { to: subscriber.tag, events }));
        rest.collect()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    let (sender, receiver) = mpsc::channel(6);
    let source = stage::producer(receiver).dispatcher(Priority::default()).spawn();
    let join =
        |weight, limits: Limits| source.producer().subscribe(SubscribeOptions::from(limits).weight(weight));
    let mut ann = join(1, Limits::new(10, 9)?);
    let mut bob = join(1, Limits::new(10, 9)?);
    let mut vip = None;

    println!("round   ann        bob        vip");
    for round in 1..=9 {
        match round {
            4 => vip = Some(join(10, Limits::new(4, 0)?)),
            // Dropping a subscription cancels it.
            7 => vip = None,
            _ => {}
        }
        for event in 1..=6 {
            sender.send(10 * round + event).await.expect("the source runs");
        }
        // Time for the source to deliver them.
        sleep(Duration::from_millis(20)).await;
        let vip = vip.as_mut().map_or("-".to_owned(), read);
        println!("{round:>5}   {:8}   {:8}   {vip}", read(&mut ann), read(&mut bob));
    }
    Ok(())
}

/// Reads what has been delivered, without waiting for more.
fn read(subscription: &mut Subscription<u32>) -> String {
    let mut events = Vec::new();
    while let Some(Some(event)) = subscription.next().now_or_never() {
        events.push(event.to_string());
    }
    events.join(" ")
}
