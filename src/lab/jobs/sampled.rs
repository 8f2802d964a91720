//! Samples of the lab: rates, CPU time, turns and curves.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use weir_job_wasm::jobs::Row;
use weir_job_wasm::settings::Isolation;

use super::history::{Point, Points};
use super::recording::Observed;
use super::scheduler::Scheduler;
use super::snapshot::Core as CoreState;
use super::turns::{Turn, WINDOW};
use super::verdict::ROGUE_MS;
use super::window::LastSecond;
use super::{Inner, MarkKind, lock};
use crate::lab::Percentiles;
use crate::lab::figures::Rate;
use crate::metrics::empty_histogram;
use crate::record::JobsLedger;

/// How often the turns of the threads are sampled.
const TURNS: Duration = Duration::from_millis(500);
/// The turn after which a thread counts as lost to a job that cannot be interrupted.
const LOST: Duration = Duration::from_millis(500);
/// The jobs of users whose times are kept, and for how long.
const YOURS: usize = 200;
const YOURS_FOR: Duration = Duration::from_secs(60);
/// How long after the last job the fast pace is kept.
const RECENT: Duration = Duration::from_secs(2);
/// Points over which figures of the last second are taken.
const SECOND: usize = 10;

/// The state of the sampler.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    /// The account at the last reset.
    pub(super) before: JobsLedger,
    /// Restarts of workers at the last reset.
    pub(super) restarts_before: u64,
    /// The latest kill: when, the job, and milliseconds until its submitter had the answer.
    pub(super) killed: Option<(u64, u64, f64)>,
    pub(super) points: Points,
    pub(super) last_second: LastSecond,
    pub(super) cores: Vec<CoreSample>,
    /// Reductions of ordinary jobs.
    pub(super) ordinary_reductions: Rate,
    /// The longest turn of an ordinary job since the last sample.
    pub(super) longest: Duration,
    /// CPU time outside of the scheduler threads' turns, in cores: jobs on blocking threads.
    pub(super) blocking: f64,
    yours: VecDeque<(Instant, Duration)>,
    /// Those since the last sample.
    fresh: Vec<Duration>,
    last: Option<Last>,
    next_turns: Option<Instant>,
    /// When a job last began or ended.
    active: Option<(Instant, u64)>,
    /// Jobs that have a mark already.
    marked: BTreeSet<u64>,
}

/// A thread since the last sample.
#[derive(Debug, Clone, Default)]
pub(super) struct CoreSample {
    /// CPU time in cores.
    pub(super) share: f64,
    /// Time within turns in cores: more than the CPU time if other processes had the core.
    in_turns: f64,
    turns: Vec<Turn>,
    busy: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Instant,
    done: u64,
}

impl Sampled {
    /// Forgets everything up to now.
    pub(super) fn reset(&mut self, counts: JobsLedger, restarts: u64) {
        (self.before, self.restarts_before, self.killed) = (counts, restarts, None);
        self.points.clear();
        self.last_second.clear();
        self.yours.clear();
    }

    /// Notes the time of a user's job.
    pub(super) fn note_yours(&mut self, took: Duration) {
        self.fresh.push(took);
        self.yours.push_back((Instant::now(), took));
        if self.yours.len() > YOURS {
            self.yours.pop_front();
        }
    }

    /// Times of the latest jobs of users.
    pub(super) fn yours(&self) -> Option<Percentiles> {
        let recent = self.yours.iter().filter(|(at, _)| at.elapsed() < YOURS_FOR);
        let mut times: Vec<Duration> = recent.map(|(_, took)| *took).collect();
        times.sort_unstable();
        let at = |share: f64| {
            let index = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1;
            super::millis(times[index])
        };
        (!times.is_empty()).then(|| Percentiles { p50: at(0.5), p99: at(0.99) })
    }

