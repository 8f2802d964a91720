//! The jobs lab: user code in metered WebAssembly on scheduler threads of its own. It has a
//! load of workers, a listing of live jobs, their stacks and traces, kill, rehearsal and swap.
//!
//! ```text
//!   submit ─────────────▶ ┌─ scheduler thread ─┐
//!   load ─▶ supervisors ─▶│ job  job  job …    │ ─▶ ledger, lateness, turns
//!                         └────────────────────┘
//!   control thread: samples, watches the code's file, rehearses, replaces lost threads
//! ```
//!
//! Jobs never run on the server's runtime, so a job with isolation `task` that never ends
//! blocks a scheduler thread, not the server.

mod carried;
mod code;
mod components;
mod control;
mod core;
mod error;
mod history;
mod inspect;
mod ledger;
mod load;
mod marks;
mod names;
mod orders;
mod recording;
mod sampled;
mod scheduler;
mod snapshot;
mod submit;
mod threads;
mod turns;
mod users;
mod verdict;
mod view;
mod window;
mod work;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{io, thread};

use futures::future::BoxFuture;
use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use thiserror::Error;
use tokio::sync::{Notify, mpsc, watch};
use weir_job_wasm::jobs as engine;
use weir_job_wasm::settings::{Isolation, Settings as EngineSettings};

pub use code::{CodeText, Difference, RehearsalReport, Swap, VersionRow};
pub use error::JobsError;
pub use history::History;
pub use inspect::{Inspection, TraceEnd, TraceReport};
pub use marks::{Mark, MarkKind};
pub use names::Called;
pub use snapshot::{
    By, CodeState, Core as CoreState, KillState, Limits, Load, NameRow, Now, Others, Slice, Snapshot,
    TopRow,
};
pub use submit::{Answer, AnswerState, Submission};
pub use users::Killed;

use self::core::Core;
use self::load::Crews;
use self::marks::Marks;
use self::names::JobNames;
use self::recording::RunRecorder;
use self::sampled::Sampled;
use self::threads::Threads;
use self::users::Users;
use crate::config::{Jobs as JobsConfig, Settings};
use crate::lab::{Lab, LabPart};
use crate::metrics::Registry;
use crate::record::{JobsLedger, Run};

/// The lab. Dropping it ends its threads; a thread that a job keeps ends with the job, or
/// with the process.
#[derive(Debug)]
pub struct JobsLab {
    inner: Arc<Inner>,
}

/// A reason why the lab cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system has no thread left.
    #[error("cannot start a thread for jobs: {0}")]
    Thread(io::Error),
    /// The engine refuses code or settings.
    #[error("cannot run jobs: {0}")]
    Engine(engine::JobsError),
}

/// The state that the lab's handle, its control thread and its orders share.
#[derive(Debug)]
struct Inner {
    core: Arc<Core>,
    threads: Threads,
    crews: Mutex<Crews>,
    users: Users,
    sampled: Mutex<Sampled>,
    desk: Mutex<code::Desk>,
    marks: Mutex<Marks>,
    recorder: Mutex<RunRecorder>,
    config: Mutex<JobsConfig>,
    read_only: AtomicBool,
    commands: mpsc::UnboundedSender<control::Command>,
    /// Wakes the control thread while it samples slowly.
    wake: Notify,
    /// Counts the samples.
    ticks: watch::Sender<u64>,
    is_draining: AtomicBool,
    /// Shared with other nodes, or made at the first use.
    names: OnceLock<Arc<JobNames>>,
}

impl JobsLab {
    /// Starts the lab: its scheduler threads, and the thread that controls it. Metrics go to
    /// `registry`.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(settings: &Settings, registry: &Registry) -> Result<Arc<Self>, StartError> {
        describe(registry);
        let config = settings.jobs.clone();
        let (desk, code) = code::Desk::open(&config.code);
        let jobs = engine::Jobs::new(code, engine_settings(&config)).map_err(StartError::Engine)?;
        let lateness = registry.histogram(&Key::from_static_name(LATENESS));
        let (commands, inbox) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            core: Arc::new(Core::new(jobs, lateness)),
            threads: Threads::start(config.workers as usize).map_err(StartError::Thread)?,
            crews: Mutex::default(),
            users: Users::default(),
            sampled: Mutex::default(),
            desk: Mutex::new(desk),
            marks: Mutex::default(),
            recorder: Mutex::default(),
            config: Mutex::new(config),
            read_only: AtomicBool::new(settings.server.read_only),
            commands,
            wake: Notify::new(),
            ticks: watch::Sender::new(0),
            is_draining: AtomicBool::new(false),
            names: OnceLock::new(),
        });
        let controlled = Arc::clone(&inner);
        let control = move || control::run(&controlled, inbox);
        thread::Builder::new().name("weir-jobs".to_owned()).spawn(control).map_err(StartError::Thread)?;
        inner.command(control::Command::Adjust);
        Ok(Arc::new(Self { inner }))
    }

    /// Returns the current figures, with the history from `from_ms` on, in milliseconds since
    /// the start.
    pub fn snapshot_since(&self, from_ms: u64) -> Snapshot {
        self.inner.snapshot(from_ms)
    }

    /// Returns a receiver of the number of samples. While there is one, the lab takes a sample
    /// each 100 ms.
    pub fn ticks(&self) -> watch::Receiver<u64> {
        let ticks = self.inner.ticks.subscribe();
        self.inner.wake.notify_one();
        ticks
    }

    /// Returns the account of all jobs since the last reset.
    pub fn ledger(&self) -> JobsLedger {
        self.inner.ledger()
    }

    /// Returns true once the lab accepts no more jobs.
    pub fn is_draining(&self) -> bool {
        self.inner.is_draining.load(Ordering::Relaxed)
    }
}

