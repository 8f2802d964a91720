//! The limits of a server: how many connections, and how long each phase may take.

use std::time::Duration;

use crate::config;

/// Descriptors reserved for run files, the configuration and everything else that the
/// process opens. A quarter of the limit if that is less.
const RESERVE: u64 = 32;

/// Limits of a server. They are read for each connection, so an edit of the configuration
/// is live.
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
    /// The number of tasks that accept connections.
    pub acceptors: usize,
    /// The most connections that wait to be accepted. The system may allow fewer
    /// (`net.core.somaxconn`).
    pub backlog: i32,
}

impl Limits {
    /// Returns the limits of the configuration.
    pub fn of(settings: &config::Settings) -> Self {
        let (server, matches) = (&settings.server, &settings.matches);
        Self {
            max_connections: usize::try_from(server.max_connections).unwrap_or(usize::MAX),
            head: server.head_timeout,
            body: server.body_timeout,
            idle: server.idle_timeout,
            write: server.write_timeout,
            acceptors: usize::try_from(matches.acceptors).unwrap_or(usize::MAX),
            backlog: i32::try_from(matches.backlog).unwrap_or(i32::MAX),
        }
    }

    /// Returns the interval of checks, so that no connection exceeds its limit by more
    /// than a quarter of it or 0.5 s.
    pub(super) fn look(&self) -> Duration {
        let shortest = self.head.min(self.idle).min(self.write);
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&config::Settings::default())
    }
}

/// Returns the highest descriptor that a connection may have; `None` if the limit is
/// unknown. The system assigns the lowest free descriptor, so a higher one means that all
/// below are in use.
pub(super) fn highest_descriptor() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(highest_of(soft))
}

/// Returns it for `soft` descriptors, numbered from 0.
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
