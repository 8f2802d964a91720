//! A shard that a script is played on, with a naive account of what each watcher is owed.

use std::io::ErrorKind;
use std::sync::Arc;

use super::super::shard::Shard;
use super::super::sink::Sink;
use super::super::{Behind, LeftReason, MemorySink, Settings, Since};
use super::naive::{Naive, event, gap};

/// A step of a script.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Publishes an event with a body of this length.
    Publish(usize),
    /// The source skips this many events.
    Skip(u64),
    /// Walks, and publishes an event with a body of length `.1` after every `.0` writes.
    Walk(usize, usize),
    Join {
        room: usize,
        since: Option<i64>,
        snapshot: bool,
    },
    Leave(usize),
    Close(usize),
    Say(usize),
    /// The watcher reads this many bytes.
    Read(usize, usize),
    Reset(usize),
    Sweep,
    Change(Behind),
}

/// A shard, and what is known about it without looking inside.
pub(super) struct Rig {
    pub(super) shard: Shard<MemorySink>,
    pub(super) watchers: Vec<Naive>,
    /// The numbers of all published events.
    pub(super) published: Vec<u64>,
    next: u64,
    /// The events that skips and late joins cost all watchers together.
    pub(super) skipped: u64,
}

impl Rig {
    pub(super) fn new(behind: Behind) -> Self {
        let settings = Settings { behind, window: 3, ..Settings::default() };
        let shard = Shard::new(0, 0, settings, 0);
        Self { shard, watchers: Vec::new(), published: Vec::new(), next: 0, skipped: 0 }
    }

    /// Does what the task does for one watcher.
    pub(super) fn write(&mut self, slot: u32) {
        while let Some(due) = self.shard.due(slot) {
            match due.sink.try_write(due.bytes) {
                Ok(n) => self.shard.wrote(slot, n),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.shard.block(slot),
                Err(error) => self.shard.remove(slot, LeftReason::Failed(error.kind())),
            }
        }
    }

    pub(super) fn walk(&mut self, each: usize, len: usize) {
        let mut written = 0;
        self.shard.begin_walk();
        while let Some(slot) = self.shard.next_in_walk() {
            self.write(slot);
            written += 1;
            if written % each == 0 && self.shard.has_room() {
                self.push(len);
            }
        }
        // The task walks again until nothing has come meanwhile.
        self.shard.begin_walk();
        while let Some(slot) = self.shard.next_in_walk() {
            self.write(slot);
        }
        assert_eq!(self.shard.figures_when_walked(), self.shard.figures());
        self.shard.settle(&gap);
        assert_eq!(self.shard.figures_when_walked(), self.shard.figures());
    }

    pub(super) fn push(&mut self, len: usize) {
        let (seq, expected) = (self.next, self.shard.next());
        for watcher in &mut self.watchers {
            let is_early = watcher.first > expected;
            if watcher.receives && self.shard.slot_of(watcher.id).is_some() && watcher.first <= seq {
                let from = if is_early { watcher.first } else { expected };
                watcher.sent += seq + 1 - from;
                self.skipped += seq - from;
            }
        }
        self.shard.publish(seq, &event(seq, len), &gap);
        self.published.push(seq);
        self.next += 1;
    }

    fn slot(&self, at: usize) -> Option<(usize, u32)> {
        let at = at % self.watchers.len().max(1);
        let slot = self.shard.slot_of(self.watchers.get(at)?.id)?;
        Some((at, slot))
    }

    pub(super) fn join(&mut self, room: usize, since: Option<i64>, snapshot: bool) {
        let head = self.shard.next();
        let wanted = since.map_or(head, |by| head.saturating_add_signed(by));
        let since = if since.is_some() { Since::Event(wanted) } else { Since::Snapshot };
        let own = if snapshot { format!("S{wanted}\n") } else { String::new() };
        let sink = Arc::new(MemorySink::with_room(room));
        let joined = self.shard.join(Arc::clone(&sink), own.as_bytes(), since, &gap).unwrap();
        assert_eq!(joined.next, wanted + joined.missed);
        let replayed = self.published.iter().filter(|seq| **seq >= joined.next).count() as u64;
        let (id, sent) = (joined.id, replayed);
        self.watchers.push(Naive { id, sink, first: wanted, sent, said: 0, receives: true });
        self.write(id.slot);
    }

