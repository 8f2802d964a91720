//! The right and the duty to answer one call.

use std::fmt;
use std::sync::Arc;

use super::slot::Slot;

/// The reply to one message. If it is dropped unsent, the caller gets
/// [`CallError::Unanswered`](super::CallError::Unanswered). A cast has a reply as well, which
/// goes nowhere.
pub struct Reply<R>(Option<Arc<dyn Slot<R>>>);

impl<R> Reply<R> {
    pub(super) fn to(slot: Arc<dyn Slot<R>>) -> Self {
        Self(Some(slot))
    }

    pub(super) fn to_nobody() -> Self {
        Self(None)
    }

    /// Sends the reply. A caller that has given up meanwhile does not get it.
    pub fn send(mut self, reply: R) {
        if let Some(slot) = self.0.take() {
            slot.answer(reply);
        }
    }

    /// Returns true while a caller waits for the reply.
    pub fn is_awaited(&self) -> bool {
        self.0.as_ref().is_some_and(|slot| slot.is_awaited())
    }
}

impl<R> Drop for Reply<R> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.let_go();
        }
    }
}

impl<R> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("is_awaited", &self.is_awaited()).finish()
    }
}
