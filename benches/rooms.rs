//! Rooms: what an acknowledged move costs under each backup, what an idle room takes, what a kill
//! costs the other rooms, and what is lost in a storm of kills.
//!
//! | row | peer | aim |
//! |---|---|---|
//! | move | a task with an `mpsc` channel and a `oneshot` per request | 1 µs with `none`, 1.5 µs with `before` |
//! | memory | – | 2 kB an idle room |
//! | others | the same moves without kills, in the same run | ratio 1 |
//! | losses | – | `before`: 0 |
//!
//! `storm=600` makes the storm last 600 seconds instead of 5.

#[path = "rooms/kills.rs"]
mod kills;
mod support;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use weir::hub::{Encode, MemorySink};
use weir::rooms::{Backup, Room, RoomRef, RoomSettings, RoomState, Rooms, Told};

use self::support::{Row, Table, timed};

/// Rooms whose memory is measured.
const IDLE: usize = 100_000;

/// A room that adds up.
#[derive(Clone, Default)]
struct Counter(u64);

impl Room for Counter {
    type Command = u64;
    type Event = u64;
    type Refusal = ();
    type Status = u64;

    fn decide(&self, add: &u64) -> Result<Vec<u64>, ()> {
        Ok(vec![*add])
    }

    fn apply(&mut self, added: &u64) {
        self.0 += added;
    }

    fn status(&self) -> u64 {
        self.0
    }
}

/// Writes positions, one a line.
struct Lines;

impl Encode<Told<Counter>> for Lines {
    fn event(&self, told: &Told<Counter>, _: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{told:?}\n").as_bytes());
    }

    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("behind {}\n", to - from).as_bytes());
    }
}

type Counters = Rooms<Counter, MemorySink>;
type Counting = RoomRef<Counter, MemorySink>;

fn house(backup: Backup) -> Counters {
    // The history is a watcher, and costs as one: it has a row of its own.
    house_with(RoomSettings { backup, history: 0, max_rooms: IDLE, ..RoomSettings::default() })
}

fn house_with(settings: RoomSettings) -> Counters {
    Rooms::start(settings, |_| Counter::default(), Lines)
}

const BACKUPS: [(&str, Backup); 3] =
    [("none", Backup::None), ("after", Backup::After), ("before", Backup::Before)];

fn main() {
    for mut table in Table::pair("moves") {
        for (name, backup) in BACKUPS {
            for callers in [1, 16] {
                let row = Row::new(format!("{name}, {callers} callers"), 200_000, None);
                table.row(
                    &row,
                    move |n| moves(move || house(backup), n, callers),
                    move |n| requests(n, callers),
                );
            }
        }
        let row = Row::new("before, history, 16 callers", 200_000, None);
        let with_history = || house_with(RoomSettings::default());
        table.row(&row, move |n| moves(with_history, n, 16), |n| requests(n, 16));
        if table.wants("memory") {
            let [created, rested, moved] = table.run(memory());
            println!(
                "  a room that nothing has moved: {created:.0} B; at rest after a move: {rested:.0} B"
            );
            println!("  with processes, after a move: {moved:.0} B");
        }
        if table.wants("others") {
            kills::others(&table);
        }
        if table.wants("losses") {
            kills::losses(&table);
        }
        if table.wants("storm") {
            kills::storm(&table);
        }
    }
}

async fn moves(house: impl FnOnce() -> Counters, events: u64, callers: u64) -> Duration {
    let rooms = house();
    let room = rooms.create("moon").await.expect("the name is free");
    let caller = move |room: Counting| async move {
        for _ in 0..events / callers {
            room.act(1, None).await.expect("the room lives");
        }
    };
    timed(all((0..callers).map(|_| tokio::spawn(caller(room.clone()))))).await
}

async fn requests(events: u64, callers: u64) -> Duration {
    let (sender, mut requests) = mpsc::channel::<(u64, oneshot::Sender<u64>)>(1000);
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some((n, reply)) = requests.recv().await {
            sum += n;
            reply.send(sum).expect("the caller waits");
        }
    });
    let caller = move |task: mpsc::Sender<_>| async move {
        for _ in 0..events / callers {
            let (reply, replied) = oneshot::channel();
            task.send((1, reply)).await.expect("the task lives");
            replied.await.expect("the task replies");
        }
    };
    timed(all((0..callers).map(|_| tokio::spawn(caller(sender.clone()))))).await
}

async fn all(tasks: impl Iterator<Item = tokio::task::JoinHandle<()>>) {
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}

/// Returns the bytes of resident memory per room: created, at rest after a move, and with its
/// processes after a move.
async fn memory() -> [f64; 3] {
    let created =
        each(house(Backup::Before), async |rooms, number| drop(create(rooms, number).await)).await;
    let quick = RoomSettings { idle_stop: Duration::from_millis(4), ..house(Backup::Before).settings() };
    // A few at a time, because the allocator keeps what the processes have given back.
    let rested = each(house_with(quick), async |rooms, number| {
        let room = create(rooms, number).await;
        room.act(1, None).await.expect("the room lives");
        while number % 100 == 99 && room.figures().state != RoomState::Idle {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let rested = rested.await;
    let moved = each(house(Backup::Before), async |rooms, number| {
        let room = create(rooms, number).await;
        room.act(1, None).await.expect("the room lives");
    });
    [created, rested, moved.await]
}

async fn create(rooms: &Counters, number: usize) -> Counting {
    rooms.create(&format!("r-{number}")).await.expect("the name is free")
}

/// Returns the growth of the resident memory for each of the rooms that `make` makes.
#[expect(clippy::mem_forget, reason = "the next rooms must not use the memory of these")]
async fn each(rooms: Counters, make: impl AsyncFn(&Counters, usize)) -> f64 {
    let before = resident();
    for number in 0..IDLE {
        make(&rooms, number).await;
    }
    let grown = (resident() - before) / IDLE as f64;
    std::mem::forget(rooms);
    grown
}

/// The resident memory of this process, in bytes.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or_default() * 4096.0
}

/// A sink that keeps what is written, for watchers.
fn sink() -> Arc<MemorySink> {
    Arc::new(MemorySink::unlimited())
}
