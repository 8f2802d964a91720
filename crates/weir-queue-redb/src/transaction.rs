//! One transaction: the changes of all waiting requests, and the book.

use std::sync::Arc;
use std::time::Duration;

use redb::{Database, ReadableTable};
use tokio::time::Instant;
use weir_parts::engine::{EventId, Settle};

use crate::error::StoreError;
use crate::index::Index;
use crate::tables::{BEGUN, BOOK, Counts, DEAD, DUE, LIVE, TRIES, wall};

/// A change that a request asks for.
#[derive(Debug)]
pub(crate) enum Change {
    Push(Vec<u8>),
    /// A leased event with its failed attempts.
    Settle {
        id: u64,
        tries: u32,
        /// True if the file may note that its work has begun.
        is_noted: bool,
        how: Settle,
    },
    /// Drops an event that a purge has leased.
    Purge(u64),
    /// Accepts a dead letter again, or all of them.
    Retry(Option<EventId>),
    /// Removes all dead letters.
    PurgeDead,
}

/// The effect of a change, for the index and for the answer.
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

/// The state that a transaction writes besides its changes.
#[derive(Debug, Default)]
pub(crate) struct Before<'a> {
    /// The counts of the file.
    pub(crate) counts: Counts,
    /// Events that were accepted before this commit, with their numbers. They are not in `counts`.
    pub(crate) fresh: &'a [(u64, Arc<Vec<u8>>)],
    /// Events that were accepted and are done since the last commit. Nothing else is written of them.
    pub(crate) passed: u64,
    /// Events whose work has begun.
    pub(crate) begun: &'a [u64],
    /// The numbers that are reserved.
    pub(crate) ahead: u64,
}

impl Before<'_> {
    /// The counts before the changes.
    fn counts(&self) -> Counts {
        let mut counts = self.counts;
        let accepted = self.fresh.len() as u64 + self.passed;
        counts.book.accepted += accepted;
        counts.book.done += self.passed;
        counts.next += accepted;
        counts
    }
}

/// Makes all changes, or none. Returns the counts after them, and the effect of each.
pub(crate) fn commit(
    database: &Database,
    before: &Before<'_>,
    changes: &[Change],
    attempts: u32,
) -> Result<(Counts, Vec<Effect>), StoreError> {
    let mut counts = before.counts();
    let transaction = database.begin_write()?;
    let mut effects = Vec::with_capacity(changes.len());
    {
        let mut live = transaction.open_table(LIVE)?;
        let mut tries = transaction.open_table(TRIES)?;
        let mut due = transaction.open_table(DUE)?;
        let mut dead = transaction.open_table(DEAD)?;
        let mut begun = transaction.open_table(BEGUN)?;
        for (id, payload) in before.fresh {
            live.insert(id, payload.as_slice())?;
        }
        for id in before.begun {
            begun.insert(id, ())?;
        }
        for change in changes {
            if let Change::Settle { id, is_noted: true, .. } = change {
                begun.remove(id)?;
            }
            effects.push(match change {
                Change::Push(payload) => {
                    let id = counts.accept();
                    live.insert(id, payload.as_slice())?;
                    Effect::Accepted(id)
                }
                Change::Settle { id, how: Settle::Back, .. } => Effect::Back(*id),
                Change::Settle { id, tries: before, how: Settle::Again { after, .. }, .. }
                    if before + 1 < attempts =>
                {
                    let delay = after.as_millis().min(u128::from(u64::MAX)) as u64;
                    tries.insert(id, before + 1)?;
                    due.insert(id, (wall().saturating_add(delay), delay))?;
                    Effect::Delayed { id: *id, tries: before + 1, due: after_now(*after) }
                }
                Change::Settle { id, tries: before, how, .. } => {
                    let payload = live.remove(id)?;
                    if let Some(payload) = &payload {
                        match how {
                            Settle::Done => counts.book.done += 1,
                            Settle::Dead { why } | Settle::Again { why, .. } => {
                                _ = dead.insert(id, (before + 1, why.as_str(), payload.value()))?;
                                counts.book.failed += 1;
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
                    counts.book.dropped += u64::from(live.remove(id)?.is_some());
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
                        live.insert(counts.accept(), letter.value().2)?;
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
        transaction.open_table(BOOK)?.insert((), counts.row(before.ahead))?;
    }
    transaction.commit()?;
    Ok((counts, effects))
}

/// Removes the notes of begun events and the reserved numbers: an orderly end counts no attempt.
pub(crate) fn leave(database: &Database, counts: Counts) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    transaction.open_table(BEGUN)?.retain(|_, ()| false)?;
    transaction.open_table(BOOK)?.insert((), counts.row(0))?;
    transaction.commit()?;
    Ok(())
}

/// Returns the end of a delay. A delay beyond the range of the clock lasts for 136 years.
pub(crate) fn after_now(delay: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(delay).unwrap_or_else(|| now + Duration::from_secs(u32::MAX.into()))
}

/// Applies the effects of a transaction to the index.
pub(crate) fn apply(index: &mut Index, counts: Counts, effects: &[Effect]) {
    index.live = counts.book.held();
    index.book = counts.book;
    index.next = counts.next;
    index.committed = counts.next;
    apply_effects(index, effects);
}

/// Applies the effects of changes, except for their counts.
pub(crate) fn apply_effects(index: &mut Index, effects: &[Effect]) {
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
