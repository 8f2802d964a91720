//! The tables of a file, and the row that each transaction writes.

use std::time::{SystemTime, UNIX_EPOCH};

use redb::{ReadableTable, TableDefinition};
use weir_parts::engine::Book;

use crate::error::StoreError;

/// The format that this version writes, and the newest that it reads.
pub(crate) const FORMAT: u64 = 1;

/// Facts about the file: the format.
pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Held events: number to payload.
pub(crate) const LIVE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("live");
/// The failed attempts of held events.
pub(crate) const TRIES: TableDefinition<'_, u64, u32> = TableDefinition::new("tries");
/// Delayed events: when they are due, on the wall clock in milliseconds since 1970, and the delay.
/// After a jump of the clock, no event waits longer than its delay.
pub(crate) const DUE: TableDefinition<'_, u64, (u64, u64)> = TableDefinition::new("due");
/// Events whose work has begun. The next life counts a failed attempt of each.
pub(crate) const BEGUN: TableDefinition<'_, u64, ()> = TableDefinition::new("begun");
/// Dead letters: attempts, why, payload.
pub(crate) const DEAD: TableDefinition<'_, u64, (u32, &str, &[u8])> = TableDefinition::new("dead");
/// One row, written in each transaction: accepted, done, failed, dropped, and a number above all
/// event numbers.
pub(crate) const BOOK: TableDefinition<'_, (), (u64, u64, u64, u64, u64)> = TableDefinition::new("book");

/// The key of the format in [`META`].
pub(crate) const FORMAT_KEY: &str = "format";

/// The counts of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) book: Book,
    /// The number of the next event. After a crash it can be larger than `accepted`, because numbers
    /// given before their commit are lost.
    pub(crate) next: u64,
}

impl Counts {
    /// Accepts an event, and returns its number.
    pub(crate) fn accept(&mut self) -> u64 {
        let id = self.next;
        self.next += 1;
        self.book.accepted += 1;
        id
    }

    /// The row of these counts, with `ahead` numbers reserved.
    pub(crate) fn row(&self, ahead: u64) -> (u64, u64, u64, u64, u64) {
        let Book { accepted, done, failed, dropped } = self.book;
        (accepted, done, failed, dropped, self.next + ahead)
    }

    /// Reads the row, if there is one.
    pub(crate) fn read(
        table: &impl ReadableTable<(), (u64, u64, u64, u64, u64)>,
    ) -> Result<Option<Self>, StoreError> {
        let row = table.get(())?.map(|row| row.value());
        Ok(row.map(|(accepted, done, failed, dropped, next)| Self {
            book: Book { accepted, done, failed, dropped },
            next,
        }))
    }
}

/// Returns the wall clock in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a delay outlives the process, and so the monotonic clock")]
pub(crate) fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
