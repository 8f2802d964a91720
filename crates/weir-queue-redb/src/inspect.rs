//! Reads a file that is not in use: its counts, and every event. The file is not changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use weir_parts::engine::{Book, DeadEvent, Depth, EventId};

use crate::error::{OpenError, StoreError};
use crate::opening::{catch, for_reading, refused};
use crate::tables::{BEGUN, BOOK, Counts, DEAD, DUE, LIVE, TRIES, wall};

/// The counts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Its book.
    pub book: Book,
    /// Where its events are. Events that were leased when the process ended are ready.
    pub depth: Depth,
    /// Events that were in work when the process ended. Opening the queue counts a failed attempt of
    /// each.
    pub begun: u64,
    /// The number of the next event.
    pub next: u64,
    /// The number of held events for each number of failed attempts.
    pub tries: BTreeMap<u32, u64>,
    /// The payloads of held events in bytes.
    pub payload_bytes: u64,
    /// The size of the file in bytes.
    pub bytes: u64,
}

/// Inspects the file of a queue that is not in use. Every page is read, and none is written.
///
/// # Errors
/// [`OpenError`].
pub fn inspect(file: &Path) -> Result<Inspected, OpenError> {
    let database = for_reading(file)?;
    let mut inspected = catch(|| count(&database.begin_read()?)).map_err(|error| refused(file, error))?;
    inspected.bytes = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    Ok(inspected)
}

fn count(transaction: &ReadTransaction) -> Result<Inspected, StoreError> {
    let counts = Counts::read(&transaction.open_table(BOOK)?)?.unwrap_or_default();
    let live = transaction.open_table(LIVE)?;
    let mut payload_bytes = 0;
    for entry in live.iter()? {
        payload_bytes += entry?.1.value().len() as u64;
    }
    let mut tries = BTreeMap::new();
    for entry in transaction.open_table(TRIES)?.iter()? {
        *tries.entry(entry?.1.value()).or_insert(0) += 1;
    }
    let held = live.len()?;
    let fresh = held.saturating_sub(tries.values().sum());
    if fresh > 0 {
        tries.insert(0, fresh);
    }
    let wall = wall();
    let mut delayed = 0;
    for entry in transaction.open_table(DUE)?.iter()? {
        delayed += u64::from(left(entry?.1.value(), wall).is_some());
    }
    let dead = transaction.open_table(DEAD)?.len()?;
    let begun = transaction.open_table(BEGUN)?.len()?;
    let depth = Depth { ready: held.saturating_sub(delayed), delayed, dead, leased: 0, settling: 0 };
    Ok(Inspected { book: counts.book, depth, begun, next: counts.next, tries, payload_bytes, bytes: 0 })
}

/// Returns the rest of a delay; `None` once it is over.
fn left((at, delay): (u64, u64), wall: u64) -> Option<Duration> {
    let left = at.saturating_sub(wall).min(delay);
    (left > 0).then(|| Duration::from_millis(left))
}

/// An event of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// One that is held.
    Held {
        /// Its number.
        id: EventId,
        /// Its payload.
        payload: Vec<u8>,
        /// The attempts that have failed.
        tries: u32,
        /// The rest of its delay, if it waits for its next attempt.
        delay: Option<Duration>,
    },
    /// A dead letter.
    Dead(DeadEvent),
}

/// Passes each held event of a file that is not in use to `take`, and then each dead letter, both
/// in the order of their numbers. Returns their number. Nothing is written to the file, and one
/// event at a time is in memory.
///
/// # Errors
/// [`OpenError`], or the first error of `take`.
pub fn export<E: From<OpenError>>(
    file: &Path,
    mut take: impl FnMut(Exported) -> Result<(), E>,
) -> Result<u64, E> {
    let database = for_reading(file)?;
    let mut stopped = None;
    let exported = catch(|| {
        walk(&database.begin_read()?, |event| {
            stopped = take(event).err();
            stopped.is_none()
        })
    });
    match (stopped, exported) {
        (Some(error), _) => Err(error),
        (None, exported) => exported.map_err(|error| refused(file, error).into()),
    }
}

/// Passes events to `take` until it returns false.
fn walk(transaction: &ReadTransaction, mut take: impl FnMut(Exported) -> bool) -> Result<u64, StoreError> {
    let (tries, due) = (transaction.open_table(TRIES)?, transaction.open_table(DUE)?);
    let (mut exported, wall) = (0, wall());
    for entry in transaction.open_table(LIVE)?.iter()? {
        let (id, payload) = entry?;
        let event = Exported::Held {
            id: EventId(id.value()),
            payload: payload.value().to_vec(),
            tries: tries.get(id.value())?.map_or(0, |tries| tries.value()),
            delay: due.get(id.value())?.and_then(|times| left(times.value(), wall)),
        };
        if !take(event) {
            return Ok(exported);
        }
        exported += 1;
    }
    for entry in transaction.open_table(DEAD)?.iter()? {
        let (id, letter) = entry?;
        let (tries, why, payload) = letter.value();
        let (why, payload) = (why.to_owned(), payload.to_vec());
        if !take(Exported::Dead(DeadEvent { id: EventId(id.value()), payload, tries, why })) {
            return Ok(exported);
        }
        exported += 1;
    }
    Ok(exported)
}
