//! SQLite: a table with the number as its key, in WAL mode, which syncs each commit.

use std::path::Path;

use rusqlite::Connection;

use crate::queue::grouped::{Grouped, Store};

struct Sqlite {
    connection: Connection,
    next: u64,
    cursor: u64,
}

pub(crate) fn open(path: &Path) -> Grouped {
    let connection = Connection::open(path).expect("it opens");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE live (id INTEGER PRIMARY KEY, payload BLOB NOT NULL);",
        )
        .expect("it is created");
    Grouped::new(Sqlite { connection, next: 0, cursor: 0 })
}

impl Store for Sqlite {
    fn commit(&mut self, pushed: Vec<Vec<u8>>, done: Vec<u64>) {
        let transaction = self.connection.transaction().expect("it begins");
        {
            let mut insert = transaction.prepare_cached("INSERT INTO live VALUES (?, ?)").expect("SQL");
            for payload in pushed {
                insert.execute((self.next as i64, payload)).expect("it is inserted");
                self.next += 1;
            }
            let mut delete = transaction.prepare_cached("DELETE FROM live WHERE id = ?").expect("SQL");
            for id in done {
                delete.execute([id as i64]).expect("it is deleted");
            }
        }
        transaction.commit().expect("it commits");
    }

    fn take(&mut self, most: usize) -> Vec<(u64, Vec<u8>)> {
        let text = "SELECT id, payload FROM live WHERE id >= ? ORDER BY id LIMIT ?";
        let mut select = self.connection.prepare_cached(text).expect("SQL");
        let rows = select.query_map([self.cursor as i64, most as i64], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
        });
        let found: Vec<(u64, Vec<u8>)> =
            rows.expect("it is read").collect::<Result<_, _>>().expect("it is read");
        self.cursor = found.last().map_or(self.cursor, |(id, _)| id + 1);
        found
    }
}
