//! Pushes: each with an id of its own, so that one that is sent again is stored once.
//!
//! A server knows the ids of messages that it has stored since it was started, or that were still
//! there then. So a cluster stores a message a second time if the server that leads now was started
//! after the first one was stored and worked on. A message says if it was sent before; the nodes find
//! the copy by its id.

use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use super::delivery::{MESSAGE_ID, SENT_BEFORE};
use crate::connection::Nats;
use crate::stores::header;
use crate::trouble::in_words;

/// The time within which a message that is sent again is recognised by its id.
pub(super) const WINDOW: Duration = Duration::from_secs(120);
/// The pause before a message is sent again.
const AGAIN: Duration = Duration::from_millis(50);
/// How far from the number that the server names a message is looked for.
const NEAR: u64 = 16;

/// What became of a push.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It is stored under this number.
    Stored(u64),
    /// It is not stored, and will not be.
    Not {
        /// Why.
        why: String,
    },
    /// It was sent and not answered.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Sends a message until it is stored or the time is over.
pub(super) async fn push(
    nats: &Nats,
    stream: &Stream,
    (subject, id): (&str, &str),
    payload: &Bytes,
    until: Instant,
) -> Pushed {
    let mut sent = false;
    let mut why = "there is no connection".to_owned();
    loop {
        // A message that is given to the client without a connection is sent later, when the caller
        // has heard that it was refused.
        if timeout_at(until, nats.connected()).await.is_err() {
            break;
        }
        let mut message = PublishMessage::build().message_id(id).payload(payload.clone());
        if sent {
            message = message.header(SENT_BEFORE, "1");
        }
        let stored = timeout_at(until, async {
            match nats.jetstream().send_publish(subject.to_owned(), message).await {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            }
        });
        match stored.await {
            Ok(Ok(stored)) if stored.duplicate => {
                return Pushed::Stored(number_of(stream, id, stored.sequence).await);
            }
            Ok(Ok(stored)) => return Pushed::Stored(stored.sequence),
            Ok(Err(error)) => {
                why = in_words(&error);
                match error.kind() {
                    // No server leads the stream.
                    PublishErrorKind::StreamNotFound => {}
                    // It was not sent.
                    PublishErrorKind::MaxPayloadExceeded => return Pushed::Not { why },
                    _ => sent = true,
                }
            }
            Err(_) => {
                sent = true;
                why = "it did not answer in time".to_owned();
            }
        }
        if Instant::now() + AGAIN >= until {
            break;
        }
        sleep(AGAIN).await;
    }
    if sent { Pushed::Unknown { why } } else { Pushed::Not { why } }
}

/// Returns the number of a message that the server had already when it was sent again. Version 2.9
/// names the number that it expected to give, which is another one after a change of the leader. If
/// the message is gone, because it was worked on meanwhile, that number has to do.
pub(super) async fn number_of(stream: &Stream, id: &str, named: u64) -> u64 {
    let around = (0..=NEAR).flat_map(|away| [named.saturating_sub(away), named + away]);
    for number in around {
        let message = stream.get_raw_message(number).await;
        let found = message.is_ok_and(|message| header(&message, MESSAGE_ID) == Some(id));
        if found {
            return number;
        }
    }
    log::debug!("a push was stored, and its number may be another than {named}");
    named
}
