//! The machine's own limits, measured with bare blocking sockets on loopback.

use serde::Serialize;

/// What the machine does without Weir.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// The most watchers.
    pub watchers: u64,
    /// What sets that limit.
    pub watchers_why: String,
    /// Connections that one thread accepts per second.
    pub connects_s: f64,
    /// The time from a connection to its first bytes, in milliseconds.
    pub art_ms: f64,
    /// The time of one `send` of an event, in microseconds.
    pub send_us: f64,
    /// How long the measurement took, in milliseconds.
    pub measured_ms: u64,
}
