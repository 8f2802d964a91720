//! fjall: a keyspace from number to payload, one batch for each commit.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::queue::grouped::{Grouped, Store};

struct Fjall {
    database: Database,
    live: Keyspace,
    next: u64,
    cursor: u64,
}

pub(crate) fn open(path: &Path) -> Grouped {
    let database = Database::builder(path).open().expect("it opens");
    let live = database.keyspace("live", KeyspaceCreateOptions::default).expect("it opens");
    Grouped::new(Fjall { database, live, next: 0, cursor: 0 })
}

impl Store for Fjall {
    fn commit(&mut self, pushed: Vec<Vec<u8>>, done: Vec<u64>) {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for payload in pushed {
            batch.insert(&self.live, self.next.to_be_bytes(), payload);
            self.next += 1;
        }
        for id in done {
            batch.remove(&self.live, id.to_be_bytes());
        }
        batch.commit().expect("it commits");
    }

    fn take(&mut self, most: usize) -> Vec<(u64, Vec<u8>)> {
        let found = self.live.range(self.cursor.to_be_bytes()..).take(most);
        let found: Vec<_> = found
            .map(|entry| {
                let (id, payload) = entry.into_inner().expect("it is read");
                (u64::from_be_bytes(id.as_ref().try_into().expect("8 bytes")), payload.to_vec())
            })
            .collect();
        self.cursor = found.last().map_or(self.cursor, |(id, _)| id + 1);
        found
    }
}
