//! A claim: a name that this node owns, and writes to its log.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep};

use super::beating::{self, Deadline};
use super::held::{Held, Names};
use super::record::{ENTRY, Entry, GENERATION, Log, MARK};
use crate::connection::Nats;
use crate::stores::{Created, create};
use crate::trouble::NatsError;

/// The pause before a request without an answer is repeated.
pub(super) const AGAIN: Duration = Duration::from_millis(50);

/// Why an event was not appended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A later generation owns the name. This claim is over.
    #[error("generation {by} has taken over")]
    Fenced {
        /// That generation.
        by: u64,
    },
    /// The store did not answer within a lease, or the lease is over and not renewed. The event may
    /// be in the log; its number is then below that of the next appended event.
    #[error("the log cannot be written to: {why}")]
    Away {
        /// Why.
        why: String,
    },
}

/// The ownership of a name.
///
/// Dropping it gives the name up in the background; [`Claim::release`] waits for that.
pub struct Claim {
    pub(super) nats: Nats,
    pub(super) bucket: String,
    pub(super) name: String,
    pub(super) token: String,
    pub(super) instance: String,
    pub(super) lease: Duration,
    pub(super) deadline: Arc<Deadline>,
    pub(super) held: Arc<Held>,
    pub(super) names: Arc<Names>,
    pub(super) log: Log,
    /// The next number of the log. One event is in flight at a time: with two, the second could be
    /// stored although the first was refused.
    pub(super) next: Mutex<u64>,
    pub(super) mark: u64,
    pub(super) released: mpsc::UnboundedSender<(String, u64)>,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, held, mark, .. } = self;
        let generation = held.generation;
        f.debug_struct("Claim")
            .field("name", name)
            .field("generation", &generation)
            .field("mark", mark)
            .finish()
    }
}

impl Claim {
    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the generation: 1 for the first owner, 2 for the second, and so on.
    pub fn generation(&self) -> u64 {
        self.held.generation
    }

    /// Returns the number of the mark with which this generation begins in the log. All entries of
    /// earlier generations have lower numbers, and no more are added.
    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// Returns whether this node may answer for the name now: no later generation is known, and the
    /// lease is not over. If the lease ends while NATS is away and is renewed before another node
    /// claims the name, the claim is valid again.
    pub fn is_valid(&self) -> bool {
        self.held.lost_to().is_none() && !self.deadline.is_over()
    }

    /// Waits until a later generation owns the name, and returns it. The node may notice late: by a
    /// refused append, or when it renews a lease that was over.
    ///
    /// # Cancel safety
    /// It can be called again.
    pub async fn lost(&self) -> u64 {
        self.held.lost().await
    }

    /// Returns the log of the name.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Appends an event to the log, and returns its number once it is stored. One event is in flight
    /// at a time, so append many small events as one.
    ///
    /// # Errors
    /// [`AppendError`].
    ///
    /// # Cancel safety
    /// The event may be appended after the future is dropped.
    pub async fn append(&self, event: impl Into<Bytes>) -> Result<u64, AppendError> {
        let event = event.into();
        let mut next = self.next.lock().await;
        let entry = self.entry_name();
        let headers = headers(self.generation(), &entry);
        let until = Instant::now() + self.lease;
        loop {
            if let Some(by) = self.held.lost_to() {
                return Err(AppendError::Fenced { by });
            }
            if self.deadline.is_over() {
                return Err(AppendError::Away { why: "the lease is over".to_owned() });
            }
            let number = *next;
            let subject = format!("{}.{number}", self.log.subject);
            let stored = match create(&self.nats, subject, headers.clone(), event.clone()).await {
                Ok(Created::Yes(_)) => Ok(true),
                Ok(Created::Taken) => self.is_own(number, &entry).await,
                Err(why) => Err(why),
            };
            match stored {
                Ok(true) => {
                    *next += 1;
                    return Ok(number);
                }
                // An earlier event of this claim, whose answer was lost.
                Ok(false) if self.held.lost_to().is_none() => *next += 1,
                Ok(false) => {}
                Err(why) if Instant::now() >= until => {
                    return Err(AppendError::Away { why: why.to_string() });
                }
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    /// Reads the entry under a number, and returns whether it is this one. If another generation wrote
    /// it, this claim is lost.
    async fn is_own(&self, number: u64, entry: &str) -> Result<bool, NatsError> {
        let gone = || NatsError::Away { why: format!("number {number} is taken and cannot be read") };
        let (Entry { generation, .. }, name) = self.log.read(number).await?.ok_or_else(gone)?;
        if generation != self.generation() {
            self.held.lose(generation);
        }
        Ok(name == entry)
    }

    fn entry_name(&self) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        format!("{}-{}", self.instance, COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// Gives the name up, so that another node need not wait for the lease to end.
    ///
    /// # Errors
    /// [`NatsError::Away`]: the name is free when the lease of this node is over.
    ///
    /// # Cancel safety
    /// If the future is dropped, the name is given up in the background.
    pub async fn release(self) -> Result<(), NatsError> {
        if self.held.lost_to().is_none() {
            beating::release(&self.nats, &self.bucket, &self.token, self.generation()).await?;
            self.held.lose(self.generation() + 1);
        }
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.held.lost_to().is_none() {
            // The registry may have stopped, and said that all its names are free.
            _ = self.released.send((self.token.clone(), self.generation()));
            self.held.lose(self.generation() + 1);
        }
        self.names.forget(&self.name, &self.held);
    }
}

fn headers(generation: u64, entry: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(GENERATION, generation.to_string());
    headers.insert(ENTRY, entry);
    headers
}

/// Writes the mark of a generation under the next free number of the log, and returns that number.
/// Tries again while another write takes the number first. `None` if a later generation has already
/// written to the log.
///
/// Write the mark before reading the log. Otherwise a write of the old owner that is still in flight
/// could be stored after the log was read.
pub(super) async fn write_mark(
    nats: &Nats,
    log: &Log,
    generation: u64,
    entry: &str,
) -> Result<Option<u64>, NatsError> {
    let mut headers = headers(generation, entry);
    headers.insert(MARK, "1");
    loop {
        let (number, by) = log.last_entry().await?.map_or((0, 0), |last| (last.number, last.generation));
        if by > generation {
            return Ok(None);
        }
        let subject = format!("{}.{}", log.subject, number + 1);
        match create(nats, subject, headers.clone(), Bytes::new()).await? {
            Created::Yes(_) => return Ok(Some(number + 1)),
            // The old owner was faster, or the answer to an earlier try was lost: another mark
            // does no harm.
            Created::Taken => {}
        }
    }
}
