//! Code and settings of several modules.

use std::sync::Arc;

use tokio::task::JoinHandle;
use weir_job_wasm::{Code, Finished, Jobs, Settings, Stack};

/// The sum of the demonstration.
pub(crate) const SUM: &str = include_str!("../examples/sum.wat");

/// The sum in closed form.
pub(crate) const REPAIRED: &str = include_str!("../examples/sum_repaired.wat");

pub(crate) fn code(text: &str) -> Code {
    Code::new(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn jobs(text: &str) -> Jobs {
    Jobs::new(code(text), Settings::default()).unwrap()
}

pub(crate) fn with(text: &str, settings: Settings) -> Jobs {
    Jobs::new(code(text), settings).unwrap()
}

pub(crate) fn slices_of(slice: u64) -> Settings {
    Settings { slice, ..Settings::default() }
}

/// Submits a job to a task of its own. Returns its identifier.
pub(crate) fn start(jobs: &Jobs, input: i64) -> (u64, JoinHandle<Finished>) {
    let job = jobs.submit(input);
    (job.id(), tokio::spawn(job))
}

/// Names of a stack, the innermost first.
pub(crate) fn names(stack: &Stack) -> Vec<&str> {
    stack.functions().iter().map(Arc::as_ref).collect()
}
