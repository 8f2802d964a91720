//! Running jobs: their owners submit them, and an operator inspects and kills them.

mod entry;
mod inbox;
mod inputs;
mod job;
mod lock;
mod refusal;
mod rehearse;
mod run;
mod shared;
mod totals;
mod versions;

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};

use crate::code::{Code, CodeError};
use crate::machine::Machine;
use crate::outcome::{Ending, Outcome};
use crate::rehearsal::{Rehearsal, RehearsalLimits};
use crate::settings::{Isolation, Settings, SettingsError};
use crate::stack::{Stack, Trace};

use self::entry::Entry;
pub use self::entry::Row;
use self::inbox::{Request, TraceRequest};
pub use self::job::Job;
use self::job::Running;
pub use self::refusal::{JobsError, Refusal};
use self::shared::Shared;
pub use self::totals::Totals;
pub use self::versions::Version;

/// A set of jobs that share code and settings. Clones are handles on the same set.
#[derive(Clone)]
pub struct Jobs {
    shared: Arc<Shared>,
}

impl Jobs {
    /// The largest number of calls in a trace.
    pub const MAX_CALLS: u32 = 50;

    /// Longest time that a trace takes.
    pub const MAX_TRACE: Duration = Duration::from_secs(1);

    /// Makes a set of jobs with version 1 of their code.
    ///
    /// # Errors
    ///
    /// Settings that are out of bounds, or code of which no instance can be made within
    /// `max_memory`.
    pub fn new(code: Code, settings: Settings) -> Result<Self, JobsError> {
        settings.check()?;
        instance(&code, settings.max_memory)?;
        Ok(Self { shared: Arc::new(Shared::new(code, settings)) })
    }

    /// Submits a job: `run(input)` of the current code. It is listed at once and runs when
    /// it is awaited.
    ///
    /// # Panics
    ///
    /// Awaiting the job panics outside of a tokio runtime.
    pub fn submit(&self, input: i64) -> Job {
        let (guard, code) = self.shared.enter(input);
        let (id, isolation) = (guard.entry.id, guard.entry.isolation);
        let shared = Arc::clone(&self.shared);
        let run: Running = match isolation {
            Isolation::Fuel => Box::pin(run::in_slices(shared, guard, code)),
            Isolation::Task => Box::pin(async move { run::in_one_go(&shared, guard, &code) }),
            Isolation::Thread => Box::pin(run::on_a_thread(shared, guard, code)),
        };
        Job { id, run }
    }

    /// Submits a job and waits for its outcome.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the job, as dropping a [`Job`] does.
    pub async fn run(&self, input: i64) -> Outcome {
        self.submit(input).await.outcome
    }

    /// Lists all live jobs, the one that burns the most reductions per second first.
    pub fn top(&self) -> Vec<Row> {
        let now = Instant::now();
        let mut rows: Vec<Row> = self.shared.live().iter().map(|entry| entry.row(now)).collect();
        rows.sort_by(|a, b| b.reductions_per_s.total_cmp(&a.reductions_per_s).then(a.id.cmp(&b.id)));
        rows
    }

    /// Returns the counts of all jobs.
    pub fn totals(&self) -> Totals {
        self.shared.counters.read(self.shared.number_live())
    }

    /// Returns the call stack of a job at the end of its current slice.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchJob`], [`Refusal::Ended`] and [`Refusal::NotInterruptible`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect on the job. A job that is not awaited does not
    /// answer: use a timeout.
    pub async fn stack(&self, id: u64) -> Result<Stack, Refusal> {
        let entry = self.interruptible(id)?;
        let (answer, answered) = oneshot::channel();
        ask(&entry, Request::Stack(answer), answered).await
    }

    /// Traces the next calls of a job until it has recorded `calls` calls, `time` has passed,
    /// or the job has ended. The trace begins and ends between slices, and costs the job some
    /// reductions per call. Traces of one job take turns.
    ///
    /// # Errors
    ///
    /// Those of [`stack`](Self::stack), and [`Refusal::Calls`] and [`Refusal::Time`] if the
    /// trace would be longer than [`MAX_CALLS`](Self::MAX_CALLS) or
    /// [`MAX_TRACE`](Self::MAX_TRACE).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the trace with the job's slice.
    pub async fn trace(&self, id: u64, calls: u32, time: Duration) -> Result<Trace, Refusal> {
        if !(1..=Self::MAX_CALLS).contains(&calls) {
            return Err(Refusal::Calls { calls });
        }
        if time > Self::MAX_TRACE {
            return Err(Refusal::Time { time });
        }
        let entry = self.interruptible(id)?;
        let (answer, answered) = oneshot::channel();
        ask(&entry, Request::Trace(TraceRequest { calls, time, answer }), answered).await
    }

