//! A counter as a room, and what the tests share.

use crate::hub::{Encode, MemorySink};
use crate::rooms::{Backup, Room, RoomRef, RoomSettings, Rooms, Told};

/// A room that adds up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rooms) struct Counter {
    pub(in crate::rooms) total: u64,
}

/// The event: this number was added.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rooms) struct Add(pub(in crate::rooms) u64);

#[derive(Debug, Clone)]
pub(in crate::rooms) enum Command {
    Add(u64),
    /// Adds to a total of less than this, and is refused otherwise.
    Refuse,
    Nothing,
    Panic,
}

impl Room for Counter {
    type Command = Command;
    type Event = Add;
    type Refusal = &'static str;
    type Status = u64;

    fn decide(&self, command: &Command) -> Result<Vec<Add>, &'static str> {
        match command {
            Command::Add(n) => Ok(vec![Add(*n)]),
            Command::Refuse => Err("refused"),
            Command::Nothing => Ok(Vec::new()),
            Command::Panic => panic!("poison"),
        }
    }

    fn apply(&mut self, Add(n): &Add) {
        self.total += n;
    }

    fn status(&self) -> u64 {
        self.total
    }
}

/// Writes a message as a line.
pub(super) struct Lines;

impl Encode<Told<Counter>> for Lines {
    fn event(&self, told: &Told<Counter>, _: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{told:?}: {}\n", told.status()).as_bytes());
    }

    fn snapshot(&self, last: Option<&Told<Counter>>, _: u64, out: &mut Vec<u8>) {
        if let Some(told) = last {
            out.extend_from_slice(format!("status {}: {}\n", told.at(), told.status()).as_bytes());
        }
    }

    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("behind {}\n", to - from).as_bytes());
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"end\n");
    }
}

pub(super) type Counters = Rooms<Counter, MemorySink>;

pub(super) fn house(backup: Backup) -> Counters {
    let settings = RoomSettings { backup, ..RoomSettings::default() };
    Rooms::start(settings, |_| Counter::default(), Lines)
}

pub(super) type Counting = RoomRef<Counter, MemorySink>;

/// Adds 1 this many times.
pub(super) async fn add(room: &Counting, times: u64) {
    for _ in 0..times {
        room.act(Command::Add(1), None).await.unwrap();
    }
}

pub(super) async fn total(room: &Counting) -> u64 {
    room.read(|counter, _| counter.total).await.unwrap()
}

/// Lets other tasks run until the condition holds.
pub(super) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

pub(super) fn lines(sink: &MemorySink) -> Vec<String> {
    String::from_utf8(sink.taken()).unwrap().lines().map(str::to_owned).collect()
}
