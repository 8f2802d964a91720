//! Reasons why a submission or an order is refused.

use std::time::Duration;

use thiserror::Error;
use weir_job_wasm::jobs::Refusal;

/// A reason why a submission or an order has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The input is not a whole number of 64 bits. No job was started.
    #[error("invalid input: {0}")]
    Input(String),
    /// No more jobs are accepted at present.
    #[error("refused: {0}")]
    Refused(String),
    /// The engine refuses the order.
    #[error("{0}")]
    Order(Refusal),
    /// The job's scheduler thread does not get to the order.
    #[error("job {id} did not answer within {} s: another job keeps its scheduler thread", within.as_secs())]
    NoAnswer {
        /// The job.
        id: u64,
        /// How long it was waited for.
        within: Duration,
    },
    /// A file of code cannot be read, or may not be named.
    #[error("{0}")]
    File(String),
    /// Code cannot run, with the place.
    #[error("{0}")]
    Code(String),
    /// Code cannot be swapped in now.
    #[error("{0}")]
    Swap(String),
}
