//! Runs of an exercise in the jobs lab: by theory, in a simulation, and in a lab of its own.

use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use hdrhistogram::Histogram;
use tokio::time::{Instant, sleep, timeout};
use weir_job_wasm::code::Code;
use weir_job_wasm::jobs::Jobs;
use weir_job_wasm::settings::{self as engine, Isolation};

use super::TrialError;
use super::lab::{Found, LabFound};
use crate::config::{Jobs as JobsConfig, Settings};
use crate::exercise::Value;
use crate::exercise::format::{JobsRun, Step};
use crate::lab::jobs::{By, JobsLab, Submission};
use crate::metrics::Registry;
use crate::record::JobsLedger;
use crate::simulate::jobs::{reductions, simulate};
use crate::theory::jobs::{Bench, Figures, predict};

/// The figures of the jobs lab.
pub(super) const NAMES: [&str; 10] = [
    // Jobs that end per second, with or without a value.
    "rate",
    // Percentage of the ended jobs that returned a value.
    "success_share",
    "failed_rate",
    "restart_rate",
    // The median of the user's jobs, and the same in slices.
    "yours_ms",
    "yours_waits",
    // Percentage of the user's jobs that are answered within a second.
    "answered_share",
    // `yes` or `no`: whether the last kill ended its job.
    "killed",
    // Jobs of the steps that still run at the end.
    "running",
    // The innermost function of the latest of them.
    "function",
];

/// The number that the user submits: a job of one slice.
const YOURS: i64 = 100;
/// The user's jobs that are under way at a time, each submitted at a moment of its own. A single
/// one would give too few times for a median.
const AT_ONCE: usize = 4;
/// The least mean time between an answer and the user's next job.
const BETWEEN: Duration = Duration::from_millis(3);
/// A job that is not answered within this time counts as not answered.
const PROMPT: Duration = Duration::from_secs(1);
/// After this time without an answer, the measurement ends.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time before the steps, in which the load starts.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long a job that cannot be killed runs on after the measurement, about.
const LEFT_OVER: Duration = Duration::from_secs(3);
/// How long it may do so on a busy machine.
const LONGEST_LEFT_OVER: Duration = Duration::from_secs(120);
/// Reductions with which the speed of this machine is measured.
const SAMPLE: u64 = 5_000_000;
/// Reductions per second of a core, and the seconds of a worker's job, as
/// `weir simulate jobs` assumes them.
const SPEED: f64 = 3.3e9;
const COST: f64 = 5e-6;
const SUM: &str = include_str!("../../../jobs/sum.wat");

/// Theory and simulation of a run, as far as they cover it.
pub(super) fn expected(settings: &JobsConfig, run: &JobsRun) -> LabFound {
    let code = Code::new(SUM.as_bytes()).ok();
    let yours = code.and_then(|code| reductions(code, YOURS).ok().flatten()).unwrap_or_default();
    let bench = Bench {
        isolation: settings.isolation,
        rogues: run.rogues(),
        slice: settings.slice,
        workers: settings.load.workers as u32,
        rate: settings.load.rate,
        threads: settings.workers as u32,
        speed: SPEED,
        cost: COST,
        yours,
    };
    let fails = settings.load.fail_share;
    let found = |figures: Figures| {
        let mut found = Found::new();
        let mut add = |name, number: f64| {
            if number.is_finite() {
                found.insert(name, Value::Number(number));
            }
        };
        add("rate", figures.rate);
        add("success_share", 100.0 * (1.0 - fails));
        add("failed_rate", figures.rate * fails);
        add("restart_rate", figures.rate * fails);
        if let Some(yours) = figures.yours {
            add("yours_ms", yours.p50_ms);
            add("yours_waits", yours.p50_ms / figures.slice_ms);
            add("answered_share", 100.0);
        } else {
            add("answered_share", 0.0);
        }
        found
    };
    LabFound {
        predicted: predict(&bench).map(found).unwrap_or_default(),
        simulated: simulate(&bench, 10.0, 1).map(found).unwrap_or_default(),
        measured: Found::new(),
    }
}

