//! What each mode has done since somebody looked last: the difference of counters
//! and histograms that only ever grow.

use hdrhistogram::Histogram;

use super::stats::{Kind, ModeStats, Totals};
use crate::metrics::empty_histogram;
use crate::pipeline::LedgerCounts;

/// Histograms in the order of [`Kind::ALL`].
pub(super) type Times = [Histogram<u64>; Kind::ALL.len()];

/// What one mode has done between two looks.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    /// Responses sent.
    pub(super) requests: u64,
    /// Requests whose client went away.
    pub(super) aborted: u64,
    /// Events that were accepted, done and so on; `in_flight` is the level now.
    pub(super) counts: LedgerCounts,
    /// Events that were inside at the last look.
    pub(super) inside_before: u64,
    /// Events that are inside.
    pub(super) inside: u64,
    /// Nothing, if nothing happened.
    pub(super) times: Option<Times>,
}

impl Delta {
    /// Whether anybody has asked for anything.
    pub(super) fn is_load(&self) -> bool {
        self.requests + self.aborted + self.counts.accepted + self.counts.rejected > 0
    }

    /// Whether anything has happened.
    pub(super) fn is_something(&self) -> bool {
        self.times.is_some()
    }
}

/// Remembers what one mode showed at the last look.
#[derive(Debug, Default)]
pub(super) struct Watch {
    totals: Totals,
    counts: LedgerCounts,
    times: Option<Times>,
}

impl Watch {
    /// What has happened since the last look.
    pub(super) fn look(&mut self, stats: &ModeStats) -> Delta {
        // Histograms first: what is recorded in between shows at the next look
        // with its time, and not as a count without one.
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

    /// The histograms are zeroed after the last look.
    pub(super) fn zeroed(&mut self) {
        self.times = None;
    }
}

/// What is in `now` and not in `before`, which it has grown from.
fn difference(now: &Histogram<u64>, before: &Histogram<u64>) -> Histogram<u64> {
    if now.len() == before.len() {
        return empty_histogram();
    }
    let mut new = now.clone();
    // Fails when a bucket would fall below zero: it was zeroed behind our back,
    // and everything in `now` is new.
    match new.subtract(before) {
        Ok(()) => new,
        Err(_) => now.clone(),
    }
}
