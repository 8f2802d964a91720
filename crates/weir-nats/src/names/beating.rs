//! The beats of a node, and the time until which they keep its claims valid.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::held::Names;
use crate::boot_clock;
use crate::connection::Nats;
use crate::stores::{self, Created, number_of};
use crate::token::escaped;
use crate::trouble::NatsError;

/// What a node's last beat says after an orderly stop.
pub(super) const GONE: &str = "gone";
/// The owner of a generation that was given up.
pub(super) const RELEASED: &str = "released";
/// Claims that are checked at the same time after the lease was over.
const AT_ONCE: usize = 32;

/// The end of the node's lease, on the boot clock. Until then, the node may answer.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    nanos: AtomicU64,
    ignored: AtomicBool,
}

impl Deadline {
    pub(super) fn is_over(&self) -> bool {
        let over = boot_clock::now() >= Duration::from_nanos(self.nanos.load(Ordering::Acquire));
        over && !self.ignored.load(Ordering::Relaxed)
    }

    fn set(&self, until: Duration) {
        // 584 years.
        self.nanos.store(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// For tests of the fence: the lease is never over.
    pub(super) fn ignore(&self) {
        self.ignored.store(true, Ordering::Relaxed);
    }
}

/// What the task that beats needs.
pub(super) struct Beating {
    pub(super) nats: Nats,
    pub(super) stream: Stream,
    pub(super) bucket: String,
    pub(super) instance: String,
    pub(super) lease: Duration,
    pub(super) deadline: Arc<Deadline>,
    pub(super) names: Arc<Names>,
}

impl Beating {
    /// Beats once. The lease counts from before the beat was sent. Returns whether the lease is valid.
    pub(super) async fn beat(&self) -> bool {
        let sent = boot_clock::now();
        let subject = format!("{}.beat.{}", self.bucket, self.instance);
        let put = stores::put(&self.nats, subject, Bytes::from_static(b"here"));
        // A slower beat is sent again: the lease is close to its end.
        if !matches!(timeout(self.lease / 3, put).await, Ok(Ok(_))) {
            return false;
        }
        // While the lease was over, another node may have taken a name.
        if self.deadline.is_over() && !self.look_again().await {
            return false;
        }
        self.deadline.set(sent + self.lease);
        true
    }

    /// Checks whether the claims are still this node's. Returns false if the store did not answer.
    async fn look_again(&self) -> bool {
        let looks = self.names.all().into_iter().map(|(name, held)| async move {
            let subject = format!("{}.claim.{}.*", self.bucket, escaped(&name));
            match stores::last(&self.stream, &subject).await {
                Ok(Some(message)) if number_of(&message.subject) > held.generation => {
                    held.lose(number_of(&message.subject));
                    true
                }
                Ok(_) => true,
                Err(_) => false,
            }
        });
        futures::stream::iter(looks).buffer_unordered(AT_ONCE).all(|looked| async move { looked }).await
    }

    /// Beats three times per lease, and gives up the claims that it receives.
    pub(super) async fn run(self, mut released: mpsc::UnboundedReceiver<(String, u64)>) {
        let beats = async {
            loop {
                // A failed beat is sent again soon.
                let pause = if self.beat().await { self.lease / 3 } else { self.lease / 20 };
                sleep(pause).await;
            }
        };
        let releases = async {
            while let Some((token, generation)) = released.recv().await {
                // If it fails, the name is free when the node stops or after a lease.
                _ = release(&self.nats, &self.bucket, &token, generation).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::join!(beats, releases);
    }
}

/// Gives a generation up by creating the next one without an owner. This cannot undo a claim that
/// another node has made in the meantime.
pub(super) async fn release(
    nats: &Nats,
    bucket: &str,
    token: &str,
    generation: u64,
) -> Result<Created, NatsError> {
    let subject = format!("{bucket}.claim.{token}.{}", generation + 1);
    stores::create(nats, subject, async_nats::HeaderMap::new(), Bytes::from_static(RELEASED.as_bytes()))
        .await
}
