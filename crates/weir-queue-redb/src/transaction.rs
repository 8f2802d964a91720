//! One transaction: the changes of all requests that were waiting, and the book.

use std::time::Duration;

use redb::{Database, ReadableTable};
use tokio::time::Instant;
use weir_parts::engine::{Book, EventId, Settle};

use crate::error::StoreError;
use crate::index::Index;
use crate::store::{BOOK, DEAD, DUE, LIVE, TRIES, wall};

/// A change that a request asks for.
#[derive(Debug)]
pub(crate) enum Change {
    Push(Vec<u8>),
    /// A leased event with its failed attempts.
    Settle {
        id: u64,
        tries: u32,
        how: Settle,
    },
    /// An event that is leased to the one who purges.
    Purge(u64),
    /// Accepts a dead letter again, or all of them.
    Retry(Option<EventId>),
    /// Removes all dead letters.
    PurgeDead,
}

/// What a change has done, for the index and for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Accepted(u64),
    Gone(u64),
    /// It is a dead letter now.
    Died(u64),
    Back(u64),
    Delayed {
        id: u64,
        tries: u32,
        due: Instant,
    },
    /// Dead letters were retried or removed.
    Letters(u64),
}

/// Makes all changes, or none. Returns the book after them, and what each has done.
pub(crate) fn commit(
    database: &Database,
    mut book: Book,
    changes: &[Change],
    attempts: u32,
) -> Result<(Book, Vec<Effect>), StoreError> {
    let transaction = database.begin_write()?;
    let mut effects = Vec::with_capacity(changes.len());
    {
        let mut live = transaction.open_table(LIVE)?;
        let mut tries = transaction.open_table(TRIES)?;
        let mut due = transaction.open_table(DUE)?;
        let mut dead = transaction.open_table(DEAD)?;
        for change in changes {
            effects.push(match change {
                Change::Push(payload) => {
                    let id = book.accepted;
                    live.insert(id, payload.as_slice())?;
                    book.accepted += 1;
                    Effect::Accepted(id)
                }
                Change::Settle { id, how: Settle::Back, .. } => Effect::Back(*id),
                Change::Settle { id, tries: before, how: Settle::Again { after, .. } }
                    if before + 1 < attempts =>
                {
                    let delay = after.as_millis().min(u128::from(u64::MAX)) as u64;
                    tries.insert(id, before + 1)?;
                    due.insert(id, (wall().saturating_add(delay), delay))?;
                    Effect::Delayed { id: *id, tries: before + 1, due: after_now(*after) }
                }
                Change::Settle { id, tries: before, how } => {
                    let payload = live.remove(id)?;
                    if let Some(payload) = &payload {
                        match how {
                            Settle::Done => book.done += 1,
                            Settle::Dead { why } | Settle::Again { why, .. } => {
                                _ = dead.insert(id, (before + 1, why.as_str(), payload.value()))?;
                                book.failed += 1;
                            }
                            // Handled above.
                            Settle::Back => {}
                        }
                    }
                    if *before > 0 {
                        tries.remove(id)?;
                        due.remove(id)?;
                    }
                    if *how == Settle::Done { Effect::Gone(*id) } else { Effect::Died(*id) }
                }
                Change::Purge(id) => {
                    book.dropped += u64::from(live.remove(id)?.is_some());
                    tries.remove(id)?;
                    due.remove(id)?;
                    Effect::Gone(*id)
                }
                Change::Retry(which) => {
                    let ids: Vec<u64> = match which {
                        Some(EventId(id)) => vec![*id],
                        None => dead
                            .iter()?
                            .map(|entry| entry.map(|(id, _)| id.value()))
                            .collect::<Result<_, _>>()?,
                    };
                    let mut retried = 0;
                    for id in ids {
                        let Some(letter) = dead.remove(id)? else { continue };
                        live.insert(book.accepted, letter.value().2)?;
                        book.accepted += 1;
                        retried += 1;
                    }
                    Effect::Letters(retried)
                }
                Change::PurgeDead => {
                    let mut purged = 0;
                    while dead.pop_first()?.is_some() {
                        purged += 1;
                    }
                    Effect::Letters(purged)
                }
            });
        }
        let row = (book.accepted, book.done, book.failed, book.dropped);
        transaction.open_table(BOOK)?.insert((), row)?;
    }
    transaction.commit()?;
    Ok((book, effects))
}

/// The end of a delay. One that no clock can count never ends.
fn after_now(delay: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(delay).unwrap_or_else(|| now + Duration::from_secs(u32::MAX.into()))
}

/// Applies what a transaction has done.
pub(crate) fn apply(index: &mut Index, book: Book, effects: &[Effect]) {
    index.live = book.held();
    index.book = book;
    index.committed = book.accepted;
    for effect in effects {
        match *effect {
            Effect::Accepted(_) => {}
            Effect::Letters(letters) => index.dead -= letters,
            Effect::Gone(id) | Effect::Died(id) => {
                index.settled(id);
                index.remove(id);
                index.dead += u64::from(matches!(effect, Effect::Died(_)));
            }
            Effect::Back(id) => {
                index.settled(id);
                index.give_back(id);
            }
            Effect::Delayed { id, tries, due } => {
                index.settled(id);
                index.set_tries(id, tries);
                index.delay(id, due);
            }
        }
    }
}
