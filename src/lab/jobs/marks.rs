//! Marks: changes and events, each with its time.

use serde::Serialize;

use crate::lab::marks::{self, OnAxis};

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
    /// A name of a job was registered, removed, taken over or given up.
    Name,
    /// Another setting was changed.
    Settings,
}

/// The latest marks.
pub(super) type Marks = marks::Marks<Mark>;

impl OnAxis for Mark {
    fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// A change of the load replaces one that came within a second before it, as while a slider
    /// moves.
    fn replaces(&self, last: &Self) -> bool {
        self.kind == MarkKind::Load && last.kind == self.kind && self.at_ms < last.at_ms + 1_000
    }
}
