//! The queue in one file, beside an append-only log that does no more than it must.
//!
//! `cargo bench -p weir-queue-redb` prints the table. The peers, fjall and SQLite, are in a package
//! of their own, so that no other build compiles them:
//! `cargo run --release --manifest-path crates/weir-queue-redb/peers/Cargo.toml`.

mod queue {
    pub(super) mod grouped;
    pub(super) mod log;
    pub(super) mod measure;
}

use weir_queue_redb::{Options, Sync};

use queue::measure::{self, IN_FLIGHT, Table};

fn main() {
    let mut table = Table::begin();
    for in_flight in IN_FLIGHT {
        table.row("own log", in_flight, queue::log::open);
        table.row("redb", in_flight, |file| measure::engine(file, Options::default()));
        let every = Sync::Every(std::time::Duration::from_millis(50));
        let options = Options { sync: every, ..Options::default() };
        table.row("redb, every 50 ms", in_flight, |file| measure::engine(file, options));
    }
    measure::askers();
    measure::leases();
    measure::reopening();
    measure::memory();
}
