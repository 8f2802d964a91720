//! What a stage tells whoever watches it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Reason;
use crate::clean;
use crate::dispatch::Tag;
use crate::panics;

/// The other side of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The subscription; both sides know it by this tag.
    pub tag: Tag,
    /// The name of the stage at the other side.
    pub name: Arc<str>,
    /// Whether it is the producer or the consumer of the subscription.
    pub side: Side,
}

/// A side of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Whoever sends the events.
    Producer,
    /// Whoever asks for them.
    Consumer,
}

/// Something that happened to a stage's subscriptions.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// There is a new subscription. The consumer hears of it when it asks, the
    /// producer when it has accepted.
    Subscribed(&'a Peer),
    /// A subscription is over and nothing of it is left here: it was cancelled
    /// by either side, or the peer is gone.
    Cancelled {
        /// Who it was with.
        peer: &'a Peer,
        /// Why.
        reason: &'a Reason,
    },
}

/// Called from the stage's own task, so it must not block.
pub(super) type Observer = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;

/// Tells the observer, if there is one. One that panics is a spectator still: the
/// stage goes on, and, should it be unwinding itself, does not take the process
/// with it.
pub(super) fn notify(observer: Option<&Observer>, notice: &Notice<'_>) {
    if let Some(observer) = observer
        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| observer(notice)))
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
