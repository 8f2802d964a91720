//! The end of a tag, from the consumer's side: after `Cancel` and before `Closed`.
//!
//! ```text
//!   Cancel sent ── Cancelled ─▶ answered ── no event in a handler ─▶ Closed sent
//! ```
//! Events that were under way when the tag was cancelled arrive before the answer, and
//! are requeued. Only the answer to this very cancellation counts: see the invariants in
//! [`mail`](crate::stage::mail).

use tokio::sync::mpsc::error::SendError;

use super::{Inlet, Requeue, Tag};
use crate::stage::ProducerRef;
use crate::stage::mail::{ProducerMail, ToProducer};

/// Why events that were not begun are dropped all the same.
pub(super) const PRODUCER_GONE: &str = "their producer is gone, so they cannot go back";

/// A cancelled tag whose events are not all accounted for.
pub(super) struct ClosingTag<T> {
    pub(super) tag: Tag,
    producer: ProducerMail<T>,
    /// The producer's name, under which a successor may be registered.
    name: ProducerRef<T>,
    /// Events of this tag that a handler has begun and not finished.
    pub(super) in_progress: usize,
    /// True once the producer has answered the cancellation.
    pub(super) answered: bool,
}

impl<T> ClosingTag<T> {
    pub(super) fn new(
        tag: Tag,
        producer: ProducerMail<T>,
        name: ProducerRef<T>,
        in_progress: usize,
    ) -> Self {
        Self { tag, producer, name, in_progress, answered: false }
    }

    /// Requeues events that were in transit. Returns false if they are lost. The producer
    /// waits for `Closed`, but it may have been aborted without a successor.
    pub(super) fn requeue(&self, run: Requeue<T>) -> bool {
        match self.producer.send(ToProducer::Requeue(run)) {
            Ok(()) => true,
            Err(SendError(ToProducer::Requeue(run))) => self.name.adopt(run.events.into()),
            Err(_) => false,
        }
    }

    /// Sends `Closed`: every event of this tag is accounted for.
    pub(super) fn close(self) {
        // A producer that is gone does not wait for it.
        drop(self.producer.send(ToProducer::Closed { tag: self.tag }));
    }
}

impl<T> Inlet<T> {
    /// Handles `Cancelled`: no more events will come under this tag.
    pub(super) fn cancelled(&mut self, tag: Tag) {
        let Some(at) = self.closing.iter().position(|closing| closing.tag == tag) else { return };
        debug_assert!(!self.closing[at].answered, "invariant 3: a cancellation is answered once");
        self.closing[at].answered = true;
        self.close_tag_if_done(at);
    }

    /// Notes that `n` events are finished that may have come under a closing tag.
    pub(super) fn finished_closing(&mut self, tag: Tag, n: usize) {
        let Some(at) = self.closing.iter().position(|closing| closing.tag == tag) else { return };
        let begun = self.closing[at].in_progress;
        debug_assert!(n <= begun, "{n} events are finished and {begun} were begun");
        self.closing[at].in_progress -= n;
        self.close_tag_if_done(at);
    }

    /// Forgets a tag that the producer has refused, and for which it waits for nothing.
    pub(super) fn forget_closing(&mut self, tag: Tag) {
        if let Some(at) = self.closing.iter().position(|closing| closing.tag == tag) {
            let closing = self.closing.swap_remove(at);
            debug_assert!(
                !closing.answered && closing.in_progress == 0,
                "invariant 2: no events, no answer"
            );
        }
    }

    /// Closes a tag that is answered and has no event in a handler. A stage that is to
    /// exit closes its tags at its end: a producer-consumer has still to deliver what it
    /// made of the last events.
    fn close_tag_if_done(&mut self, at: usize) {
        let ClosingTag { answered, in_progress, .. } = self.closing[at];
        if answered && in_progress == 0 && self.exit.is_none() {
            self.closing.swap_remove(at).close();
        }
    }
}
