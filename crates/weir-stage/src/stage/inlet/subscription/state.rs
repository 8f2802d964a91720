//! The states of one subscription, from the consumer's side, and the steps between them.
//!
//! ```text
//!              ┌──────────── requeue, resubscribe ────────────┐
//!              ▼                                              │
//!   Waiting ── connected ─▶ Open ── ended ─▶ Ended ── done ───┤
//!      │                     │ │               │              └─▶ removed
//!      └─ missing ─▶ Missing │ └─ cancel, ─────┴─▶ Cancelled ── done ─▶ removed
//!                      │     │    refused              ▲
//!                      └─────┼───────── ended ─────────┘
//!                            └─ stop ─▶ Stopped ── close ─▶ removed
//! ```
//!
//! *Done* means that none of its events waits or is in a handler. A tag that leaves
//! `Open` or `Ended` by `Cancel` lives on as a [`ClosingTag`](super::super::ClosingTag).

use super::{Origin, Peer, ProducerMail, Reason, Tag};
use crate::demand::Window;
use crate::dispatch::{SubscribeError, SubscribeRequest};
use crate::stage::{CancelMode, ProducerRef};

pub(in super::super) struct Subscription<T> {
    /// Identifies the subscription in its inlet, also when its tag changes.
    pub(in super::super) slot: usize,
    /// The producer, and the tag of the subscription in its current state.
    pub(in super::super) peer: Peer,
    pub(super) producer: ProducerRef<T>,
    pub(in super::super) window: Window,
    pub(super) cancel: CancelMode,
    pub(super) request: SubscribeRequest<T>,
    /// Events that a handler has begun and not finished, under this tag and earlier
    /// ones.
    pub(in super::super) in_progress: usize,
    pub(super) state: SubscriptionState<T>,
}

pub(in super::super) enum SubscriptionState<T> {
    /// # Waiting
    /// No stage is registered under the producer's name. The registration sends
    /// `Registered` when to look again.
    ///
    /// Next: `Open`, `Missing`; `Cancelled` by the consumer.
    Waiting,
    /// # Missing
    /// The producer has ended and no successor is expected. `Ended` is in this inlet's
    /// own mailbox, so that the builder that subscribes need not handle the end.
    ///
    /// Next: `Cancelled` when that message arrives; `Stopped`.
    Missing,
    /// # Open
    /// The producer knows the tag, or its `Subscribe` is under way.
    ///
    /// Next: `Ended`; `Cancelled` by the consumer or a refusal; `Waiting` to requeue;
    /// `Stopped`.
    Open(Connection<T>),
    /// # Ended
    /// The producer has sent `Ended`, or cannot be reached. It may still deliver events
    /// that other consumers requeued.
    ///
    /// Next: `Waiting` to resubscribe or requeue; `Cancelled` if the stage stops; removed
    /// when done.
    Ended(Connection<T>, Reason),
    /// # Cancelled
    /// The tag is cancelled or was refused, and nothing waits. A handler may still work
    /// on its events.
    ///
    /// Next: removed when done.
    Cancelled(Reason),
    /// # Stopped
    /// The stage ends, and the tag was cancelled for that reason.
    ///
    /// Next: removed when the inlet closes.
    Stopped,
}

/// The producer's side of an open tag.
pub(in super::super) struct Connection<T> {
    pub(super) mail: ProducerMail<T>,
    /// Events of this tag that a handler has begun and not finished.
    pub(super) in_progress: usize,
}

impl<T> Subscription<T> {
    fn connection_mut(&mut self) -> Option<&mut Connection<T>> {
        match &mut self.state {
            SubscriptionState::Open(connection) | SubscriptionState::Ended(connection, _) => {
                Some(connection)
            }
            _ => None,
        }
    }

    pub(super) fn connection(&self) -> Option<&Connection<T>> {
        match &self.state {
            SubscriptionState::Open(connection) | SubscriptionState::Ended(connection, _) => {
                Some(connection)
            }
            _ => None,
        }
    }