/// Measures a run in a lab of its own, and waits for the jobs that it leaves running.
pub(super) fn measure(settings: &Settings, run: &JobsRun) -> Result<Found, TrialError> {
    let mut settings = settings.clone();
    if settings.jobs.isolation != Isolation::Fuel {
        // Nothing else ends a rogue there, and it would keep a core of this process for good.
        let time = WARM_UP + PATIENCE + LEFT_OVER + Duration::from_secs_f64(run.length());
        settings.jobs.max_reductions = (speed() * time.as_secs_f64()) as u64;
    }
    let settings = &settings;
    let lab = JobsLab::start(settings, &Registry::new())
        .map_err(|error| TrialError::NoBench(std::io::Error::other(error)))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(TrialError::NoBench)?;
    Ok(runtime.block_on(async {
        let mut user = User { lab: &lab, submitted: Vec::new(), killed: None };
        sleep(WARM_UP).await;
        for step in &run.steps {
            user.step(step).await;
        }
        let found = user.measure(Duration::from_secs_f64(run.seconds)).await;
        user.leave(settings.jobs.isolation).await;
        found
    }))
}

/// Reductions per second of this machine, with this build of the engine.
fn speed() -> f64 {
    let limits = engine::Settings { max_reductions: Some(SAMPLE), ..engine::Settings::default() };
    let jobs = Code::new(SUM.as_bytes()).ok().and_then(|code| Jobs::new(code, limits).ok());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let (Some(jobs), Ok(runtime)) = (jobs, runtime) else { return SPEED };
    let finished = runtime.block_on(jobs.submit(-1));
    finished.reductions as f64 / finished.age.as_secs_f64().max(1e-6)
}

/// A user who is also the operator.
struct User<'a> {
    lab: &'a JobsLab,
    /// Jobs of the steps that have not ended.
    submitted: Vec<Submission>,
    killed: Option<bool>,
}

