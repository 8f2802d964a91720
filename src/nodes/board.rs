//! The contract of the board, on which nodes describe themselves.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

use super::Away;

/// A node as the board knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The node's name.
    pub node: String,
    /// Its last description.
    pub about: Bytes,
    /// The time since the description arrived.
    pub age: Duration,
}

/// A board that all nodes read. It forgets a node that is silent for a minute.
pub trait Board: fmt::Debug + Send + Sync {
    /// Sends a node's description to all nodes, this one included. An empty one takes the node off
    /// the list.
    fn put(&self, node: &str, about: Vec<u8>) -> BoxFuture<'_, Result<(), Away>>;

    /// Returns the nodes in the order of their names.
    fn list(&self) -> Vec<Heard>;
}
