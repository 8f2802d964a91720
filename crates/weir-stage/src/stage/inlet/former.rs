//! The end of a tag, from the consumer's side: cancelled, and not closed yet.
//!
//! ```text
//!   Cancel sent ── Cancelled heard ─▶ answered ── nothing in hand ─▶ Closed sent
//! ```
//! Events that were on their way when the tag was cancelled come before the answer,
//! and go back where they came from. Only the answer to this very cancellation
//! counts: see the invariants in [`mail`](crate::stage::mail).

use super::{Inlet, ProducerMail, Requeue, Tag, ToProducer};

/// Why events that were not begun are dropped all the same.
pub(super) const NO_WAY_BACK: &str = "their producer is gone, so they cannot go back";

pub(super) struct Former<T> {
    pub(super) tag: Tag,
    pub(super) producer: ProducerMail<T>,
    /// Events that came under this tag, and that a handler has begun and not
    /// finished.
    pub(super) in_hand: usize,
    /// Whether the producer has answered the cancellation.
    pub(super) answered: bool,
}

impl<T> Former<T> {
    /// Returns events that were on their way. `false` if they are lost: the producer
    /// waits for our `Closed`, but it may have been aborted.
    pub(super) fn requeue(&self, requeue: Requeue<T>) -> bool {
        self.producer.send(ToProducer::Requeue(requeue)).is_ok()
    }

    /// Says that every event of this tag is accounted for.
    pub(super) fn close(self) {
        // One that is gone does not wait for it.
        drop(self.producer.send(ToProducer::Closed { tag: self.tag }));
    }
}

impl<T> Inlet<T> {
    /// The producer has sent everything that it ever will under this tag.
    pub(super) fn cancelled(&mut self, tag: Tag) {
        let Some(at) = self.former.iter().position(|former| former.tag == tag) else { return };
        debug_assert!(!self.former[at].answered, "invariant 3: a cancellation is answered once");
        self.former[at].answered = true;
        self.close_former_if_over(at);
    }

    /// `n` events are finished, which may have come under a tag that was cancelled
    /// meanwhile.
    pub(super) fn finished_former(&mut self, tag: Tag, n: usize) {
        let Some(at) = self.former.iter().position(|former| former.tag == tag) else { return };
        let former = &mut self.former[at];
        debug_assert!(n <= former.in_hand, "{n} events are finished and {} were begun", former.in_hand);
        former.in_hand -= n;
        self.close_former_if_over(at);
    }

    /// The producer never knew this tag, and waits for nothing.
    pub(super) fn forget_former(&mut self, tag: Tag) {
        if let Some(at) = self.former.iter().position(|former| former.tag == tag) {
            let former = self.former.swap_remove(at);
            debug_assert!(!former.answered && former.in_hand == 0, "invariant 2: no events, no answer");
        }
    }

    /// A stage that is to exit closes its tags when it does: a producer-consumer
    /// has still to deliver what it made of the last events.
    fn close_former_if_over(&mut self, at: usize) {
        let Former { answered, in_hand, .. } = self.former[at];
        if answered && in_hand == 0 && self.exit.is_none() {
            self.former.swap_remove(at).close();
        }
    }
}