    /// Kills a job at the end of its current slice, and returns how the job ended. The result
    /// is not [`Killed`](Ending::Killed) if the job ends by itself in that slice. The
    /// submitter of a killed job gets [`Outcome::Killed`].
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchJob`], [`Refusal::Ended`], and [`Refusal::NotInterruptible`] if the
    /// job runs with [`Isolation::Task`] or [`Isolation::Thread`], where a kill has no
    /// effect.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the kill takes effect even if the future is dropped.
    pub async fn kill(&self, id: u64) -> Result<Ending, Refusal> {
        let entry = self.interruptible(id)?;
        let (answer, answered) = oneshot::channel();
        ask(&entry, Request::Kill(answer), answered).await
    }

    /// Runs the latest distinct inputs on new code, and compares the answers with those of
    /// the current code. Where a job of the current version has already answered an input,
    /// that answer is used; only the other inputs run again on the current code. A rehearsal
    /// yields between slices like a job, but is not listed as one.
    ///
    /// # Cancel safety
    ///
    /// Nothing changes until [`swap`](Self::swap).
    pub async fn rehearse(&self, new: &Code, limits: RehearsalLimits) -> Rehearsal {
        rehearse::rehearse(&self.shared, new, limits).await
    }

    /// Makes new code the current version and returns its number. Jobs that were submitted
    /// before finish on the code that they began with.
    ///
    /// # Errors
    ///
    /// [`CodeError::Instance`] if no instance can be made within `max_memory`. The current
    /// version then stays.
    pub fn swap(&self, code: Code) -> Result<u32, CodeError> {
        instance(&code, self.shared.settings().max_memory)?;
        Ok(self.shared.versions.lock().swap(code))
    }

    /// Makes the version before the current one current again and returns its number. Up
    /// to 16 swaps can be undone.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoFormerVersion`].
    pub fn back(&self) -> Result<u32, Refusal> {
        self.shared.versions.lock().back().ok_or(Refusal::NoFormerVersion)
    }

    /// Returns the current version, then those that [`back`](Self::back) would restore.
    pub fn history(&self) -> Vec<Version> {
        self.shared.versions.lock().history()
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> Settings {
        self.shared.settings()
    }

    /// Changes the settings while jobs run; [`Settings`] says what running jobs obey.
    ///
    /// # Errors
    ///
    /// Settings that are out of bounds; nothing changes then.
    pub fn configure(&self, settings: Settings) -> Result<(), SettingsError> {
        settings.check()?;
        self.shared.set(settings);
        Ok(())
    }

    /// Returns a live job that looks at its inbox.
    fn interruptible(&self, id: u64) -> Result<Arc<Entry>, Refusal> {
        match self.shared.find(id) {
            Some(entry) if entry.isolation == Isolation::Fuel => Ok(entry),
            Some(entry) => Err(Refusal::NotInterruptible { id, isolation: entry.isolation }),
            None if self.shared.was_submitted(id) => Err(Refusal::Ended { id }),
            None => Err(Refusal::NoSuchJob { id }),
        }
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("totals", &self.totals()).finish_non_exhaustive()
    }
}

/// Puts a request into a job's inbox and waits for the answer.
async fn ask<T>(entry: &Entry, request: Request, answered: oneshot::Receiver<T>) -> Result<T, Refusal> {
    let ended = Refusal::Ended { id: entry.id };
    if !entry.inbox.ask(request) {
        return Err(ended);
    }
    answered.await.map_err(|_| ended)
}

/// Checks that a job of this code can begin.
fn instance(code: &Code, max_memory: usize) -> Result<(), CodeError> {
    match Machine::new(code.compiled(), 0, max_memory) {
        Ok(_) => Ok(()),
        Err(fault) => Err(CodeError::Instance { message: fault.to_string() }),
    }
}
