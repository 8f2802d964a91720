//! LedgerCounts and levels of the bench, read together.

use super::Workbench;
use crate::pipeline::LedgerCounts;
use crate::record::LedgerState;
use crate::resource::Usage;

/// The most readings of the counters until two agree.
const READINGS: usize = 4;

/// LedgerCounts and levels, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) counts: LedgerCounts,
    /// Events that no consumer has asked for, including those at the gate.
    pub(super) depth: usize,
    /// Events that left the queue and wait in its stage.
    pub(super) at_gate: usize,
    pub(super) busy: usize,
    pub(super) held: usize,
    /// Events on their way back to an engine.
    pub(super) returning: u64,
    /// Whether other processes share the queue. Its events are then not this bench's.
    pub(super) is_shared: bool,
    pub(super) usage: Usage,
}

impl Numbers {
    /// Returns the same levels with other counts.
    pub(super) fn with(self, counts: LedgerCounts) -> Self {
        Self { counts: LedgerCounts { in_flight: self.counts.in_flight, ..counts }, ..self }
    }

    pub(super) fn ledger(&self) -> LedgerState {
        let LedgerCounts { accepted, done, failed, dropped, rejected, in_flight, recovered, lent } =
            self.counts;
        // An event at the gate is in hand already.
        let waiting = if self.is_shared { 0 } else { (self.depth - self.at_gate) as u64 + self.returning };
        let unaccounted = self.counts.unaccounted(waiting);
        let (recovered, shared) =
            if self.is_shared { (0, lent as i64 - recovered as i64) } else { (recovered, 0) };
        let held = in_flight + waiting;
        LedgerState { accepted, recovered, done, failed, dropped, held, shared, rejected, unaccounted }
    }
}

impl Workbench {
    /// Returns the account of every event over all modes. It is part of a
    /// [`snapshot`](Self::snapshot), which also evaluates all histograms and costs more.
    pub fn ledger(&self) -> LedgerState {
        self.numbers().ledger()
    }

    /// Reads until two readings in a row agree, so that no event is missed on its way
    /// from one count to the next. Under load, the last reading is taken.
    pub(super) fn numbers(&self) -> Numbers {
        let mut last = self.read_numbers();
        for _ in 1..READINGS {
            let again = self.read_numbers();
            if again == last {
                break;
            }
            last = again;
        }
        last
    }

    fn read_numbers(&self) -> Numbers {
        let counts = self.bench.modes.as_ref().map(|stats| stats.account.counts());
        let busy = self.stages.busy();
        // Out of the queue, but not with a consumer.
        let at_gate: usize = self.stages.inspect().iter().map(|stage| stage.buffered).sum();
        let stored = self.bench.queue.stored();
        Numbers {
            returning: stored.map_or(0, |stored| stored.returning(counts.pipelined.in_flight)),
            is_shared: stored.is_some_and(|stored| stored.is_shared()),
            depth: self.bench.queue.depth() + at_gate,
            at_gate,
            busy,
            held: (counts.pipelined.in_flight as usize).saturating_sub(busy + at_gate),
            counts: counts.values().fold(LedgerCounts::default(), |sum, counts| sum + *counts),
            usage: self.bench.resource.usage(),
        }
    }
}
