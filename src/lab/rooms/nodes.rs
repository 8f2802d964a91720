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
mod link;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use tokio::time::{Duration, Instant};
use weir_parts::rooms::{ActError, CreateError};

use super::lock;
use super::werewolf::Refused;
use crate::nodes::{Bus, NamePlace, Names, Owned};
use crate::shutdown::StopToken;

pub(super) use link::run;

/// A node that has not said for this long which rooms it has is no longer asked.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The place of a room among several nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPlace {
    /// The node that has it.
    pub node: String,
    /// The address of that node's API.
    pub url: String,
    /// The generation of its claim.
    pub generation: u64,
    /// Whether it is this node.
    pub is_here: bool,
}

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
pub(super) struct Shared {
    pub(super) node: String,
    /// The address of this node's API.
    url: String,
    names: Arc<dyn Names>,
    bus: Arc<dyn Bus>,
    hosted: Mutex<HashMap<Arc<str>, Arc<Hosted>>>,
    /// The names for which this node waits.
    standby: Mutex<HashSet<String>>,
    elsewhere: Mutex<HashMap<String, Elsewhere>>,
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

/// A room of another node.
#[derive(Debug, Clone)]
struct Elsewhere {
    node: String,
    url: String,
    generation: u64,
    heard: Instant,
}

impl Shared {
    pub(super) fn new(node: String, url: String, names: Arc<dyn Names>, bus: Arc<dyn Bus>) -> Self {
        Self {
            node,
            url,
            names,
            bus,
            hosted: Mutex::default(),
            standby: Mutex::default(),
            elsewhere: Mutex::default(),
        }
    }

    /// Returns a room that this node owns.
    pub(super) fn hosted(&self, name: &str) -> Option<Arc<Hosted>> {
        lock(&self.hosted).get(name).cloned()
    }

    /// Returns true if this node may answer for a room now.
    pub(super) fn is_valid(&self, name: &str) -> bool {
        self.hosted(name).is_some_and(|hosted| hosted.claim.is_valid())
    }

    /// Returns where a room is.
    pub(super) fn place(&self, name: &str) -> Option<RoomPlace> {
        if let Some(hosted) = self.hosted(name).filter(|hosted| hosted.claim.is_valid()) {
            let generation = hosted.claim.generation();
            return Some(RoomPlace {
                node: self.node.clone(),
                url: self.url.clone(),
                generation,
                is_here: true,
            });
        }
        let mut elsewhere = lock(&self.elsewhere);
        elsewhere.retain(|_, place| place.heard.elapsed() < FORGOTTEN);
        let Elsewhere { node, url, generation, .. } = elsewhere.get(name)?.clone();
        Some(RoomPlace { node, url, generation, is_here: false })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("node", &self.node).field("url", &self.url).finish_non_exhaustive()
    }
}
