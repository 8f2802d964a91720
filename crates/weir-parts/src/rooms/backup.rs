//! The process of a backup: it has the second copy of the state, as a snapshot and the updates
//! after it. What it has is what watchers and readers see.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use weir_stage::server::{Context, Handle, HandleLater, Reply, Server};

use super::Room;
use super::common::Common;
use super::counts::Answer;
use super::kept::{Kept, Update};
use super::messages::{OpenAudience, Read};
use crate::hub::Sink;

pub(super) struct BackupProcess<R: Room, S: Sink> {
    /// The snapshot, once a room has sent its state.
    snapshot: Option<Kept<R>>,
    since: Vec<Update<R>>,
    /// Readers that came before the state.
    readers: Vec<Reader<R, S>>,
    common: Arc<Common<R, S>>,
}

type Reader<R, S> = Box<dyn FnOnce(&Kept<R>, &Common<R, S>) + Send>;

impl<R: Room, S: Sink> Server for BackupProcess<R, S> {}

impl<R: Room, S: Sink> BackupProcess<R, S> {
    pub(super) fn new(common: Arc<Common<R, S>>) -> Self {
        Self { snapshot: None, since: Vec::new(), readers: Vec::new(), common }
    }

    /// Brings the snapshot up to date, and returns it.
    fn state(&mut self) -> Option<&Kept<R>> {
        let snapshot = self.snapshot.as_mut()?;
        for update in self.since.drain(..) {
            snapshot.apply(&update);
        }
        Some(snapshot)
    }

    /// Adds an update, and hands it on to the watchers and the history.
    fn add(&mut self, update: Update<R>, every: usize) {
        self.common.counts.backed.store(update.at.n, Relaxed);
        self.since.push(update.clone());
        if self.since.len() >= every || self.common.audience.is_open() {
            self.state();
        }
        // Watchers need the status, and for them the snapshot is up to date.
        let Some(snapshot) = &self.snapshot else { return };
        self.common.audience.update(&update, || snapshot.room.status());
    }

    fn every(&self) -> usize {
        self.common.terms.settings().snapshot_every.max(1)
    }

    fn read_now_or_later(&mut self, reader: Reader<R, S>) {
        let common = Arc::clone(&self.common);
        match self.state() {
            Some(state) => reader(state, &common),
            None => self.readers.push(reader),
        }
    }
}

/// A move that is acknowledged when the backup has it.
pub(super) struct Store<R: Room> {
    pub(super) update: Update<R>,
    pub(super) answer: Answer<R>,
}

impl<R: Room, S: Sink> Handle<Store<R>> for BackupProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, Store { update, answer }: Store<R>, _: &mut Context<'_, Self>) {
        if update.events.is_empty() {
            // A move that changed nothing: everything before it is here.
            return answer.send();
        }
        // Counted before it is acknowledged, so that the ledger is never ahead of the state.
        self.common.counts.backed.store(update.at.n, Relaxed);
        answer.send();
        let every = self.every();
        self.add(update, every);
    }
}

/// Updates that were acknowledged by the room.
pub(super) struct Batch<R: Room>(pub(super) Vec<Update<R>>);

impl<R: Room, S: Sink> Handle<Batch<R>> for BackupProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, Batch(updates): Batch<R>, _: &mut Context<'_, Self>) {
        let every = self.every();
        for update in updates {
            self.add(update, every);
        }
    }
}

/// The whole state of a room, at its start or for a new backup.
pub(super) struct Seed<R: Room> {
    pub(super) kept: Kept<R>,
    /// Moves that the state contains, and that are acknowledged with it.
    pub(super) answers: Vec<Answer<R>>,
}

impl<R: Room, S: Sink> Handle<Seed<R>> for BackupProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, Seed { kept, answers }: Seed<R>, _: &mut Context<'_, Self>) {
        self.common.counts.backed.store(kept.at.n, Relaxed);
        answers.into_iter().for_each(Answer::send);
        self.common.audience.caught_up(kept.at, || kept.room.status());
        self.since.clear();
        let kept = self.snapshot.insert(kept);
        for reader in self.readers.drain(..) {
            reader(kept, &self.common);
        }
    }
}

/// Copies the state, if a room has sent one. The answer comes behind everything that the last
/// life of the room has sent.
pub(super) struct Restore;

impl<R: Room, S: Sink> Handle<Restore> for BackupProcess<R, S> {
    type Reply = Option<Kept<R>>;

    fn handle(&mut self, _: Restore, _: &mut Context<'_, Self>) -> Option<Kept<R>> {
        self.state().cloned()
    }
}

impl<R, S, F, T> HandleLater<Read<F>> for BackupProcess<R, S>
where
    R: Room,
    S: Sink,
    F: FnOnce(&Kept<R>) -> T + Send + 'static,
    T: Send + 'static,
{
    type Reply = T;

    fn handle(&mut self, Read(read): Read<F>, reply: Reply<T>, _: &mut Context<'_, Self>) {
        self.read_now_or_later(Box::new(move |kept, _| reply.send(read(kept))));
    }
}

impl<R: Room, S: Sink> HandleLater<OpenAudience> for BackupProcess<R, S> {
    type Reply = ();

    fn handle(&mut self, _: OpenAudience, reply: Reply<()>, _: &mut Context<'_, Self>) {
        self.read_now_or_later(Box::new(move |kept, common| {
            common.audience.open(kept.at, kept.room.status(), &common.terms.encoder);
            reply.send(());
        }));
    }
}
