//! Messages from one node to all nodes that listen. They can get lost.

use bytes::Bytes;
use futures::{Stream, StreamExt};

use crate::connection::Nats;
use crate::trouble::NatsError;

/// A subject of NATS. Every connected subscriber gets every message published on it, and those of
/// one publisher in order. A subscriber that is not connected, or reads too slowly, misses messages.
#[derive(Debug, Clone)]
pub struct FanOut {
    nats: Nats,
    subject: String,
}

impl FanOut {
    /// Opens a subject, such as `weir.rooms.blue`.
    pub fn open(nats: &Nats, subject: &str) -> Self {
        Self { nats: nats.clone(), subject: subject.to_owned() }
    }

    /// Publishes a message. It can still get lost after this resolves.
    ///
    /// # Errors
    /// [`NatsError::Away`] without a connection, and for a message over the server's limit (1 MiB
    /// unless configured).
    ///
    /// # Cancel safety
    /// The message is published or not.
    pub async fn publish(&self, message: impl Into<Bytes>) -> Result<(), NatsError> {
        if !self.nats.is_connected() {
            return Err(NatsError::Away { why: "there is no connection".to_owned() });
        }
        let sent = self.nats.client().publish(self.subject.clone(), message.into()).await;
        sent.map_err(NatsError::away)
    }

    /// Subscribes. When this resolves, the server has the subscription, so no later message is missed
    /// while the connection lasts. The stream goes on after a reconnect.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn subscribe(&self) -> Result<impl Stream<Item = Bytes> + Send + Unpin + use<>, NatsError> {
        let client = self.nats.client();
        let messages = client.subscribe(self.subject.clone()).await.map_err(NatsError::away)?;
        self.nats.read_by_server().await?;
        Ok(messages.map(|message| message.payload))
    }
}
