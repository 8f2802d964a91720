//! A log without a token: a stream of the same server, which takes each entry that comes and numbers
//! the entries itself.

use std::time::Duration;

use tokio::time::timeout;
use weir_nats::{JetStreamQueue, Nats, NatsError, StreamOptions};
use weir_parts::engine::Engine;

/// The time limit for an entry that is in the log.
const PATIENCE: Duration = Duration::from_secs(10);

/// The log of one owner. An entry says the generation of its writer.
#[derive(Debug)]
pub(super) struct PlainLog(JetStreamQueue);

impl PlainLog {
    /// Opens the log, or makes it.
    pub(super) async fn open(nats: &Nats) -> Result<Self, NatsError> {
        let options = StreamOptions { stream: "plain".to_owned(), ..StreamOptions::default() };
        JetStreamQueue::open(nats, options).await.map(Self)
    }

    /// Writes an entry, and returns the number that the log has given to it.
    pub(super) async fn write(&self, generation: u64) -> Result<u64, String> {
        let stored = self.0.push(generation.to_string().into_bytes()).await;
        stored.map(|id| id.0).map_err(|why| why.to_string())
    }

    /// Reads the generations of the first `count` entries, in the order of their numbers.
    pub(super) async fn read(&self, count: usize) -> Result<Vec<u64>, String> {
        let mut entries = Vec::new();
        while entries.len() < count {
            let asked = timeout(PATIENCE, self.0.ask(count - entries.len())).await;
            let asked = asked.map_err(|_| format!("the log has {} of {count} entries", entries.len()))?;
            for entry in asked.ok_or("the log has ended")? {
                let text = String::from_utf8_lossy(&entry.payload).into_owned();
                entries.push((entry.id, text.parse::<u64>().map_err(|error| error.to_string())?));
            }
        }
        entries.sort_unstable_by_key(|(id, _)| id.0);
        Ok(entries.into_iter().map(|(_, generation)| generation).collect())
    }
}