impl User<'_> {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::Submit { input, times } => {
                let jobs = (0..*times).map_while(|_| self.lab.submit(*input, By::Resource).ok());
                self.submitted.extend(jobs);
            }
            Step::Wait(time) => sleep(*time).await,
            Step::Kill(input) => {
                for job in self.submitted.iter().filter(|job| job.input == *input) {
                    self.killed = Some(self.lab.kill(job.id).await.is_ok());
                }
                self.forget_ended();
            }
        }
    }

    fn forget_ended(&mut self) {
        self.submitted.retain_mut(|job| job.now_or_never().is_none());
    }

    async fn measure(&mut self, time: Duration) -> Found {
        let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).expect("valid bounds");
        let (mut tried, mut unanswered) = (0_u64, 0_u64);
        let mut random = fastrand::Rng::with_seed(1);
        let (begin, before) = (Instant::now(), self.lab.ledger());
        let restarts_before = self.lab.snapshot_since(u64::MAX).now.restarts;
        let mut slices = Vec::new();
        'measuring: while begin.elapsed() < time {
            let slice = self.lab.snapshot_since(u64::MAX).slice.us.unwrap_or_default();
            slices.push(slice);
            let round = Duration::from_secs_f64(slice * self.submitted.len() as f64 / 1e6);
            let tries = (0..AT_ONCE).map(|_| {
                // Random, up to two rounds, so that the user does not fall into step with them.
                let (lab, pause) = (self.lab, BETWEEN.max(round).mul_f64(2.0 * random.f64()));
                async move {
                    sleep(pause).await;
                    let submitted = Instant::now();
                    let job = lab.submit(YOURS, By::You).ok()?;
                    let answer = timeout(PATIENCE, job).await;
                    Some((submitted.elapsed(), answer.is_ok()))
                }
            });
            for outcome in join_all(tries).await {
                let Some((took, is_answered)) = outcome else { break 'measuring };
                tried += 1;
                unanswered += u64::from(took > PROMPT);
                if !is_answered {
                    break 'measuring;
                }
                times.saturating_record(took.as_micros() as u64);
            }
        }
        let seconds = begin.elapsed().as_secs_f64();
        let after = self.lab.ledger();
        let snapshot = self.lab.snapshot_since(u64::MAX);
        self.forget_ended();
        let mut found = Found::new();
        let mut add = |name, number: f64| {
            if number.is_finite() {
                found.insert(name, Value::Number(number));
            }
        };
        let JobsLedger { done, failed, .. } = after;
        let (done, failed) = ((done - before.done) as f64, (failed - before.failed) as f64);
        // The user's own jobs are not part of the load.
        let done = done - times.len() as f64;
        add("rate", (done + failed) / seconds);
        add("success_share", 100.0 * done / (done + failed));
        add("failed_rate", failed / seconds);
        add("restart_rate", snapshot.now.restarts.saturating_sub(restarts_before) as f64 / seconds);
        add("answered_share", 100.0 * (1.0 - unanswered as f64 / tried as f64));
        if !times.is_empty() {
            let ms = times.value_at_quantile(0.5) as f64 / 1e3;
            add("yours_ms", ms);
            // The slice has no fixed length: the machine's speed varies while the jobs wait.
            slices.sort_by(f64::total_cmp);
            add("yours_waits", ms * 1e3 / slices[slices.len() / 2]);
        }
        add("running", self.submitted.len() as f64);
        if let Some(killed) = self.killed {
            found.insert("killed", Value::Text(if killed { "yes" } else { "no" }.to_owned()));
        }
        if let Some(job) = self.submitted.last()
            && let Ok(seen) = self.lab.inspect(job.id, 0, Duration::ZERO).await
            && let Some(function) = seen.stack.first()
        {
            found.insert("function", Value::Text(function.clone()));
        }
        found
    }

    /// Ends the jobs that run on, so that the next run has the machine to itself.
    async fn leave(&mut self, isolation: Isolation) {
        for job in self.submitted.drain(..) {
            if isolation == Isolation::Fuel {
                let _ = self.lab.kill(job.id).await;
            } else {
                // Nothing can stop it but its own limit.
                let _ = timeout(LONGEST_LEFT_OVER, job).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use crate::exercise::FigureName;

    #[test]
    fn theory_and_simulation_cover_a_run_with_rogues() {
        let flags = ["jobs.load.workers=500", "jobs.slice=500000"].map(str::to_owned).to_vec();
        let settings = Sources { file: None, flags }.load().unwrap().settings;
        let steps = vec!["submit -1 x10".parse().unwrap()];
        let run = JobsRun { name: "large".to_owned(), config: Vec::new(), steps, seconds: 2.0 };
        let found = expected(&settings.jobs, &run);
        for (how, found) in [("predicted", &found.predicted), ("simulated", &found.simulated)] {
            let number = |name| match found.get(name) {
                Some(Value::Number(number)) => *number,
                other => panic!("{how} {name}: {other:?}"),
            };
            assert!((4.0..6.5).contains(&number("yours_waits")), "{how}: {found:?}");
            assert!((490.0..510.0).contains(&number("rate")), "{how}: {found:?}");
            assert_eq!(number("success_share"), 100.0, "{how}");
        }
        assert!(found.measured.is_empty());
    }

    #[test]
    fn a_figure_of_the_lab_is_named_below_jobs() {
        let name: FigureName = "large.jobs.yours_waits".parse().unwrap();
        assert_eq!((name.load.as_str(), name.to_string().as_str()), ("large", "large.jobs.yours_waits"));
        let why = "large.jobs.speed".parse::<FigureName>().unwrap_err().to_string();
        assert!(
            why.starts_with("\"speed\" is not a figure of the jobs lab: expected one of rate, "),
            "{why}"
        );
    }
}
