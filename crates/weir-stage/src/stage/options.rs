//! The options of a subscription.

use std::fmt;
use std::sync::Arc;

use super::{CancelMode, ProducerRef};
use crate::demand::Limits;
use crate::dispatch::{PartitionId, Selector};

/// The subscriptions that a builder makes when its stage is spawned.
pub(super) type Intended<T> = Vec<(ProducerRef<T>, SubscribeOptions<T>)>;

/// The options of a subscription. [`Limits`] alone convert into it:
/// `Limits::new(10, 5)?.into()`.
#[non_exhaustive]
pub struct SubscribeOptions<T> {
    /// How much to ask for, and when; 1000 and 500 by default.
    pub limits: Limits,
    /// True if only [`ConsumerRef::ask`](super::ConsumerRef::ask) asks; the limits then
    /// have no effect. By default the stage asks. A source reports that it has run out only
    /// when it is asked, so manual demand needs one more ask at the end.
    pub manual: bool,
    /// The reaction to the end of the subscription; by default the consumer stops too.
    pub cancel: CancelMode,
    /// The partition, for a producer with a
    /// [`PartitionDispatcher`](crate::dispatch::PartitionDispatcher).
    pub partition: Option<PartitionId>,
    /// The events that the consumer wants, for a producer with a
    /// [`BroadcastDispatcher`](crate::dispatch::BroadcastDispatcher); all by default.
    pub selector: Option<Selector<T>>,
    /// Events a turn, for a producer with a
    /// [`FairDispatcher`](crate::dispatch::FairDispatcher); 1 by default. A dispatcher of
    /// your own may give it another meaning.
    pub weight: usize,
}

impl<T> SubscribeOptions<T> {
    /// Makes options with manual demand: only
    /// [`ConsumerRef::ask`](super::ConsumerRef::ask) asks.
    #[must_use]
    pub fn manual() -> Self {
        Self { manual: true, ..Self::default() }
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the cancel mode.
    #[must_use]
    pub fn cancel(mut self, cancel: CancelMode) -> Self {
        self.cancel = cancel;
        self
    }

    /// Selects one partition, by number or by name.
    #[must_use]
    pub fn partition(mut self, partition: impl Into<PartitionId>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Selects the events of a broadcast for which `wants` returns true.
    #[must_use]
    pub fn selector(mut self, wants: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.selector = Some(Arc::new(wants));
        self
    }

    /// Sets the weight.
    #[must_use]
    pub fn weight(mut self, weight: usize) -> Self {
        self.weight = weight;
        self
    }
}

impl<T> Default for SubscribeOptions<T> {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            manual: false,
            cancel: CancelMode::default(),
            partition: None,
            selector: None,
            weight: 1,
        }
    }
}

impl<T> From<Limits> for SubscribeOptions<T> {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

impl<T> Clone for SubscribeOptions<T> {
    fn clone(&self) -> Self {
        Self { partition: self.partition.clone(), selector: self.selector.clone(), ..*self }
    }
}

impl<T> fmt::Debug for SubscribeOptions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscribeOptions")
            .field("limits", &self.limits)
            .field("manual", &self.manual)
            .field("cancel", &self.cancel)
            .field("partition", &self.partition)
            .field("selects", &self.selector.is_some())
            .field("weight", &self.weight)
            .finish()
    }
}
