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
    pub(super) usage: Usage,
}

impl Numbers {
    /// Returns the same levels with other counts.
    pub(super) fn with(self, counts: LedgerCounts) -> Self {
        Self { counts: LedgerCounts { in_flight: self.counts.in_flight, ..counts }, ..self }
    }

    pub(super) fn ledger(&self) -> LedgerState {
        let LedgerCounts { accepted, done, failed, dropped, rejected, in_flight } = self.counts;
        // An event at the gate is in hand already.
        let waiting = (self.depth - self.at_gate) as u64;
        let unaccounted = self.counts.unaccounted(waiting);
        LedgerState { accepted, done, failed, dropped, held: in_flight + waiting, rejected, unaccounted }
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
        Numbers {
            depth: self.bench.queue.depth() + at_gate,
            at_gate,
            busy,
            held: (counts.pipelined.in_flight as usize).saturating_sub(busy + at_gate),
            counts: counts.values().fold(LedgerCounts::default(), |sum, counts| sum + *counts),
            usage: self.bench.resource.usage(),
        }
    }
}