impl Drop for JobsLab {
    fn drop(&mut self) {
        self.inner.end();
    }
}

impl Lab for JobsLab {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::json!(self.snapshot_since(0))
    }

    fn components(&self) -> Vec<LabPart> {
        self.inner.components()
    }

    fn apply(&self, settings: &Settings) -> Vec<String> {
        self.inner.apply(settings)
    }

    fn reset(&self) {
        self.inner.reset();
    }

    fn take_runs(&self) -> Vec<Run> {
        lock(&self.inner.recorder).take()
    }

    fn publish(&self, registry: &Registry) {
        self.inner.publish(registry);
    }

    fn drain(&self, deadline: Duration) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.inner.drain(deadline))
    }
}

impl Inner {
    fn command(&self, command: control::Command) {
        // The control thread ends only with the lab.
        let _ = self.commands.send(command);
    }

    fn mark(&self, kind: MarkKind, word: impl Into<String>) {
        let mark = Mark { at_ms: self.core.now_ms(), kind, word: word.into() };
        lock(&self.recorder).mark(&mark);
        lock(&self.marks).add(mark);
    }

    fn ledger(&self) -> JobsLedger {
        self.core.ledger.counts().since(&lock(&self.sampled).before)
    }

    fn config(&self) -> JobsConfig {
        lock(&self.config).clone()
    }

    fn end(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.give_up_names();
        self.command(control::Command::End);
    }

    fn reset(&self) {
        let counts = self.core.ledger.counts();
        let restarts = self.core.restarts.load(Ordering::Relaxed);
        lock(&self.sampled).reset(counts, restarts);
        lock(&self.marks).clear();
        self.core.lateness.reset();
    }

    fn publish(&self, registry: &Registry) {
        let counts = self.ledger();
        let count = |name: &'static str, labels: Vec<Label>, value: u64| {
            registry.register_counter(&Key::from_parts(name, labels), &METADATA).absolute(value);
        };
        let endings = [("done", counts.done), ("failed", counts.failed), ("killed", counts.killed)];
        for (ending, number) in endings {
            count("weir_jobs_total", vec![Label::new("ending", ending)], number);
        }
        count("weir_jobs_refused_total", Vec::new(), counts.refused);
        count("weir_jobs_reductions_total", Vec::new(), self.core.jobs.totals().reductions);
        let restarts = self.core.restarts.load(Ordering::Relaxed) - lock(&self.sampled).restarts_before;
        count("weir_jobs_restarts_total", Vec::new(), restarts);
        let version = self.core.jobs.history().first().map_or(0, |version| version.number);
        for (name, value) in [
            ("weir_jobs_running", counts.running as f64),
            ("weir_jobs_code_version", f64::from(version)),
            ("weir_jobs_workers", self.config().load.workers as f64),
        ] {
            registry.register_gauge(&Key::from_static_name(name), &METADATA).set(value);
        }
    }
}

const METADATA: Metadata<'static> = Metadata::new("weir", Level::INFO, None);
const LATENESS: &str = "weir_jobs_lateness_seconds";

fn describe(registry: &Registry) {
    for (name, help) in [
        ("weir_jobs_total", "Jobs that ended, by ending."),
        ("weir_jobs_refused_total", "Submissions refused: invalid inputs, and jobs beyond a limit."),
        ("weir_jobs_reductions_total", "Reductions of all jobs, counted at the end of each turn."),
        ("weir_jobs_restarts_total", "Restarts of workers whose job failed."),
    ] {
        registry.describe_counter(KeyName::from(name), None, help.into());
    }
    for (name, help) in [
        ("weir_jobs_running", "Jobs that have not ended."),
        ("weir_jobs_code_version", "The version of the code that new jobs run."),
        ("weir_jobs_workers", "Workers of the load."),
    ] {
        registry.describe_gauge(KeyName::from(name), None, help.into());
    }
    let help = "From when a job of the load was due until its end.";
    registry.describe_histogram(KeyName::from(LATENESS), None, help.into());
}

fn engine_settings(config: &JobsConfig) -> EngineSettings {
    EngineSettings {
        isolation: config.isolation,
        slice: config.slice,
        max_reductions: (config.max_reductions > 0).then_some(config.max_reductions),
        max_memory: usize::try_from(config.max_memory).unwrap_or(usize::MAX),
        keep_inputs: config.keep_inputs as usize,
    }
}

/// Whether a job with this isolation can be interrupted.
fn is_interruptible(isolation: Isolation) -> bool {
    isolation == Isolation::Fuel
}

/// Milliseconds with three digits after the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
