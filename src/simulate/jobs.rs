//! Simulates jobs that take turns on threads, under virtual time.
//!
//! The scheduler is that of tokio on one thread: a queue of tasks that are ready, tasks
//! from other threads after 31 of them, timers and yielded tasks after 61 or when the queue
//! is empty. The number of reductions of an input is exact, because the code itself counts
//! them. A reduction and a worker's job take the times that the [`Bench`] says.
//!
//! The same seed gives the same figures.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hdrhistogram::Histogram;
use weir_job_wasm::code::Code;
use weir_job_wasm::jobs::{Jobs, JobsError};
use weir_job_wasm::settings::{Isolation, Settings};

use crate::theory::NoModel;
use crate::theory::jobs::{Bench, EVENT_INTERVAL, Figures, GLOBAL_INTERVAL, TICK, Times, predict};

/// The least mean time from the answer of a user's job to the next job, in seconds.
const BETWEEN: f64 = 3e-3;
/// Most reductions that are counted: about half a second.
const MOST_COUNTED: u64 = 2_000_000_000;
/// The longest simulation, in seconds.
pub const LONGEST: f64 = 600.0;

/// Counts the reductions of an input: by running it. `None` if it takes more than two
/// billion, or traps.
///
/// # Errors
/// [`JobsError`], if no instance of the code can be made.
///
/// # Panics
/// Within a runtime: it has one of its own.
pub fn reductions(code: Code, input: i64) -> Result<Option<u64>, JobsError> {
    let settings = Settings { max_reductions: Some(MOST_COUNTED), slice: 1_000_000, ..Settings::default() };
    let jobs = Jobs::new(code, settings)?;
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return Ok(None) };
    let finished = runtime.block_on(jobs.submit(input));
    Ok(finished.outcome.value().map(|_| finished.reductions))
}

/// Simulates `seconds` of the jobs.
///
/// # Errors
/// [`NoModel`], as [`predict`] does.
pub fn simulate(bench: &Bench, seconds: f64, seed: u64) -> Result<Figures, NoModel> {
    let mut figures = predict(bench)?;
    if bench.isolation == Isolation::Task && bench.rogues > 0 {
        return Ok(figures);
    }
    let threads = bench.threads.max(1);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut seen = Seen::new();
    for number in 0..threads {
        Thread::new(bench, number, seconds, random.fork()).run(&mut seen);
    }
    let all = seconds * f64::from(threads);
    figures.rate = seen.late.len() as f64 / seconds;
    figures.utilisation = seen.work / all;
    figures.busy = seen.busy / all;
    figures.lateness = times(&seen.late);
    figures.yours = times(&seen.yours);
    let worst = "Jobs become ready at random moments of a round.";
    figures.assumptions.retain(|assumption| assumption != worst);
    Ok(figures)
}

/// What the threads have recorded: times in microseconds, sums in seconds.
struct Seen {
    late: Histogram<u64>,
    yours: Histogram<u64>,
    work: f64,
    busy: f64,
}

impl Seen {
    fn new() -> Self {
        Self { late: histogram(), yours: histogram(), work: 0.0, busy: 0.0 }
    }
}

/// A histogram of microseconds up to ten minutes, with three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, (LONGEST * 1e6) as u64, 3).expect("the bounds are valid")
}

fn times(seen: &Histogram<u64>) -> Option<Times> {
    let ms = |share: f64| seen.value_at_quantile(share) as f64 / 1e3;
    let all = Times { mean_ms: seen.mean() / 1e3, p50_ms: ms(0.5), p99_ms: ms(0.99) };
    (!seen.is_empty()).then_some(all)
}

/// A task that is ready.
#[derive(Clone, Copy)]
enum Task {
    Rogue,
    Worker { due: f64 },
    User { submitted: f64, left: u64 },
}

/// A thread with its share of workers, rogues and users.
struct Thread<'a> {
    bench: &'a Bench,
    now: f64,
    end: f64,
    ready: VecDeque<Task>,
    /// Tasks that have yielded since the timers were looked at.
    yielded: Vec<Task>,
    /// Workers by the tick at which their timer fires, and when they are due, in
    /// nanoseconds.
    timers: BinaryHeap<Reverse<(u64, u64)>>,
    /// The moment at which the user submits the next job.
    user: Option<f64>,
    /// The time of a slice of each rogue, in seconds.
    round: f64,
    random: fastrand::Rng,
}

impl<'a> Thread<'a> {
    fn new(bench: &'a Bench, number: u32, seconds: f64, mut random: fastrand::Rng) -> Self {
        let threads = bench.threads.max(1);
        let share = |all: u32| all / threads + u32::from(number < all % threads);
        let mut thread = Self {
            bench,
            now: 0.0,
            end: seconds,
            ready: (0..share(bench.rogues)).map(|_| Task::Rogue).collect(),
            yielded: Vec::new(),
            timers: BinaryHeap::new(),
            user: Some(random.f64() * BETWEEN),
            round: f64::from(share(bench.rogues)) * bench.slice_time(),
            random,
        };
        if bench.rate > 0.0 {
            for _ in 0..share(bench.workers) {
                let due = thread.random.f64() / bench.rate;
                thread.sleep_until(due);
            }
        }
        thread
    }

    fn run(mut self, seen: &mut Seen) {
        let mut since_timers = 0.0;
        let mut turns = 0_u64;
        while self.now < self.end {
            turns += 1;
            let Some(task) = self.next(turns) else {
                self.park();
                since_timers = 0.0;
                continue;
            };
            self.turn(task, seen);
            since_timers += 1.0;
            if since_timers >= EVENT_INTERVAL {
                self.look_at_timers();
                since_timers = 0.0;
            }
        }
    }

