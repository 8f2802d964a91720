//! The report on the engine of the queue: its promise, its counts, its dead letters.

use serde::{Deserialize, Serialize};

use super::Stored;
use crate::config::{Queue, QueueEngine, Syncs};
use crate::duration;
use crate::engine::{Book, DeadEvent, Depth, Engine, EngineError, EventId, Safety};
use crate::record::Mode;
use crate::workbench::Workbench;

/// The engine of the queue, and its contents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueReport {
    /// `memory`, `disk` or `jetstream`.
    pub engine: String,
    /// `memory`, `process` or `power_loss`: what an accepted event survives.
    pub safety: String,
    /// The safety, as a sentence about a 202.
    pub promise: String,
    /// The file; null without one.
    pub file: Option<String>,
    /// The attempts before an event is a dead letter. 1 with the engine `memory`.
    pub attempts: u32,
    /// The counts since the queue was created; null with the engine `memory`.
    pub book: Option<BookState>,
    /// Where the events are.
    pub depth: DepthState,
    /// Events that were held when the engine was opened.
    pub recovered: u64,
    /// The bytes of the payloads that the queue holds. Those of recovered events are not counted.
    pub payload_bytes: u64,
    /// The limit of these bytes.
    pub max_bytes: u64,
    /// Why the engine does not work at present; null while it works.
    pub trouble: Option<String>,
}

/// Counts since the queue was created: accepted = done + failed + dropped + held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookState {
    /// Accepted events.
    pub accepted: u64,
    /// Events whose work is done.
    pub done: u64,
    /// Dead letters, including deleted and retried ones.
    pub failed: u64,
    /// Purged events.
    pub dropped: u64,
    /// Events that wait or are in work.
    pub held: u64,
}

/// Where the events of a queue are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthState {
    /// Events that a consumer can take.
    pub ready: u64,
    /// Events that consumers have.
    pub leased: u64,
    /// Events that wait for their next attempt.
    pub delayed: u64,
    /// Events whose end is not stored yet.
    pub settling: u64,
    /// Dead letters.
    pub dead: u64,
}

impl From<Book> for BookState {
    fn from(book: Book) -> Self {
        let Book { accepted, done, failed, dropped } = book;
        Self { accepted, done, failed, dropped, held: book.held() }
    }
}

impl From<Depth> for DepthState {
    fn from(Depth { ready, leased, delayed, settling, dead }: Depth) -> Self {
        Self { ready, leased, delayed, settling, dead }
    }
}

/// Returns the name of a safety.
pub(in crate::workbench) fn safety_word(safety: Safety) -> &'static str {
    match safety {
        Safety::Memory => "memory",
        Safety::Process => "process",
        Safety::PowerLoss => "power_loss",
    }
}

/// Returns what a 202 promises.
fn promise(safety: Safety, queue: &Queue) -> String {
    if let (Safety::Memory, QueueEngine::Disk, Syncs::Every(every)) = (safety, queue.engine, queue.sync) {
        let every = duration::format(every);
        return format!(
            "a 202 means that the event is written within {every}: a kill or a power cut loses the events \
             since the last sync"
        );
    }
    let promise = match safety {
        Safety::Memory => "a 202 means that the event is in memory: it is lost if the process ends",
        Safety::Process => {
            "a 202 means that the event is stored: it survives a kill of the process, but not every power cut"
        }
        Safety::PowerLoss => {
            "a 202 means that the event is on the disk: it survives a kill of the process and a power cut"
        }
    };
    promise.to_owned()
}

impl Workbench {
    /// Returns the engine of the queue, and its contents.
    pub fn queue_report(&self) -> QueueReport {
        let queue = self.settings().queue;
        let Queue { max_bytes, engine: configured, .. } = queue;
        let payload_bytes = self.bench.payloads.bytes();
        let Some(stored) = self.bench.queue.stored() else {
            let ready = self.bench.queue.depth() as u64;
            let leased = self.bench.stats(Mode::Pipelined).account.in_flight() as u64;
            return QueueReport {
                engine: QueueEngine::Memory.to_string(),
                safety: safety_word(Safety::Memory).to_owned(),
                promise: promise(Safety::Memory, &queue),
                file: None,
                attempts: 1,
                book: None,
                depth: DepthState { ready, leased, delayed: 0, settling: 0, dead: 0 },
                recovered: 0,
                payload_bytes,
                max_bytes,
                trouble: None,
            };
        };
        let engine = stored.engine();
        QueueReport {
            engine: configured.to_string(),
            safety: safety_word(engine.safety()).to_owned(),
            promise: promise(engine.safety(), &queue),
            file: stored.file().map(|file| file.display().to_string()),
            attempts: stored.attempts(),
            book: Some(engine.book().into()),
            depth: engine.depth().into(),
            recovered: stored.recovered(),
            payload_bytes,
            max_bytes,
            trouble: stored.trouble(),
        }
    }

    /// Returns at most `most` dead letters with an id above `after`, oldest first. None with the
    /// engine `memory`, where a failure is final.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn dead_letters(
        &self,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadEvent>, EngineError> {
        let Some(stored) = self.bench.queue.stored() else { return Ok(Vec::new()) };
        let number = after.map(|id| EventId(id.saturating_sub(stored.offset())));
        // Ids begin at 1, so 0 comes before every letter.
        let number = number.filter(|_| after >= Some(stored.offset()));
        let mut letters = stored.engine().dead(number, most).await?;
        letters.iter_mut().for_each(|letter| letter.id.0 += stored.offset());
        Ok(letters)
    }

    /// Accepts a dead letter again as a new event, or all of them. Returns their number: zero if
    /// there is no such letter.
    ///
    /// # Errors
    /// [`EngineError`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the letters may be accepted without being counted.
    pub async fn retry_dead(&self, id: Option<u64>) -> Result<u64, EngineError> {
        match self.stored() {
            Some(stored) => stored.retry_dead(id).await,
            None => Ok(0),
        }
    }

    /// Removes all dead letters, and returns their number. They stay counted as failed.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn purge_dead(&self) -> Result<u64, EngineError> {
        match self.stored() {
            Some(stored) => stored.engine().purge_dead().await,
            None => Ok(0),
        }
    }

    /// Returns how many held events survive the process.
    pub(in crate::workbench) fn kept_by_engine(&self) -> u64 {
        match self.stored() {
            Some(stored) if stored.is_shared() => {
                self.bench.stats(Mode::Pipelined).account.in_flight() as u64
            }
            Some(stored) => stored.engine().depth().held(),
            None => 0,
        }
    }

    fn stored(&self) -> Option<&Stored> {
        self.bench.queue.stored().map(|stored| &**stored)
    }
}
