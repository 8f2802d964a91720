//! The outcome of a check: verdicts, code, and the participant's state after it.

use crate::exercise::{Judgement, State};

/// What a check of code came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodeChecked {
    pub(super) passed: bool,
    /// Whether there was anything to check: code that compiles, without a `todo!()`.
    pub(super) written: bool,
}

/// What a check came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) judgements: Vec<Judgement>,
    pub(super) code: Option<CodeChecked>,
    /// What speaks against the measurement.
    pub(super) doubts: Vec<String>,
    /// When it was made, if that was for an earlier check.
    pub(super) measured_at: Option<String>,
    pub(super) passed: bool,
    /// The participant's state after the check.
    pub(super) state: State,
}
