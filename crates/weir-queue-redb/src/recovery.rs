//! Rebuilds the index when a queue is opened, and counts the attempts that a crash cut off.

use std::time::Duration;

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use tokio::time::Instant;

use crate::error::StoreError;
use crate::index::Index;
use crate::tables::{BEGUN, BOOK, Counts, DEAD, DUE, LIVE, TRIES, wall};

/// The reason of a dead letter whose last attempt a crash cut off.
pub(crate) const PROCESS_ENDED: &str = "the process ended while it worked on the event";

/// Reads the index. Counts a failed attempt of each event whose work had begun, in one transaction,
/// so that a crash counts at most one attempt per event. Reserves `ahead` numbers.
pub(crate) fn recover(database: &Database, attempts: u32, ahead: u64) -> Result<Index, StoreError> {
    let transaction = database.begin_read()?;
    let has_begun = !transaction.open_table(BEGUN)?.is_empty()?;
    drop(transaction);
    if has_begun || ahead > 0 {
        count_attempts(database, attempts, ahead)?;
    }
    read(database, ahead)
}

fn count_attempts(database: &Database, attempts: u32, ahead: u64) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    {
        let mut begun = transaction.open_table(BEGUN)?;
        let mut live = transaction.open_table(LIVE)?;
        let mut tries = transaction.open_table(TRIES)?;
        let mut due = transaction.open_table(DUE)?;
        let mut dead = transaction.open_table(DEAD)?;
        let mut book = transaction.open_table(BOOK)?;
        let mut counts = Counts::read(&book)?.unwrap_or_default();
        while let Some((id, ())) = begun.pop_first()?.map(|(id, _)| (id.value(), ())) {
            if live.get(id)?.is_none() {
                continue;
            }
            let failed = tries.get(id)?.map_or(0, |tries| tries.value()) + 1;
            if failed < attempts {
                tries.insert(id, failed)?;
                continue;
            }
            if let Some(payload) = live.remove(id)? {
                dead.insert(id, (failed, PROCESS_ENDED, payload.value()))?;
                counts.book.failed += 1;
            }
            tries.remove(id)?;
            due.remove(id)?;
        }
        book.insert((), counts.row(ahead))?;
    }
    transaction.commit()?;
    Ok(())
}

fn read(database: &Database, ahead: u64) -> Result<Index, StoreError> {
    let mut index = Index::default();
    let transaction = database.begin_read()?;
    let live = transaction.open_table(LIVE)?;
    index.dead = transaction.open_table(DEAD)?.len()?;
    let counts = Counts::read(&transaction.open_table(BOOK)?)?.unwrap_or_default();
    index.book = counts.book;
    index.live = live.len()?;
    // The numbers reserved now were not given yet.
    index.next = counts.next.saturating_sub(ahead);
    index.committed = index.next;
    index.recovered_below = index.next;
    index.cursor = live.first()?.map_or(index.next, |(id, _)| id.value());
    for entry in transaction.open_table(TRIES)?.iter()? {
        let (id, tries) = entry?;
        index.set_tries(id.value(), tries.value());
    }
    let (now, wall) = (Instant::now(), wall());
    for entry in transaction.open_table(DUE)?.iter()? {
        let (id, times) = entry?;
        let (at, delay) = times.value();
        let left = at.saturating_sub(wall).min(delay);
        index.delay(id.value(), now + Duration::from_millis(left));
    }
    Ok(index)
}
