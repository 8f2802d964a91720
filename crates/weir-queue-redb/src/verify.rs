//! Verifies a file: compares the contents of its tables with its book.

use std::path::Path;

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use weir_parts::engine::Book;

use crate::error::{OpenError, StoreError};
use crate::opening::{catch, for_reading, refused};
use crate::tables::{BEGUN, BOOK, Counts, DEAD, DUE, LIVE, TRIES};

/// The contents of a file, and its problems.
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
    /// The problems, as sentences; empty if there are none.
    pub problems: Vec<String>,
}

/// Verifies the file of a queue that is not in use. Checks every page against its checksum, and
/// writes none. A commit that a crash interrupted is no damage: the file is read in the state before
/// that commit.
///
/// # Errors
/// [`OpenError::Damaged`] if a checksum is wrong, and the other errors of a file that cannot be
/// opened.
pub fn verify(file: &Path) -> Result<Verified, OpenError> {
    let database = for_reading(file)?;
    let mut verified = catch(|| count(&database.begin_read()?)).map_err(|error| refused(file, error))?;
    verified.bytes = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    Ok(verified)
}

fn count(transaction: &ReadTransaction) -> Result<Verified, StoreError> {
    let row = Counts::read(&transaction.open_table(BOOK)?)?;
    let (live, dead) = (transaction.open_table(LIVE)?, transaction.open_table(DEAD)?);
    let mut problems = Vec::new();
    if row.is_none() {
        problems.push("the book is missing".to_owned());
    }
    let Counts { book, next } = row.unwrap_or_default();
    if next < book.accepted {
        let accepted = book.accepted;
        problems.push(format!("the next event has number {next}, but {accepted} events were accepted"));
    }
    let mut held = 0;
    for entry in live.iter()? {
        let (id, _) = entry?;
        held += 1;
        if id.value() >= next {
            problems.push(format!("event {} is held, but the next event has number {next}", id.value()));
        }
    }
    match book.checked_held() {
        Some(expected) if expected == held => {}
        Some(expected) => problems.push(format!("{held} events are held, but the book says {expected}")),
        None => problems.push("the book counts more settled events than accepted ones".to_owned()),
    }
    let due = transaction.open_table(DUE)?;
    for entry in due.iter()? {
        let (id, _) = entry?;
        if live.get(id.value())?.is_none() {
            problems.push(format!("event {} is delayed but not held", id.value()));
        }
    }
    for entry in transaction.open_table(TRIES)?.iter()? {
        let (id, _) = entry?;
        if live.get(id.value())?.is_none() {
            problems.push(format!("event {} has attempts but is not held", id.value()));
        }
    }
    for entry in transaction.open_table(BEGUN)?.iter()? {
        let (id, _) = entry?;
        if live.get(id.value())?.is_none() {
            problems.push(format!("event {} has begun but is not held", id.value()));
        }
    }
    for entry in dead.iter()? {
        let (id, _) = entry?;
        if live.get(id.value())?.is_some() {
            problems.push(format!("event {} is both held and a dead letter", id.value()));
        }
    }
    Ok(Verified { book, held, dead: dead.len()?, delayed: due.len()?, bytes: 0, problems })
}
