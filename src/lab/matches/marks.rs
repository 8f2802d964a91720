//! Marks: changes, crashes and faults, each with its time.

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
    /// A setting was changed, or a match began.
    Change,
    /// A part was made to crash, or crashed.
    Crash,
    /// Something that should not happen, such as a panic in a reader.
    Fault,
}

/// The latest marks, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Marks(VecDeque<Mark>);

impl Marks {
    pub(super) fn add(&mut self, mark: Mark) {
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
