//! The thread that commits: it takes all requests that wait into one transaction, and answers them
//! afterwards.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use weir_parts::engine::{EngineError, EventId, Refused};

use crate::error::StoreError;
use crate::options::Options;
use crate::shared::Shared;
use crate::transaction::{Change, Effect, apply, commit};

/// What is called when a push is accepted.
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
pub(crate) fn run(shared: &Arc<Shared>, mut requests: mpsc::Receiver<Request>, options: Options) {
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
    requests.close();
    shared.store.close();
    shared.index().is_closed = true;
    shared.news.notify_waiters();
}

/// The requests of one transaction.
#[derive(Debug, Default)]
struct Group {
    changes: Vec<Change>,
    answers: Vec<Answer>,
}

#[derive(Debug)]
enum Answer {
    /// With the call, until it is made.
    Push(Option<OnAccept>, oneshot::Sender<Result<EventId, Refused>>),
    Change(usize, oneshot::Sender<Result<u64, EngineError>>),
}

impl Group {
    /// Adds a request. Returns true if it ends the thread.
    fn add(&mut self, request: Request, shared: &Shared, options: Options) -> bool {
        match request {
            Request::Push(payload, accepted, answer) => match refused(shared, options) {
                // The caller may have gone.
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
        let began = Instant::now();
        let book = shared.index().book;
        let result = match &*shared.store.database() {
            Some(database) => commit(database, book, &self.changes, options.attempts),
            None => Err(StoreError::from(redb::Error::PreviousIo)),
        };
        wait_until(began + options.least_commit);
        match result {
            Ok((book, effects)) => {
                self.call(&effects);
                apply(&mut shared.index(), book, &effects);
                shared.news.notify_waiters();
                self.answer(&effects);
            }
            Err(error) => self.fail(shared, &error),
        }
    }

    /// Calls what the pushes brought along, before their events can be leased.
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
                    let letters = effects.by_ref().take(count).map(|effect| match effect {
                        Effect::Letters(letters) => *letters,
                        Effect::Gone(_) => 1,
                        _ => 0,
                    });
                    drop(answer.send(Ok(letters.sum())));
                }
            }
        }
    }

    /// Answers that nothing was stored, and opens the file again.
    fn fail(self, shared: &Shared, error: &StoreError) {
        log::error!("the queue {} was not written: {error}", shared.store.file().display());
        {
            let mut index = shared.index();
            for change in &self.changes {
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
        for answer in self.answers {
            match answer {
                Answer::Push(_, answer) => drop(answer.send(Err(Refused::NotStored(error.to_string())))),
                Answer::Change(_, answer) => {
                    drop(answer.send(Err(EngineError::NotStored(error.to_string()))));
                }
            }
        }
        if let Err(error) = shared.store.reopen() {
            log::error!("the queue {} cannot be opened again: {error}", shared.store.file().display());
        }
        shared.news.notify_waiters();
    }
}

/// Blocks this thread until then, as the sync of a slower disk would.
fn wait_until(end: Instant) {
    let left = end.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "this thread has no runtime")]
        std::thread::sleep(left);
    }
}

/// Why a push is refused before it is tried.
fn refused(shared: &Shared, options: Options) -> Option<Refused> {
    if shared.index().is_closed {
        return Some(Refused::Closed);
    }
    let free = shared.store.free()?;
    (free < options.reserve).then_some(Refused::DiskFull { free, reserve: options.reserve })
}
