//! What does the work of the resource (`resource.kind`): the mock, or jobs.
//!
//! A job needs an input. The input is not part of the [`Event`](crate::pipeline::Event), so
//! that events without one take no more memory: the bench keeps the inputs of accepted events
//! by event id until the work begins.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures::future::BoxFuture;
use thiserror::Error;

use super::{Bench, Refusal, Request, Workbench};
use crate::clean;
use crate::config::{ResourceKind, Settings};
use crate::pipeline::Stamp;
use crate::record::Mode;
use crate::resource::{Admission, Failed, Work};

/// The input of a job whose request has none.
const DEFAULT_INPUT: i64 = 100;

/// The characters of an invalid input that a message shows.
const SHOWN: usize = 40;

/// A request for work: when it arrived, and the input for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When the request arrived.
    pub at: Stamp,
    /// The input of the job; 100 if the request has none. The mock ignores it.
    pub input: Option<i64>,
}

impl From<Stamp> for Arrival {
    fn from(at: Stamp) -> Self {
        Self { at, input: None }
    }
}

/// An input that is not a whole number of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid input n={0:?}: a whole number from -2^63 to 2^63 - 1 is allowed")]
pub struct InvalidInput(String);

/// The jobs that can replace the mock, and the inputs of accepted events.
#[derive(Debug, Default)]
pub(super) struct Works {
    jobs: OnceLock<Arc<dyn Work>>,
    /// True with `resource.kind = "jobs"`.
    by_jobs: AtomicBool,
    inputs: Mutex<HashMap<u64, i64>>,
    /// The id of the last accepted event when [`Bench::forget_inputs`] last looked.
    last_seen: AtomicU64,
}

impl Works {
    pub(super) fn configure(&self, settings: &Settings) {
        self.by_jobs.store(settings.resource.kind == ResourceKind::Jobs, Ordering::Relaxed);
    }

    fn inputs(&self) -> MutexGuard<'_, HashMap<u64, i64>> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workbench {
    /// Names the jobs that do the work while `resource.kind = "jobs"`. Only the first call has
    /// an effect.
    pub fn work_by(&self, jobs: Arc<dyn Work>) {
        // A second set of jobs would leave the first one's work behind.
        drop(self.bench.works.jobs.set(jobs));
    }

    /// Reads the input of a request whose work jobs do.
    ///
    /// # Errors
    /// [`Refusal::Input`], which is counted as a refusal.
    pub fn input(&self, request: &Request<'_>, n: Option<&str>) -> Result<Option<i64>, Refusal> {
        let Some(n) = n else { return Ok(None) };
        n.parse().map(Some).map_err(|_| {
            self.bench.stats(request.mode()).account.reject();
            let start: String = clean::text(n).chars().take(SHOWN).collect();
            InvalidInput(start).into()
        })
    }

    /// Returns whether jobs do the work (`resource.kind = "jobs"`), so that requests have
    /// inputs.
    pub fn works_by_jobs(&self) -> bool {
        self.bench.works.by_jobs.load(Ordering::Relaxed)
    }
}

impl Bench {
    /// Keeps the input of an event. Call it after the event is accepted.
    pub(super) fn keep_input(&self, id: u64, input: Option<i64>) {
        if let Some(input) = input.filter(|_| self.works.by_jobs.load(Ordering::Relaxed)) {
            self.works.inputs().insert(id, input);
        }
    }

    /// Takes the input of an event that is worked on or dropped.
    pub(super) fn take_input(&self, id: u64) -> Option<i64> {
        // Without jobs, no event waits for this lock. What is left of them is forgotten later.
        self.works.by_jobs.load(Ordering::Relaxed).then(|| self.works.inputs().remove(&id)).flatten()
    }

    /// Forgets the inputs and payloads of events that ended without being worked on. To be called a few times a
    /// second. An event on its way from the queue to its ticket is counted in neither, so the
    /// bench must have been empty since the last call.
    pub(super) fn forget_inputs(&self) {
        let mut inputs = self.works.inputs();
        let last = self.last_id.load(Ordering::Relaxed);
        let nothing_new = self.works.last_seen.swap(last, Ordering::Relaxed) == last;
        let in_flight = Mode::ALL.map(|mode| self.stats(mode).account.in_flight());
        let is_empty = self.queue.depth() == 0 && in_flight == [0; 3];
        if nothing_new && is_empty {
            if !inputs.is_empty() {
                *inputs = HashMap::new();
            }
            self.payloads.forget_all();
        }
    }

    /// Begins the work of an admitted event as a job. Returns the admission if the mock does
    /// the work.
    ///
    /// Not an `async fn` for both: its future would keep the admission of the mock twice.
    pub(super) fn begin_job(
        &self,
        admission: Admission,
        input: Option<i64>,
    ) -> Result<JobOfEvent, Admission> {
        if !self.works.by_jobs.load(Ordering::Relaxed) {
            return Err(admission);
        }
        let jobs = self.works.jobs.get().map(Arc::clone);
        Ok(Box::pin(async move {
            match jobs {
                Some(jobs) => admission.work_by(&*jobs, input.unwrap_or(DEFAULT_INPUT)).await,
                None => Err(Failed::Work("there are no jobs in this bench (resource.kind)".into())),
            }
        }))
    }
}

/// The work of an event that is done as a job.
type JobOfEvent = BoxFuture<'static, Result<(), Failed>>;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Sources;

    fn bench(flags: &[&str]) -> Arc<Workbench> {
        let flags = flags.iter().copied().chain(["resource.kind=jobs"]).map(str::to_owned).collect();
        let sources = Sources { file: None, flags };
        Workbench::start(sources.load().unwrap(), &sources)
    }

    async fn enqueue(bench: &Workbench, input: i64) {
        let arrival = Arrival { at: bench.bench.clock.now(), input: Some(input) };
        bench.enqueue(arrival).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_input_of_a_dropped_or_purged_event_is_forgotten() {
        for policy in ["drop_oldest", "drop_newest"] {
            let when_full = format!("queue.when_full={policy}");
            let bench = bench(&["consumers.concurrency=0", "queue.capacity=2", &when_full]);
            for input in 1..=5 {
                enqueue(&bench, input).await;
            }
            assert_eq!(bench.bench.works.inputs().len(), 2, "{policy}");
            bench.purge().await.unwrap();
            assert_eq!(bench.bench.works.inputs().len(), 0, "{policy}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_leftover_input_is_forgotten_once_the_bench_is_empty_and_never_before() {
        let bench = bench(&["consumers.concurrency=0"]);
        bench.bench.keep_input(999, Some(1));
        enqueue(&bench, 2).await;
        for _ in 0..4 {
            bench.bench.forget_inputs();
        }
        assert_eq!(bench.bench.works.inputs().len(), 2, "one of them waits in the queue");
        bench.set("consumers.concurrency", "1").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.bench.forget_inputs();
        bench.bench.forget_inputs();
        assert_eq!(bench.bench.works.inputs().len(), 0);
    }
}
