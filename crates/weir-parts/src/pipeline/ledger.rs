//! The account of every event: accepted = done + failed + dropped + held.
//!
//! Both sides are *measured*. An event is counted as accepted when it comes in,
//! as done, failed or dropped when it leaves, and as held where it is: in the
//! queue by the queue's length, in flight by the [`Ticket`]s that exist.
//! Were an event lost or counted twice, the sides would differ, and the
//! difference is shown.
//!
//! [`Ticket`]: super::Ticket

use std::ops::Add;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Stamp;
use super::inside::{Inside, Place};
use weir_stage::per_thread::PerThread;

/// How an event ended in somebody's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The work was done.
    Done,
    /// The work was tried, or could not be, and is not done.
    Failed,
}

/// The account of one kind of events. All counters only ever grow; a reset moves
/// the line they are counted from.
#[derive(Debug, Default)]
pub struct Account {
    flow: PerThread<ThreadCounters>,
    resource: Level,
    inside: Inside,
    baseline: Mutex<LedgerCounts>,
    /// The ids of events abandoned while somebody wants to know.
    abandoned: Mutex<Option<Vec<u64>>>,
}

/// A level and its peak, which only one counter for all threads can know. Apart
/// from what is beside it, as it is written all the time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Level {
    now: AtomicUsize,
    peak: AtomicUsize,
}

/// One thread's part of what came and went.
#[derive(Debug, Default)]
struct ThreadCounters {
    accepted: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    rejected: AtomicU64,
    /// Tickets made and ended.
    taken: AtomicU64,
    let_go: AtomicU64,
    /// Sums of stamps, in nanoseconds, that may wrap: what came in and what went
    /// out when. See [`Account::time_inside`].
    came: AtomicU64,
    went: AtomicU64,
    /// When this thread last settled an event, in nanoseconds of the clock.
    last_settled: AtomicU64,
}

/// What an [`Account`] says at one moment, in events since the last reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LedgerCounts {
    /// Promised to be done.
    pub accepted: u64,
    /// Done.
    pub done: u64,
    /// Tried and not done, or abandoned.
    pub failed: u64,
    /// Accepted and then given up by the queue's policy.
    pub dropped: u64,
    /// Refused, and therefore never accepted.
    pub rejected: u64,
    /// In somebody's hands now: tickets that exist.
    pub in_flight: u64,
}

impl Account {
    /// An event that arrived then is accepted.
    pub fn accept(&self, arrived: Stamp) {
        let flow = self.flow.local();
        flow.came.fetch_add(arrived.as_nanos(), Ordering::Relaxed);
        flow.accepted.fetch_add(1, Ordering::Release);
    }

    /// An event is refused.
    pub fn reject(&self) {
        self.flow.local().rejected.fetch_add(1, Ordering::Release);
    }

    /// An accepted event that arrived then is given up while it waits.
    pub fn drop_waiting(&self, arrived: Stamp) {
        let flow = self.flow.local();
        flow.went.fetch_add(arrived.as_nanos(), Ordering::Relaxed);
        flow.dropped.fetch_add(1, Ordering::Release);
    }

    /// The time that events have spent inside, from their arrival on, all added
    /// up, in event-nanoseconds since the clock's epoch, modulo 2^64. It grows by
    /// one a nanosecond for each event inside, so over a period its growth divided
    /// by the period's length is the mean number inside, measured apart from every
    /// histogram. Events that were dropped or abandoned count as never inside.
    ///
    /// The sum over events of (went - came), and the sum of (now - came) for those
    /// that are inside. Exact while nothing moves.
    pub fn time_inside(&self, now: Stamp) -> u64 {
        let sum = |part: fn(&ThreadCounters) -> &AtomicU64| {
            let parts = self.flow.iter().map(|flow| part(flow).load(Ordering::Acquire));
            parts.fold(0, u64::wrapping_add)
        };
        let inside = self.totals().in_system();
        let (came, went) = (sum(|flow| &flow.came), sum(|flow| &flow.went));
        went.wrapping_sub(came).wrapping_add(inside.wrapping_mul(now.as_nanos()))
    }

