//! The counters of a room, and the answer to a move, which counts itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use weir_stage::server::Reply;

use super::report::{Acknowledged, MoveLedger};
use super::{Position, Room};

/// Why a room did not make a move.
pub(super) enum Fault<R: Room> {
    Refused(R::Refusal),
    /// The rules panicked, with this message. The state before it is dropped with the room.
    Panicked(String),
}

pub(super) type Outcome<R> = Result<Acknowledged, Fault<R>>;

/// The counters of a room over all its lives. Each is written by one process at a time; together
/// they describe one moment when no move is on its way.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) life: AtomicU64,
    /// The number of updates in the room, in the backup, and of the last one acknowledged.
    pub(super) room: AtomicU64,
    pub(super) backed: AtomicU64,
    pub(super) acked: AtomicU64,
    /// True while the backup acknowledges.
    pub(super) acks_backed: AtomicBool,
    pub(super) has_backup: AtomicBool,
    pub(super) is_restarting: AtomicBool,
    acknowledged: AtomicU64,
    lost: AtomicU64,
    unanswered: AtomicU64,
    /// Those that are in the state that the room has now.
    unanswered_in_state: AtomicU64,
    /// Moves that arrived, also those that were refused.
    pub(super) moves: AtomicU64,
    pub(super) watchers: AtomicU64,
    pub(super) restarts: AtomicU64,
    pub(super) backup_restarts: AtomicU64,
    pub(super) history_restarts: AtomicU64,
}

impl Counts {
    pub(super) fn position(&self, n: &AtomicU64) -> Position {
        Position { life: self.life.load(Relaxed), n: n.load(Relaxed) }
    }

    pub(super) fn ledger(&self) -> MoveLedger {
        let state = if self.acks_backed.load(Relaxed) { &self.backed } else { &self.room };
        MoveLedger {
            acknowledged: self.acknowledged.load(Relaxed),
            unanswered: self.unanswered.load(Relaxed),
            in_state: state.load(Relaxed).saturating_sub(self.unanswered_in_state.load(Relaxed)),
            lost: self.lost.load(Relaxed),
        }
    }

    /// Notes the state with which the room goes on. Returns the number of acknowledged updates
    /// that it does not contain, and the numbers of the first and the last.
    pub(super) fn go_on(&self, at: Position, is_new: bool) -> (u64, Option<(u64, u64)>) {
        let acked = self.acked.load(Relaxed);
        let range = (acked > at.n).then_some((at.n + 1, acked));
        let lost = if is_new {
            self.unanswered_in_state.store(0, Relaxed);
            self.acknowledged.load(Relaxed) - self.lost.load(Relaxed)
        } else {
            range.map_or(0, |(from, to)| to + 1 - from)
        };
        self.lost.fetch_add(lost, Relaxed);
        self.life.store(at.life, Relaxed);
        for n in [&self.room, &self.backed, &self.acked] {
            n.store(at.n, Relaxed);
        }
        (lost, range.filter(|_| lost > 0))
    }
}

/// The answer to a move whose updates are numbered. Sending it counts them as acknowledged, and
/// dropping it as unanswered.
pub(super) struct Answer<R: Room> {
    reply: Option<Reply<Outcome<R>>>,
    acknowledged: Acknowledged,
    updates: u64,
    counts: Arc<Counts>,
}

impl<R: Room> Answer<R> {
    pub(super) fn new(
        reply: Reply<Outcome<R>>,
        acknowledged: Acknowledged,
        updates: usize,
        counts: &Arc<Counts>,
    ) -> Self {
        Self { reply: Some(reply), acknowledged, updates: updates as u64, counts: Arc::clone(counts) }
    }

    pub(super) fn send(mut self) {
        if self.updates > 0 {
            self.counts.acknowledged.fetch_add(self.updates, Relaxed);
            self.counts.acked.store(self.acknowledged.at.n, Relaxed);
        }
        if let Some(reply) = self.reply.take() {
            reply.send(Ok(self.acknowledged));
        }
    }
}

impl<R: Room> Drop for Answer<R> {
    fn drop(&mut self) {
        if self.reply.is_some() {
            self.counts.unanswered.fetch_add(self.updates, Relaxed);
            self.counts.unanswered_in_state.fetch_add(self.updates, Relaxed);
        }
    }
}
