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

/// The messages that a node receives.
pub type Messages = BoxStream<'static, Bytes>;

/// Messages from one node to all. A message can get lost, for example during an outage or at a node
/// that reads too slowly. The messages of one node arrive in order.
pub trait Bus: fmt::Debug + Send + Sync {
    /// Publishes a message to all nodes, this one included.
    ///
    /// # Errors
    /// [`Away`], if the message was not sent.
    fn publish(&self, message: Vec<u8>) -> BoxFuture<'_, Result<(), Away>>;

    /// Subscribes. The stream continues after an outage, without the messages of that time.
    ///
    /// # Errors
    /// [`Away`].
    fn subscribe(&self) -> BoxFuture<'_, Result<Messages, Away>>;

    /// Returns why the other nodes cannot be reached; `None` if no outage is known.
    fn away(&self) -> Option<String>;
}
