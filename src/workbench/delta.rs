//! The activity of each mode between two observations: the difference of counters and
//! histograms that only grow.

use hdrhistogram::Histogram;

use super::stats::{HistogramKind, ModeStats, Totals};
use crate::metrics::empty_histogram;
use crate::pipeline::LedgerCounts;

/// Histograms in the order of [`HistogramKind::ALL`].
pub(super) type Histograms = [Histogram<u64>; HistogramKind::ALL.len()];

/// The activity of one mode between two observations.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    /// Responses sent.
    pub(super) requests: u64,
    /// Requests whose client disconnected.
    pub(super) aborted: u64,
    /// Events that were accepted, done and so on; `in_flight` is the level now.
    pub(super) counts: LedgerCounts,
    /// Events inside at the last observation.
    pub(super) inside_before: u64,
    /// Events inside now.
    pub(super) inside: u64,
    /// The new times; `None` if nothing happened.
    pub(super) times: Option<Histograms>,
}

impl Delta {
    /// True if there was a request or an event.
    pub(super) fn is_load(&self) -> bool {
        self.requests + self.aborted + self.counts.accepted + self.counts.rejected > 0
    }

    /// True if anything happened.
    pub(super) fn is_something(&self) -> bool {
        self.times.is_some()
    }
}

/// Remembers the figures of one mode at the last observation.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    totals: Totals,
    counts: LedgerCounts,
    times: Option<Histograms>,
}

impl Tracker {
    /// Returns the activity since the last observation.
    pub(super) fn delta(&mut self, stats: &ModeStats) -> Delta {
        // Counts are read before histograms, so that a count does not lack its time.
        let counts = stats.account.totals();
        let totals = stats.totals();
        let moved = totals != self.totals || counts != self.counts;
        let times = moved.then(|| {
            let now = stats.times();
            let new = match &self.times {
                Some(before) => std::array::from_fn(|kind| difference(&now[kind], &before[kind])),
                None => now.clone(),
            };
            self.times = Some(now);
            new
        });
        let before = std::mem::replace(&mut self.counts, counts);
        let requests = totals.requests - self.totals.requests;
        let aborted = totals.aborted - self.totals.aborted;
        self.totals = totals;
        Delta {
            requests,
            aborted,
            inside_before: before.in_system(),
            inside: counts.in_system(),
            counts: counts.since(&before),
            times,
        }
    }

    /// Notes that the histograms were zeroed after the last observation.
    pub(super) fn zeroed(&mut self) {
        self.times = None;
    }
}

/// Returns the values in `now` that were not in `before`.
fn difference(now: &Histogram<u64>, before: &Histogram<u64>) -> Histogram<u64> {
    if now.len() == before.len() {
        return empty_histogram();
    }
    let mut new = now.clone();
    // Fails if a bucket would fall below zero. Then the histogram was zeroed meanwhile,
    // and everything in `now` is new.
    match new.subtract(before) {
        Ok(()) => new,
        Err(_) => now.clone(),
    }
}
