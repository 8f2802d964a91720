//! The notifications that a stage sends to its observer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Reason;
use crate::clean;
use crate::dispatch::Tag;
use crate::panics;

/// The other side of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The subscription; both sides know it by this tag.
    pub tag: Tag,
    /// The name of the stage on the other side.
    pub name: Arc<str>,
    /// The role of the stage on the other side.
    pub side: Side,
}

/// A side of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The stage that sends the events.
    Producer,
    /// The stage that asks for them.
    Consumer,
}

/// A change of a stage's subscriptions.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubscriptionChange<'a> {
    /// A subscription begins. The consumer reports it when it asks, the producer when it
    /// has accepted.
    Subscribed(&'a Peer),
    /// A subscription is over, and none of its events is left here: either side has
    /// cancelled it, or the peer is gone.
    #[non_exhaustive]
    Cancelled {
        /// The other side.
        peer: &'a Peer,
        /// The reason for the end.
        reason: &'a Reason,
    },
}

/// A closure called from the stage's own task, so it must not block.
pub(super) type Observer = Arc<dyn Fn(&SubscriptionChange<'_>) + Send + Sync>;

/// Calls the observer, if there is one. A panic in it is logged: the stage continues, and
/// if the stage is unwinding already, the process does not abort.
pub(super) fn notify(observer: Option<&Observer>, change: &SubscriptionChange<'_>) {
    if let Some(observer) = observer
        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| observer(change)))
    {
        log::error!("an observer panicked: {}", clean::line(&panics::message(&*panic)));
    }
}

impl Peer {
    pub(super) fn producer(tag: Tag, name: Arc<str>) -> Self {
        Self { tag, name, side: Side::Producer }
    }

    pub(super) fn consumer(tag: Tag, name: Arc<str>) -> Self {
        Self { tag, name, side: Side::Consumer }
    }
}
