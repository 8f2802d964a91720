//! What one server allows its connections: how many, and how long each may take.

use std::time::Duration;

use crate::config;

/// Descriptors that connections leave alone: for run files, the configuration, and
/// whatever else the process opens. A quarter of the limit where that is less.
const RESERVE: u64 = 32;

/// Limits of a server. Read again for each connection, so that an edit of the
/// configuration is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most open connections.
    pub max_connections: usize,
    /// How long a request head may take, from its first byte to its last.
    pub head: Duration,
    /// How long a request body may take.
    pub body: Duration,
    /// How long a connection without a request is kept.
    pub idle: Duration,
    /// How long a client may leave a reply unread before it is disconnected.
    pub write: Duration,
}

impl Limits {
    /// Those of the configuration.
    pub fn of(server: &config::Server) -> Self {
        Self {
            max_connections: usize::try_from(server.max_connections).unwrap_or(usize::MAX),
            head: server.head_timeout,
            body: server.body_timeout,
            idle: server.idle_timeout,
            write: server.write_timeout,
        }
    }

    /// How often connections are looked at, so that none is late by more than a quarter
    /// of its time or half a second.
    pub(super) fn look(&self) -> Duration {
        let shortest = self.head.min(self.idle).min(self.write);
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&config::Settings::default().server)
    }
}

/// The highest descriptor that a connection may have; `None` where the system does not
/// say how many there are. Descriptors are given out lowest first, so a higher one
/// means that all below are taken, by whatever part of the process.
pub(super) fn highest_descriptor() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(highest_of(soft))
}

/// With `soft` descriptors numbered from 0.
fn highest_of(soft: u64) -> u64 {
    let reserve = RESERVE.min(soft / 4);
    soft.saturating_sub(reserve + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_of_descriptors_is_left_to_the_rest_of_the_process() {
        assert_eq!(highest_of(1024), 991);
        assert_eq!(highest_of(100), 74);
        assert_eq!(highest_of(0), 0);
    }
}
