//! Marks: changes, crashes and faults, each with its time.

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
    /// A setting was changed, or a match began.
    Change,
    /// A part was made to crash, or crashed.
    Crash,
    /// Something that should not happen, such as a panic in a reader.
    Fault,
}

/// The latest marks.
pub(super) type Marks = marks::Marks<Mark>;

impl OnAxis for Mark {
    fn at_ms(&self) -> u64 {
        self.at_ms
    }
}
