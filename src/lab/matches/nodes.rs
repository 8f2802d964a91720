//! Matches that several nodes share: an event published at one node reaches the watchers of all.
//!
//! Each match has one *home*: the node that decides the order of its events. The home publishes each
//! event with its number. Each node applies it to its own copy and encodes it once for its own
//! watchers. Other nodes pass orders to the home. If a match has no home, a node that gets an order
//! becomes its home, and the *epoch* rises by one. If a match has two homes, the one with the higher
//! epoch stays, or at equal epochs the one whose name sorts first. The other node takes over its
//! events and closes its own watchers, which come back.
//!
//! A message can get lost. The home announces the number of its next event once a second, so a node
//! notices the loss and asks for the missed events. Its watchers get them late, once and in order. A
//! watcher that cannot take all of them at once gets a gap from the hub.

mod hearing;
mod link;
mod orders;
mod peers;
mod reign;
mod word;

use serde::Serialize;

use super::{LiveMatch, OrderError, lock};

pub(super) use hearing::{announce, hear, home};
pub(super) use link::run;
pub(super) use orders::Place;
pub(super) use peers::Peers;
pub(super) use reign::Reign;
pub(super) use word::Word;

/// The nodes of a match, as the snapshot shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchNodes {
    /// The name of this node.
    pub me: String,
    /// The home: the node that decides the order of the events; null before the first order.
    pub home: Option<String>,
    /// Rises with each new home and each new match.
    pub epoch: u64,
    /// Why the other nodes cannot be reached; null if they can.
    pub away: Option<String>,
    /// Events of other nodes that came late because messages were lost.
    pub late: u64,
}

impl LiveMatch {
    /// Returns the epoch, if the home of the match is here or the server is alone.
    ///
    /// # Errors
    /// [`OrderError::There`]: the home has changed since the order was accepted.
    pub(super) fn epoch_here(&self) -> Result<u64, OrderError> {
        let Some(peers) = self.core.peers() else { return Ok(0) };
        let reign = lock(&self.reign);
        match &reign.home {
            Some(home) if *home != peers.node => {
                let why = "another node has just become the home of the match; try again".to_owned();
                Err(OrderError::There { node: home.clone(), why })
            }
            _ => Ok(reign.epoch),
        }
    }

    /// Begins the next epoch, for a new match.
    ///
    /// # Errors
    /// Those of [`epoch_here`](Self::epoch_here).
    pub(super) fn next_epoch_here(&self) -> Result<(), OrderError> {
        self.epoch_here()?;
        lock(&self.reign).epoch += 1;
        Ok(())
    }

    /// Returns the nodes of the match, unless the server is alone.
    pub(super) fn nodes(&self) -> Option<MatchNodes> {
        let peers = self.core.peers()?;
        let reign = lock(&self.reign);
        Some(MatchNodes {
            me: peers.node.clone(),
            home: reign.home.clone(),
            epoch: reign.epoch,
            away: peers.away(),
            late: reign.late,
        })
    }
}

impl MatchNodes {
    /// Returns what an outage means for the watchers; `None` without one.
    pub(super) fn outage(&self) -> Option<String> {
        let why = self.away.as_ref()?;
        Some(match &self.home {
            Some(home) if *home == self.me => {
                format!("NATS is away ({why}). The watchers of other nodes get this match's events later.")
            }
            Some(home) => format!(
                "NATS is away ({why}). The watchers here get the events of the home node {home} later."
            ),
            None => format!("NATS is away ({why}). The match cannot begin until NATS is back."),
        })
    }
}
