//! The outcome of a check: verdicts, code, and the participant's state after it.

use crate::exercise::{Judgement, State};

/// The result of a check of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodeChecked {
    pub(super) passed: bool,
    /// Whether the code compiles and has no `todo!()` left.
    pub(super) written: bool,
}

/// The outcome of a check.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) judgements: Vec<Judgement>,
    pub(super) code: Option<CodeChecked>,
    /// Reasons to doubt the measurement.
    pub(super) doubts: Vec<String>,
    /// What the runs have observed besides, once every question is answered.
    pub(super) observed: Vec<String>,
    /// The date of the measurement, if it was made for an earlier check.
    pub(super) measured_at: Option<String>,
    pub(super) passed: bool,
    /// The participant's state after the check.
    pub(super) state: State,
}
