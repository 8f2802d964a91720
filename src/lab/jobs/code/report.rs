//! A rehearsal and a swap as JSON.

use std::time::Duration;

use serde::Serialize;
use weir_job_wasm::rehearsal::{Change, Rehearsal};

/// The most differences that are listed.
const LISTED: usize = 50;

/// The outcome of new code on the latest inputs, compared with the current code.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RehearsalReport {
    /// The file with the new code.
    pub file: String,
    /// The version with which it was compared.
    pub version: u32,
    /// The number of inputs.
    pub inputs: usize,
    /// Those with the same answer at a similar cost.
    pub same: usize,
    /// Those that had a value and would get a different one, or none.
    pub broken: usize,
    /// Those that were not tried, because the rehearsal had used up its reductions.
    pub skipped: usize,
    /// How long it took.
    pub took_ms: f64,
    /// Why this code cannot be swapped in.
    pub refused: Option<String>,
    /// The number of inputs with a different answer.
    pub changed: usize,
    /// Inputs with a different answer, the most frequent first: at most 50.
    pub differences: Vec<Difference>,
    /// Inputs with the same answer, for at least ten times fewer or more reductions: at
    /// most 50.
    pub faster: Vec<Difference>,
}

/// An input on both versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The input.
    pub input: String,
    /// The answer of the current code.
    pub old: String,
    /// The answer of the new code.
    pub new: String,
    /// How often the input was submitted.
    pub count: u64,
    /// Reductions on the current code.
    pub old_reductions: u64,
    /// Reductions on the new code.
    pub new_reductions: u64,
}

/// A change of the current version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Swap {
    /// When it happened.
    pub at_ms: u64,
    /// The version before.
    pub from: u32,
    /// The current version since then.
    pub to: u32,
    /// How long the change took.
    pub took_ns: u64,
}

impl RehearsalReport {
    pub(in crate::lab::jobs) fn of(file: &str, rehearsal: &Rehearsal, took: Duration) -> Self {
        let (differences, faster): (Vec<&Change>, Vec<&Change>) =
            rehearsal.changes.iter().partition(|change| change.old.answer != change.new.answer);
        let listed =
            |changes: &[&Change]| changes.iter().take(LISTED).map(|change| difference(change)).collect();
        Self {
            file: file.to_owned(),
            version: rehearsal.version,
            inputs: rehearsal.inputs,
            same: rehearsal.same,
            broken: rehearsal.broken(),
            skipped: rehearsal.skipped,
            took_ms: (took.as_secs_f64() * 1e4).round() / 10.0,
            refused: None,
            changed: differences.len(),
            differences: listed(&differences),
            faster: listed(&faster),
        }
    }

    /// A report on code that cannot run.
    pub(in crate::lab::jobs) fn refused(file: &str, version: u32, why: String) -> Self {
        Self {
            file: file.to_owned(),
            version,
            inputs: 0,
            same: 0,
            broken: 0,
            skipped: 0,
            took_ms: 0.0,
            refused: Some(why),
            changed: 0,
            differences: Vec::new(),
            faster: Vec::new(),
        }
    }
}

fn difference(change: &Change) -> Difference {
    Difference {
        input: change.input.to_string(),
        old: change.old.answer.to_string(),
        new: change.new.answer.to_string(),
        count: change.times,
        old_reductions: change.old.reductions,
        new_reductions: change.new.reductions,
    }
}
