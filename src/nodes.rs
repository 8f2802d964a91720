//! Nodes: several servers that know each other. Each node describes itself and its ledger to all
//! others once a second, and lists all nodes that it hears of.
//!
//! Nodes talk through two traits: a [`Board`] for the list, and a [`Bus`] for messages from one node
//! to all. NATS implements both (feature `nats`); [`MemoryBus`] and [`MemoryBoard`] connect nodes in
//! one process. A server without other nodes lists only itself. Labs share [`Names`], each of which one
//! node owns; [`Places`] knows where each is.

mod about;
mod board;
mod bus;
mod connect;
mod host;
mod list;
mod memory;
mod memory_names;
mod names;
#[cfg(feature = "nats")]
mod nats;
mod places;
#[cfg(test)]
mod tests;

pub use about::{About, NodeLedger};
pub use board::{Board, Heard};
pub use bus::{Away, Bus, Messages};
pub use connect::{ConnectError, Connected, connect};
pub use host::{Common, Host};
pub use list::{NodeRow, Nodes, NodesReport};
pub use memory::{MemoryBoard, MemoryBus};
pub use memory_names::MemoryNames;
pub use names::{NamePlace, Names, NotAppended, NotClaimed, Owned};
pub use places::{Place, Places};

use std::net::SocketAddr;

use crate::config::{MatchNodes, RegistryKind, Server, Settings};

/// Returns the name of a server that listens at `address`: `server.node`, or the address. On a
/// shared port the address names several servers, so the process id is added.
#[must_use]
pub fn name(server: &Server, address: SocketAddr) -> String {
    match (server.node.as_str(), server.reuse_port) {
        ("", false) => address.to_string(),
        ("", true) => format!("{address}/{}", std::process::id()),
        (name, _) => name.to_owned(),
    }
}

/// Returns the settings that need other nodes, such as `matches.nodes = "nats"`; empty if the server
/// is alone.
#[must_use]
pub fn wanted(settings: &Settings) -> Vec<&'static str> {
    let mut wanted = Vec::new();
    if settings.matches.nodes == MatchNodes::Nats {
        wanted.push("matches.nodes = \"nats\"");
    }
    if settings.rooms.registry == RegistryKind::Jetstream {
        wanted.push("rooms.registry = \"jetstream\"");
    }
    if settings.jobs.registry == RegistryKind::Jetstream {
        wanted.push("jobs.registry = \"jetstream\"");
    }
    wanted
}