    /// Returns true if events may come under `tag`.
    pub(in super::super) fn is_open_under(&self, tag: Tag) -> bool {
        self.peer.tag == tag && self.connection().is_some()
    }

    /// Returns true if the subscription belongs among the stage's producers.
    pub(in super::super) fn has_producer(&self) -> bool {
        self.connection().is_some() || matches!(self.state, SubscriptionState::Missing)
    }

    /// Returns true if the subscription has neither ended nor been cancelled.
    pub(super) fn is_current(&self) -> bool {
        use SubscriptionState::{Missing, Open, Stopped, Waiting};
        matches!(self.state, Waiting | Missing | Open(_) | Stopped)
    }

    /// Notes that a handler begins `n` more events.
    pub(in super::super) fn begin(&mut self, n: usize) -> Origin {
        self.in_progress += n;
        let connection = self.connection_mut();
        debug_assert!(connection.is_some(), "waiting events came under a tag that is open");
        if let Some(connection) = connection {
            connection.in_progress += n;
        }
        Origin { slot: self.slot, tag: self.peer.tag }
    }

    /// Notes that a handler has finished `n` events that came under `tag`.
    pub(in super::super) fn finish(&mut self, tag: Tag, n: usize) {
        debug_assert!(n <= self.in_progress, "{n} events are finished and {} were begun", self.in_progress);
        self.in_progress -= n;
        if self.peer.tag == tag
            && let Some(connection) = self.connection_mut()
        {
            let begun = connection.in_progress;
            debug_assert!(n <= begun, "{n} events are finished and {begun} were begun");
            connection.in_progress -= n;
        }
    }

    /// `Waiting` → `Open`: the producer is found.
    pub(super) fn connected(&mut self, mail: ProducerMail<T>) {
        debug_assert!(matches!(self.state, SubscriptionState::Waiting));
        self.state = SubscriptionState::Open(Connection { mail, in_progress: 0 });
    }

    /// `Waiting` → `Missing`: the producer is gone for good.
    pub(super) fn missing(&mut self) {
        debug_assert!(matches!(self.state, SubscriptionState::Waiting));
        self.state = SubscriptionState::Missing;
    }

    /// `Open` → `Ended`, `Missing` → `Cancelled`. The first reason counts: a later one
    /// says only that the producer cannot be reached.
    pub(super) fn ended(&mut self, reason: Reason) {
        self.state = match self.take_state() {
            SubscriptionState::Open(connection) => SubscriptionState::Ended(connection, reason),
            SubscriptionState::Missing => SubscriptionState::Cancelled(reason),
            other => other,
        };
    }

    /// `Open` → `Cancelled`: the producer has refused the tag. Another producer under
    /// the name would refuse it too, so the consumer does not resubscribe.
    pub(super) fn refused(&mut self, error: SubscribeError) {
        self.never_resubscribe();
        self.state = match self.take_state() {
            SubscriptionState::Ended(_, reason) => SubscriptionState::Cancelled(reason),
            _ => SubscriptionState::Cancelled(Reason::Refused(error)),
        };
    }

    /// Returns the state in which a stop leaves the subscription.
    pub(in super::super) fn when_stopped(&self) -> SubscriptionState<T> {
        match &self.state {
            SubscriptionState::Waiting => SubscriptionState::Waiting,
            SubscriptionState::Ended(_, reason) | SubscriptionState::Cancelled(reason) => {
                SubscriptionState::Cancelled(reason.clone())
            }
            SubscriptionState::Missing | SubscriptionState::Open(_) | SubscriptionState::Stopped => {
                SubscriptionState::Stopped
            }
        }
    }

    /// Makes the subscription end for good: it has ended for a reason that is not the
    /// producer's failure, and that a successor would not change.
    pub(super) fn never_resubscribe(&mut self) {
        if self.cancel == CancelMode::Resubscribe {
            self.cancel = CancelMode::Permanent;
        }
    }

    fn take_state(&mut self) -> SubscriptionState<T> {
        std::mem::replace(&mut self.state, SubscriptionState::Stopped)
    }
}