    /// Returns whether jobs began or ended in the last seconds.
    pub(super) fn is_recent(&mut self, counts: JobsLedger) -> bool {
        let (at, known) = self.active.unwrap_or((Instant::now(), counts.accepted));
        let at = if known == counts.accepted { at } else { Instant::now() };
        self.active = Some((at, counts.accepted));
        counts.accepted > 0 && at.elapsed() < RECENT
    }

    /// Jobs done per second, over the last second.
    pub(super) fn rate(&self) -> f64 {
        mean(self.points.latest(SECOND).map(|point| point.rate as f64))
    }

    /// Cores in use, over the last half second.
    pub(super) fn cpu(&self) -> f64 {
        mean(self.points.latest(SECOND / 2).map(|point| point.core))
    }

    /// The part of the time within turns that the threads had a core.
    pub(super) fn part_on_core(&self) -> f64 {
        let (had, turns) = self
            .cores
            .iter()
            .fold((0.0, 0.0), |(had, turns), core| (had + core.share, turns + core.in_turns));
        if turns > had { had / turns } else { 1.0 }
    }

    /// The threads as they are shown, without those that are lost.
    pub(super) fn shown_cores(&self, lost: impl Fn(usize) -> bool) -> Vec<CoreState> {
        let window_us = u64::try_from(WINDOW.as_micros()).unwrap_or(u64::MAX);
        let shown = |(at, core): (usize, &CoreSample)| CoreState {
            share: three_digits(core.share),
            lost: lost(at),
            window_us,
            turns: core.turns.clone(),
        };
        self.cores.iter().enumerate().map(shown).collect()
    }
}

impl Inner {
    /// Takes a sample.
    pub(super) fn sample(self: &Arc<Self>) {
        let rows = self.core.jobs.top();
        self.replace_lost(&rows);
        self.mark_rogues(&rows);
        let schedulers = self.threads.active();
        let counts = self.core.ledger.counts();
        let (now, lost) = (Instant::now(), self.threads.lost());
        let threads = || schedulers.iter().chain(&lost);
        let mut sampled = lock(&self.sampled);
        let last = sampled.last.replace(Last { at: now, done: counts.done });
        let seconds = last.map_or(0.0, |last| (now - last.at).as_secs_f64()).max(1e-3);
        let done = last.map_or(0, |last| counts.done - last.done);
        let burnt = threads().map(|scheduler| scheduler.meter.take_ordinary_reductions()).sum();
        sampled.ordinary_reductions.push(now, burnt);
        sampled.longest =
            schedulers.iter().map(|scheduler| scheduler.meter.take_longest()).max().unwrap_or_default();
        let core = sampled.sample_cpu(&schedulers, &lost, seconds);
        if sampled.next_turns.is_none_or(|next| now >= next) {
            sampled.next_turns = Some(now + TURNS);
            for (core, scheduler) in sampled.cores.iter_mut().zip(&schedulers) {
                core.turns = scheduler.meter.take_sample();
            }
        }
        let p99_us = sampled.last_second.push(schedulers.iter().map(|scheduler| &*scheduler.window));
        let now_ms = self.core.now_ms();
        let due = sampled.points.due(now_ms);
        sampled.points.skip(due);
        let due = sampled.points.due(now_ms);
        let rate = (done as f64 / seconds).round() as u64;
        for _ in 0..due {
            sampled.points.push(Point { rate, core, p99_us });
        }
        let fresh = std::mem::take(&mut sampled.fresh);
        let lateness = sampled.last_second.newest().cloned().unwrap_or_else(empty_histogram);
        drop(sampled);
        lock(&self.recorder).observe(&Observed {
            now,
            counts,
            restarts: self.core.restarts.load(Ordering::Relaxed),
            core_s: if last.is_some() { core * seconds } else { 0.0 },
            lateness: &lateness,
            yours: &fresh,
            config: &self.config(),
        });
        self.ticks.send_modify(|ticks| *ticks += 1);
    }

