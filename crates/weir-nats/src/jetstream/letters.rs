//! Dead letters: events that failed for good, each under a subject with its number.

use async_nats::HeaderMap;
use async_nats::jetstream::message::StreamMessage;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use tokio::time::Instant;
use weir_parts::engine::{DeadEvent, EventId};

use super::inner::Inner;
use super::push::{Pushed, push};
use crate::stores::{create, header, last, number_of};
use crate::trouble::NatsError;

const TRIES: &str = "Weir-Tries";
const WHY: &str = "Weir-Why";
/// Letters that are read at once.
const AT_ONCE: usize = 16;

impl Inner {
    fn dead_subject(&self, id: u64) -> String {
        format!("{}.dead.{id}", self.options.stream)
    }

    /// Stores an event as a dead letter. One that is stored already stays as it is.
    pub(super) async fn write_letter(
        &self,
        id: u64,
        tries: u32,
        why: &str,
        payload: Bytes,
    ) -> Result<(), NatsError> {
        let mut headers = HeaderMap::new();
        headers.insert(TRIES, tries.to_string());
        // A header is one line.
        headers.insert(WHY, why.replace(['\r', '\n'], " "));
        create(&self.nats, self.dead_subject(id), headers, payload).await.map(|_| ())
    }

    /// Returns the numbers of all dead letters, in order.
    async fn letters(&self) -> Result<Vec<u64>, NatsError> {
        let subjects = self.dead.info_with_subjects(format!("{}.dead.*", self.options.stream)).await;
        let subjects = subjects.map_err(NatsError::away)?;
        let numbers = subjects.map_ok(|(subject, _)| number_of(&subject)).try_collect::<Vec<_>>().await;
        let mut numbers = numbers.map_err(NatsError::away)?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    async fn letter(&self, id: u64) -> Result<Option<StreamMessage>, NatsError> {
        last(&self.dead, &self.dead_subject(id)).await
    }

    /// Returns at most `most` dead letters above a number.
    pub(super) async fn read_letters(
        &self,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadEvent>, NatsError> {
        let numbers = self.letters().await?.into_iter();
        let numbers = numbers.filter(|id| after.is_none_or(|after| *id > after)).take(most);
        let letters = futures::stream::iter(numbers).map(|id| async move {
            let message = self.letter(id).await?;
            Ok(message.map(|message| DeadEvent {
                id: EventId(id),
                tries: header(&message, TRIES).and_then(|tries| tries.parse().ok()).unwrap_or(0),
                why: header(&message, WHY).unwrap_or_default().to_owned(),
                payload: message.payload.to_vec(),
            }))
        });
        // One that was removed meanwhile is missing.
        letters.buffered(AT_ONCE).try_filter_map(|letter| async { Ok(letter) }).try_collect().await
    }

    /// Accepts a dead letter again, or all. Returns their number, also if it fails on the way.
    pub(super) async fn retry_letters(&self, which: Option<u64>) -> (u64, Result<(), NatsError>) {
        let numbers = match which {
            Some(id) => Ok(vec![id]),
            None => self.letters().await,
        };
        let mut retried = 0;
        let all = async {
            for id in numbers? {
                let Some(letter) = self.letter(id).await? else { continue };
                // Named by the letter: two nodes that retry it at once accept it once.
                let stored = letter.time.unix_timestamp_nanos();
                let message = format!("{}-{}-{stored}", self.dead_subject(id), letter.sequence);
                let until = Instant::now() + self.options.wait;
                match push(
                    &self.nats,
                    &self.events,
                    (&self.events_subject(), &message),
                    &letter.payload,
                    until,
                )
                .await
                {
                    Pushed::Stored(_) => {}
                    Pushed::Not { why } | Pushed::Unknown { why } => return Err(NatsError::Away { why }),
                }
                retried += 1;
                self.dead.delete_message(letter.sequence).await.map_err(NatsError::away)?;
            }
            Ok(())
        };
        let ended = all.await;
        (retried, ended)
    }

    /// Removes all dead letters.
    pub(super) async fn purge_letters(&self) -> Result<u64, NatsError> {
        Ok(self.dead.purge().await.map_err(NatsError::away)?.purged)
    }
}
