//! The counts of an account at one moment, and what follows from them.

use std::ops::Add;

/// The counts of an [`Account`](super::Account) at one moment, in events since the last reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LedgerCounts {
    /// Accepted: the sender was promised that the event will be done.
    pub accepted: u64,
    /// Done.
    pub done: u64,
    /// Failed, or abandoned: the ticket was dropped unsettled.
    pub failed: u64,
    /// Accepted, and then dropped by the queue's policy.
    pub dropped: u64,
    /// Refused, and therefore never accepted.
    pub rejected: u64,
    /// In flight now: the number of tickets that exist.
    pub in_flight: u64,
    /// Accepted by an earlier life of the process or by another, and held or taken by this one.
    pub recovered: u64,
    /// Put into a queue that other processes share.
    pub lent: u64,
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
            recovered: self.recovered + other.recovered,
            lent: self.lent + other.lent,
        }
    }
}

impl LedgerCounts {
    /// Returns what was counted since `earlier`, which are counts of the same account.
    /// `in_flight` is the number now.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            accepted: self.accepted - earlier.accepted,
            done: self.done - earlier.done,
            failed: self.failed - earlier.failed,
            dropped: self.dropped - earlier.dropped,
            rejected: self.rejected - earlier.rejected,
            in_flight: self.in_flight,
            recovered: self.recovered - earlier.recovered,
            lent: self.lent - earlier.lent,
        }
    }

    /// Returns the baseline that counts these events as ended, and those inside as accepted
    /// anew. Recovered events count as those that ended first.
    #[must_use]
    pub fn as_baseline(self) -> Self {
        let recovered = self.recovered.min(self.ended());
        Self { accepted: self.ended() - recovered, recovered, ..self }
    }

    /// Returns the number that have left: done, failed, dropped or lent.
    fn ended(&self) -> u64 {
        self.done + self.failed + self.dropped + self.lent
    }

    /// Returns the number of events in the system, waiting or in flight: accepted or recovered, and
    /// not ended.
    pub fn in_system(&self) -> u64 {
        let (came, ended) = (self.accepted + self.recovered, self.ended());
        debug_assert!(came >= ended, "invariant 1: {ended} of {came} events ended");
        came.saturating_sub(ended)
    }

    /// Returns the number accepted or recovered minus those done, failed, dropped, lent, in flight
    /// and `waiting` in a queue. It is zero when nothing moves. A positive number was lost; a
    /// negative one was counted twice.
    pub fn unaccounted(&self, waiting: u64) -> i64 {
        let ended = self.ended() + self.in_flight + waiting;
        (self.accepted + self.recovered) as i64 - ended as i64
    }
}
