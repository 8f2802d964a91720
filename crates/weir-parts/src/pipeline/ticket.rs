//! The ticket: an event that has left the queue and is not settled yet.

use std::sync::Arc;

use super::ages::Entry;
use super::{Account, Event, EventTimes, Outcome, Stamp};

/// An event in flight: it has left the queue, or never was in one, and is not finished.
///
/// An event counts as held while its ticket exists. A ticket cannot be copied, so no event is
/// done twice. It cannot vanish either: a ticket that is dropped without having been
/// [settled](Ticket::settle) goes back to the [`Keeper`](super::Keeper) of its
/// account, or counts as failed if there is none.
#[derive(Debug)]
#[must_use = "an event whose ticket is dropped unsettled has failed"]
pub struct Ticket {
    event: Event,
    dispatched: Stamp,
    account: Arc<Account>,
    /// Its entry in the account, until it is settled. It holds the moment of admission.
    entry: Option<Entry>,
}

impl Ticket {
    /// Makes the ticket of an accepted event that left the queue at `dispatched`. From then on
    /// the event must not be counted anywhere else.
    pub fn dispatched(event: Event, dispatched: Stamp, account: Arc<Account>) -> Self {
        let entry = Some(account.take(event.arrived));
        Self { event, dispatched, account, entry }
    }

    /// Returns the event's id.
    pub fn id(&self) -> u64 {
        self.event.id
    }

    /// Returns the moment of its arrival.
    pub fn arrived(&self) -> Stamp {
        self.event.arrived
    }

    /// Returns the moment it was accepted.
    pub fn accepted(&self) -> Stamp {
        self.event.accepted
    }

    /// Returns the moment it left the queue.
    pub fn dispatch_time(&self) -> Stamp {
        self.dispatched
    }

    /// Records that the resource admitted it at `now`.
    pub fn start(&mut self, now: Stamp) {
        if let Some(entry) = self.entry {
            self.account.enter_resource(entry, now);
        }
    }

    /// Ends a ticket whose event goes back to where it waits, without a call of its keeper.
    pub fn give_back(mut self) {
        if let Some(entry) = self.entry.take() {
            self.account.give_back(entry);
        }
    }

    /// Records how it ended, and returns its times. An event that was never admitted has no
    /// service time: all of it was wait.
    pub fn settle(mut self, outcome: Outcome, finished: Stamp) -> EventTimes {
        let started = self.entry.take().and_then(|entry| self.account.release(entry)).unwrap_or(finished);
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
        let Some(entry) = self.entry.take() else { return };
        if let Some(keeper) = self.account.keeper() {
            let begun = self.account.give_back(entry);
            keeper.take_back(&self.event, begun);
            return;
        }
        self.account.abandon(entry, self.event.id, self.event.arrived);
        if std::thread::panicking() {
            log::error!("event {} failed: its handler panicked", self.event.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{Clock, Keeper};
    use std::sync::Weak;
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

    #[derive(Debug, Default)]
    struct Kept(std::sync::Mutex<Vec<(u64, bool)>>);

    impl Keeper for Kept {
        fn take_back(&self, event: &Event, begun: bool) {
            self.0.lock().unwrap().push((event.id, begun));
        }
    }

    #[tokio::test]
    async fn a_ticket_with_a_keeper_gives_its_event_back_and_says_whether_it_was_begun() {
        let (clock, account) = (Clock::start(), Arc::new(Account::default()));
        let kept = Arc::new(Kept::default());
        let keeper: Weak<dyn Keeper> = Arc::downgrade(&(Arc::clone(&kept) as Arc<dyn Keeper>));
        account.set_keeper(keeper);
        drop(ticket(clock, &account));
        let mut begun = ticket(clock, &account);
        begun.start(clock.now());
        drop(begun);
        assert_eq!(*kept.0.lock().unwrap(), [(1, false), (1, true)]);
        let counts = account.counts();
        assert_eq!((counts.failed, counts.in_flight, account.returned()), (0, 0, 2));
        assert_eq!((account.abandoned(), account.in_resource()), (0, 0));
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
