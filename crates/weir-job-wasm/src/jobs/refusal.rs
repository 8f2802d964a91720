//! Reasons why requests and settings are refused.

use thiserror::Error;
use tokio::time::Duration;

use crate::code::CodeError;
use crate::jobs::Jobs;
use crate::settings::{Isolation, SettingsError};

/// A reason why an operator's request had no effect.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No job with this identifier was submitted.
    #[error("there is no job {id}")]
    NoSuchJob {
        /// The identifier.
        id: u64,
    },
    /// The job has ended.
    #[error("job {id} has ended")]
    Ended {
        /// The identifier.
        id: u64,
    },
    /// The job runs in one go, so nothing can reach it.
    #[error("job {id} runs with isolation `{isolation}`, which cannot be interrupted; use `fuel`")]
    NotInterruptible {
        /// The identifier.
        id: u64,
        /// How the job shares its thread.
        isolation: Isolation,
    },
    /// A trace of more calls than [`Jobs::MAX_CALLS`], or of none.
    #[error("a trace of {calls} calls was asked for; 1 to {} are allowed", Jobs::MAX_CALLS)]
    Calls {
        /// The number that was asked for.
        calls: u32,
    },
    /// A trace that takes longer than [`Jobs::MAX_TRACE`].
    #[error("a trace of {} ms was asked for; at most {} are allowed", time.as_millis(), Jobs::MAX_TRACE.as_millis())]
    Time {
        /// The time that was asked for.
        time: Duration,
    },
    /// There is no former version of the code.
    #[error("there is no version of the code before the current one")]
    NoFormerVersion,
}

/// A reason why jobs cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JobsError {
    /// A setting is out of bounds.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The code does not fit the settings.
    #[error(transparent)]
    Code(#[from] CodeError),
}
