//! The file of a queue: opens, reads, closes and shrinks it.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::{Database, ReadTransaction, ReadableDatabase};
use weir_parts::engine::{DeadEvent, EventId};

use crate::error::{OpenError, StoreError};
use crate::index::Index;
use crate::opening::{catch, for_the_queue, refused, stored};
use crate::options::Options;
use crate::recovery::recover;
use crate::tables::{BEGUN, BOOK, Counts, DEAD, DUE, FORMAT, FORMAT_KEY, LIVE, META, TRIES};

/// Opening a file does not shrink it below this size.
const SMALL: u64 = 16 << 20;

/// The database; `None` between an error and the next successful opening.
#[derive(Debug)]
pub(crate) struct Store {
    file: PathBuf,
    database: RwLock<Option<Database>>,
}

impl Store {
    /// Opens or creates the file, and reads the index from it.
    pub(crate) fn open(file: &Path, options: Options) -> Result<(Self, Index), OpenError> {
        if !file.exists() {
            create(file).map_err(|error| stored(file, error))?;
        }
        let mut database = for_the_queue(file)?;
        crate::lock::note(file);
        let index = catch(|| recover(&database, options.attempts.max(1), options.sync.ahead()))
            .map_err(|error| refused(file, error))?;
        if index.book.checked_held() != Some(index.live) {
            let (book, live) = (index.book, index.live);
            let what = format!("it holds {live} events, but its book says: {book}");
            return Err(OpenError::Damaged { file: file.to_owned(), what });
        }
        catch(|| compact(&mut database, file)).map_err(|error| refused(file, error))?;
        Ok((Self { file: file.to_owned(), database: RwLock::new(Some(database)) }, index))
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the file and opens it again: after an error of the disk, the store refuses every request
    /// until it is reopened.
    pub(crate) fn reopen(&self) -> Result<(), OpenError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = None;
        *database = Some(for_the_queue(&self.file)?);
        Ok(())
    }

    /// Closes the file.
    pub(crate) fn close(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(database);
        crate::lock::forget(&self.file);
    }

    /// Returns the free bytes of the disk, if the system reports them.
    pub(crate) fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.file).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Reads the file as it was after the last commit.
    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let guard = self.database();
        let Some(database) = &*guard else { return Err(redb::Error::DatabaseClosed.into()) };
        catch(|| read(&database.begin_read()?))
    }

    /// Reads the payloads of events. Leaves out events that are not there.
    pub(crate) fn payloads(&self, ids: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|transaction| {
            let live = transaction.open_table(LIVE)?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                if let Some(payload) = live.get(id)? {
                    found.push((*id, payload.value().to_vec()));
                }
            }
            Ok(found)
        })
    }

    /// Reads the held events from `from` up to `to`, as long as `take` returns true.
    pub(crate) fn range(
        &self,
        from: u64,
        to: u64,
        mut take: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        self.read(|transaction| {
            for entry in transaction.open_table(LIVE)?.range(from..to)? {
                let (id, payload) = entry?;
                if !take(id.value(), payload.value()) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Reads at most `most` dead letters whose numbers are at least `from`, in their order.
    pub(crate) fn dead(&self, from: u64, most: usize) -> Result<Vec<DeadEvent>, StoreError> {
        self.read(|transaction| {
            let mut letters = Vec::new();
            for entry in transaction.open_table(DEAD)?.range(from..)?.take(most) {
                let (id, letter) = entry?;
                let (tries, why, payload) = letter.value();
                let (why, payload) = (why.to_owned(), payload.to_vec());
                letters.push(DeadEvent { id: EventId(id.value()), payload, tries, why });
            }
            Ok(letters)
        })
    }
}

/// Creates an empty queue under a temporary name and renames it when it is complete, because the
/// store cannot open a file whose creation was interrupted.
fn create(file: &Path) -> Result<(), StoreError> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    if new.exists() {
        std::fs::remove_file(&new).map_err(redb::Error::Io)?;
    }
    let database = Database::create(&new)?;
    let transaction = database.begin_write()?;
    {
        transaction.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
        transaction.open_table(BOOK)?.insert((), Counts::default().row(0))?;
        transaction.open_table(LIVE)?;
        transaction.open_table(TRIES)?;
        transaction.open_table(DUE)?;
        transaction.open_table(BEGUN)?;
        transaction.open_table(DEAD)?;
    }
    transaction.commit()?;
    drop(database);
    std::fs::rename(&new, file).map_err(redb::Error::Io)?;
    Ok(())
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
