//! Counts of the connections of a server, which other parts of the process may read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::refusal::Refusal;

/// How long the reason of a refusal is reported. After that, the server has recovered.
const RECENT: Duration = Duration::from_secs(5);

/// The open connections of a server, and those that it could not take.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    open: AtomicU64,
    limit: AtomicU64,
    refused: AtomicU64,
    /// The reason of the last refusal, and when it was.
    last: Mutex<Option<(&'static str, Instant)>>,
}

impl ConnectionCounts {
    /// Returns the number of open connections.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Returns the most connections that may be open: `server.max_connections`, or fewer if the
    /// process may have fewer descriptors. 0 before the server runs.
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Returns how often a connection was answered with 503, or could not be accepted.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Returns why the last connection was not taken, if that was within the last 5 s:
    /// `max_connections`, `descriptors`, or `accept` if the system refused for another reason.
    pub fn why(&self) -> Option<&'static str> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(_, when)| when.elapsed() < RECENT).map(|(why, _)| why)
    }

    pub(super) fn note_open(&self, open: usize) {
        self.open.store(open as u64, Ordering::Relaxed);
    }

    pub(super) fn note_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn note_refusal(&self, refusal: Refusal) {
        self.note(if refusal == Refusal::NoDescriptors { "descriptors" } else { "max_connections" });
    }

    /// Notes that the system has no connection for the server, for lack of descriptors or
    /// another reason.
    pub(super) fn note_failure(&self, error: &std::io::Error) {
        let is_full = matches!(error.raw_os_error(), Some(EMFILE | ENFILE));
        self.note(if is_full { "descriptors" } else { "accept" });
    }

    fn note(&self, why: &'static str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((why, Instant::now()));
    }
}

/// The system's numbers for "too many open files" of the process and of the system.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_reported_for_a_while_and_the_number_stays() {
        let counts = ConnectionCounts::default();
        assert_eq!((counts.refused(), counts.why()), (0, None));
        counts.note_refusal(Refusal::Full(10));
        assert_eq!(counts.why(), Some("max_connections"));
        counts.note_failure(&std::io::Error::from_raw_os_error(EMFILE));
        assert_eq!((counts.refused(), counts.why()), (2, Some("descriptors")));
        advance(RECENT).await;
        assert_eq!((counts.refused(), counts.why()), (2, None));
    }
}
