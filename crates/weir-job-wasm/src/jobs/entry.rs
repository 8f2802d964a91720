//! The record of a live job: counters that the job updates and others read.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::{Duration, Instant};

use crate::jobs::inbox::Inbox;
use crate::jobs::lock::Lock;
use crate::outcome::Ending;
use crate::settings::Isolation;

/// Rates are measured over at least this time, and at most twice as long.
const WINDOW: Duration = Duration::from_millis(500);

/// The record of a live job. The latest inputs may keep it after the job's end.
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) input: i64,
    pub(crate) version: u32,
    pub(crate) isolation: Isolation,
    pub(crate) since: Instant,
    pub(crate) inbox: Inbox,
    reductions: AtomicU64,
    slices: AtomicU64,
    longest_ns: AtomicU64,
    busy_ns: AtomicU64,
    marks: Lock<Marks>,
    ending: OnceLock<Ending>,
}

/// Two earlier states of the counters, so that rates cover the recent past.
struct Marks {
    older: Mark,
    newer: Mark,
}

#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    reductions: u64,
    busy_ns: u64,
}

/// A job as `top` lists it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// Identifier of the job.
    pub id: u64,
    /// The input that was submitted.
    pub input: i64,
    /// Version of the code that it runs.
    pub version: u32,
    /// How it shares its thread. For jobs in `Task` and `Thread`, only the age is known until
    /// they end; their counters are 0.
    pub isolation: Isolation,
    /// Fuel burnt.
    pub reductions: u64,
    /// Fuel burnt per second, over the last 0.5 to 1 second, or since the job began.
    pub reductions_per_s: f64,
    /// Share of a core over the same time, from 0 to 1.
    pub share: f64,
    /// Number of slices.
    pub slices: u64,
    /// Longest slice. It includes times in which the operating system ran another process.
    pub longest_slice: Duration,
    /// Time since submission.
    pub age: Duration,
}

impl Entry {
    pub(crate) fn new(id: u64, input: i64, version: u32, isolation: Isolation) -> Self {
        let since = Instant::now();
        let mark = Mark { at: since, reductions: 0, busy_ns: 0 };
        Self {
            id,
            input,
            version,
            isolation,
            since,
            inbox: Inbox::default(),
            reductions: AtomicU64::new(0),
            slices: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            marks: Lock::new(Marks { older: mark, newer: mark }),
            ending: OnceLock::new(),
        }
    }

    /// Counts a slice. One thread at a time does this: the one that runs the job.
    pub(crate) fn count(&self, reductions: u64, began: Instant, ended: Instant) {
        let took = u64::try_from((ended - began).as_nanos()).unwrap_or(u64::MAX);
        self.reductions.fetch_add(reductions, Ordering::Relaxed);
        self.slices.fetch_add(1, Ordering::Relaxed);
        self.longest_ns.fetch_max(took, Ordering::Relaxed);
        self.busy_ns.fetch_add(took, Ordering::Relaxed);
    }

    /// Moves the marks forward if the newer one is old enough. Returns when to check again.
    pub(crate) fn mark(&self, now: Instant) -> Instant {
        let mut marks = self.marks.lock();
        if now - marks.newer.at >= WINDOW {
            marks.older = marks.newer;
            marks.newer = Mark { at: now, reductions: self.reductions(), busy_ns: self.busy_ns() };
        }
        marks.newer.at + WINDOW
    }

    pub(crate) fn reductions(&self) -> u64 {
        self.reductions.load(Ordering::Relaxed)
    }

    pub(crate) fn slices(&self) -> u64 {
        self.slices.load(Ordering::Relaxed)
    }

    pub(crate) fn longest_slice(&self) -> Duration {
        Duration::from_nanos(self.longest_ns.load(Ordering::Relaxed))
    }

    fn busy_ns(&self) -> u64 {
        self.busy_ns.load(Ordering::Relaxed)
    }

    /// How the job ended, if it has.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }

    /// Notes how the job ended; the first ending stays.
    pub(crate) fn end(&self, ending: Ending) {
        self.ending.get_or_init(|| ending);
    }

    pub(crate) fn row(&self, now: Instant) -> Row {
        let older = self.marks.lock().older;
        let (reductions, busy_ns) = (self.reductions(), self.busy_ns());
        let seconds = (now - older.at).as_secs_f64();
        let per_second = |amount: u64| if seconds > 0.0 { amount as f64 / seconds } else { 0.0 };
        Row {
            id: self.id,
            input: self.input,
            version: self.version,
            isolation: self.isolation,
            reductions,
            reductions_per_s: per_second(reductions.saturating_sub(older.reductions)),
            share: (per_second(busy_ns.saturating_sub(older.busy_ns)) / 1e9).min(1.0),
            slices: self.slices(),
            longest_slice: self.longest_slice(),
            age: now - self.since,
        }
    }
}
