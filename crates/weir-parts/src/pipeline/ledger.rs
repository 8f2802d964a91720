//! The ledger, which accounts for every event: accepted = done + failed + dropped + held.
//!
//! With an engine that outlives the process, events of an earlier life are *recovered*, and count
//! beside the accepted ones. With a queue that several processes share, an event is *lent* to the
//! queue when it goes in, and recovered when this process takes it out.
//!
//! Both sides are *measured*. An event counts as accepted when it comes in, as done, failed or
//! dropped when it leaves, and as held where it is: in the queue by the queue's length, in
//! flight by the [`Ticket`]s that exist. If an event were lost or counted twice, the sides
//! would differ, and the difference is shown.
//!
//! Invariants, at every moment and for the totals of one account:
//! 1. `accepted + recovered >= done + failed + dropped + lent`, because an event is accepted before
//!    it ends;
//! 2. no more tickets have ended than were made;
//! 3. an event is in the resource only while its ticket exists.
//!
//! Counters are read where events end before where they begin, so a reader that runs
//! meanwhile sees 1 and 2 as well.
//!
//! [`Ticket`]: super::Ticket

mod counts;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::ages::{Ages, Entry};
use super::{Event, Stamp};
use weir_stage::per_thread::PerThread;

pub use counts::LedgerCounts;

/// The way an event in flight ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The work was done.
    Done,
    /// The work failed, or could not be tried.
    Failed,
}

/// The ledger of one kind of events. Its counters only grow; a reset moves the baseline they
/// are counted from.
#[derive(Debug, Default)]
pub struct Account {
    counters: PerThread<ThreadCounters>,
    resource: Level,
    ages: Ages,
    baseline: Mutex<LedgerCounts>,
    abandoned: Mutex<Abandoned>,
    keeper: OnceLock<Weak<dyn Keeper>>,
}

/// What keeps an event that outlives its ticket, such as an engine.
pub trait Keeper: Send + Sync + fmt::Debug {
    /// Takes an event back whose ticket was dropped unsettled. `begun` says whether its work was.
    fn take_back(&self, event: &Event, begun: bool);
}

/// Events whose ticket was dropped unsettled.
#[derive(Debug, Default)]
struct Abandoned {
    /// Their number since the ledger was created.
    count: u64,
    /// Their ids, if recording is on.
    ids: Option<Vec<u64>>,
}

/// A level and its peak, which take one counter for all threads. On cache lines of its own,
/// because it is written all the time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Level {
    now: AtomicUsize,
    peak: AtomicUsize,
}

/// The counters that one thread adds to.
#[derive(Debug, Default)]
struct ThreadCounters {
    accepted: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    rejected: AtomicU64,
    recovered: AtomicU64,
    lent: AtomicU64,
    tickets_made: AtomicU64,
    tickets_ended: AtomicU64,
    returned: AtomicU64,
    /// The sums of the moments at which events arrived and left, in nanoseconds. They may
    /// wrap. See [`Account::time_inside`].
    arrivals: AtomicU64,
    departures: AtomicU64,
    /// The moment this thread last settled an event, in nanoseconds of the clock.
    last_settled: AtomicU64,
}

impl Account {
    /// Names what keeps the events of this account. Only the first call has an effect.
    pub fn set_keeper(&self, keeper: Weak<dyn Keeper>) {
        let _ = self.keeper.set(keeper);
    }

