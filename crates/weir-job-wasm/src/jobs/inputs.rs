//! The latest distinct inputs, for rehearsals.
//!
//! They are distinct, because a load of ten thousand equal inputs a second would push every
//! other input out of a list of submissions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::jobs::entry::Entry;
use crate::outcome::Ending;

/// The latest distinct inputs, up to a limit. The newer half is exact. An input of the older
/// half may be dropped before one that was submitted longer ago.
#[derive(Default)]
pub(crate) struct Inputs {
    kept: HashMap<i64, Kept>,
    /// The inputs by the time of their latest move, the earliest first.
    order: BTreeMap<u64, i64>,
    moves: u64,
}

/// An input that is kept.
#[derive(Clone)]
pub(crate) struct Kept {
    /// A job with this input: one that has an answer, or the latest.
    pub(crate) entry: Arc<Entry>,
    /// How often the input was submitted while it was kept.
    pub(crate) times: u64,
    moved: u64,
}

impl Inputs {
    /// Notes a submission and keeps at most `limit` inputs.
    pub(crate) fn submit(&mut self, entry: &Arc<Entry>, limit: usize) {
        let input = entry.input;
        match self.kept.get_mut(&input) {
            Some(kept) => {
                kept.times += 1;
                // Jobs are deterministic, so an answer of the same version stays valid.
                let is_answered = kept.entry.ending().is_some_and(is_answer);
                if !(is_answered && kept.entry.version == entry.version) {
                    kept.entry = Arc::clone(entry);
                }
                // An input in the newer half need not move, so repeated submissions of one
                // input cost only a look-up.
                if self.moves - kept.moved > limit as u64 / 2 {
                    self.order.remove(&kept.moved);
                    self.moves += 1;
                    kept.moved = self.moves;
                    self.order.insert(self.moves, input);
                }
            }
            None => {
                self.moves += 1;
                let kept = Kept { entry: Arc::clone(entry), times: 1, moved: self.moves };
                self.kept.insert(input, kept);
                self.order.insert(self.moves, input);
            }
        }
        self.truncate(limit);
    }

    /// Removes the earliest, until `limit` are left.
    pub(crate) fn truncate(&mut self, limit: usize) {
        while self.kept.len() > limit
            && let Some((_, input)) = self.order.pop_first()
        {
            self.kept.remove(&input);
        }
    }

    /// All inputs, the smallest first.
    pub(crate) fn all(&self) -> Vec<Kept> {
        let mut all: Vec<Kept> = self.kept.values().cloned().collect();
        all.sort_by_key(|kept| kept.entry.input);
        all
    }
}

/// True for an ending that the code caused. A job that was killed or stopped by a limit says
/// nothing about its code.
fn is_answer(ending: Ending) -> bool {
    match ending {
        Ending::Value(_) | Ending::Trap(_) | Ending::OutOfMemory => true,
        Ending::Killed | Ending::OutOfReductions | Ending::Cancelled => false,
    }
}
