//! An event in somebody's hands.

use std::sync::Arc;

use super::inside::Place;
use super::{Account, Event, EventTimes, Outcome, Stamp};

/// An event that has left the queue, or never was in one, and is not finished.
///
/// A ticket is counted as held for as long as it exists. It cannot be copied, so
/// no event is done twice; and it cannot vanish: a ticket that is dropped without
/// having been [settled](Ticket::settle) counts as failed.
#[derive(Debug)]
pub struct Ticket {
    event: Event,
    dispatched: Stamp,
    account: Arc<Account>,
    /// Where the account has it in hand, until it is settled. The moment of its
    /// admission is kept there.
    place: Option<Place>,
}

impl Ticket {
    /// Takes an accepted event in hand. It must no longer be counted anywhere
    /// else.
    pub fn dispatched(event: Event, dispatched: Stamp, account: Arc<Account>) -> Self {
        let place = Some(account.enter(event.arrived));
        Self { event, dispatched, account, place }
    }

    /// The event's id.
    pub fn id(&self) -> u64 {
        self.event.id
    }

    /// When it arrived.
    pub fn arrived(&self) -> Stamp {
        self.event.arrived
    }

    /// When it was accepted.
    pub fn accepted(&self) -> Stamp {
        self.event.accepted
    }

    /// When it left the queue.
    pub fn dispatch_time(&self) -> Stamp {
        self.dispatched
    }

    /// Notes that the resource has admitted it.
    pub fn start(&mut self, now: Stamp) {
        if let Some(place) = self.place {
            self.account.enter_resource(place, now);
        }
    }

    /// Notes how it ended, and returns where its time went. Work that never
    /// started had no service, only wait.
    pub fn settle(mut self, outcome: Outcome, finished: Stamp) -> EventTimes {
        let started = self.place.take().and_then(|place| self.account.let_go(place)).unwrap_or(finished);
        self.account.settle(outcome, finished);
        EventTimes {
            wait: started.since(self.event.arrived),
            service: finished.since(started),
            response: finished.since(self.event.arrived),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        self.account.abandon(place, self.event.id, self.event.arrived);
        if std::thread::panicking() {
            log::error!("event {} failed: its handler panicked", self.event.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Clock;
    use std::time::Duration;
    use tokio::time::advance;

    fn ticket(clock: Clock, account: &Arc<Account>) -> Ticket {
        let now = clock.now();
        account.accept(now);
        let event = Event { id: 1, arrived: now, accepted: now };
        Ticket::dispatched(event, now, Arc::clone(account))
    }

    #[tokio::test(start_paused = true)]
    async fn response_is_wait_plus_service() {
        let (clock, account) = (Clock::start(), Arc::new(Account::default()));
        let mut ticket = ticket(clock, &account);
        advance(Duration::from_millis(30)).await;
        ticket.start(clock.now());
        advance(Duration::from_millis(12)).await;
        let times = ticket.settle(Outcome::Done, clock.now());
        assert_eq!(times.wait, Duration::from_millis(30));
        assert_eq!(times.service, Duration::from_millis(12));
        assert_eq!(times.response, times.wait + times.service);
    }

    #[tokio::test]
    async fn a_ticket_dropped_unsettled_counts_as_failed_and_is_no_longer_held() {
        let (clock, account) = (Clock::start(), Arc::new(Account::default()));
        let mut ticket = ticket(clock, &account);
        ticket.start(clock.now());
        assert_eq!((account.in_flight(), account.in_resource()), (1, 1));
        drop(ticket);
        let counts = account.counts();
        assert_eq!((counts.accepted, counts.failed, counts.in_flight), (1, 1, 0));
        assert_eq!(account.in_resource(), 0);
    }
}
