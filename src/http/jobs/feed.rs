//! The figures of the lab as frames for WebSockets: a record every 100 ms, encoded once for
//! all sockets.
//!
//! While there are readers, one task encodes a record at each sample of the lab.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use crate::http::text_frame;
use crate::lab::jobs::{JobsLab, Snapshot};

/// How much of the history each record repeats, in milliseconds. A reader that misses records
/// for less than this misses no point.
const REPEATED_MS: u64 = 1_000;

/// The records of a lab.
#[derive(Debug)]
pub(super) struct Feed {
    jobs: Arc<JobsLab>,
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

#[derive(Serialize)]
struct Envelope {
    jobs: Snapshot,
}

fn encode(jobs: Snapshot) -> Bytes {
    // Numbers and strings, which JSON can always represent.
    text_frame(&serde_json::to_string(&Envelope { jobs }).unwrap_or_default())
}

/// A reader of the records.
#[derive(Debug)]
pub(super) struct Reader {
    feed: Arc<Feed>,
    records: watch::Receiver<Record>,
    /// The time of the last record that was read.
    last_ms: Option<u64>,
}

impl Feed {
    pub(super) fn new(jobs: &Arc<JobsLab>) -> Arc<Self> {
        let jobs = Arc::clone(jobs);
        Arc::new(Self { jobs, records: watch::Sender::default(), is_ticking: Mutex::default() })
    }

    /// Returns a reader, whose first record is new. The first reader starts the task.
    pub(super) fn subscribe(self: &Arc<Self>) -> Reader {
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
        let mut samples = self.jobs.ticks();
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
        let snapshot = self.jobs.snapshot_since(last_ms.saturating_sub(REPEATED_MS));
        Record { at_ms: snapshot.at_ms, latest: encode(snapshot), whole: Arc::default() }
    }
}

impl Reader {
    /// Waits for the next record. A reader that was not ready for one misses it.
    ///
    /// # Cancel safety
    /// Cancel safe: a record that was not taken counts as not read.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.records.changed().await.ok()?;
        let record = self.records.borrow_and_update().clone();
        let is_following = self.last_ms.is_some_and(|last| record.at_ms <= last + REPEATED_MS);
        self.last_ms = Some(record.at_ms);
        let whole = || encode(self.feed.jobs.snapshot_since(0));
        Some(if is_following { record.latest } else { record.whole.get_or_init(whole).clone() })
    }
}
