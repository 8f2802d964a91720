//! Checked writes to a stream, and reads of its newest state.
//!
//! # Creation is the only check
//! A write can name the last sequence that it expects under its subject. With three servers, version
//! 2.9 checks a sequence above zero only when the leader proposes the write, not when the write is
//! applied: of 20 simultaneous writers up to 20 won. It checks for zero, which means that the subject
//! is new, when the write is applied: one writer won in 200 of 200 rounds. So wherever exactly one
//! writer may win, the write creates a subject.

use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use bytes::Bytes;

use crate::connection::Nats;
use crate::trouble::NatsError;

/// The result of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    /// It is stored, under this sequence.
    Yes(u64),
    /// Something is stored under this subject already.
    Taken,
}

/// Stores a message unless something is stored under its subject.
///
/// # Errors
/// [`NatsError::Away`]: it may be stored or not.
pub(crate) async fn create(
    nats: &Nats,
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<Created, NatsError> {
    let message = PublishMessage::build().headers(headers).payload(payload);
    let sent = nats.jetstream().send_publish(subject, message.expected_last_subject_sequence(0)).await;
    match sent.map_err(NatsError::away)?.await {
        Ok(stored) => Ok(Created::Yes(stored.sequence)),
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(Created::Taken),
        Err(error) => Err(NatsError::away(error)),
    }
}

/// Stores a message.
///
/// # Errors
/// [`NatsError::Away`]: it may be stored or not.
pub(crate) async fn put(nats: &Nats, subject: String, payload: Bytes) -> Result<u64, NatsError> {
    let sent = nats.jetstream().publish(subject, payload).await;
    let stored = sent.map_err(NatsError::away)?.await.map_err(NatsError::away)?;
    Ok(stored.sequence)
}

/// Reads the last message under a subject, which may have a wildcard. Asks the leader.
///
/// # Errors
/// [`NatsError::Away`].
pub(crate) async fn last(stream: &Stream, subject: &str) -> Result<Option<StreamMessage>, NatsError> {
    match stream.get_last_raw_message_by_subject(subject).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(NatsError::away(error)),
    }
}

/// Returns the number at the end of a subject.
pub(crate) fn number_of(subject: &str) -> u64 {
    subject.rsplit('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Returns a header of a stored message.
pub(crate) fn header<'a>(message: &'a StreamMessage, name: &str) -> Option<&'a str> {
    message.headers.get(name).map(|value| value.as_str())
}
