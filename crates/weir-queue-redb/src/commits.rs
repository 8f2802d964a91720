//! The thread that commits: it puts all waiting requests into one transaction, commits it, and then
//! answers them.

mod every;

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use weir_parts::engine::{EngineError, EventId, Refused};

use crate::error::StoreError;
use crate::index::Index;
use crate::opening::catch;
use crate::options::{Options, Sync};
use crate::shared::Shared;
use crate::tables::Counts;
use crate::transaction::{Before, Change, Effect, apply, commit, leave};

/// The callback of a push, called with the number of the accepted event.
pub(crate) struct OnAccept(pub(crate) Box<dyn FnOnce(EventId) + Send>);

impl fmt::Debug for OnAccept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnAccept")
    }
}

/// A request and its answer.
#[derive(Debug)]
pub(crate) enum Request {
    Push(Vec<u8>, OnAccept, oneshot::Sender<Result<EventId, Refused>>),
    /// Changes of leased events, or of dead letters. Answered with the number of letters.
    Change(Vec<Change>, oneshot::Sender<Result<u64, EngineError>>),
    /// Ends the thread when everything before it is answered.
    End,
}

/// Commits until the queue has ended.
pub(crate) fn run(shared: &Arc<Shared>, requests: mpsc::Receiver<Request>, options: Options) {
    let requests = match options.sync {
        Sync::Always => always(shared, requests, options),
        Sync::Every(interval) => every::run(shared, requests, options, interval),
    };
    end(shared, options, requests);
}

/// Commits as soon as there is a request, and answers afterwards.
fn always(
    shared: &Shared,
    mut requests: mpsc::Receiver<Request>,
    options: Options,
) -> mpsc::Receiver<Request> {
    let mut ends = false;
    while !ends {
        let Some(first) = requests.blocking_recv() else { break };
        let mut group = Group::default();
        ends = group.add(first, shared, options);
        while !ends && group.changes.len() < options.group {
            let Ok(next) = requests.try_recv() else { break };
            ends = group.add(next, shared, options);
        }
        group.commit(shared, options);
    }
    requests
}

/// Notes an orderly end in the file, and closes it.
fn end(shared: &Shared, options: Options, mut requests: mpsc::Receiver<Request>) {
    requests.close();
    let (counts, has_noted) = {
        let index = shared.index();
        (Counts { book: index.book, next: index.next }, index.has_noted())
    };
    let is_fresh = !shared.index().fresh.is_empty();
    if (has_noted || options.sync != Sync::Always) && !is_fresh {
        let left = match &*shared.store.database() {
            Some(database) => catch(|| leave(database, counts)),
            None => Err(redb::Error::DatabaseClosed.into()),
        };
        if let Err(error) = left {
            log::error!("the queue {} was not written: {error}", shared.store.file().display());
        }
    }
    shared.store.close();
    {
        let mut index = shared.index();
        index.is_closed = true;
        index.has_ended = true;
    }
    shared.wake();
}

/// Runs a transaction on the file.
fn transact(
    shared: &Shared,
    before: &Before<'_>,
    changes: &[Change],
    options: Options,
) -> Result<(Counts, Vec<Effect>), StoreError> {
    let began = Instant::now();
    let result = match &*shared.store.database() {
        Some(database) => catch(|| commit(database, before, changes, options.attempts.max(1))),
        None => Err(redb::Error::DatabaseClosed.into()),
    };
    wait_until(began + options.least_commit);
    result
}

/// Opens the file again after an error.
fn reopen(shared: &Shared, error: &StoreError) {
    log::error!("the queue {} was not written: {error}", shared.store.file().display());
    if let Err(error) = shared.store.reopen() {
        log::error!("the queue cannot be opened again: {error}");
    }
}

/// The requests of one transaction.
#[derive(Debug, Default)]
struct Group {
    changes: Vec<Change>,
    answers: Vec<Answer>,
}

#[derive(Debug)]
enum Answer {
    /// Each with its callback, until that was called.
    Push(Option<OnAccept>, oneshot::Sender<Result<EventId, Refused>>),
    Change(usize, oneshot::Sender<Result<u64, EngineError>>),
}

