//! Why a name could not be claimed.

use thiserror::Error;

/// Why a name could not be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// It has an owner.
    #[error("the name is taken (generation {generation})")]
    Taken {
        /// The generation of the owner's claim.
        generation: u64,
    },
    /// There are as many names as the caller allows.
    #[error("there are {most} names, as many as may be")]
    Full {
        /// The limit.
        most: usize,
    },
    /// The registry was stopped.
    #[error("the registry has stopped")]
    Stopped,
}
