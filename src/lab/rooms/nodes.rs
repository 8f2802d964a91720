//! Rooms of several nodes: a name belongs to one node at a time, its log outlives that node, and
//! the next owner rebuilds the room from it.
//!
//! A move is decided, appended to the log, and then made, one after the other. So the state never
//! has a move that the log lacks, and no watcher sees one. The number of the entry is the fence:
//! an owner that was paused past its lease finds its number taken, makes no move, and gives the room
//! up. Each node waits for the names of the others, and the first one that gets a name hosts the
//! room.
//!
//! The log has each move that was acknowledged. With `backup = "none"`, a kill of a room's process
//! loses moves from the state of its node that the next owner still finds in the log.

mod entry;
mod hosting;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use weir_parts::rooms::{ActError, CreateError};

use super::lock;
use super::snapshot::{Elsewhere, FarRoom};
use super::werewolf::Refused;
use crate::nodes::{NamePlace, Owned, Place, Places};
use crate::shutdown::StopToken;

/// The reason why a room was not created.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotCreated {
    /// This node has no place for it.
    #[error(transparent)]
    Here(#[from] CreateError),
    /// A node has a room with this name.
    #[error("the node {} has a room with this name, in generation {}", .0.node, .0.generation)]
    Taken(NamePlace),
    /// The registry cannot be reached.
    #[error("the registry of rooms cannot be reached: {why}")]
    Away {
        /// The reason.
        why: String,
    },
}

/// The reason why a move was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotMoved {
    /// The room says why.
    #[error(transparent)]
    Act(#[from] ActError<Refused>),
    /// The room has another owner. The move was not made.
    #[error("generation {by} of the room is at another node; this node wrote nothing")]
    Fenced {
        /// The generation of the owner.
        by: u64,
    },
    /// The log cannot be reached. The move may have been made or not.
    #[error("the log of the room cannot be reached: {why}")]
    Away {
        /// The reason.
        why: String,
    },
}

/// The rooms of all nodes, as this one knows them.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) places: Arc<Places>,
    hosted: Mutex<HashMap<Arc<str>, Arc<Hosted>>>,
}

/// A room that this node owns.
#[derive(Debug)]
pub(super) struct Hosted {
    claim: Box<dyn Owned>,
    /// Held from the decision of a move until it is made, so that the log has the order of the
    /// state.
    order: tokio::sync::Mutex<()>,
    /// Ends the task that waits for the loss of the claim.
    stop: StopToken,
}

impl Shared {
    pub(super) fn new(places: Arc<Places>) -> Self {
        Self { places, hosted: Mutex::default() }
    }

    /// Returns a room that this node owns.
    pub(super) fn hosted(&self, name: &str) -> Option<Arc<Hosted>> {
        lock(&self.hosted).get(name).cloned()
    }

    /// Returns the generation of a room for which this node may answer now.
    pub(super) fn generation(&self, name: &str) -> Option<u64> {
        let hosted = self.hosted(name).filter(|hosted| hosted.claim.is_valid())?;
        Some(hosted.claim.generation())
    }

    /// Returns the rooms of other nodes, the first `most` with their places.
    pub(super) fn elsewhere(&self, most: usize) -> Elsewhere {
        let (first, count) = self.places.all_elsewhere(most);
        let far = |(name, Place { node, url, generation, .. })| FarRoom { name, node, url, generation };
        Elsewhere { count: count as u64, first: first.into_iter().map(far).collect() }
    }

    /// Returns where a room is.
    pub(super) fn place(&self, name: &str) -> Option<Place> {
        match self.generation(name) {
            Some(generation) => Some(self.places.here(generation)),
            None => self.places.elsewhere(name),
        }
    }
}
