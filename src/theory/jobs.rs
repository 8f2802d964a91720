//! Lateness of jobs beside endless ones, with which they share threads in turns.
//!
//! A thread gives each of its rogues one slice, then looks for other work. That is a *round*.
//! A job that becomes ready during a round waits for the rest of it, so the wait is uniform
//! on the length of a round: (rogues ÷ threads) × slice time. Ordinary jobs run between the
//! rounds and stretch them by 1 ÷ (1 − utilisation).
//!
//! Two numbers of tokio's scheduler on one thread shorten the wait for many rogues. It looks
//! for tasks from other threads after 31 tasks, and at its timers after 61 tasks, or when no
//! task is ready. A worker whose timer has fired queues behind the rogues that are ready.
//!
//! A worker sleeps on tokio's timer, which fires at the next whole millisecond: up to 1 ms
//! more. A thread without rogues sleeps as well, for whole milliseconds, which adds up to
//! another. The workers whose timers fire together run one after the other: a *batch*.

use serde::Serialize;
use weir_job_wasm::settings::Isolation;

use super::NoModel;

/// Tasks after which a thread looks at its timers (tokio's `event_interval`).
pub const EVENT_INTERVAL: f64 = 61.0;
/// Tasks after which a thread looks for tasks from other threads (tokio's
/// `global_queue_interval`).
pub const GLOBAL_INTERVAL: f64 = 31.0;
/// The resolution of tokio's timers, in seconds.
pub const TICK: f64 = 1e-3;

/// Rogues, load and machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bench {
    /// How jobs share their thread.
    pub isolation: Isolation,
    /// Number of endless jobs.
    pub rogues: u32,
    /// Reductions of a slice.
    pub slice: u64,
    /// Number of workers.
    pub workers: u32,
    /// Jobs per second of each worker.
    pub rate: f64,
    /// Number of threads that run jobs.
    pub threads: u32,
    /// Reductions per second of a core.
    pub speed: f64,
    /// CPU time of a worker's job, with its timer, in seconds.
    pub cost: f64,
    /// Reductions of a user's job.
    pub yours: u64,
}

/// The figures that theory or a simulation gives for the jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Jobs of the workers per second.
    pub rate: f64,
    /// Share of the threads' time that the workers' jobs need.
    pub utilisation: f64,
    /// Share of the threads' time that is used, with that of the rogues.
    pub busy: f64,
    /// Time of a slice, in milliseconds.
    pub slice_ms: f64,
    /// Time from a rogue's turn to its next, in milliseconds.
    pub round_ms: f64,
    /// Lateness of a worker's job, from when it was due until its end. `None`: it has no
    /// bound.
    pub lateness: Option<Times>,
    /// Time of a user's job, from its submission to its answer. `None`: it has no bound.
    pub yours: Option<Times>,
    /// A warning, where something goes wrong.
    pub caution: Option<String>,
    /// The assumptions.
    pub assumptions: Vec<String>,
}

/// A distribution of times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    /// Mean.
    pub mean_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
}

/// Predicts the lateness of jobs beside rogues.
///
/// # Errors
/// [`NoModel`], if the load needs more time than the threads have, or if the operating
/// system's scheduler decides ([`Isolation::Thread`] with rogues).
pub fn predict(bench: &Bench) -> Result<Figures, NoModel> {
    let threads = f64::from(bench.threads.max(1));
    let offered = f64::from(bench.workers) * bench.rate;
    let utilisation = offered * bench.cost / threads;
    if utilisation >= 1.0 {
        return Err(NoModel {
            why: format!(
                "{offered:.0} jobs/s need {:.0} % of the {threads} threads, so the backlog grows without \
                 end",
                utilisation * 100.0
            ),
        });
    }
    match bench.isolation {
        Isolation::Task if bench.rogues > 0 => Ok(lost_threads(bench, threads, offered, utilisation)),
        Isolation::Thread if bench.rogues > 0 => Err(NoModel {
            why: "with the isolation `thread`, each rogue keeps an operating-system thread and its share \
                  of a core for good, and the system's scheduler decides the rest: measure it"
                .to_owned(),
        }),
        _ => Ok(in_turns(bench, threads, offered, utilisation)),
    }
}

/// Rogues that never yield: one thread each is lost, with the workers that it has.
fn lost_threads(bench: &Bench, threads: f64, offered: f64, utilisation: f64) -> Figures {
    let lost = f64::from(bench.rogues).min(threads);
    Figures {
        rate: offered * (threads - lost) / threads,
        utilisation: utilisation * (threads - lost) / threads,
        busy: lost / threads + utilisation * (threads - lost) / threads,
        slice_ms: bench.slice_time() * 1e3,
        round_ms: f64::INFINITY,
        lateness: None,
        yours: None,
        caution: Some(format!(
            "unbounded: a task that never yields keeps its thread, so {lost} of {threads} threads are \
             lost until the process ends; neither abort nor kill has an effect"
        )),
        assumptions: vec![
            "The workers are spread evenly, and a worker stays on its thread.".to_owned(),
            "Rogues land on different threads as long as there are some.".to_owned(),
        ],
    }
}

