//! The contract of the bus: messages from one node to all nodes.

use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use thiserror::Error;

/// The other nodes cannot be reached at present.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the other nodes cannot be reached: {why}")]
pub struct Away {
    /// The reason.
    pub why: String,
}

/// The messages that a node hears.
pub type Messages = BoxStream<'static, Bytes>;

/// Messages from one node to all, without a promise: a message may get lost, as during an outage
/// or at a node that reads too slowly. The messages of one node that arrive are in order.
pub trait Bus: fmt::Debug + Send + Sync {
    /// Publishes a message to all nodes, this one included.
    ///
    /// # Errors
    /// [`Away`], if the message was certainly not sent.
    fn publish(&self, message: Vec<u8>) -> BoxFuture<'_, Result<(), Away>>;

    /// Subscribes. The stream goes on after an outage, and has no messages of that time.
    ///
    /// # Errors
    /// [`Away`].
    fn subscribe(&self) -> BoxFuture<'_, Result<Messages, Away>>;

    /// Returns why the other nodes cannot be reached, if that is known.
    fn away(&self) -> Option<String>;
}
