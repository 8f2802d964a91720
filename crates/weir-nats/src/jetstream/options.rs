//! The options of a queue.

use std::time::Duration;

/// The options of a queue. All nodes of a queue should have the same. If they differ, each node
/// follows its own attempts and lease, and the server uses the lease of the node that opened last.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// The name of the stream: nodes with the same name share one queue. Letters, digits, `-`, `_`.
    /// The streams `<stream>-tries`, `<stream>-begun` and `<stream>-dead` are created beside it.
    pub stream: String,
    /// The number of servers that keep the queue: 1, or 3 in a cluster. Applies when the stream is
    /// created.
    pub replicas: usize,
    /// The number of attempts before an event is a dead letter; at least one.
    pub attempts: u32,
    /// How long a node may be silent before another one gets its events.
    pub lease: Duration,
    /// The longest payload, in bytes. The server's limit (1 MiB unless configured) applies too.
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
