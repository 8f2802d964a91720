//! The log of a name, which any node can read.

use std::fmt;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use futures::StreamExt;

use crate::stores::{header, last, number_of};
use crate::trouble::NatsError;

/// The generation that wrote an entry.
pub(super) const GENERATION: &str = "Weir-Generation";
/// The entry's own name, by which a writer recognises it.
pub(super) const ENTRY: &str = "Weir-Entry";
/// Present only in marks.
pub(super) const MARK: &str = "Weir-Mark";

/// Entries that are fetched at once.
const BATCH: usize = 500;

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number. Numbers count from 1 without a gap.
    pub number: u64,
    /// The generation that wrote it.
    pub generation: u64,
    /// The event; `None` for the mark with which a generation begins.
    pub event: Option<Bytes>,
}

/// The log of a name. Marks of new generations are entries too.
#[derive(Clone)]
pub struct Log {
    pub(super) stream: Stream,
    /// `<bucket>.log.<name>`.
    pub(super) subject: String,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Log {
    /// Returns the number of the last entry; 0 if there is none.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// It only reads.
    pub async fn last(&self) -> Result<u64, NatsError> {
        Ok(self.last_entry().await?.map_or(0, |entry| entry.number))
    }

    pub(super) async fn last_entry(&self) -> Result<Option<Entry>, NatsError> {
        let message = last(&self.stream, &format!("{}.*", self.subject)).await?;
        Ok(message
            .map(|message| entry(number_of(&message.subject), Some(&message.headers), message.payload)))
    }

    /// Reads the entries from `number` on, up to the entry that is last now. Trimmed entries are
    /// missing.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    ///
    /// # Cancel safety
    /// It only reads.
    pub async fn read_from(&self, number: u64) -> Result<Vec<Entry>, NatsError> {
        let Some(end) = last(&self.stream, &format!("{}.*", self.subject)).await? else {
            return Ok(Vec::new());
        };
        if number_of(&end.subject) < number {
            return Ok(Vec::new());
        }
        let consumer = self.stream.create_consumer(pull::Config {
            ack_policy: AckPolicy::None,
            deliver_policy: DeliverPolicy::All,
            filter_subject: format!("{}.*", self.subject),
            inactive_threshold: Duration::from_secs(10),
            // The consumer ends with the reader.
            memory_storage: true,
            num_replicas: 1,
            ..Default::default()
        });
        let consumer = consumer.await.map_err(NatsError::away)?;
        let mut entries = Vec::new();
        'reading: loop {
            let batch = consumer.fetch().max_messages(BATCH).messages().await;
            let mut batch = batch.map_err(NatsError::away)?;
            let mut is_empty = true;
            while let Some(message) = batch.next().await {
                let message = message.map_err(|why| NatsError::Away { why: why.to_string() })?;
                is_empty = false;
                let at = number_of(&message.subject);
                if at >= number {
                    let headers = message.headers.as_ref();
                    entries.push(entry(at, headers, message.payload.clone()));
                }
                if at >= number_of(&end.subject) {
                    break 'reading;
                }
            }
            if is_empty {
                return Err(NatsError::Away { why: "only a part of the log could be read".to_owned() });
            }
        }
        // The server would delete it by itself, ten seconds later.
        _ = self.stream.delete_consumer(&consumer.cached_info().name).await;
        Ok(entries)
    }

    /// Reads an entry, and the name that its writer gave it.
    pub(super) async fn read(&self, number: u64) -> Result<Option<(Entry, String)>, NatsError> {
        let message = last(&self.stream, &format!("{}.{number}", self.subject)).await?;
        Ok(message.map(|message: StreamMessage| {
            let name = header(&message, ENTRY).unwrap_or_default().to_owned();
            (entry(number, Some(&message.headers), message.payload), name)
        }))
    }
}

fn entry(number: u64, headers: Option<&HeaderMap>, payload: Bytes) -> Entry {
    let header = |name: &str| headers.and_then(|headers| headers.get(name)).map(|value| value.as_str());
    Entry {
        number,
        generation: header(GENERATION).and_then(|value| value.parse().ok()).unwrap_or(0),
        event: header(MARK).is_none().then_some(payload),
    }
}
