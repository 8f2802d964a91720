//! Whether a run can be trusted, and if not, why.

use serde::{Deserialize, Serialize};

/// The checks that were made of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Audit {
    /// What was looked at, and what was found.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Such as `Little's law`.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found and what is allowed, in a sentence.
    pub says: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// The figures hold, and something about them has to be known.
    Caution,
    /// The figures do not mean what they say: the run is invalid.
    Failed,
}

impl Audit {
    /// Whether the figures of the run mean what they say.
    pub fn is_valid(&self) -> bool {
        self.checks.iter().all(|check| check.verdict != Verdict::Failed)
    }

    /// What a reader has to know: cautions and failures.
    pub fn remarks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.verdict != Verdict::Passed)
    }
}