/// Rogues that run in slices, or no rogues.
fn in_turns(bench: &Bench, threads: f64, offered: f64, utilisation: f64) -> Figures {
    let slice = bench.slice_time() / (1.0 - utilisation);
    // The median job has the average thread; the 99th percentile is that of the worst.
    let average = f64::from(bench.rogues) / threads;
    let worst = average.ceil();
    // The rogues that have a turn before tokio has run `tasks` tasks. In a long queue, there
    // are workers' jobs among them.
    let turns = |rogues: f64, tasks: f64| {
        if rogues > tasks { tasks / (1.0 + offered / threads * slice) } else { rogues }
    };
    let looks = |rogues: f64| {
        if rogues > 0.0 { turns(rogues, EVENT_INTERVAL) * slice } else { TICK }
    };
    let batch = |rogues: f64| utilisation * if rogues > 0.0 { looks(rogues).max(TICK) } else { 2.0 * TICK };
    let late = |rogues: f64, share: f64| {
        let queued = (rogues - turns(rogues, EVENT_INTERVAL)) * slice + batch(rogues) * share;
        queued + sum_of_uniforms(TICK, looks(rogues), share) + bench.cost
    };
    // The first slice comes after a part of a round, each further one after a whole round.
    let more = bench.slices_of_yours().saturating_sub(1) as f64;
    let work = bench.yours as f64 / bench.speed / (1.0 - utilisation) + bench.cost;
    let yours = |rogues: f64, share: f64| {
        // The thread works on a batch for this share of the time.
        let behind = if utilisation > 0.0 { (1.0 - (1.0 - share) / utilisation).max(0.0) } else { 0.0 };
        (turns(rogues, GLOBAL_INTERVAL) * share + rogues * more) * slice + batch(rogues) * behind + work
    };
    let mean = late(average, 0.5);
    let ms = |seconds: f64| seconds * 1e3;
    let mut assumptions = vec![
        format!(
            "A core executes {:.0} million reductions per second (--speed); `weir jobs top` shows yours.",
            bench.speed / 1e6
        ),
        format!(
            "A worker's job takes {:.1} µs of a core, with its timer (--cost), and ends in one slice.",
            bench.cost * 1e6
        ),
        "Rogues and workers are spread evenly over the threads, and each thread has a core of its own."
            .to_owned(),
        "Jobs become ready at random moments of a round.".to_owned(),
        "Jobs of workers that fall due in the same millisecond run one after the other.".to_owned(),
        "Up to 1 ms of a worker's lateness is tokio's timer; without rogues up to 2 ms, because the thread \
         sleeps for whole milliseconds."
            .to_owned(),
    ];
    if average > GLOBAL_INTERVAL {
        assumptions.push(format!(
            "With more than 31 rogues on a thread, tokio starts a user's job after {GLOBAL_INTERVAL} turns of other tasks."
        ));
    }
    Figures {
        rate: offered,
        utilisation,
        busy: average.min(1.0) + (1.0 - average.min(1.0)) * utilisation,
        slice_ms: ms(bench.slice_time()),
        round_ms: ms(average * slice),
        lateness: (offered > 0.0).then(|| Times {
            mean_ms: ms(mean),
            p50_ms: ms(late(average, 0.5)),
            p99_ms: ms(late(worst, 0.99)),
        }),
        yours: Some(Times {
            mean_ms: ms(yours(average, 0.5)),
            p50_ms: ms(yours(average, 0.5)),
            p99_ms: ms(yours(worst, 0.99)),
        }),
        caution: None,
        assumptions,
    }
}

impl Bench {
    /// Seconds of a slice.
    pub fn slice_time(&self) -> f64 {
        self.slice as f64 / self.speed
    }

    /// Slices of a user's job.
    pub fn slices_of_yours(&self) -> u64 {
        self.yours.div_ceil(self.slice.max(1)).max(1)
    }
}

/// Returns the quantile of the sum of two independent uniform times, on 0 to `a` and 0 to
/// `b`. Its density is a trapezoid.
fn sum_of_uniforms(a: f64, b: f64, share: f64) -> f64 {
    let (a, b) = (a.min(b), a.max(b));
    if b <= 0.0 {
        return 0.0;
    }
    // The share up to `a`, where the density rises, and symmetrically from `b` on.
    let corner = a / (2.0 * b);
    if share < corner {
        (2.0 * a * b * share).sqrt()
    } else if share <= 1.0 - corner {
        a / 2.0 + b * share
    } else {
        a + b - (2.0 * a * b * (1.0 - share)).sqrt()
    }
}

