//! The curve of one event while each watcher has a task: when each task has written it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::lock;

/// The times at which the tasks have written one event. Shared by all sockets of a life.
#[derive(Debug, Default)]
pub(super) struct TaskTimes {
    /// The event's number and one; 0 if no event is recorded.
    active: AtomicU64,
    record: Mutex<Option<Record>>,
}

#[derive(Debug)]
struct Record {
    seq: u64,
    published: Instant,
    sent: u64,
    micros: Vec<u32>,
}

/// The record of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) seq: u64,
    pub(super) sent: u64,
    /// The sorted times, in microseconds.
    pub(super) micros: Vec<u32>,
}

impl TaskTimes {
    /// Begins the record of an event that is sent to `sent` watchers. The shards have not
    /// encoded it yet, so [`activate`](Self::activate) follows.
    pub(super) fn begin(&self, seq: u64, published: Instant, sent: u64) {
        *lock(&self.record) = Some(Record { seq, published, sent, micros: Vec::new() });
    }

    /// Marks the next bytes that each watcher is sent as the ones with the event. Called when a
    /// shard encodes it.
    pub(super) fn activate(&self, seq: u64) {
        self.active.fetch_max(seq + 1, Ordering::Relaxed);
    }

    /// Returns the number of the active event and one, or 0.
    pub(super) fn active(&self) -> u64 {
        self.active.load(Ordering::Relaxed)
    }

    /// Notes that a task has written the bytes up to the end of the event.
    pub(super) fn written(&self, active: u64) {
        if let Some(record) = &mut *lock(&self.record)
            && record.seq + 1 == active
        {
            let micros = record.published.elapsed().as_micros();
            record.micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    /// Returns the record so far.
    pub(super) fn record(&self) -> Option<Written> {
        let record = lock(&self.record);
        let record = record.as_ref()?;
        let mut micros = record.micros.clone();
        micros.sort_unstable();
        Some(Written { seq: record.seq, sent: record.sent, micros })
    }
}