    /// Returns what keeps the events, while it exists.
    pub(super) fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        self.keeper.get()?.upgrade()
    }

    /// Counts an event that arrived at `arrived` as accepted.
    pub fn accept(&self, arrived: Stamp) {
        let counters = self.counters.local();
        counters.arrivals.fetch_add(arrived.as_nanos(), Ordering::Relaxed);
        counters.accepted.fetch_add(1, Ordering::Release);
    }

    /// Counts an event as recovered. It counts as inside from `since` on.
    pub fn recover(&self, since: Stamp) {
        let counters = self.counters.local();
        counters.arrivals.fetch_add(since.as_nanos(), Ordering::Relaxed);
        counters.recovered.fetch_add(1, Ordering::Release);
    }

    /// Counts an event as lent to a shared queue. Until it is taken from there, it is not inside.
    pub fn lend(&self, arrived: Stamp) {
        let counters = self.counters.local();
        counters.departures.fetch_add(arrived.as_nanos(), Ordering::Relaxed);
        counters.lent.fetch_add(1, Ordering::Release);
    }

    /// Counts an event as refused.
    pub fn reject(&self) {
        self.counters.local().rejected.fetch_add(1, Ordering::Release);
    }

    /// Counts an accepted event that arrived at `arrived` as dropped while it waited.
    pub fn drop_waiting(&self, arrived: Stamp) {
        let counters = self.counters.local();
        counters.departures.fetch_add(arrived.as_nanos(), Ordering::Relaxed);
        counters.dropped.fetch_add(1, Ordering::Release);
    }

    /// Counts an accepted event as failed that has no ticket. It counts as inside until `now`.
    pub fn fail_waiting(&self, now: Stamp) {
        self.settle(Outcome::Failed, now);
    }

    /// Returns the time that events have spent in the system since their arrival, summed over
    /// all events, in event-nanoseconds since the clock's epoch, modulo 2^64.
    ///
    /// It grows by one per nanosecond for each event inside. Its growth over a period, divided
    /// by the length of the period, is therefore the mean number inside, measured without any
    /// histogram. Events that were dropped or abandoned count as never inside.
    ///
    /// It is the sum of (departure - arrival) over the events that have left, and of (now -
    /// arrival) over those inside. It is exact while nothing moves.
    pub fn time_inside(&self, now: Stamp) -> u64 {
        let sum = |part: fn(&ThreadCounters) -> &AtomicU64| {
            let parts = self.counters.iter().map(|counters| part(counters).load(Ordering::Acquire));
            parts.fold(0, u64::wrapping_add)
        };
        let inside = self.totals().in_system();
        let arrivals = sum(|counters| &counters.arrivals);
        let departures = sum(|counters| &counters.departures);
        departures.wrapping_sub(arrivals).wrapping_add(inside.wrapping_mul(now.as_nanos()))
    }

    /// Returns the moment an event was last settled, or the clock's epoch if none was.
    pub fn last_settled(&self) -> Stamp {
        let last = self.counters.iter().map(|counters| counters.last_settled.load(Ordering::Acquire)).max();
        Stamp::from_nanos(last.unwrap_or(0))
    }

    /// Returns the number of events in flight: tickets that exist.
    pub fn in_flight(&self) -> usize {
        // Read first: a ticket that is made and ends between the two reads would otherwise
        // count as minus one.
        let ended = self.sum(|counters| &counters.tickets_ended);
        let made = self.sum(|counters| &counters.tickets_made);
        debug_assert!(made >= ended, "invariant 2: {ended} of {made} tickets have ended");
        made.saturating_sub(ended) as usize
    }

    fn sum(&self, part: fn(&ThreadCounters) -> &AtomicU64) -> u64 {
        self.counters.iter().map(|counters| part(counters).load(Ordering::Acquire)).sum()
    }

    /// Returns two moments: the arrival of the event in flight that has waited longest for the
    /// resource, and the admission of the event that has been in the resource longest.
    pub fn oldest(&self) -> (Option<Stamp>, Option<Stamp>) {
        self.ages.oldest()
    }

    /// Returns the number of this account's events in the resource.
    pub fn in_resource(&self) -> usize {
        self.resource.now.load(Ordering::Acquire)
    }

    /// Returns the largest number in the resource at the same time since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak_in_resource(&self) -> usize {
        self.resource.peak.load(Ordering::Acquire)
    }

    /// Reads the counts since the last reset. While events move, the counters are read at
    /// slightly different moments.
    pub fn counts(&self) -> LedgerCounts {
        // Locked until the totals are read, so that no reset comes in between.
        let baseline = self.baseline.lock().unwrap_or_else(PoisonError::into_inner);
        self.totals().since(&baseline)
    }

    /// Reads the counts since the account was made, which resets do not change.
    pub fn totals(&self) -> LedgerCounts {
        LedgerCounts {
            // Where events end before where they begin, for invariant 1.
            done: self.sum(|counters| &counters.done),
            failed: self.sum(|counters| &counters.failed),
            dropped: self.sum(|counters| &counters.dropped),
            lent: self.sum(|counters| &counters.lent),
            in_flight: self.in_flight() as u64,
            accepted: self.sum(|counters| &counters.accepted),
            recovered: self.sum(|counters| &counters.recovered),
            rejected: self.sum(|counters| &counters.rejected),
        }
    }

    /// Restarts the counts. Events that are held count as accepted anew, so the account
    /// balances whatever happens meanwhile: the baseline subtracts from `accepted` exactly what
    /// it subtracts from done, failed and dropped.
    pub fn reset(&self) {
        let mut baseline = self.baseline.lock().unwrap_or_else(PoisonError::into_inner);
        *baseline = self.totals().as_baseline();
    }

    /// Returns when each event in the resource was admitted, in no order.
    pub fn admitted(&self) -> Vec<Stamp> {
        self.ages.admitted()
    }

    /// Restarts the peak from the number in the resource now.
    pub fn reset_peak(&self) {
        self.resource.peak.store(self.in_resource(), Ordering::Release);
    }

    /// Records the ids of abandoned events from now on.
    pub fn note_abandoned(&self) {
        self.lock_abandoned().ids.get_or_insert_default();
    }

    /// Returns the number of events abandoned since the ledger was created. Resets do not
    /// change it. Abandoned events also count as failed.
    pub fn abandoned(&self) -> u64 {
        self.lock_abandoned().count
    }

    /// Returns the number of tickets whose events went back to the queue, since the beginning.
    pub fn returned(&self) -> u64 {
        self.sum(|counters| &counters.returned)
    }

    fn lock_abandoned(&self) -> MutexGuard<'_, Abandoned> {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the [totals](Self::totals), and the ids recorded since
    /// [`note_abandoned`](Self::note_abandoned). Both are of one moment, even while events are
    /// being abandoned: each event is either in flight, or failed and recorded.
    pub fn at_end(&self) -> (LedgerCounts, Vec<u64>) {
        let abandoned = self.lock_abandoned();
        (self.totals(), abandoned.ids.clone().unwrap_or_default())
    }

    /// Counts an event as in flight: a ticket is made.
    pub(super) fn take(&self, arrived: Stamp) -> Entry {
        self.counters.local().tickets_made.fetch_add(1, Ordering::Release);
        self.ages.add(arrived)
    }

    /// Counts a ticket as ended. Returns the moment the resource admitted the event, if it
    /// did.
    pub(super) fn release(&self, entry: Entry) -> Option<Stamp> {
        let started = self.ages.remove(entry);
        if started.is_some() {
            let before = self.resource.now.fetch_sub(1, Ordering::AcqRel);
            debug_assert!(before > 0, "invariant 3: an event leaves the resource twice");
        }
        self.counters.local().tickets_ended.fetch_add(1, Ordering::Release);
        started
    }

    /// Counts an event in flight as admitted by the resource.
    pub(super) fn enter_resource(&self, entry: Entry, now: Stamp) {
        self.ages.admit(entry, now);
        let now = self.resource.now.fetch_add(1, Ordering::AcqRel) + 1;
        if now > self.peak_in_resource() {
            self.resource.peak.fetch_max(now, Ordering::AcqRel);
        }
    }

    /// Counts an event as done or failed.
    pub(super) fn settle(&self, outcome: Outcome, finished: Stamp) {
        let counters = self.counters.local();
        counters.departures.fetch_add(finished.as_nanos(), Ordering::Relaxed);
        counters.last_settled.fetch_max(finished.as_nanos(), Ordering::Release);
        let counter = match outcome {
            Outcome::Done => &counters.done,
            Outcome::Failed => &counters.failed,
        };
        counter.fetch_add(1, Ordering::Release);
    }

    /// Ends a ticket whose event goes back. Returns whether the resource had admitted it.
    pub(super) fn give_back(&self, entry: Entry) -> bool {
        let begun = self.release(entry).is_some();
        self.counters.local().returned.fetch_add(1, Ordering::Release);
        begun
    }

    /// Ends a ticket that was not settled, and counts its event as failed. Under the lock, for
    /// [`at_end`](Self::at_end).
    pub(super) fn abandon(&self, entry: Entry, id: u64, arrived: Stamp) {
        let mut abandoned = self.lock_abandoned();
        self.release(entry);
        self.settle(Outcome::Failed, arrived);
        abandoned.count += 1;
        if let Some(ids) = abandoned.ids.as_mut() {
            ids.push(id);
        }
    }
}
