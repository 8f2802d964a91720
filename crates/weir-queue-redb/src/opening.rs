//! Opens a file, for the queue or only for reading, and says why a file is refused.

mod overlay;

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableError};

use self::overlay::Overlay;
use crate::error::{OpenError, StoreError};
use crate::lock;
use crate::tables::{FORMAT, FORMAT_KEY, META};

/// The bytes that a file of the store begins with.
const MAGIC: [u8; 4] = *b"redb";
/// The largest number of bytes that the store caches in memory.
const CACHE: usize = 64 << 20;

/// Opens the file of a queue. Checks every page against its checksum, so a damaged page is found
/// here and not by a consumer.
pub(crate) fn for_the_queue(file: &Path) -> Result<Database, OpenError> {
    check_kind(file)?;
    let database = guarded(file, || builder().open(file))?;
    check_format(file, &database)?;
    Ok(database)
}

/// Opens the file for reading. Nothing is written to it; a commit that a crash interrupted is undone
/// in memory only.
pub(crate) fn for_reading(file: &Path) -> Result<Database, OpenError> {
    check_kind(file)?;
    let overlay = Overlay::open(file).map_err(|error| stored(file, redb::Error::Io(error)))?;
    let Some(overlay) = overlay else { return Err(in_use(file)) };
    let database = guarded(file, || builder().create_with_backend(overlay))?;
    check_format(file, &database)?;
    Ok(database)
}

/// Runs a call of the store, which panics at some damaged pages. Makes that an error.
pub(crate) fn catch<T, E: Into<StoreError>>(call: impl FnOnce() -> Result<T, E>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(Into::into),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(redb::Error::Corrupted(format!("the store panicked: {text}")).into())
        }
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
    builder
}

/// Refuses a path that is not a file of the store.
fn check_kind(file: &Path) -> Result<(), OpenError> {
    let failed = |error| stored(file, redb::Error::Io(error));
    let mut opened = File::open(file).map_err(failed)?;
    let mut head = Vec::new();
    let is_directory = opened.metadata().map_err(failed)?.is_dir();
    if !is_directory {
        opened.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(failed)?;
    }
    if is_directory || head != MAGIC {
        let what = if is_directory {
            "it is a folder"
        } else if head.is_empty() {
            "it is empty"
        } else {
            "it was written by another program"
        };
        return Err(OpenError::Foreign { file: file.to_owned(), what });
    }
    Ok(())
}

/// Refuses a file of another program that uses redb, and a file of a newer version.
fn check_format(file: &Path, database: &Database) -> Result<(), OpenError> {
    let format = catch(|| -> Result<_, StoreError> {
        match database.begin_read()?.open_table(META) {
            Ok(meta) => Ok(meta.get(FORMAT_KEY)?.map(|format| format.value())),
            Err(TableError::Storage(error)) => Err(error.into()),
            Err(_) => Ok(None),
        }
    });
    match format.map_err(|error| refused(file, error))? {
        Some(format) if format > FORMAT => {
            Err(OpenError::Newer { file: file.to_owned(), format, known: FORMAT })
        }
        Some(_) => Ok(()),
        None => Err(OpenError::Foreign {
            file: file.to_owned(),
            what: "it was written by another program that uses redb",
        }),
    }
}

fn guarded(
    file: &Path,
    open: impl FnOnce() -> Result<Database, DatabaseError>,
) -> Result<Database, OpenError> {
    catch(|| match open() {
        Err(DatabaseError::DatabaseAlreadyOpen) => Ok(Err(in_use(file))),
        Err(error) => Err(error),
        Ok(database) => Ok(Ok(database)),
    })
    .unwrap_or_else(|error| Err(refused(file, error)))
}

fn in_use(file: &Path) -> OpenError {
    OpenError::InUse { file: file.to_owned(), pid: lock::holder(file) }
}

pub(crate) fn stored(file: &Path, error: impl Into<StoreError>) -> OpenError {
    OpenError::Store { file: file.to_owned(), error: error.into() }
}

/// Returns the error of a file that could not be read. It is `Damaged` if the store calls the file
/// corrupted.
pub(crate) fn refused(file: &Path, error: StoreError) -> OpenError {
    match error.corrupted() {
        Some(what) => OpenError::Damaged { file: file.to_owned(), what: what.to_owned() },
        None => stored(file, error),
    }
}
