//! Marks: changes and events, each with its time.

use std::collections::VecDeque;

use serde::Serialize;

/// The most marks that are kept.
const MOST: usize = 100;

/// A mark on the time axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// Milliseconds since the lab was started.
    pub at_ms: u64,
    /// The kind.
    pub kind: MarkKind,
    /// What happened, in a few words.
    pub word: String,
}

/// The kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// A job runs for a second or more.
    Rogue,
    /// A job was killed, or a kill had no effect.
    Kill,
    /// The file of the code was saved.
    Save,
    /// New jobs run new code.
    Swap,
    /// New jobs run the former code again.
    Back,
    /// The load was changed.
    Load,
    /// The isolation was changed, or a thread that was lost was replaced.
    Isolation,
    /// Another setting was changed.
    Settings,
}

/// The latest marks, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Marks(VecDeque<Mark>);

impl Marks {
    /// Adds a mark. A change of the load that follows another within a second replaces it, as
    /// while a slider moves.
    pub(super) fn add(&mut self, mark: Mark) {
        let follows = |last: &Mark| last.kind == mark.kind && mark.at_ms < last.at_ms + 1_000;
        let continues = mark.kind == MarkKind::Load && self.0.back().is_some_and(follows);
        if continues {
            self.0.pop_back();
        }
        self.0.push_back(mark);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    pub(super) fn since(&self, at_ms: u64) -> Vec<Mark> {
        self.0.iter().filter(|mark| mark.at_ms >= at_ms).cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
