//! Verifies a file: what its tables hold against what its book says.

use std::path::Path;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use weir_parts::engine::Book;

use crate::error::{OpenError, StoreError};
use crate::store::{BOOK, DEAD, DUE, LIVE, TRIES, book_of};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its book.
    pub book: Book,
    /// Held events, counted one by one.
    pub held: u64,
    /// Dead letters.
    pub dead: u64,
    /// Delayed events.
    pub delayed: u64,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// What does not agree, in sentences. Empty for a file that is whole.
    pub problems: Vec<String>,
}

/// Verifies the file of a queue that is not in use. It reads every page and checks its checksum.
///
/// # Errors
/// [`OpenError`], if the file cannot be read at all.
pub fn verify(file: &Path) -> Result<Verified, OpenError> {
    let failed = |error: StoreError| OpenError::Store { file: file.to_owned(), error };
    let mut database = match Database::open(file) {
        Ok(database) => database,
        Err(DatabaseError::DatabaseAlreadyOpen) => {
            let pid = crate::lock::holder(file);
            return Err(OpenError::InUse { file: file.to_owned(), pid });
        }
        Err(error) => return Err(failed(error.into())),
    };
    let is_whole = database.check_integrity().map_err(|error| failed(error.into()))?;
    let mut verified = count(&database).map_err(failed)?;
    verified.bytes = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    if !is_whole {
        verified.problems.push("the file was damaged and has been repaired to its last commit".to_owned());
    }
    Ok(verified)
}

fn count(database: &Database) -> Result<Verified, StoreError> {
    let transaction = database.begin_read()?;
    let row = transaction.open_table(BOOK)?.get(())?.map(|row| row.value());
    let (live, dead) = (transaction.open_table(LIVE)?, transaction.open_table(DEAD)?);
    let mut problems = Vec::new();
    if row.is_none() {
        problems.push("the book is missing".to_owned());
    }
    let book = book_of(row.unwrap_or_default());
    let mut held = 0;
    for entry in live.iter()? {
        let (id, _) = entry?;
        held += 1;
        if id.value() >= book.accepted {
            let (id, accepted) = (id.value(), book.accepted);
            problems.push(format!("event {id} is held, and the book has accepted {accepted} events"));
        }
    }
    match book.checked_held() {
        Some(expected) if expected == held => {}
        Some(expected) => problems.push(format!("{held} events are held, and the book says {expected}")),
        None => problems.push("the book has settled more events than it accepted".to_owned()),
    }
    let due = transaction.open_table(DUE)?;
    for entry in due.iter()? {
        let (id, _) = entry?;
        if live.get(id.value())?.is_none() {
            problems.push(format!("event {} is delayed and not held", id.value()));
        }
    }
    for entry in transaction.open_table(TRIES)?.iter()? {
        let (id, _) = entry?;
        if live.get(id.value())?.is_none() {
            problems.push(format!("event {} has attempts and is not held", id.value()));
        }
    }
    Ok(Verified { book, held, dead: dead.len()?, delayed: due.len()?, bytes: 0, problems })
}
