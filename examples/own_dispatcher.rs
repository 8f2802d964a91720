//! A dispatcher of your own: whoever has the larger weight is served first, and
//! equals take turns.
//!
//! ```sh
//! cargo run --example own_dispatcher
//! ```
//!
//! Six events come at a time, and everybody wants more than that. Look at the
//! rounds: Ann and Bob share, until a VIP comes, who wants four; she gets the
//! first four of each round, and the two share what is left. When she goes, they
//! have all of it again.
//!
//! A dispatcher is a pure state machine, so it can be tested without a stage. It
//! must hold to two rules:
//! 1. *Never assign more than was asked.* Here an event goes only to a seat with
//!    `demand` left, which it lowers by one. Backpressure is this rule.
//! 2. *Take what you promised.* `demand` is the sum over all seats, and
//!    `dispatch` goes on until no seat has any, so it never returns an event that
//!    `demand` had promised to take. Otherwise the producer would be asked for
//!    events that then lie in a buffer.

use std::cmp::Reverse;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::sleep;
use weir::demand::{Limits, LimitsError};
use weir::dispatch::{Assignment, Dispatcher, Refused, Tag, Wish};
use weir::stage::{self, SubscribeOptions, Subscription};

/// Serves the largest weight first.
#[derive(Default)]
struct Priority {
    seats: Vec<Seat>,
    /// Counts the events, to know whose turn it is among equals.
    turn: u64,
}

struct Seat {
    tag: Tag,
    weight: usize,
    demand: usize,
    /// The turn in which it was served last.
    served: u64,
}

impl Priority {
    /// Of those who want something the one of the largest weight, and among
    /// equals the one who has waited longest.
    fn next(&self) -> Option<usize> {
        let asking = (0..self.seats.len()).filter(|&at| self.seats[at].demand > 0);
        asking.min_by_key(|&at| (Reverse(self.seats[at].weight), self.seats[at].served))
    }
}

impl<T: Send + 'static> Dispatcher<T> for Priority {
    fn subscribe(&mut self, tag: Tag, wish: Wish<T>) -> Result<(), Refused> {
        if wish.weight == 0 {
            return Err(Refused::Other("with weight 0 nobody would be served".to_owned()));
        }
        self.seats.push(Seat { tag, weight: wish.weight, demand: 0, served: 0 });
        Ok(())
    }

    fn cancel(&mut self, tag: Tag) -> Vec<T> {
        self.seats.retain(|seat| seat.tag != tag);
        Vec::new()
    }

    fn ask(&mut self, tag: Tag, n: usize) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.tag == tag) {
            seat.demand += n;
        }
    }

    fn demand(&self) -> usize {
        self.seats.iter().map(|seat| seat.demand).sum()
    }

    fn dispatch(&mut self, events: Vec<T>, assignments: &mut Vec<Assignment<T>>) -> Vec<T> {
        let mut given: Vec<Vec<T>> = self.seats.iter().map(|_| Vec::new()).collect();
        let mut rest = events.into_iter();
        // The seat first: an event that nobody wants stays in `rest`.
        while let Some(at) = self.next()
            && let Some(event) = rest.next()
        {
            self.turn += 1;
            self.seats[at].demand -= 1;
            self.seats[at].served = self.turn;
            given[at].push(event);
        }
        let given = self.seats.iter().zip(given).filter(|(_, events)| !events.is_empty());
        assignments.extend(given.map(|(seat, events)| Assignment { to: seat.tag, events }));
        rest.collect()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LimitsError> {
    let (sender, receiver) = mpsc::channel(6);
    let source = stage::producer(receiver).dispatcher(Priority::default()).spawn();
    let join =
        |weight, limits: Limits| source.producer().subscribe(SubscribeOptions { weight, ..limits.into() });
    let mut ann = join(1, Limits::new(10, 9)?);
    let mut bob = join(1, Limits::new(10, 9)?);
    let mut vip = None;

    println!("round   ann        bob        vip");
    for round in 1..=9 {
        match round {
            4 => vip = Some(join(10, Limits::new(4, 0)?)),
            // Whoever is dropped has left.
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

/// What has been delivered, without waiting for more.
fn read(subscription: &mut Subscription<u32>) -> String {
    let mut events = Vec::new();
    while let Some(Some(event)) = subscription.next().now_or_never() {
        events.push(event.to_string());
    }
    events.join(" ")
}
