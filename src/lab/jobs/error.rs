//! Reasons why a submission or an order is refused.

use std::time::Duration;

use thiserror::Error;
use weir_job_wasm::jobs::Refusal;

use crate::lab::NAMES;
use crate::nodes::NamePlace;

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
    /// A job cannot have this name.
    #[error("{name:?} is not a name for a job: expected {NAMES}")]
    Name {
        /// Its beginning.
        name: String,
    },
    /// No node is known to own the name.
    #[error("no job is registered under the name {name:?}; register it first")]
    NoName {
        /// The name, shortened.
        name: String,
    },
    /// A node owns the name.
    #[error("{name} is registered already: the node {} owns it, in generation {}", place.node, place.generation)]
    Taken {
        /// The name.
        name: String,
        /// Its owner.
        place: NamePlace,
    },
    /// The registry of names, or a log in it, cannot be reached.
    #[error("the registry of names cannot be reached: {0}")]
    Registry(String),
}
