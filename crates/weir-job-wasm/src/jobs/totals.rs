//! Counts of all jobs since the beginning.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::outcome::Ending;

/// Counts of all jobs. At all times
/// `submitted = values + traps + killed + out_of_memory + out_of_reductions + cancelled + live`,
/// up to the jobs that are submitted or end while the counts are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Jobs that were submitted.
    pub submitted: u64,
    /// Jobs that returned a value.
    pub values: u64,
    /// Jobs that trapped.
    pub traps: u64,
    /// Jobs that were killed.
    pub killed: u64,
    /// Jobs that asked for too much memory.
    pub out_of_memory: u64,
    /// Jobs that used up their reductions.
    pub out_of_reductions: u64,
    /// Jobs that were dropped before they ended.
    pub cancelled: u64,
    /// Jobs that have not ended.
    pub live: u64,
    /// Fuel burnt by all jobs, counted at the end of each slice. For jobs in `Task` and
    /// `Thread` it is counted at their end.
    pub reductions: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    submitted: AtomicU64,
    values: AtomicU64,
    traps: AtomicU64,
    killed: AtomicU64,
    out_of_memory: AtomicU64,
    out_of_reductions: AtomicU64,
    cancelled: AtomicU64,
    reductions: AtomicU64,
}

impl Counters {
    /// Counts a submission and returns its number, from 1.
    pub(crate) fn submit(&self) -> u64 {
        self.submitted.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn burn(&self, reductions: u64) {
        self.reductions.fetch_add(reductions, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, ending: Ending) {
        let counter = match ending {
            Ending::Value(_) => &self.values,
            Ending::Trap(_) => &self.traps,
            Ending::Killed => &self.killed,
            Ending::OutOfMemory => &self.out_of_memory,
            Ending::OutOfReductions => &self.out_of_reductions,
            Ending::Cancelled => &self.cancelled,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, live: usize) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            submitted: read(&self.submitted),
            values: read(&self.values),
            traps: read(&self.traps),
            killed: read(&self.killed),
            out_of_memory: read(&self.out_of_memory),
            out_of_reductions: read(&self.out_of_reductions),
            cancelled: read(&self.cancelled),
            live: live as u64,
            reductions: read(&self.reductions),
        }
    }
}
