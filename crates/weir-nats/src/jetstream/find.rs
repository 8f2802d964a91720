//! Finds out what became of a push that was sent and not answered.

use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use tokio::time::{Instant, sleep, timeout_at};

use super::inner::Inner;
use super::push::{WINDOW, number_of};
use crate::trouble::NatsError;

/// A number that no stream reaches.
const NEVER: u64 = i64::MAX as u64;

impl Inner {
    /// Returns the number of a message if it is stored, or was. It is sent again on a condition that
    /// never holds: the server looks at the id first, and names the number of a message that it knows.
    /// A server that was started since may not know one that was worked on; the nodes know it.
    pub(super) async fn find(&self, subject: &str, id: &str) -> Option<u64> {
        // Earlier than the window ends, so that no id is forgotten before it is asked for.
        let until = Instant::now() + WINDOW / 2;
        while Instant::now() < until {
            if timeout_at(until, self.nats.connected()).await.is_err() {
                return None;
            }
            // What was sent before is decided by then.
            sleep(Duration::from_secs(1)).await;
            let message = PublishMessage::build().message_id(id).expected_last_sequence(NEVER);
            let sent = self.nats.jetstream().send_publish(subject.to_owned(), message).await;
            let Ok(answer) = sent else { continue };
            match answer.await {
                Ok(stored) => return Some(number_of(&self.events, id, stored.sequence).await),
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                    if let Ok(found) = self.find_at_nodes(id).await {
                        return found;
                    }
                }
                Err(_) => {}
            }
        }
        None
    }

    /// Returns the number of a message that this node or another one has had.
    async fn find_at_nodes(&self, id: &str) -> Result<Option<u64>, NatsError> {
        match self.leases.number_of(id) {
            None => self.number_elsewhere(id).await,
            known => Ok(known),
        }
    }
}