/// The machine of `crates/weir-job-wasm/README.md`: slices of 50 µs, 10,000 jobs/s in
/// about 9 % of a core.
#[cfg(test)]
pub(crate) const MEASURED: Bench = Bench {
    isolation: Isolation::Fuel,
    rogues: 0,
    slice: 50_000,
    workers: 10_000,
    rate: 1.0,
    threads: 1,
    speed: 1e9,
    cost: 9e-6,
    yours: 0,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn close(what: &str, predicted: f64, measured: f64) {
        let ratio = predicted / measured;
        assert!((0.7..1.25).contains(&ratio), "{what}: {predicted:.2} predicted, {measured:.2} measured");
    }

    #[test]
    fn the_lateness_is_that_of_the_measurements_in_the_readme_of_the_crate() {
        for (rogues, p50, p99) in [(0, 1.1, 2.1), (1, 0.7, 1.1), (10, 0.8, 1.5), (100, 4.4, 7.0)] {
            let late = predict(&Bench { rogues, ..MEASURED }).unwrap().lateness.unwrap();
            close(&format!("p50 with {rogues}"), late.p50_ms, p50);
            close(&format!("p99 with {rogues}"), late.p99_ms, p99);
        }
    }

    #[test]
    fn a_users_job_waits_for_half_a_round_and_at_most_for_one() {
        let ten = predict(&Bench { rogues: 10, workers: 0, ..MEASURED }).unwrap();
        let yours = ten.yours.unwrap();
        assert!((ten.round_ms - 0.5).abs() < 1e-9, "{ten:?}");
        assert!((yours.p50_ms - 0.259).abs() < 1e-9 && (yours.p99_ms - 0.504).abs() < 1e-9, "{yours:?}");
        let two = predict(&Bench { rogues: 10, workers: 0, threads: 2, ..MEASURED }).unwrap();
        assert!((two.round_ms - 0.25).abs() < 1e-9, "{two:?}");
        // Three slices: two more rounds, and the time of the job itself.
        let long = predict(&Bench { rogues: 10, workers: 0, yours: 150_000, ..MEASURED }).unwrap();
        assert!((long.yours.unwrap().p50_ms - (0.25 + 2.0 * 0.5 + 0.15 + 0.009)).abs() < 1e-9, "{long:?}");
        // Eleven on two threads: one thread has six.
        let odd = predict(&Bench { rogues: 11, workers: 0, threads: 2, ..MEASURED }).unwrap();
        assert!((odd.yours.unwrap().p99_ms - (0.3 * 0.99 + 0.009)).abs() < 1e-9, "{odd:?}");
        assert_eq!(predict(&Bench { rogues: 1, threads: 2, ..MEASURED }).unwrap().busy, 0.5 + 0.5 * 0.045);
    }

    #[test]
    fn the_load_stretches_the_rounds_and_too_much_of_it_has_no_model() {
        let half = Bench { rogues: 10, cost: 50e-6, ..MEASURED };
        assert!((predict(&half).unwrap().round_ms - 1.0).abs() < 1e-9);
        let why = predict(&Bench { cost: 100e-6, ..half }).unwrap_err().why;
        assert!(why.starts_with("10000 jobs/s need 100 % of the 1 threads"), "{why}");
    }

    #[test]
    fn a_rogue_in_a_task_takes_its_thread_and_one_in_a_thread_has_no_model() {
        let one = predict(&Bench { isolation: Isolation::Task, rogues: 1, ..MEASURED }).unwrap();
        assert_eq!((one.rate, one.busy, one.lateness, one.yours), (0.0, 1.0, None, None));
        let of_two = Bench { isolation: Isolation::Task, rogues: 1, threads: 2, ..MEASURED };
        assert_eq!(predict(&of_two).unwrap().rate, 5_000.0);
        let none = Bench { isolation: Isolation::Task, ..MEASURED };
        assert!(predict(&none).unwrap().lateness.is_some());
        assert!(predict(&Bench { isolation: Isolation::Thread, rogues: 1, ..MEASURED }).is_err());
    }

    #[test]
    fn the_sum_of_two_uniform_times_has_the_quantiles_of_its_trapezoid() {
        // Two equal ones make a triangle.
        assert!((sum_of_uniforms(1.0, 1.0, 0.5) - 1.0).abs() < 1e-12);
        assert!((sum_of_uniforms(1.0, 1.0, 0.125) - 0.5).abs() < 1e-12);
        assert!((sum_of_uniforms(1.0, 3.0, 0.5) - 2.0).abs() < 1e-12);
        assert!((sum_of_uniforms(0.0, 2.0, 0.99) - 1.98).abs() < 1e-12);
        assert_eq!(sum_of_uniforms(0.0, 0.0, 0.5), 0.0);
        for (below, above) in [(0.3, 0.31), (0.16, 0.17), (0.83, 0.84)] {
            assert!(sum_of_uniforms(1.0, 3.0, below) < sum_of_uniforms(1.0, 3.0, above));
        }
    }
}