    /// Replaces each thread that a job with isolation `task` keeps, once the isolation has
    /// changed.
    fn replace_lost(self: &Arc<Self>, rows: &[Row]) {
        self.threads.forget_ended();
        if self.core.jobs.settings().isolation == Isolation::Task {
            return;
        }
        for scheduler in self.threads.active() {
            let Some(id) = scheduler.kept_by(rows, LOST) else { continue };
            match self.threads.replace(&scheduler) {
                Ok(()) => {
                    let word = format!("thread {} lost to #{id}, replaced", scheduler.core);
                    log::warn!("jobs: {word}");
                    self.mark(MarkKind::Isolation, word);
                    self.command(super::control::Command::Adjust);
                }
                Err(error) => log::error!("jobs: cannot replace a lost thread: {error}"),
            }
        }
    }

    /// Marks jobs that have become rogues.
    fn mark_rogues(&self, rows: &[Row]) {
        let is_rogue = |row: &&Row| row.age >= Duration::from_millis(ROGUE_MS);
        let rogues: Vec<&Row> = rows.iter().filter(is_rogue).collect();
        let fresh: Vec<u64> = {
            let mut sampled = lock(&self.sampled);
            sampled.marked.retain(|id| rogues.iter().any(|row| row.id == *id));
            rogues.iter().map(|row| row.id).filter(|id| sampled.marked.insert(*id)).collect()
        };
        match fresh.as_slice() {
            [] => {}
            // Of that moment: the mark stays after the job has ended.
            [id] => self.mark(MarkKind::Rogue, format!("#{id} took over 1 s")),
            several => self.mark(MarkKind::Rogue, format!("{} jobs took over 1 s", several.len())),
        }
    }

    /// For how long each thread has been stalled by its current turn.
    pub(super) fn stalls(&self, schedulers: &[Arc<Scheduler>]) -> Vec<Duration> {
        let stalled = |scheduler: &Arc<Scheduler>| {
            let current = scheduler.meter.current();
            current.map_or(Duration::ZERO, |(_, age)| {
                if age >= Duration::from_millis(100) { age } else { Duration::ZERO }
            })
        };
        schedulers.iter().map(stalled).collect()
    }

    /// Restarts of workers since the last reset.
    pub(super) fn restarts(&self, sampled: &Sampled) -> u64 {
        self.core.restarts.load(Ordering::Relaxed).saturating_sub(sampled.restarts_before)
    }
}

impl Sampled {
    /// Measures the CPU time of the threads since the last sample; returns cores in use.
    fn sample_cpu(&mut self, schedulers: &[Arc<Scheduler>], lost: &[Arc<Scheduler>], seconds: f64) -> f64 {
        self.cores.resize(schedulers.len(), CoreSample::default());
        let (mut all, mut blocking) = (0.0, 0.0);
        for (core, scheduler) in self.cores.iter_mut().zip(schedulers) {
            let busy = scheduler.meter.busy();
            let in_turns = busy.saturating_sub(core.busy).as_secs_f64() / seconds;
            core.busy = busy;
            let share = match scheduler.take_cpu() {
                Some((own, blocking_threads)) => {
                    blocking += blocking_threads.as_secs_f64() / seconds;
                    own.as_secs_f64() / seconds
                }
                None => in_turns,
            };
            // The system counts in ticks of some milliseconds.
            core.share = (0.6 * core.share + 0.4 * share.min(1.0)).min(1.0);
            core.in_turns = 0.6 * core.in_turns + 0.4 * in_turns;
            all += share.min(1.0);
        }
        for scheduler in lost {
            if let Some((own, blocking_threads)) = scheduler.take_cpu() {
                all += own.as_secs_f64() / seconds;
                blocking += blocking_threads.as_secs_f64() / seconds;
            }
        }
        self.blocking = blocking;
        all + blocking
    }
}

pub(super) fn three_digits(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, number) = values.fold((0.0, 0_u32), |(sum, number), value| (sum + value, number + 1));
    if number == 0 { 0.0 } else { sum / f64::from(number) }
}
