//! Takes events: pulls them, and decides which of them this node may hand out.

use std::sync::Arc;
use std::time::Duration;

use weir_parts::engine::{EventId, Leased};

use super::delivery::{Attempts, Delivery};
use super::inner::Inner;
use super::leases::{Admitted, Arriving};
use super::pull::{Delivered, Pull, Pulled};
use super::verdict::Verdict;
use crate::trouble::NatsError;

/// An event that this node may hand out.
pub(super) struct Taken {
    pub(super) delivered: Delivered,
    pub(super) attempts: Attempts,
    /// It was, or may have been, delivered before, and this node did not give it back.
    pub(super) again: bool,
}

impl Inner {
    /// Leases at least one event, or nothing if none came in time.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(super) async fn take(
        self: &Arc<Self>,
        demand: usize,
        within: Duration,
    ) -> Result<Vec<Leased>, NatsError> {
        let mut pull = self.pulls.begin().await?;
        // An ask for one waits at once; for more, what is ready comes first.
        let mut answered = if demand > 1 { pull.ready(demand).await? } else { Pulled::Events };
        if pull.arrived.is_empty() && answered == Pulled::Events {
            answered = pull.one(within).await?;
        }
        if pull.arrived.is_empty() && answered == Pulled::Silence {
            return Err(NatsError::silent_pull());
        }
        let lease = |Taken { delivered: Delivered { delivery, payload }, attempts, again }| {
            let id = delivery.id;
            self.leases.hold(delivery, attempts);
            let recovered = again || id < self.recovered_below;
            Leased { id: EventId(id), payload: payload.to_vec(), tries: attempts.failed, recovered }
        };
        let (taken, _arriving) = self.sort_out(pull).await?;
        Ok(taken.into_iter().map(lease).collect())
    }

    /// Decides about what a pull has brought. Returns what this node may hand out; what another node
    /// holds or has settled, and what was lost with its last node, is dealt with.
    ///
    /// # Errors
    /// [`NatsError::Away`]: the events go back.
    pub(super) async fn sort_out(
        self: &Arc<Self>,
        pull: Pull<'_>,
    ) -> Result<(Vec<Taken>, Arriving<'_>), NatsError> {
        // The pull still has the events meanwhile, so that they go back if this future is dropped.
        let deliveries: Vec<_> = pull.arrived.iter().map(|arrived| arrived.delivery.clone()).collect();
        let arriving = self.leases.arrive(&deliveries);
        let mut verdicts = self.decide(&deliveries).await?;
        let admit = |delivered: Delivered| {
            let delivery = &delivered.delivery;
            let known = match self.leases.admit(delivery) {
                Admitted::Lease { attempts } => attempts,
                Admitted::Held => return None,
                Admitted::Settled => {
                    self.acknowledge_again(delivered.delivery);
                    return None;
                }
            };
            let (attempts, again) = match (verdicts.remove(&delivery.id), known) {
                (Some(Verdict::Lease { attempts, again }), _) => (attempts, again),
                (Some(Verdict::Elsewhere), _) => return None,
                (Some(Verdict::Settled), _) => {
                    self.acknowledge_again(delivered.delivery);
                    return None;
                }
                (Some(Verdict::Dead(attempts)), _) => {
                    let inner = Arc::clone(self);
                    let bury = async move { inner.bury_lost(delivered.delivery, attempts).await };
                    self.tasks.spawn(bury);
                    return None;
                }
                (None, known) => (known.unwrap_or_default(), known.is_none()),
            };
            Some(Taken { delivered, attempts, again })
        };
        Ok((pull.take().into_iter().filter_map(admit).collect(), arriving))
    }

    /// Acknowledges an event that was settled before, and whose answer the server has lost.
    fn acknowledge_again(&self, delivery: Delivery) {
        let client = self.nats.client().clone();
        self.tasks.spawn(async move { _ = client.publish(delivery.reply, "+ACK".into()).await });
    }
}
