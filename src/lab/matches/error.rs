//! Reasons why an order to a match is refused.

use thiserror::Error;

use super::Refused;

/// The reason why no match was added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddError {
    /// There are as many as the lab may have.
    #[error("there are {0} matches already, the most that are allowed")]
    TooMany(usize),
    /// The lab takes no orders any more.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// The reason why an order to a match has no effect.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum OrderError {
    /// The rules do not allow the event.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A new match cannot begin while the current one is played.
    #[error("the match is being played; stop it first")]
    InPlay,
    /// The rate of a play is outside of its bounds.
    #[error("found a rate of {0} events/s; allowed: 0.01 to 10000")]
    Rate(f64),
    /// The match has no such part.
    #[error("there is no part {found:?}; parts: {known}")]
    NoPart {
        /// The name.
        found: String,
        /// The names of the parts that run.
        known: String,
    },
    /// The node that is the home of the match refused the order.
    #[error("the match is played at the node {node}: {why}")]
    There {
        /// The node.
        node: String,
        /// Its reason.
        why: String,
    },
    /// The other nodes cannot be reached, and the home of the match is not here.
    #[error("the other nodes cannot be reached: {why}")]
    Away {
        /// The reason.
        why: String,
    },
    /// The lab takes no orders any more.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// The reason why the result of a rung was not noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("found rung {found}; allowed: 0 to {most}")]
pub struct NoRung {
    /// The number.
    pub found: u64,
    /// The highest number.
    pub most: u64,
}
