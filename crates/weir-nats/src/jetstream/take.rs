//! Takes events: pulls them, and decides which of them this node may hand out.

use std::sync::Arc;
use std::time::Duration;

use weir_parts::engine::{EventId, Leased};

use super::delivery::{Attempts, Delivery};
use super::inner::Inner;
use super::leases::Admitted;
use super::pull::{Delivered, Pull, Pulled};
use super::verdict::Verdict;
use crate::trouble::NatsError;

/// An event that this node has leased.
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
        let leased = |Taken { delivered: Delivered { delivery, payload }, attempts, again }| {
            let recovered = again || delivery.id < self.recovered_below;
            let (id, payload) = (EventId(delivery.id), payload.to_vec());
            Leased { id, payload, tries: attempts.failed, recovered }
        };
        Ok(self.lease(pull).await?.into_iter().map(leased).collect())
    }

    /// Leases what a pull has brought, except what this node or another one holds or has settled. What
    /// was lost with its last node becomes a dead letter.
    ///
    /// # Errors
    /// [`NatsError::Away`]: the events go back.
    pub(super) async fn lease(self: &Arc<Self>, pull: Pull<'_>) -> Result<Vec<Taken>, NatsError> {
        // The pull still has the events meanwhile, so that they go back if this future is dropped.
        let deliveries: Vec<_> = pull.arrived.iter().map(|arrived| arrived.delivery.clone()).collect();
        let _arriving = self.leases.arrive(&deliveries);
        let mut verdicts = self.decide(&deliveries).await?;
        let admit = |delivered: Delivered| {
            let delivery = &delivered.delivery;
            let verdict = verdicts.remove(&delivery.id);
            let found = match verdict {
                None => None,
                Some(Verdict::Lease { attempts, .. } | Verdict::Dead(attempts)) => Some(attempts),
                Some(Verdict::Elsewhere) => return None,
                Some(Verdict::Settled) => {
                    self.acknowledge_again(delivered.delivery);
                    return None;
                }
            };
            match (self.leases.admit(delivery, found), verdict) {
                (Admitted::Held, _) => None,
                (Admitted::Settled, _) => {
                    self.acknowledge_again(delivered.delivery);
                    None
                }
                (Admitted::Leased { .. }, Some(Verdict::Dead(_))) => {
                    let (inner, id) = (Arc::clone(self), delivery.id);
                    self.tasks.spawn(async move { inner.bury_lost(id).await });
                    None
                }
                (Admitted::Leased { attempts, .. }, Some(Verdict::Lease { again, .. })) => {
                    Some(Taken { delivered, attempts, again })
                }
                (Admitted::Leased { attempts, is_known }, _) => {
                    Some(Taken { delivered, attempts, again: !is_known })
                }
            }
        };
        Ok(pull.take().into_iter().filter_map(admit).collect())
    }

    /// Acknowledges an event that was settled before, and whose answer the server has lost.
    fn acknowledge_again(&self, delivery: Delivery) {
        let client = self.nats.client().clone();
        self.tasks.spawn(async move { _ = client.publish(delivery.reply, "+ACK".into()).await });
    }
}
