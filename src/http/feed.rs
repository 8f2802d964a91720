//! The figures of a lab as frames for WebSockets: encoded once at each sample for all sockets.
//!
//! While there are readers, one task encodes a record at each sample of the lab.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Bytes;
use tokio::sync::watch;

/// How much of the history each record repeats, in milliseconds. A reader that misses records
/// for less than this misses no point.
pub(super) const REPEATED_MS: u64 = 1_000;

/// Figures with a history that a feed sends.
pub(super) trait Figures: Send + Sync + 'static {
    /// Returns a receiver that changes at each sample.
    fn ticks(&self) -> watch::Receiver<u64>;

    /// Encodes the current figures as a frame, with the history from `from_ms` on. Returns the
    /// frame and the time of the figures, in milliseconds since the start of the lab.
    fn encode(&self, from_ms: u64) -> (u64, Bytes);
}

/// The records of a lab.
#[derive(Debug)]
pub(super) struct Feed<F> {
    figures: F,
    records: watch::Sender<Record>,
    /// True while the task runs. It ends under this lock and only without readers, so a
    /// reader that holds the lock either finds it running or starts it.
    is_ticking: Mutex<bool>,
}

/// The figures at one moment.
#[derive(Debug, Clone, Default)]
struct Record {
    at_ms: u64,
    /// With the latest points of the history.
    latest: Bytes,
    /// With the whole history, encoded for the first reader that needs it.
    whole: Arc<OnceLock<Bytes>>,
}

/// A reader of the records.
#[derive(Debug)]
pub(super) struct Reader<F> {
    feed: Arc<Feed<F>>,
    records: watch::Receiver<Record>,
    /// The time of the last record that was read.
    last_ms: Option<u64>,
}

impl<F: Figures> Feed<F> {
    pub(super) fn new(figures: F) -> Arc<Self> {
        Arc::new(Self { figures, records: watch::Sender::default(), is_ticking: Mutex::default() })
    }

    /// Returns a reader, whose first record is new. The first reader starts the task.
    pub(super) fn subscribe(self: &Arc<Self>) -> Reader<F> {
        let mut is_ticking = self.is_ticking.lock().unwrap_or_else(PoisonError::into_inner);
        let mut records = self.records.subscribe();
        if !std::mem::replace(&mut *is_ticking, true) {
            self.records.send_replace(self.record());
            tokio::spawn(Arc::clone(self).tick());
        }
        records.mark_changed();
        Reader { feed: Arc::clone(self), records, last_ms: None }
    }

    async fn tick(self: Arc<Self>) {
        let mut samples = self.figures.ticks();
        while samples.changed().await.is_ok() {
            {
                let mut is_ticking = self.is_ticking.lock().unwrap_or_else(PoisonError::into_inner);
                if self.records.receiver_count() == 0 {
                    *is_ticking = false;
                    return;
                }
            }
            self.records.send_replace(self.record());
        }
    }

    fn record(&self) -> Record {
        let last_ms = self.records.borrow().at_ms;
        let (at_ms, latest) = self.figures.encode(last_ms.saturating_sub(REPEATED_MS));
        Record { at_ms, latest, whole: Arc::default() }
    }
}

impl<F: Figures> Reader<F> {
    /// Waits for the next record. A reader that was not ready for one misses it.
    ///
    /// # Cancel safety
    /// Cancel safe: a record that was not taken counts as not read.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.records.changed().await.ok()?;
        let record = self.records.borrow_and_update().clone();
        let is_following = self.last_ms.is_some_and(|last| record.at_ms <= last + REPEATED_MS);
        self.last_ms = Some(record.at_ms);
        let whole = || self.feed.figures.encode(0).1;
        Some(if is_following { record.latest } else { record.whole.get_or_init(whole).clone() })
    }
}
