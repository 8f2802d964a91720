//! How a consumer subscribes.

use std::fmt;
use std::sync::Arc;

use super::{CancelMode, ProducerRef};
use crate::demand::Limits;
use crate::dispatch::{PartitionId, Selector};

/// What a stage is to be subscribed to once it is spawned.
pub(super) type Intended<T> = Vec<(ProducerRef<T>, SubscribeOptions<T>)>;

/// How a consumer subscribes. Limits alone can stand for it:
/// `Limits::new(10, 5)?.into()`.
pub struct SubscribeOptions<T> {
    /// How much to ask for, and when. By default 1000 and 500.
    pub limits: Limits,
    /// Ask for nothing unless told to by
    /// [`ConsumerRef::ask`](super::ConsumerRef::ask), which makes the limits
    /// meaningless. By default the stage asks. A source that has run dry is found
    /// out by asking it, so it ends with an ask, too.
    pub manual: bool,
    /// What to do when the subscription ends. By default to stop too.
    pub cancel: CancelMode,
    /// Which partition of a producer with a
    /// [`PartitionDispatcher`](crate::dispatch::PartitionDispatcher).
    pub partition: Option<PartitionId>,
    /// Which events of a producer with a
    /// [`BroadcastDispatcher`](crate::dispatch::BroadcastDispatcher); by default
    /// all.
    pub selector: Option<Selector<T>>,
    /// How many events a turn of a producer with a
    /// [`FairDispatcher`](crate::dispatch::FairDispatcher), or whatever it means
    /// to a dispatcher of your own; by default 1.
    pub weight: usize,
}

impl<T> SubscribeOptions<T> {
    /// Asks for nothing by itself.
    pub fn manual() -> Self {
        Self { manual: true, ..Self::default() }
    }

    /// With other limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With another cancel mode.
    pub fn cancel(mut self, cancel: CancelMode) -> Self {
        self.cancel = cancel;
        self
    }

    /// To one partition, by number or by name.
    pub fn partition(mut self, partition: impl Into<PartitionId>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Only the events of a broadcast that `wants` says yes to.
    pub fn selector(mut self, wants: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.selector = Some(Arc::new(wants));
        self
    }

    /// With another weight.
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