    /// When an event was last settled; the clock's epoch if none was.
    pub fn last_settled(&self) -> Stamp {
        let last = self.flow.iter().map(|flow| flow.last_settled.load(Ordering::Acquire)).max();
        Stamp::from_nanos(last.unwrap_or(0))
    }

    /// How many tickets exist.
    pub fn in_flight(&self) -> usize {
        let sum = |part: fn(&ThreadCounters) -> &AtomicU64| -> u64 {
            self.flow.iter().map(|flow| part(flow).load(Ordering::Acquire)).sum()
        };
        // Those that ended first, or one that comes and goes in between would
        // count as minus one.
        let let_go = sum(|flow| &flow.let_go);
        sum(|flow| &flow.taken).saturating_sub(let_go) as usize
    }

    /// When the event in hand arrived that has waited longest for the resource, and
    /// when the resource admitted the one that has been there longest.
    pub fn oldest(&self) -> (Option<Stamp>, Option<Stamp>) {
        self.inside.oldest()
    }

    /// How many of this account's events are in the resource.
    pub fn in_resource(&self) -> usize {
        self.resource.now.load(Ordering::Acquire)
    }

    /// The most that were there at once since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak_in_resource(&self) -> usize {
        self.resource.peak.load(Ordering::Acquire)
    }

    /// What the account says now. While events move, the counters are read at
    /// slightly different moments.
    pub fn counts(&self) -> LedgerCounts {
        // Held until the totals are read, so that no reset comes in between.
        let base = self.baseline.lock().unwrap_or_else(PoisonError::into_inner);
        self.totals().since(&base)
    }

    /// What the account says of all time, unmoved by resets.
    pub fn totals(&self) -> LedgerCounts {
        let sum = |part: fn(&ThreadCounters) -> &AtomicU64| {
            self.flow.iter().map(|flow| part(flow).load(Ordering::Acquire)).sum()
        };
        LedgerCounts {
            // Where events end before where they begin: read the other way
            // round, an event that passes in between would be missing.
            done: sum(|flow| &flow.done),
            failed: sum(|flow| &flow.failed),
            dropped: sum(|flow| &flow.dropped),
            in_flight: self.in_flight() as u64,
            accepted: sum(|flow| &flow.accepted),
            rejected: sum(|flow| &flow.rejected),
        }
    }

    /// Counts from here on. Events that are held count as accepted anew, so
    /// that the account balances whatever happens meanwhile: what is subtracted
    /// from `accepted` is exactly what is subtracted from where events end.
    pub fn reset(&self) {
        let mut base = self.baseline.lock().unwrap_or_else(PoisonError::into_inner);
        *base = self.totals().anew();
    }

    /// Lets the peak start anew from what is in the resource now.
    pub fn reset_peak(&self) {
        self.resource.peak.store(self.in_resource(), Ordering::Release);
    }

    /// Notes the ids of abandoned events from now on.
    pub fn note_abandoned(&self) {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// The [totals](Self::totals), and the ids noted since
    /// [`note_abandoned`](Self::note_abandoned). Both of one moment, even while events
    /// are being abandoned: each is either in hand, or noted and failed.
    pub fn at_end(&self) -> (LedgerCounts, Vec<u64>) {
        let abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        (self.totals(), abandoned.clone().unwrap_or_default())
    }

    pub(super) fn enter(&self, arrived: Stamp) -> Place {
        self.flow.local().taken.fetch_add(1, Ordering::Release);
        self.inside.add(arrived)
    }

    /// Returns when the resource admitted the event, if it did.
    pub(super) fn let_go(&self, place: Place) -> Option<Stamp> {
        let started = self.inside.remove(place);
        if started.is_some() {
            self.resource.now.fetch_sub(1, Ordering::AcqRel);
        }
        self.flow.local().let_go.fetch_add(1, Ordering::Release);
        started
    }

    pub(super) fn enter_resource(&self, place: Place, now: Stamp) {
        self.inside.admit(place, now);
        let now = self.resource.now.fetch_add(1, Ordering::AcqRel) + 1;
        if now > self.peak_in_resource() {
            self.resource.peak.fetch_max(now, Ordering::AcqRel);
        }
    }

    pub(super) fn settle(&self, outcome: Outcome, finished: Stamp) {
        let flow = self.flow.local();
        flow.went.fetch_add(finished.as_nanos(), Ordering::Relaxed);
        flow.last_settled.fetch_max(finished.as_nanos(), Ordering::Release);
        let counter = match outcome {
            Outcome::Done => &flow.done,
            Outcome::Failed => &flow.failed,
        };
        counter.fetch_add(1, Ordering::Release);
    }

    /// Lets go of an event that is not settled. Under the lock, for
    /// [`at_end`](Self::at_end).
    pub(super) fn abandon(&self, place: Place, id: u64, arrived: Stamp) {
        let mut abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go(place);
        self.settle(Outcome::Failed, arrived);
        if let Some(ids) = abandoned.as_mut() {
            ids.push(id);
        }
    }
}

