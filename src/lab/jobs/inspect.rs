//! Stack and trace of a live job.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout};
use weir_job_wasm::jobs::Refusal;
use weir_job_wasm::stack::{Stack, Trace};

use super::error::JobsError;
use super::{JobsLab, millis};

/// How long a job may take to answer an order, beyond the time of a trace. With 1,000 rogues
/// of 50 µs, its turn comes every 50 ms.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// The body of `GET /api/jobs/ID`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Identifier of the job.
    pub id: u64,
    /// Its input.
    pub input: String,
    /// The version of its code.
    pub version: u32,
    /// Its call stack, the innermost function first.
    pub stack: Vec<String>,
    /// The number of turns after which the stack was taken.
    pub taken_at_slice: u64,
    /// The trace, if one was asked for.
    pub trace: Option<TraceReport>,
}

/// A trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceReport {
    /// Each call: the function, and its first three arguments.
    pub calls: Vec<Vec<String>>,
    /// The number of calls that was asked for.
    pub asked: u32,
    /// How long it took.
    pub took_ms: f64,
    /// Why it ended.
    pub ended: TraceEnd,
}

/// Why a trace ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceEnd {
    /// It has all the calls.
    Calls,
    /// Its time is over.
    Time,
    /// The job has ended.
    Job,
}

impl JobsLab {
    /// Returns the call stack of a job, and a trace of its next `calls` calls, or of those
    /// within `time`. Without calls there is no trace.
    ///
    /// # Errors
    /// [`JobsError::Order`] as the engine refuses it, and [`JobsError::NoAnswer`] if the
    /// job's thread is kept by another job.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the job.
    pub async fn inspect(&self, id: u64, calls: u32, time: Duration) -> Result<Inspection, JobsError> {
        let jobs = &self.inner.core.jobs;
        let stack: Stack = answered(id, ANSWER, jobs.stack(id)).await?;
        let row = jobs.top().into_iter().find(|row| row.id == id);
        let row = row.ok_or(JobsError::Order(Refusal::Ended { id }))?;
        let trace = match calls {
            0 => None,
            calls => {
                let began = Instant::now();
                let trace = answered(id, ANSWER + time, jobs.trace(id, calls, time)).await?;
                Some(report(&trace, calls, began.elapsed()))
            }
        };
        let stack = stack.functions().iter().map(ToString::to_string).collect();
        let (input, version) = (row.input.to_string(), row.version);
        Ok(Inspection { id, input, version, stack, taken_at_slice: row.slices, trace })
    }
}

/// Waits for a job's answer within a time.
pub(super) async fn answered<T>(
    id: u64,
    within: Duration,
    answer: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, JobsError> {
    match timeout(within, answer).await {
        Ok(answer) => answer.map_err(JobsError::Order),
        Err(_) => Err(JobsError::NoAnswer { id, within }),
    }
}

fn report(trace: &Trace, asked: u32, took: Duration) -> TraceReport {
    let calls: Vec<Vec<String>> = trace
        .calls
        .iter()
        .map(|call| {
            let arguments = call.arguments.iter().map(ToString::to_string);
            let more = call.has_more.then(|| "…".to_owned());
            std::iter::once(call.function.to_string()).chain(arguments).chain(more).collect()
        })
        .collect();
    let ended = match trace.ended {
        true => TraceEnd::Job,
        false if calls.len() >= asked as usize => TraceEnd::Calls,
        false => TraceEnd::Time,
    };
    TraceReport { calls, asked, took_ms: millis(took), ended }
}
