//! The queue, an append-only log, fjall and SQLite in one table. All sync each transaction to the
//! disk.

#![allow(dead_code, reason = "the bench of the queue alone measures more")]

#[path = "../../benches/queue"]
mod queue {
    pub(crate) mod grouped;
    pub(crate) mod log;
    pub(crate) mod measure;
}
mod fjall;
mod sqlite;

use weir_queue_redb::Options;

use queue::measure::{self, IN_FLIGHT, Table};

fn main() {
    let mut table = Table::begin();
    for in_flight in IN_FLIGHT {
        table.row("own log", in_flight, queue::log::open);
        table.row("redb", in_flight, |file| measure::engine(file, Options::default()));
        table.row("fjall", in_flight, fjall::open);
        table.row("SQLite", in_flight, sqlite::open);
    }
}