impl Group {
    /// Adds a request. Returns true if it ends the thread.
    fn add(&mut self, request: Request, shared: &Shared, options: Options) -> bool {
        match request {
            Request::Push(payload, accepted, answer) => match refused(shared, options) {
                // The caller may have dropped its receiver.
                Some(refused) => drop(answer.send(Err(refused))),
                None => {
                    self.changes.push(Change::Push(payload));
                    self.answers.push(Answer::Push(Some(accepted), answer));
                }
            },
            Request::Change(changes, answer) => {
                self.answers.push(Answer::Change(changes.len(), answer));
                self.changes.extend(changes);
            }
            Request::End => return true,
        }
        false
    }

    fn commit(mut self, shared: &Shared, options: Options) {
        if self.changes.is_empty() {
            return;
        }
        let (counts, begun) = {
            let mut index = shared.index();
            (Counts { book: index.book, next: index.next }, index.take_begun())
        };
        let before = Before { counts, begun: &begun, ..Before::default() };
        match transact(shared, &before, &self.changes, options) {
            Ok((counts, effects)) => {
                self.call(&effects);
                apply(&mut shared.index(), counts, &effects);
                shared.wake();
                self.answer(&effects);
            }
            Err(error) => {
                shared.index().untake_begun(begun);
                self.fail(shared, &error);
            }
        }
    }

    /// Calls the callbacks of the pushes, before their events can be leased.
    fn call(&mut self, effects: &[Effect]) {
        let ids = effects.iter().filter_map(|effect| match effect {
            Effect::Accepted(id) => Some(EventId(*id)),
            _ => None,
        });
        let calls = self.answers.iter_mut().filter_map(|answer| match answer {
            Answer::Push(accepted, _) => accepted.take(),
            Answer::Change(..) => None,
        });
        calls.zip(ids).for_each(|(OnAccept(call), id)| call(id));
    }

    fn answer(self, effects: &[Effect]) {
        let mut effects = effects.iter();
        for answer in self.answers {
            match answer {
                Answer::Push(_, answer) => {
                    let Some(Effect::Accepted(id)) = effects.next() else { continue };
                    drop(answer.send(Ok(EventId(*id))));
                }
                Answer::Change(count, answer) => {
                    drop(answer.send(Ok(letters(effects.by_ref().take(count)))));
                }
            }
        }
    }

    /// Answers that nothing was stored, and opens the file again.
    fn fail(self, shared: &Shared, error: &StoreError) {
        undo(&mut shared.index(), &self.changes);
        for answer in self.answers {
            match answer {
                Answer::Push(_, answer) => drop(answer.send(Err(Refused::NotStored(error.to_string())))),
                Answer::Change(_, answer) => {
                    drop(answer.send(Err(EngineError::NotStored(error.to_string()))));
                }
            }
        }
        reopen(shared, error);
        shared.wake();
    }
}

/// Counts the letters of changes; an event that is gone counts as one.
fn letters<'a>(effects: impl Iterator<Item = &'a Effect>) -> u64 {
    effects
        .map(|effect| match effect {
            Effect::Letters(letters) => *letters,
            Effect::Gone(_) => 1,
            _ => 0,
        })
        .sum()
}

/// Undoes the notes in the index of changes that were not stored.
fn undo(index: &mut Index, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Settle { id, .. } => index.stop_settling(*id),
            Change::Purge(id) => {
                index.stop_settling(*id);
                index.give_back(*id);
            }
            Change::Push(_) | Change::Retry(_) | Change::PurgeDead => {}
        }
    }
}

/// Blocks this thread until that time, as the sync of a slower disk would.
fn wait_until(end: Instant) {
    let left = end.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "this thread has no runtime")]
        std::thread::sleep(left);
    }
}

/// Returns why a push is refused before it is tried.
fn refused(shared: &Shared, options: Options) -> Option<Refused> {
    if shared.index().is_closed {
        return Some(Refused::Closed);
    }
    let free = shared.store.free()?;
    (free < options.reserve).then_some(Refused::DiskFull { free, reserve: options.reserve })
}
