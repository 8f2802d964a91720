//! How a queue is opened.

use std::time::Duration;

/// How a queue is opened. All nodes of a queue should have the same; of attempts and lease, each
/// node follows its own, and the lease of the node that was opened last is the server's.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// The name of the stream: nodes with the same name share one queue. Letters, digits, `-`, `_`.
    /// Beside it stand `<stream>-tries` and `<stream>-dead`.
    pub stream: String,
    /// The servers that keep the queue: 1, or 3 of a cluster. Counts when the stream is made.
    pub replicas: usize,
    /// The attempts after which an event is a dead letter; at least one.
    pub attempts: u32,
    /// How long a node may hold an event without a sign of life before another one gets it.
    pub lease: Duration,
    /// The longest payload, in bytes. The limit of the server (1 MiB unless configured) counts too.
    pub max_payload: usize,
    /// How long a push may wait for NATS before it is refused.
    pub wait: Duration,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            stream: "weir".to_owned(),
            replicas: 1,
            attempts: 3,
            lease: Duration::from_secs(30),
            max_payload: 64 * 1024,
            wait: Duration::from_secs(5),
        }
    }
}
