//! Whether an event that the server delivers as new may have been delivered before.
//!
//! The server counts the deliveries of an event, but a count of 1 is no proof:
//! - A server tells the others of a delivery after it has sent it. One that takes over, or starts
//!   again, may not know of the last ones, and delivers those events as new.
//! - Version 2.9 delivers the newest event twice as new if an event comes again while only pulls wait
//!   that are over. The node that has it may still work on it.
//!
//! The first kind shows by an election, a lost connection, or a request that was not answered. The
//! second shows in the numbers: events and deliveries are numbered, both without gaps, so the two
//! numbers of a new event differ by how often events came again. This node knows how often that was
//! here; if the difference is another one, an event came again elsewhere, or is delivered twice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_nats::Subscriber;
use futures::{FutureExt, StreamExt};

use super::delivery::Delivery;
use crate::connection::Nats;
use crate::trouble::NatsError;

/// What is in doubt, and since when.
#[derive(Debug)]
pub(super) struct Doubt {
    /// How often there was a sign that a delivery may be unknown to the server.
    signs: AtomicU64,
    /// How many of them have been followed up.
    followed: AtomicU64,
    /// Lost connections that have counted as a sign.
    losses: AtomicU64,
    /// Servers that begin to lead the consumer say so here.
    elections: Mutex<Subscriber>,
    numbers: Mutex<Numbers>,
}

/// The numbers of the last delivery.
#[derive(Debug, Default)]
struct Numbers {
    /// By how much the number of a new event's delivery exceeds that of the event. Wraps.
    apart: Option<u64>,
    /// The highest number of a delivery.
    delivery: u64,
}

impl Numbers {
    /// Returns whether a delivery follows from those before, and goes on from it.
    fn follows(&mut self, delivery: &Delivery) -> bool {
        let is_next = delivery.nth > self.delivery;
        self.delivery = self.delivery.max(delivery.nth);
        if delivery.count > 1 {
            if is_next {
                self.apart = self.apart.map(|apart| apart.wrapping_add(1));
            }
            return true;
        }
        let apart = delivery.nth.wrapping_sub(delivery.id);
        self.apart.replace(apart) == Some(apart)
    }
}

impl Doubt {
    /// Listens for elections of a consumer's leader. All is in doubt at first.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(super) async fn new(nats: &Nats, stream: &str, consumer: &str) -> Result<Self, NatsError> {
        let subject = format!("$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED.{stream}.{consumer}");
        let elections = nats.client().subscribe(subject).await.map_err(NatsError::away)?;
        Ok(Self {
            signs: AtomicU64::new(1),
            followed: AtomicU64::new(0),
            losses: AtomicU64::new(nats.losses()),
            elections: Mutex::new(elections),
            numbers: Mutex::default(),
        })
    }

    /// A request was not answered: another server may lead.
    pub(super) fn raise(&self) {
        self.signs.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns the number of signs so far if the new ones among some deliveries may have been
    /// delivered before.
    pub(super) fn of(&self, nats: &Nats, deliveries: &[Delivery]) -> Option<u64> {
        let losses = nats.losses();
        if self.losses.swap(losses, Ordering::AcqRel) != losses {
            self.raise();
        }
        {
            // What was sent before the deliveries has arrived before them.
            let mut elections = self.elections.lock().unwrap_or_else(PoisonError::into_inner);
            while elections.next().now_or_never().flatten().is_some() {
                self.raise();
            }
        }
        let follows = {
            let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            // All of them, also after one that does not follow.
            deliveries.iter().filter(|delivery| !numbers.follows(delivery)).count() == 0
        };
        if !follows {
            self.raise();
        }
        let signs = self.signs.load(Ordering::Acquire);
        (signs > self.followed.load(Ordering::Acquire)).then_some(signs)
    }

    /// The first `signs` signs have been followed up.
    pub(super) fn follow_up(&self, signs: u64) {
        self.followed.fetch_max(signs, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: u64, count: u64, nth: u64) -> Delivery {
        let reply = format!("$JS.ACK.weir.workers.{count}.{id}.{nth}.1796084797517380145.2");
        Delivery::read(reply.into(), None).unwrap()
    }

    #[test]
    fn a_new_event_follows_if_no_event_came_again_elsewhere() {
        let mut numbers = Numbers::default();
        assert!(!numbers.follows(&delivery(5, 1, 5)), "nothing is known yet");
        assert!(numbers.follows(&delivery(6, 1, 6)));
        assert!(numbers.follows(&delivery(9, 1, 9)), "another node has the ones in between");
        assert!(numbers.follows(&delivery(6, 2, 10)), "one that comes again to this node");
        assert!(numbers.follows(&delivery(10, 1, 11)));
        assert!(!numbers.follows(&delivery(11, 1, 13)), "one has come again elsewhere");
        assert!(!numbers.follows(&delivery(11, 1, 14)), "delivered twice as new");
        assert!(numbers.follows(&delivery(12, 1, 15)));
        assert!(numbers.follows(&delivery(6, 3, 12)), "one that is seen later than it was delivered");
        assert!(numbers.follows(&delivery(13, 1, 16)));
    }
}
