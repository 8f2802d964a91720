//! Deletes events that were settled and that a server has kept.
//!
//! With three servers, version 2.9 keeps some messages that were acknowledged: a server that was away
//! may hear that a message was acknowledged before it has the message. It does not deliver it again.
//! But as long as it is the first one of the stream, the server also keeps counting later events as
//! delivered that are gone.

use std::sync::atomic::Ordering;

use super::delivery::MESSAGE_ID;
use super::inner::Inner;
use super::leases::Said;
use crate::stores::header;
use crate::trouble::NatsError;

/// Messages that are deleted at once.
const AT_ONCE: usize = 256;

impl Inner {
    /// Deletes the first messages of the stream if this node has settled them. Does nothing about a
    /// message that was not the first one the last time: it may be about to go.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(super) async fn clear_leftovers(&self, mut first: u64) -> Result<(), NatsError> {
        if self.first.swap(first, Ordering::AcqRel) != first {
            return Ok(());
        }
        for _ in 0..AT_ONCE {
            let Ok(message) = self.events.get_raw_message(first).await else { break };
            let id = header(&message, MESSAGE_ID);
            if id.and_then(|id| self.leases.said(id)) != Some(Said::Settled) {
                break;
            }
            log::debug!("event {first} of {} is settled, and still kept", self.options.stream);
            self.events.delete_message(first).await.map_err(NatsError::away)?;
            first = self.events.get_info().await.map_err(NatsError::away)?.state.first_sequence;
        }
        Ok(())
    }
}
