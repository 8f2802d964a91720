//! The payloads of events that wait in memory, and the total bytes of all waiting payloads.
//!
//! An event without a payload costs nothing here. Payloads are kept beside the queue, by event id,
//! so that waiting events stay small.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::config::Settings;
use crate::queue::WhenFull;

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// It is too long.
    #[error("the body has {bytes} bytes; at most {max} are allowed (queue.max_payload)")]
    TooLong {
        /// Its length.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// The waiting bodies would have too many bytes.
    #[error("the queue is full: its bodies would exceed {max} bytes in all (queue.max_bytes)")]
    Full {
        /// The limit.
        max: u64,
    },
}

/// The payloads.
#[derive(Debug, Default)]
pub(in crate::workbench) struct Payloads {
    kept: Mutex<HashMap<u64, Bytes>>,
    bytes: Arc<Waiting>,
    max_payload: AtomicU64,
    max_bytes: AtomicU64,
}

/// The total bytes, and a notification for requests that wait until there are fewer.
#[derive(Debug, Default)]
struct Waiting {
    now: AtomicU64,
    freed: Notify,
}

/// A payload that counts among those that wait until it is dropped.
#[derive(Debug)]
pub(in crate::workbench) struct Bytes {
    payload: Vec<u8>,
    /// The counted bytes. They stay counted after an engine has taken the payload.
    count: u64,
    waiting: Arc<Waiting>,
}

impl Bytes {
    /// Takes the payload out. Its bytes still count.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.waiting.now.fetch_sub(self.count, Ordering::AcqRel);
        self.waiting.freed.notify_waiters();
    }
}

impl Payloads {
    pub(in crate::workbench) fn configure(&self, settings: &Settings) {
        self.max_payload.store(settings.queue.max_payload, Ordering::Relaxed);
        self.max_bytes.store(settings.queue.max_bytes, Ordering::Relaxed);
        self.bytes.freed.notify_waiters();
    }

    /// Counts a payload among those that wait. Where the bytes do not fit, the policy decides
    /// whether to wait. Returns `None` for an empty one.
    ///
    /// # Errors
    /// [`PayloadError`].
    ///
    /// # Cancel safety
    /// Nothing is counted if the future is dropped.
    pub(in crate::workbench) async fn admit(
        &self,
        payload: Vec<u8>,
        when_full: WhenFull,
    ) -> Result<Option<Bytes>, PayloadError> {
        if payload.is_empty() {
            return Ok(None);
        }
        let (bytes, max) = (payload.len() as u64, self.max_payload.load(Ordering::Relaxed));
        if bytes > max {
            return Err(PayloadError::TooLong { bytes, max });
        }
        let limit = match when_full {
            WhenFull::Wait { timeout } => timeout,
            WhenFull::Reject | WhenFull::DropNewest | WhenFull::DropOldest => Duration::ZERO,
        };
        let fits = async {
            loop {
                let mut freed = std::pin::pin!(self.bytes.freed.notified());
                freed.as_mut().enable();
                if self.count(bytes) {
                    return;
                }
                freed.await;
            }
        };
        let full = |_| PayloadError::Full { max: self.max_bytes.load(Ordering::Relaxed) };
        if !self.count(bytes) {
            timeout(limit, fits).await.map_err(full)?;
        }
        Ok(Some(Bytes { payload, count: bytes, waiting: Arc::clone(&self.bytes) }))
    }

    fn count(&self, bytes: u64) -> bool {
        let max = self.max_bytes.load(Ordering::Relaxed);
        let more = |now: u64| now.checked_add(bytes).filter(|sum| *sum <= max);
        self.bytes.now.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// Returns the bytes of all payloads that wait.
    pub(in crate::workbench) fn bytes(&self) -> u64 {
        self.bytes.now.load(Ordering::Acquire)
    }

    /// Keeps the payload of an event in memory.
    pub(in crate::workbench) fn keep(&self, id: u64, bytes: Bytes) {
        self.lock().insert(id, bytes);
    }

    /// Forgets the payload of an event that is worked on or dropped.
    pub(in crate::workbench) fn forget(&self, id: u64) {
        // Without payloads, no event waits for the lock.
        if self.bytes() > 0 {
            let forgotten = self.lock().remove(&id);
            drop(forgotten);
        }
    }

    /// Forgets all payloads that are kept, because no event is left to which they could belong.
    pub(in crate::workbench) fn forget_all(&self) {
        let forgotten = std::mem::take(&mut *self.lock());
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Bytes>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    const WAIT: WhenFull = WhenFull::Wait { timeout: Duration::from_secs(5) };

    fn payloads(flags: &[&str]) -> Payloads {
        let flags = flags.iter().map(ToString::to_string).collect();
        let payloads = Payloads::default();
        payloads.configure(&Sources { file: None, flags }.load().unwrap().settings);
        payloads
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_bounded_and_counted_until_they_are_forgotten() {
        let payloads = payloads(&["queue.max_payload=8", "queue.max_bytes=10"]);
        assert!(payloads.admit(Vec::new(), WhenFull::Reject).await.unwrap().is_none());
        let too_long = payloads.admit(vec![0; 9], WhenFull::Reject).await;
        assert_eq!(too_long.unwrap_err(), PayloadError::TooLong { bytes: 9, max: 8 });
        let first = payloads.admit(vec![0; 8], WhenFull::Reject).await.unwrap().unwrap();
        payloads.keep(1, first);
        let full = payloads.admit(vec![0; 3], WhenFull::Reject).await;
        assert_eq!((full.unwrap_err(), payloads.bytes()), (PayloadError::Full { max: 10 }, 8));
        payloads.forget(1);
        assert_eq!(payloads.bytes(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_waits_until_the_bytes_fit_and_gives_up_after_the_timeout() {
        let payloads = Arc::new(payloads(&["queue.max_bytes=10"]));
        let first = payloads.admit(vec![0; 10], WAIT).await.unwrap().unwrap();
        let late = payloads.admit(vec![0; 1], WAIT).await;
        assert_eq!(late.unwrap_err(), PayloadError::Full { max: 10 });
        let waiting = tokio::spawn({
            let payloads = Arc::clone(&payloads);
            async move { payloads.admit(vec![0; 4], WAIT).await.map(|found| found.is_some()) }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert_eq!(waiting.await.unwrap(), Ok(true));
        assert_eq!(payloads.bytes(), 0, "the payload was dropped");
    }
}
