//! A connection that wants to watch a match.

use std::any::Any;
use std::fmt;

use bytes::Bytes;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A connection that has asked to watch, with its socket. The lab owns the socket from then on.
pub struct Arrival {
    /// The socket.
    pub stream: TcpStream,
    /// Bytes that were read from it and not used.
    pub early: Bytes,
    /// The place of its transport in [`Transports`](super::Transports).
    pub transport: usize,
    /// The name of the user.
    pub user: String,
    /// The number of the first event that it wants, if it resumes.
    pub since: Option<u64>,
    /// When the server accepted the connection.
    pub accepted: Instant,
    /// What has to be kept as long as the socket, such as a place among the connections.
    pub place: Box<dyn Any + Send + Sync>,
}

/// The reason why a connection does not watch. Its socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotWatching {
    /// The lab has no transport with this number.
    #[error("there is no transport {0}")]
    NoTransport(usize),
    /// The dispatcher of the match is being restarted.
    #[error("the dispatcher of the match is being restarted; try again")]
    Restarting,
    /// The lab takes no watchers any more.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The connection failed before it had its snapshot.
    #[error("the connection failed")]
    Failed,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("user", &self.user)
            .field("transport", &self.transport)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}
