//! The turns on a scheduler thread: which job had the thread, and when. Also the median time
//! of a slice, and how long the current turn has kept the thread.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use weir_job_wasm::jobs::Job;
use weir_job_wasm::outcome::Finished;

/// The time that a sample of turns covers.
pub(super) const WINDOW: Duration = Duration::from_micros(2_000);
/// The most turns in a sample: a turn of an ordinary job takes some microseconds.
const MOST: usize = 400;
/// A job with more turns than this is named in a sample; others are ordinary jobs.
const ORDINARY: u32 = 20;
/// A job without slices, with isolation `task` or `thread`, is long from this time on.
const WHOLE_TURN: Duration = Duration::from_millis(100);
/// The number of latest slices whose median is the slice time.
const SLICES: usize = 64;
/// The id that stands for all ordinary jobs: the engine counts jobs from 1.
const ORDINARY_ID: u64 = 0;

/// Start and length of a turn in microseconds from the beginning of the sample, and the id of
/// its job; 0 for an ordinary job.
pub(super) type Turn = (f64, f64, u64);

/// The meter of one scheduler thread. The thread writes, others read.
#[derive(Debug)]
pub(super) struct Meter {
    epoch: Instant,
    /// When the current turn began, in nanoseconds since the epoch; 0 between turns.
    began: AtomicU64,
    /// The job that has the current turn.
    owner: AtomicU64,
    busy_ns: AtomicU64,
    /// The longest turn of an ordinary job since it was last read.
    longest_ns: AtomicU64,
    /// Reductions of the ordinary jobs that have ended since it was last read.
    ordinary_reductions: AtomicU64,
    /// The latest turns that ended because a slice was used up, in nanoseconds.
    slices: [AtomicU32; SLICES],
    next_slice: AtomicUsize,
    is_sampling: AtomicBool,
    sample: Mutex<Sample>,
}

#[derive(Debug)]
struct Sample {
    began: Instant,
    turns: Vec<Turn>,
}

impl Meter {
    pub(super) fn new() -> Self {
        let epoch = Instant::now();
        Self {
            epoch,
            began: AtomicU64::new(0),
            owner: AtomicU64::new(ORDINARY_ID),
            busy_ns: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
            ordinary_reductions: AtomicU64::new(0),
            slices: std::array::from_fn(|_| AtomicU32::new(0)),
            next_slice: AtomicUsize::new(0),
            is_sampling: AtomicBool::new(false),
            sample: Mutex::new(Sample { began: epoch, turns: Vec::new() }),
        }
    }

    fn begin(&self, id: u64, now: Instant) {
        self.owner.store(id, Ordering::Relaxed);
        self.began.store(nanos(now - self.epoch).max(1), Ordering::Release);
    }

    fn end(&self, owner: u64, began: Instant, ended: Instant, is_slice: bool) {
        self.began.store(0, Ordering::Release);
        let took = nanos(ended - began);
        self.busy_ns.fetch_add(took, Ordering::Relaxed);
        if is_slice {
            let at = self.next_slice.fetch_add(1, Ordering::Relaxed) % SLICES;
            self.slices[at].store(u32::try_from(took).unwrap_or(u32::MAX), Ordering::Relaxed);
        }
        if owner == ORDINARY_ID {
            self.longest_ns.fetch_max(took, Ordering::Relaxed);
        }
        if self.is_sampling.load(Ordering::Relaxed) {
            self.add(owner, began, ended);
        }
    }

    fn add(&self, owner: u64, began: Instant, ended: Instant) {
        let mut sample = self.sample();
        let start = micros(began.saturating_duration_since(sample.began));
        let end = micros(ended.saturating_duration_since(sample.began)).min(micros(WINDOW));
        if start < end {
            sample.turns.push((round(start), round(end - start), owner));
        }
        if ended - sample.began >= WINDOW || sample.turns.len() == MOST {
            self.is_sampling.store(false, Ordering::Relaxed);
        }
    }