    pub(super) fn play(&mut self, step: Step) {
        match step {
            Step::Publish(len) => {
                if !self.shard.has_room() {
                    self.walk(usize::MAX, 0);
                    let waits = self.shard.settings().behind == Behind::Wait && self.shard.has_blocked();
                    assert!(waits || self.shard.has_room(), "the window stays full");
                }
                if self.shard.has_room() {
                    self.push(len);
                }
            }
            Step::Skip(n) => self.next += n,
            Step::Walk(each, len) => self.walk(each, len),
            Step::Join { room, since, snapshot } => self.join(room, since, snapshot),
            Step::Leave(at) => {
                if let Some((_, slot)) = self.slot(at) {
                    self.shard.remove(slot, LeftReason::Left);
                }
            }
            Step::Close(at) => {
                if let Some((at, slot)) = self.slot(at) {
                    self.shard.close(slot, b"Z\n", LeftReason::Closed);
                    self.watchers[at].receives = false;
                    self.write(slot);
                }
            }
            Step::Say(at) => {
                if let Some((at, slot)) = self.slot(at)
                    && self.watchers[at].receives
                {
                    let said = self.watchers[at].said;
                    self.shard.say(slot, format!("O{said}\n").as_bytes());
                    self.watchers[at].said += 1;
                    self.write(slot);
                }
            }
            Step::Read(at, n) => self.read(at, n),
            Step::Reset(at) => {
                if let Some((at, _)) = self.slot(at) {
                    self.watchers[at].sink.break_with(ErrorKind::ConnectionReset);
                    self.read(at, 0);
                }
            }
            Step::Sweep => self.shard.sweep(),
            Step::Change(behind) => {
                let settings = Settings { behind, ..*self.shard.settings() };
                self.shard.change(settings);
            }
        }
    }

    fn read(&mut self, at: usize, n: usize) {
        if let Some((at, slot)) = self.slot(at) {
            self.watchers[at].sink.allow(n);
            self.shard.unblock(slot, &gap);
            self.write(slot);
        }
    }

    /// Holds the ledger against what the watchers have read.
    pub(super) fn check(&mut self) {
        for departed in self.shard.take_departed() {
            let watcher = self.watchers.iter_mut().find(|watcher| watcher.id == departed.left.id).unwrap();
            watcher.receives = false;
            let read = watcher.read();
            assert_eq!(departed.left.next, read.next, "{:?} with {read:?}", departed.left);
        }
        let figures = self.shard.figures();
        let ledger = figures.deliveries;
        let reads: Vec<_> = self.watchers.iter().map(Naive::read).collect();
        assert_eq!(ledger.unaccounted(), 0, "{ledger:?}");
        assert_eq!(ledger.sent, self.watchers.iter().map(|watcher| watcher.sent).sum::<u64>());
        assert_eq!(ledger.delivered, reads.iter().map(|read| read.events).sum::<u64>());
        let present = self.watchers.iter().filter(|watcher| self.shard.slot_of(watcher.id).is_some());
        assert_eq!(figures.watchers, present.count() as u64);
    }

    /// Lets every watcher read everything: what is behind is then 0, and each watcher that is
    /// left has every event, or has read the gap.
    pub(super) fn finish(&mut self) {
        self.walk(usize::MAX, 0);
        for at in 0..self.watchers.len() {
            self.read(at, usize::MAX / 2);
        }
        self.walk(usize::MAX, 0);
        self.check();
        assert_eq!(self.shard.figures().deliveries.behind, 0);
        let head = self.shard.next();
        for watcher in &self.watchers {
            let read = watcher.read();
            if self.shard.slot_of(watcher.id).is_some() {
                assert_eq!(read.next, head.max(watcher.first), "{watcher:?}");
                assert_eq!((read.own, read.is_cut), (watcher.said, false), "{watcher:?}");
            }
        }
    }
}
