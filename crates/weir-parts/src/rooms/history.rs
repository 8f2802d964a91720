//! The history of a room: a subscriber that records all updates in their order, and marks gaps.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_stage::server::{Context, Handle, Server};

use super::kept::Update;
use super::told::Past;
use super::{Position, Room};

/// The records. They are not in the process, so a crash of it loses only what was on its way.
pub(super) struct Log<R: Room>(Mutex<Records<R>>);

struct Records<R: Room> {
    entries: VecDeque<Past<R>>,
    /// The most entries; the oldest go first.
    most: usize,
    last: Position,
}

impl<R: Room> Default for Log<R> {
    fn default() -> Self {
        Self(Mutex::new(Records { entries: VecDeque::new(), most: 0, last: Position::START }))
    }
}

impl<R: Room> Log<R> {
    fn lock(&self) -> MutexGuard<'_, Records<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps at most this number of records from now on.
    pub(super) fn keep(&self, most: usize) {
        let mut records = self.lock();
        records.most = most;
        records.trim();
    }

    /// Returns true if records are kept.
    pub(super) fn keeps_any(&self) -> bool {
        self.lock().most > 0
    }

    /// Returns the position of the last record.
    pub(super) fn last(&self) -> Position {
        self.lock().last
    }

    /// Returns the records, oldest first.
    pub(super) fn entries(&self) -> Vec<Past<R>> {
        self.lock().entries.iter().cloned().collect()
    }
}

impl<R: Room> Records<R> {
    fn push(&mut self, past: Past<R>) {
        self.entries.push_back(past);
        self.trim();
    }

    fn trim(&mut self) {
        let over = self.entries.len().saturating_sub(self.most);
        self.entries.drain(..over);
    }

    /// Marks updates between the last record and `n`, which were not recorded.
    fn mark(&mut self, n: u64) {
        let (life, from, to) = (self.last.life, self.last.n + 1, n);
        if from <= to {
            self.push(Past::Gap { life, from, to });
            self.last.n = n;
        }
    }
}

/// The process that records.
pub(super) struct Recorder<R: Room> {
    log: Arc<Log<R>>,
}

impl<R: Room> Recorder<R> {
    pub(super) fn new(log: Arc<Log<R>>) -> Self {
        Self { log }
    }
}

impl<R: Room> Server for Recorder<R> {}

/// An update to record.
pub(super) struct Record<R: Room>(pub(super) Update<R>);

impl<R: Room> Handle<Record<R>> for Recorder<R> {
    type Reply = ();

    fn handle(&mut self, Record(update): Record<R>, _: &mut Context<'_, Self>) {
        let mut records = self.log.lock();
        if update.at.life != records.last.life {
            // The mailbox had no place for the beginning of the life.
            let at = Position { n: update.at.n - update.events.len() as u64, ..update.at };
            records.push(Past::Resumed { at });
            records.last = at;
        }
        for (at, event) in update.each() {
            records.mark(at.n - 1);
            records.push(Past::Update { at, event: Arc::clone(event) });
            records.last = at;
        }
    }
}

/// The beginning of a new life, with the updates of the last one that are lost.
pub(super) struct NewLife {
    pub(super) at: Position,
    pub(super) lost: Option<(u64, u64)>,
}

impl<R: Room> Handle<NewLife> for Recorder<R> {
    type Reply = ();

    fn handle(&mut self, NewLife { at, lost }: NewLife, _: &mut Context<'_, Self>) {
        let mut records = self.log.lock();
        // Updates that went on in the state and were not recorded.
        records.mark(at.n);
        if let Some((from, to)) = lost {
            let life = records.last.life;
            records.push(Past::Gap { life, from, to });
        }
        records.push(Past::Resumed { at });
        records.last = at;
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::Kept;
    use super::super::tests::{Add, Counter};
    use super::*;
    use weir_stage::server::spawn;

    #[tokio::test]
    async fn it_records_in_order_marks_gaps_and_keeps_the_newest() {
        let log = Arc::new(Log::default());
        let running = spawn(100, Recorder::<Counter>::new(Arc::clone(&log)));
        log.keep(6);
        let recorder = running.server();
        let mut kept = Kept::new(Counter::default(), Position::START);
        let mut next = || Record(kept.advance(vec![Add(1)], None));
        recorder.call(next()).await.unwrap();
        drop(next());
        drop(next());
        recorder.call(next()).await.unwrap();
        let told = |log: &Log<Counter>| log.entries().iter().map(|e| format!("{e:?}")).collect::<Vec<_>>();
        assert_eq!(told(&log), ["update 1-1", "gap 2 to 3 of life 1", "update 1-4"]);
        let at = Position { life: 2, n: 2 };
        recorder.call(NewLife { at, lost: Some((3, 4)) }).await.unwrap();
        recorder.call(NewLife { at: Position { life: 3, n: 2 }, lost: None }).await.unwrap();
        assert_eq!(told(&log)[2..], ["update 1-4", "gap 3 to 4 of life 1", "resumed 2-2", "resumed 3-2"]);
        assert_eq!(log.last(), Position { life: 3, n: 2 });
    }
}