    /// The next task: from other threads first in every 31st turn.
    fn next(&mut self, turns: u64) -> Option<Task> {
        let foreign_first = turns.is_multiple_of(GLOBAL_INTERVAL as u64);
        if foreign_first && let Some(user) = self.user() {
            return Some(user);
        }
        self.ready.pop_front().or_else(|| self.user())
    }

    fn user(&mut self) -> Option<Task> {
        let submitted = self.user.take_if(|at| *at <= self.now)?;
        Some(Task::User { submitted, left: self.bench.yours })
    }

    fn turn(&mut self, task: Task, seen: &mut Seen) {
        let (bench, began) = (self.bench, self.now);
        match task {
            Task::Rogue => {
                self.now += bench.slice_time();
                self.yielded.push(Task::Rogue);
            }
            Task::Worker { due } => {
                self.now += bench.cost;
                seen.work += bench.cost;
                record(&mut seen.late, self.now - due);
                self.sleep_until(due + 1.0 / bench.rate);
            }
            Task::User { submitted, left } => {
                let burnt = left.min(bench.slice);
                self.now += burnt as f64 / bench.speed;
                if left > burnt {
                    self.yielded.push(Task::User { submitted, left: left - burnt });
                } else {
                    self.now += bench.cost;
                    record(&mut seen.yours, self.now - submitted);
                    // Up to two rounds later, so that the user does not fall into step with them.
                    let gap = 2.0 * self.random.f64() * self.round.max(BETWEEN);
                    self.user = Some(self.now + gap);
                }
            }
        }
        seen.busy += self.now - began;
    }

    /// Nothing is ready: goes on with what has yielded, or sleeps until the next timer or
    /// user. A thread sleeps for whole milliseconds.
    fn park(&mut self) {
        if self.yielded.is_empty() {
            let timer = self.timers.peek().map(|Reverse((tick, _))| *tick as f64 * TICK);
            let timer = timer.map(|at| self.now + ((at - self.now) / TICK).ceil().max(0.0) * TICK);
            let next = [timer, self.user].into_iter().flatten().fold(self.end, f64::min);
            self.now = self.now.max(next);
        }
        self.look_at_timers();
    }

    /// Makes ready the workers whose timer has fired, and then what has yielded.
    fn look_at_timers(&mut self) {
        let tick = (self.now / TICK).floor() as u64;
        while let Some(Reverse((at, due))) = self.timers.peek().copied()
            && at <= tick
        {
            self.timers.pop();
            self.ready.push_back(Task::Worker { due: due as f64 / 1e9 });
        }
        self.ready.extend(self.yielded.drain(..));
    }

    fn sleep_until(&mut self, due: f64) {
        self.timers.push(Reverse(((due / TICK).ceil() as u64, (due * 1e9) as u64)));
    }
}

fn record(seen: &mut Histogram<u64>, seconds: f64) {
    seen.saturating_record((seconds * 1e6).round() as u64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::jobs::MEASURED;

    const SUM: &str = include_str!("../../jobs/sum.wat");

    const BENCH: Bench = Bench { rogues: 10, yours: 20_000, ..MEASURED };

    #[test]
    fn the_same_seed_gives_the_same_figures() {
        let first = simulate(&BENCH, 2.0, 7).unwrap();
        assert_eq!(simulate(&BENCH, 2.0, 7).unwrap(), first);
        assert_ne!(simulate(&BENCH, 2.0, 8).unwrap(), first);
    }

    #[test]
    fn theory_and_simulation_agree_on_jobs_beside_rogues() {
        for (rogues, threads, slice) in [
            (0, 1, 50_000),
            (1, 1, 50_000),
            (10, 1, 50_000),
            (10, 1, 500_000),
            (20, 2, 50_000),
            (100, 1, 50_000),
        ] {
            let bench = Bench { rogues, threads, slice, ..BENCH };
            let (theory, simulated) = (predict(&bench).unwrap(), simulate(&bench, 5.0, 1).unwrap());
            let both =
                [theory.lateness, simulated.lateness, theory.yours, simulated.yours].map(Option::unwrap);
            let [late, late_simulated, yours, yours_simulated] = both;
            for (what, predicted, found) in [
                ("rate", theory.rate, simulated.rate),
                ("busy", theory.busy, simulated.busy),
                ("lateness p50", late.p50_ms, late_simulated.p50_ms),
                ("lateness p99", late.p99_ms, late_simulated.p99_ms),
                ("yours p50", yours.p50_ms, yours_simulated.p50_ms),
                ("yours p99", yours.p99_ms, yours_simulated.p99_ms),
            ] {
                // Theory does not know that workers' jobs count among the 31 tasks after which
                // a user's job may start in the middle of a round.
                let share = if what.starts_with("yours") { 0.3 } else { 0.2 };
                let allowed = share * predicted + 0.06;
                assert!(
                    (predicted - found).abs() < allowed,
                    "{rogues} rogues, {threads} threads, {slice}: {what} {predicted:.3} and {found:.3}"
                );
            }
        }
    }

    #[test]
    fn reductions_are_counted_exactly_and_not_for_ever() {
        let count = |input| reductions(Code::new(SUM.as_bytes()).unwrap(), input).unwrap();
        let hundred = count(100).unwrap();
        assert_eq!(count(100), Some(hundred));
        assert!(count(200).unwrap() > hundred + 1_000, "{hundred}");
        assert_eq!(count(13), None, "it traps");
    }
}
