//! The contract of names: each is owned by at most one node, and has a log that only its owner can
//! write to.

use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use thiserror::Error;

use super::Away;

/// The node that owns a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePlace {
    /// The node.
    pub node: String,
    /// The generation of its claim, counted from 1.
    pub generation: u64,
    /// Whether it is this node.
    pub is_here: bool,
}

/// The reason why a name was not claimed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotClaimed {
    /// A node owns it already: another one, or this one.
    #[error("node {} owns it, in generation {}", .0.node, .0.generation)]
    Taken(NamePlace),
    /// The registry cannot be reached.
    #[error(transparent)]
    Away(#[from] Away),
}

/// The reason why an event was not appended to the log of a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAppended {
    /// A later generation owns the name. The event is not in the log.
    #[error("generation {by} owns the name now")]
    Fenced {
        /// That generation.
        by: u64,
    },
    /// The log cannot be reached. The event may be in it.
    #[error("the log cannot be reached: {why}")]
    Away {
        /// The reason.
        why: String,
    },
}

/// A registry of names that all nodes share.
pub trait Names: fmt::Debug + Send + Sync {
    /// Claims a name that has no owner.
    ///
    /// # Errors
    /// [`NotClaimed`].
    fn try_claim<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn Owned>, NotClaimed>>;

    /// Waits until a name has no owner, or its owner's lease is over, and claims it.
    ///
    /// # Errors
    /// [`NotClaimed`], if this node has left the registry.
    fn claim<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn Owned>, NotClaimed>>;

    /// Returns the owner of a name. The answer may be out of date when it arrives.
    ///
    /// # Errors
    /// [`Away`].
    fn whereis<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<NamePlace>, Away>>;
}

/// A name that this node owns. Dropping it gives the name up.
pub trait Owned: fmt::Debug + Send + Sync {
    /// Returns the generation of the claim.
    fn generation(&self) -> u64;

    /// Returns whether this node may answer for the name now.
    fn is_valid(&self) -> bool;

    /// Returns the events of all earlier owners, oldest first. Earlier owners can add no more.
    ///
    /// # Errors
    /// [`Away`].
    fn history(&self) -> BoxFuture<'_, Result<Vec<Bytes>, Away>>;

    /// Appends an event to the log, and returns its number once it is stored.
    ///
    /// # Errors
    /// [`NotAppended`].
    fn append(&self, event: Vec<u8>) -> BoxFuture<'_, Result<u64, NotAppended>>;

    /// Waits until a later generation owns the name, and returns it.
    fn lost(&self) -> BoxFuture<'_, u64>;
}
