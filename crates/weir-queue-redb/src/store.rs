//! The file: its tables, and what they say when a queue is opened.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
};
use tokio::time::Instant;
use weir_parts::engine::{Book, DeadEvent, EventId};

use crate::error::{OpenError, StoreError};
use crate::index::Index;

/// Held events: number to payload.
pub(crate) const LIVE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("live");
/// The failed attempts of held events.
pub(crate) const TRIES: TableDefinition<'_, u64, u32> = TableDefinition::new("tries");
/// Delayed events: the wall clock in milliseconds since 1970 when they are due, and the delay. After
/// a jump of the clock, nothing waits longer than its delay.
pub(crate) const DUE: TableDefinition<'_, u64, (u64, u64)> = TableDefinition::new("due");
/// Dead letters: attempts, why, payload.
pub(crate) const DEAD: TableDefinition<'_, u64, (u32, &str, &[u8])> = TableDefinition::new("dead");
/// One row, written in each transaction: accepted, done, failed, dropped.
pub(crate) const BOOK: TableDefinition<'_, (), (u64, u64, u64, u64)> = TableDefinition::new("book");

/// A file smaller than this is not made smaller when it is opened.
const SMALL: u64 = 16 << 20;

/// The database, which is missing after an error until it could be opened again.
#[derive(Debug)]
pub(crate) struct Store {
    file: PathBuf,
    database: RwLock<Option<Database>>,
}

pub(crate) fn book_of((accepted, done, failed, dropped): (u64, u64, u64, u64)) -> Book {
    Book { accepted, done, failed, dropped }
}

/// Returns the wall clock in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a delay outlives the process, and so the monotonic clock")]
pub(crate) fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

impl Store {
    /// Opens or creates the file, and reads the index from it.
    pub(crate) fn open(file: &Path) -> Result<(Self, Index), OpenError> {
        let failed = |error: StoreError| OpenError::Store { file: file.to_owned(), error };
        if !file.exists() {
            create(file).map_err(failed)?;
        }
        let mut database = match Database::open(file) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                let pid = crate::lock::holder(file);
                return Err(OpenError::InUse { file: file.to_owned(), pid });
            }
            Err(error) => return Err(failed(error.into())),
        };
        crate::lock::note(file);
        let index = read(&database).map_err(failed)?;
        if index.book.checked_held() != Some(index.live) {
            let (book, live) = (index.book, index.live);
            let what = format!("{live} events are held, which does not agree with the book: {book}");
            return Err(OpenError::Damaged { file: file.to_owned(), what });
        }
        compact(&mut database, file).map_err(failed)?;
        Ok((Self { file: file.to_owned(), database: RwLock::new(Some(database)) }, index))
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the file and opens it again: after an error of the disk, the store refuses everything
    /// until then.
    pub(crate) fn reopen(&self) -> Result<(), StoreError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = None;
        *database = Some(Database::open(&self.file)?);
        Ok(())
    }

    /// Closes the file.
    pub(crate) fn close(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(database);
        crate::lock::forget(&self.file);
    }

    /// Returns the free bytes of the disk, if the system tells them.
    pub(crate) fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.file).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Reads the payloads of events. One that is not there is left out.
    pub(crate) fn payloads(&self, ids: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let guard = self.database();
        let Some(database) = &*guard else { return Ok(Vec::new()) };
        let live = database.begin_read()?.open_table(LIVE)?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(payload) = live.get(id)? {
                found.push((*id, payload.value().to_vec()));
            }
        }
        Ok(found)
    }

    /// Reads the held events from `from` up to `to`, at most as many as `take` accepts.
    pub(crate) fn range(
        &self,
        from: u64,
        to: u64,
        mut take: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let guard = self.database();
        let Some(database) = &*guard else { return Ok(()) };
        let live = database.begin_read()?.open_table(LIVE)?;
        for entry in live.range(from..to)? {
            let (id, payload) = entry?;
            if !take(id.value(), payload.value()) {
                break;
            }
        }
        Ok(())
    }

    /// Reads at most `most` dead letters whose numbers are at least `from`, in their order.
    pub(crate) fn dead(&self, from: u64, most: usize) -> Result<Vec<DeadEvent>, StoreError> {
        let guard = self.database();
        let Some(database) = &*guard else { return Ok(Vec::new()) };
        let dead = database.begin_read()?.open_table(DEAD)?;
        let mut letters = Vec::new();
        for entry in dead.range(from..)?.take(most) {
            let (id, letter) = entry?;
            let (tries, why, payload) = letter.value();
            let (why, payload) = (why.to_owned(), payload.to_vec());
            letters.push(DeadEvent { id: EventId(id.value()), payload, tries, why });
        }
        Ok(letters)
    }
}

/// Creates an empty queue. It gets its name when it is complete, because the store cannot open a
/// file whose creation was interrupted.
fn create(file: &Path) -> Result<(), StoreError> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    if new.exists() {
        std::fs::remove_file(&new).map_err(redb::Error::Io)?;
    }
    let database = Database::create(&new)?;
    read(&database)?;
    drop(database);
    std::fs::rename(&new, file).map_err(redb::Error::Io)?;
    Ok(())
}

/// Creates the tables that are missing, and reads the index.
fn read(database: &Database) -> Result<Index, StoreError> {
    let mut index = Index::default();
    let transaction = database.begin_write()?;
    {
        let live = transaction.open_table(LIVE)?;
        let tries = transaction.open_table(TRIES)?;
        let due = transaction.open_table(DUE)?;
        index.dead = transaction.open_table(DEAD)?.len()?;
        let mut book = transaction.open_table(BOOK)?;
        let row = book.get(())?.map(|row| row.value()).unwrap_or_default();
        book.insert((), row)?;
        index.book = book_of(row);
        index.live = live.len()?;
        index.committed = index.book.accepted;
        index.recovered_below = index.committed;
        index.cursor = live.first()?.map_or(index.committed, |(id, _)| id.value());
        for entry in tries.iter()? {
            let (id, tries) = entry?;
            index.set_tries(id.value(), tries.value());
        }
        let (now, wall) = (Instant::now(), wall());
        for entry in due.iter()? {
            let (id, times) = entry?;
            let (at, delay) = times.value();
            let left = at.saturating_sub(wall).min(delay);
            index.delay(id.value(), now + Duration::from_millis(left));
        }
    }
    transaction.commit()?;
    Ok(index)
}

/// Makes the file smaller if more than half of it is free: the store never does so by itself.
fn compact(database: &mut Database, file: &Path) -> Result<(), StoreError> {
    let size = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    if size <= SMALL {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    let stats = transaction.stats()?;
    let used = stats.allocated_pages() * stats.page_size() as u64;
    transaction.abort()?;
    if used < size / 2 {
        database.compact()?;
    }
    Ok(())
}
