//! Pushes: each with an id of its own, so that one that is sent again is stored once.

use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use crate::connection::Nats;
use crate::stores::header;
use crate::trouble::in_words;

/// The time within which a message that is sent again is recognised by its id.
pub(super) const WINDOW: Duration = Duration::from_secs(120);
/// The pause before a message is sent again.
const AGAIN: Duration = Duration::from_millis(50);
/// The header with the id of a message.
const MESSAGE_ID: &str = "Nats-Msg-Id";
/// How far from the number that the server names a message is looked for.
const NEAR: u64 = 16;
/// A number that no stream reaches.
const NEVER: u64 = i64::MAX as u64;

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
        let message = PublishMessage::build().message_id(id).payload(payload.clone());
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
async fn number_of(stream: &Stream, id: &str, named: u64) -> u64 {
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

/// Finds out whether a message is stored that was sent and not answered. It is sent again on a
/// condition that never holds: the server looks at the id first, and names the number of a message
/// that it knows.
pub(super) async fn find(nats: &Nats, stream: &Stream, (subject, id): (&str, &str)) -> Option<u64> {
    // Earlier than the window ends, so that no id is forgotten before it is asked for.
    let until = Instant::now() + WINDOW / 2;
    while Instant::now() < until {
        if timeout_at(until, nats.connected()).await.is_err() {
            return None;
        }
        // What was sent before is decided by then.
        sleep(Duration::from_secs(1)).await;
        let message = PublishMessage::build().message_id(id).expected_last_sequence(NEVER);
        let Ok(answer) = nats.jetstream().send_publish(subject.to_owned(), message).await else { continue };
        match answer.await {
            Ok(stored) => return Some(number_of(stream, id, stored.sequence).await),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => return None,
            Err(_) => {}
        }
    }
    None
}