    /// Returns the turns of the last sample, and begins another.
    pub(super) fn take_sample(&self) -> Vec<Turn> {
        let current = self.current();
        let mut sample = self.sample();
        let mut turns = std::mem::take(&mut sample.turns);
        if let Some((owner, age)) = current.filter(|(_, age)| *age >= WINDOW) {
            // A turn that began before the sample and has not ended.
            let shown = turns.is_empty() && age >= sample.began.elapsed();
            if shown || age >= Duration::from_millis(500) {
                turns = vec![(0.0, micros(WINDOW), owner)];
            }
        }
        sample.began = Instant::now();
        self.is_sampling.store(true, Ordering::Relaxed);
        turns
    }

    /// Returns the job that has the thread now, and for how long it has had it.
    pub(super) fn current(&self) -> Option<(u64, Duration)> {
        let began = self.began.load(Ordering::Acquire);
        let age = || nanos(self.epoch.elapsed()).saturating_sub(began);
        (began > 0).then(|| (self.owner.load(Ordering::Relaxed), Duration::from_nanos(age())))
    }

    /// The time in turns since the start.
    pub(super) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_ns.load(Ordering::Relaxed))
    }

    /// Returns the longest turn of an ordinary job since the last call.
    pub(super) fn take_longest(&self) -> Duration {
        Duration::from_nanos(self.longest_ns.swap(0, Ordering::Relaxed))
    }

    /// Returns the reductions of the ordinary jobs that have ended since the last call.
    pub(super) fn take_ordinary_reductions(&self) -> u64 {
        self.ordinary_reductions.swap(0, Ordering::Relaxed)
    }

    /// Counts the reductions of a job that has ended, if it was an ordinary one. Such a job takes
    /// microseconds, so its end is soon enough. A long job is counted by the engine as it runs.
    fn count_ended(&self, job: &Finished) {
        if job.slices <= u64::from(ORDINARY) && job.longest_slice < WHOLE_TURN {
            self.ordinary_reductions.fetch_add(job.reductions, Ordering::Relaxed);
        }
    }

    /// The latest slices, in nanoseconds.
    pub(super) fn slices(&self) -> impl Iterator<Item = u32> {
        self.slices.iter().map(|slice| slice.load(Ordering::Relaxed)).filter(|slice| *slice > 0)
    }

    /// Forgets the slices, because their size has changed.
    pub(super) fn forget_slices(&self) {
        self.slices.iter().for_each(|slice| slice.store(0, Ordering::Relaxed));
    }

    fn sample(&self) -> MutexGuard<'_, Sample> {
        self.sample.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job, and the meter that counts its turns.
#[derive(Debug)]
pub(super) struct Metered {
    job: Job,
    turns: u32,
    /// True if a turn without an end uses up a slice, as with isolation `fuel`.
    in_slices: bool,
}

impl Metered {
    pub(super) fn new(job: Job, in_slices: bool) -> Self {
        Self { job, turns: 0, in_slices }
    }

    pub(super) fn id(&self) -> u64 {
        self.job.id()
    }

    /// Gives the job a turn on the thread of `meter`.
    pub(super) fn poll(&mut self, meter: &Meter, context: &mut Context<'_>) -> Poll<Finished> {
        self.turns = self.turns.saturating_add(1);
        let id = self.job.id();
        let began = Instant::now();
        meter.begin(id, began);
        let polled = Pin::new(&mut self.job).poll(context);
        let ended = Instant::now();
        let owner = if self.turns > ORDINARY { id } else { ORDINARY_ID };
        meter.end(owner, began, ended, self.in_slices && polled.is_pending());
        if let Poll::Ready(finished) = &polled {
            meter.count_ended(finished);
        }
        polled
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn round(micros: f64) -> f64 {
    (micros * 10.0).round() / 10.0
}