impl Add for LedgerCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            done: self.done + other.done,
            failed: self.failed + other.failed,
            dropped: self.dropped + other.dropped,
            rejected: self.rejected + other.rejected,
            in_flight: self.in_flight + other.in_flight,
        }
    }
}

impl LedgerCounts {
    /// What has come to these from `earlier` ones of the same account on. In hand
    /// are those that are now.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            accepted: self.accepted - earlier.accepted,
            done: self.done - earlier.done,
            failed: self.failed - earlier.failed,
            dropped: self.dropped - earlier.dropped,
            rejected: self.rejected - earlier.rejected,
            in_flight: self.in_flight,
        }
    }

    /// The line to count from, so that events that are inside count as accepted
    /// anew.
    pub fn anew(self) -> Self {
        Self { accepted: self.done + self.failed + self.dropped, ..self }
    }

    /// How many are inside, by what came and went.
    pub fn in_system(&self) -> u64 {
        self.accepted.saturating_sub(self.done + self.failed + self.dropped)
    }

    /// How many more were accepted than are done, failed, dropped, in hand or
    /// `waiting` in a queue. Zero when nothing moves.
    pub fn unaccounted(&self, waiting: u64) -> i64 {
        let ended = self.done + self.failed + self.dropped + self.in_flight + waiting;
        self.accepted as i64 - ended as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Stamp = Stamp::from_nanos(0);

    #[test]
    fn a_reset_in_the_middle_keeps_the_account_balanced() {
        let account = Account::default();
        for _ in 0..5 {
            account.accept(EPOCH);
        }
        let place = account.enter(EPOCH);
        account.settle(Outcome::Done, EPOCH);
        account.drop_waiting(EPOCH);
        account.reject();
        assert_eq!(account.counts().unaccounted(2), 0);
        account.reset();
        // Three are still inside: one in hand and two waiting.
        let held = LedgerCounts { accepted: 3, in_flight: 1, ..LedgerCounts::default() };
        assert_eq!(account.counts(), held);
        assert_eq!(account.let_go(place), None);
        account.settle(Outcome::Failed, EPOCH);
        assert_eq!(account.counts().unaccounted(2), 0);
    }

    #[test]
    fn the_time_inside_grows_with_each_event_that_is_inside() {
        let (account, at) = (Account::default(), Stamp::from_nanos);
        account.accept(at(100));
        account.accept(at(200));
        assert_eq!(account.time_inside(at(250)), 150 + 50);
        account.settle(Outcome::Done, at(300));
        account.drop_waiting(at(200));
        assert_eq!(account.time_inside(at(900)), 200);
        account.accept(at(1000));
        let place = account.enter(at(1000));
        account.abandon(place, 1, at(1000));
        assert_eq!((account.time_inside(at(2000)), account.last_settled()), (200, at(1000)));
    }

    #[test]
    fn an_event_that_vanishes_or_is_counted_twice_shows() {
        let account = Account::default();
        account.accept(EPOCH);
        assert_eq!(account.counts().unaccounted(0), 1);
        account.settle(Outcome::Done, EPOCH);
        account.settle(Outcome::Done, EPOCH);
        assert_eq!(account.counts().unaccounted(0), -1);
    }
}
