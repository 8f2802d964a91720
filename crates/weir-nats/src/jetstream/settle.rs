//! Settling: each answer is confirmed by the server before the event counts as settled.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use tokio::time::{Instant, sleep};
use weir_parts::engine::Settle;

use super::delivery::{Attempts, Delivery};
use super::inner::{AGAIN, Inner};
use super::leases::Settling;
use super::pull::Pulled;
use crate::trouble::NatsError;

/// Events that a purge takes at once.
const PURGED: usize = 500;
/// Settlings of one call that are on their way at once.
const AT_ONCE: usize = 256;

impl Inner {
    /// Settles events that are marked as settling. Returns the first error.
    pub(super) async fn settle(&self, events: Vec<(Settling, Settle)>) -> Result<(), NatsError> {
        let until = Instant::now() + self.options.wait.max(self.options.lease);
        let settled = futures::stream::iter(events).map(|(event, how)| self.settle_one(event, how, until));
        let mut first = Ok(());
        let mut settled = settled.buffer_unordered(AT_ONCE);
        while let Some(result) = settled.next().await {
            if first.is_ok() {
                first = result;
            }
        }
        self.news.notify_waiters();
        first
    }

    async fn settle_one(&self, event: Settling, how: Settle, until: Instant) -> Result<(), NatsError> {
        if event.is_noted {
            self.renew_note();
        }
        let failed = event.attempts.failed_once_more(event.delivery.count);
        let result = match how {
            Settle::Done => self.finish(&event, &self.counts.done, until).await,
            // Its note must not count as an attempt.
            Settle::Back if event.is_noted => {
                let attempts = Attempts { upto: event.delivery.count, ..event.attempts };
                self.return_recorded(&event, attempts, Duration::ZERO, until).await
            }
            Settle::Back => self.return_after(&event, event.attempts, Duration::ZERO, until).await,
            Settle::Again { after, .. } if failed.failed < self.options.attempts => {
                self.return_recorded(&event, failed, after, until).await
            }
            Settle::Again { why, .. } | Settle::Dead { why } => {
                self.bury(&event, failed.failed, &why, until).await
            }
        };
        if result.is_err() {
            self.leases.not_settled(event.delivery.id);
            self.renew_note();
        }
        result
    }

    /// The event is gone for good, and counts as done or failed.
    async fn finish(
        &self,
        event: &Settling,
        count: &std::sync::atomic::AtomicU64,
        until: Instant,
    ) -> Result<(), NatsError> {
        self.answer(&event.delivery, Bytes::from_static(b"+ACK"), until).await?;
        count.fetch_add(1, Ordering::AcqRel);
        self.leases.gone(&event.delivery);
        if event.attempts != Attempts::default() {
            self.forget_attempts(event.delivery.id).await;
        }
        Ok(())
    }

    async fn return_after(
        &self,
        event: &Settling,
        attempts: Attempts,
        after: Duration,
        until: Instant,
    ) -> Result<(), NatsError> {
        let nak = match after.as_nanos() {
            0 => "-NAK".to_owned(),
            // 292 years.
            nanos => format!("-NAK {{\"delay\":{}}}", i64::try_from(nanos).unwrap_or(i64::MAX)),
        };
        // Before: the event may come again, here or elsewhere, before the answer does.
        self.leases.go_back(event, attempts);
        match self.answer(&event.delivery, nak.into(), until).await {
            Ok(()) => {
                self.leases.delay(&event.delivery, after);
                Ok(())
            }
            Err(error) if self.leases.take_back(event) => Err(error),
            // It has come again.
            Err(_) => Ok(()),
        }
    }

    /// Stores the attempts of an event, and gives it back. If the node is killed in between, the event
    /// comes again when its lease is over, with the attempt counted.
    async fn return_recorded(
        &self,
        event: &Settling,
        attempts: Attempts,
        after: Duration,
        until: Instant,
    ) -> Result<(), NatsError> {
        while let Err(error) = self.write_attempts(event.delivery.id, attempts).await {
            if Instant::now() >= until {
                return Err(error);
            }
            sleep(AGAIN).await;
        }
        self.return_after(event, attempts, after, until).await
    }

    /// Makes a leased event that was lost with its last node a dead letter.
    pub(super) async fn bury_lost(&self, id: u64) {
        let until = Instant::now() + self.options.lease;
        let Some(event) = self.leases.begin_settling(id) else { return };
        let attempts = event.attempts;
        match self.bury(&event, attempts.failed, &attempts.why_lost(), until).await {
            Ok(()) => _ = self.counts.given_up.fetch_add(1, Ordering::AcqRel),
            Err(error) => {
                log::debug!("event {id} comes again: {error}");
                self.leases.forget(id);
            }
        }
        self.news.notify_waiters();
    }

    /// Copies an event to the dead letters, and then takes it from the stream. If the node is killed
    /// in between, the event comes again, and its next letter meets the first.
    async fn bury(&self, event: &Settling, tries: u32, why: &str, until: Instant) -> Result<(), NatsError> {
        let id = event.delivery.id;
        let copy = || async {
            let payload = self.payload(id).await?;
            self.write_letter(id, tries, why, payload).await
        };
        while let Err(error) = copy().await {
            if Instant::now() >= until {
                return Err(error);
            }
            sleep(AGAIN).await;
        }
        self.finish(event, &self.counts.failed, until).await
    }

    /// Takes all events that are ready, and those that any living node gave back with a delay, from
    /// the stream. Returns their number.
    pub(super) async fn purge(self: &Arc<Self>) -> Result<u64, NatsError> {
        let mut purged = self.purge_these(self.leases.take_delayed(usize::MAX)).await?;
        purged += self.purge_these(self.take_delayed_elsewhere().await?).await?;
        loop {
            let mut pull = self.pulls.begin().await?;
            if pull.ready(PURGED).await? == Pulled::Silence {
                return Err(NatsError::silent_pull());
            }
            let is_empty = pull.arrived.is_empty();
            let ready = self.lease(pull).await?;
            if is_empty {
                self.news.notify_waiters();
                return Ok(purged);
            }
            purged += self.drop_leased(ready.iter().map(|taken| taken.delivered.delivery.id)).await?;
        }
    }

    async fn drop_leased(&self, events: impl Iterator<Item = u64>) -> Result<u64, NatsError> {
        let until = Instant::now() + self.options.wait;
        let dropped = events.filter_map(|id| self.leases.begin_settling(id)).map(|event| async move {
            let dropped = self.finish(&event, &self.counts.dropped, until).await;
            if dropped.is_err() {
                self.leases.forget(event.delivery.id);
            }
            dropped
        });
        let dropped = join_all(dropped).await;
        let count = dropped.iter().filter(|dropped| dropped.is_ok()).count() as u64;
        dropped.into_iter().find_map(Result::err).map_or(Ok(count), Err)
    }

    /// Takes events from the stream that this node does not hold.
    async fn purge_these(&self, events: Vec<Delivery>) -> Result<u64, NatsError> {
        let until = Instant::now() + self.options.wait;
        let answers = events.into_iter().map(|event| async move {
            self.answer(&event, Bytes::from_static(b"+ACK"), until).await.map(|()| event)
        });
        let (purged, kept): (Vec<_>, Vec<_>) =
            join_all(answers).await.into_iter().partition(|answer| answer.is_ok());
        let purged: Vec<Delivery> = purged.into_iter().flatten().collect();
        self.counts.dropped.fetch_add(purged.len() as u64, Ordering::AcqRel);
        self.leases.purged(purged.iter());
        kept.into_iter().find_map(Result::err).map_or(Ok(purged.len() as u64), Err)
    }
}
