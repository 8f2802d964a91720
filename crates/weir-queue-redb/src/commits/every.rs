//! Commits at an interval, and answers pushes and settlings at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use weir_parts::engine::{EngineError, EventId, Refused, Settle};

use super::{Change, Effect, OnAccept, Request, letters, refused, reopen, transact, undo};
use crate::options::Options;
use crate::shared::Shared;
use crate::tables::Counts;
use crate::transaction::{Before, after_now, apply_effects};

/// Changes and new events that are committed before the interval is over: half of the numbers that
/// are reserved.
const MOST: u64 = 1 << 15;
/// Payload bytes of new events that are committed before the interval is over.
const MOST_BYTES: usize = 16 << 20;

/// Answers and commits until the queue has ended.
pub(super) fn run(
    shared: &Shared,
    mut requests: mpsc::Receiver<Request>,
    options: Options,
    interval: Duration,
) -> mpsc::Receiver<Request> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime without I/O starts");
    let mut waiting = Waiting::new(shared, options, interval);
    loop {
        let next = runtime.block_on(async {
            match waiting.due {
                Some(due) => timeout_at(due, requests.recv()).await.ok(),
                None => Some(requests.recv().await),
            }
        });
        match next {
            Some(Some(Request::Push(payload, accepted, answer))) => {
                // The caller may have dropped its receiver.
                drop(answer.send(waiting.push(payload, accepted)));
            }
            Some(Some(Request::Change(changes, answer))) => waiting.change(changes, answer),
            Some(Some(Request::End) | None) => {
                waiting.flush();
                return requests;
            }
            // The interval is over.
            None => waiting.flush(),
        }
        // A steady flow of requests does not delay the commit.
        if waiting.is_due() {
            waiting.flush();
        }
    }
}

/// Changes that were answered and are not in the file yet. New events are in the index.
struct Waiting<'a> {
    shared: &'a Shared,
    options: Options,
    interval: Duration,
    /// The counts of the file.
    stored: Counts,
    changes: Vec<Change>,
    /// Payload bytes of new events.
    bytes: usize,
    /// Events that were accepted and are done.
    passed: u64,
    due: Option<Instant>,
    /// Why the last commit failed. Pushes are refused until one succeeds.
    trouble: Option<String>,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared, options: Options, interval: Duration) -> Self {
        let stored = {
            let index = shared.index();
            Counts { book: index.book, next: index.next }
        };
        let (changes, bytes, passed) = (Vec::new(), 0, 0);
        Self { shared, options, interval, stored, changes, bytes, passed, due: None, trouble: None }
    }

    fn push(&mut self, payload: Vec<u8>, OnAccept(accepted): OnAccept) -> Result<EventId, Refused> {
        if let Some(refused) = refused(self.shared, self.options) {
            return Err(refused);
        }
        if let Some(trouble) = &self.trouble {
            return Err(Refused::NotStored(trouble.clone()));
        }
        self.bytes += payload.len();
        // Numbers are given by this thread only.
        let id = self.shared.index().next;
        accepted(EventId(id));
        {
            let mut index = self.shared.index();
            index.next += 1;
            index.live += 1;
            index.book.accepted += 1;
            index.fresh.insert(id, Arc::new(payload));
        }
        self.shared.wake();
        self.wait();
        Ok(EventId(id))
    }

    /// Answers at once the settlings that make no dead letter, and all others after a commit.
    fn change(&mut self, changes: Vec<Change>, answer: oneshot::Sender<Result<u64, EngineError>>) {
        if changes.iter().all(|change| self.is_early(change)) {
            changes.into_iter().for_each(|change| self.settle(change));
            self.shared.wake();
            self.wait();
            drop(answer.send(Ok(0)));
        } else {
            drop(answer.send(self.commit(changes)));
        }
    }

    /// Returns true for a settling that leaves the event held, or done.
    fn is_early(&self, change: &Change) -> bool {
        match change {
            Change::Settle { how: Settle::Done | Settle::Back, .. } => true,
            Change::Settle { how: Settle::Again { .. }, tries, .. } => {
                tries + 1 < self.options.attempts.max(1)
            }
            _ => false,
        }
    }

    /// Settles an event in the index.
    fn settle(&mut self, change: Change) {
        let Change::Settle { id, tries, how, .. } = &change else { return };
        let (id, tries) = (*id, *tries);
        let mut index = self.shared.index();
        let effect = match how {
            Settle::Again { after, .. } => Effect::Delayed { id, tries: tries + 1, due: after_now(*after) },
            Settle::Done => Effect::Gone(id),
            Settle::Back | Settle::Dead { .. } => Effect::Back(id),
        };
        apply_effects(&mut index, &[effect]);
        if *how == Settle::Done {
            index.live -= 1;
            index.book.done += 1;
            if index.fresh.remove(&id).is_none() {
                index.gone.insert(id);
            } else {
                // Without other notes about the event, the file never has it.
                self.passed += 1;
                if tries == 0 {
                    return;
                }
            }
        }
        drop(index);
        self.changes.push(change);
    }

    /// Starts the interval, if it does not run.
    fn wait(&mut self) {
        let due = || after_now(self.interval);
        self.due = Some(self.due.unwrap_or_else(due));
    }

    fn is_due(&self) -> bool {
        let Some(due) = self.due else { return false };
        let fresh = self.shared.index().next - self.stored.next;
        let is_full = self.changes.len() as u64 + fresh >= MOST || self.bytes >= MOST_BYTES;
        self.trouble.is_none() && is_full || due <= Instant::now()
    }

    /// Commits all waiting changes. Logs an error and keeps it as the trouble.
    fn flush(&mut self) {
        drop(self.commit(Vec::new()));
    }

    /// Commits all waiting changes and `late`, which has no answer yet. Returns the letters of `late`.
    fn commit(&mut self, late: Vec<Change>) -> Result<u64, EngineError> {
        let early = self.changes.len();
        let (fresh, begun) = {
            let mut index = self.shared.index();
            let fresh: Vec<_> =
                index.fresh.iter().map(|(id, payload)| (*id, Arc::clone(payload))).collect();
            (fresh, index.take_begun())
        };
        self.due = None;
        let is_empty = fresh.is_empty() && begun.is_empty() && self.passed == 0;
        if is_empty && early + late.len() == 0 {
            return Ok(0);
        }
        self.changes.extend(late);
        let before = Before {
            counts: self.stored,
            fresh: &fresh,
            passed: self.passed,
            begun: &begun,
            ahead: self.options.sync.ahead(),
        };
        match transact(self.shared, &before, &self.changes, self.options) {
            Ok((counts, effects)) => {
                let mut index = self.shared.index();
                index.fresh.clear();
                index.gone.clear();
                index.live = counts.book.held();
                (index.book, index.next, index.committed) = (counts.book, counts.next, counts.next);
                apply_effects(&mut index, &effects[early..]);
                drop(index);
                self.stored = counts;
                self.changes.clear();
                (self.bytes, self.passed, self.trouble) = (0, 0, None);
                self.shared.wake();
                Ok(letters(effects[early..].iter()))
            }
            Err(error) => {
                {
                    let mut index = self.shared.index();
                    index.untake_begun(begun);
                    undo(&mut index, &self.changes[early..]);
                }
                // Changes that were answered are tried again after the interval.
                self.changes.truncate(early);
                self.wait();
                reopen(self.shared, &error);
                self.shared.wake();
                let trouble = error.to_string();
                self.trouble = Some(trouble.clone());
                Err(EngineError::NotStored(trouble))
            }
        }
    }
}
