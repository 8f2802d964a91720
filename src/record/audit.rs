//! The audit of a run: whether its figures can be trusted, in one of three words, and
//! why.
//!
//! ```text
//!   invalid     the figures are wrong: do not use them
//!   disturbed   the figures hold, and something from outside is in them
//!   valid       neither
//! ```
//!
//! The rules are in `runs`.

use serde::{Deserialize, Serialize};

/// The checks of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "Written")]
pub struct Audit {
    /// The checks, with their results.
    pub checks: Vec<Check>,
}

/// One check of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenCheck", into = "WrittenCheck")]
pub struct Check {
    /// A name for programs, such as `Little's law (client)`. The sentence is complete
    /// without it.
    pub name: String,
    /// The result.
    pub verdict: Verdict,
    /// The finding, in a sentence with the number first.
    pub says: String,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The run passes the check.
    Passed,
    /// The run is valid, and a reader should know this about it.
    Note,
    /// The run is disturbed: the figures hold, but include an influence from outside.
    Disturbed,
    /// The run is invalid: its figures are wrong.
    Failed,
}

/// The result of all checks of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validity {
    /// The figures are right.
    Valid,
    /// The figures are right, but include an influence from outside.
    Disturbed,
    /// The figures are wrong.
    Invalid,
}

impl Validity {
    /// The word for it, in capitals if the figures must not be used.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Disturbed => "disturbed",
            Self::Invalid => "INVALID",
        }
    }
}

impl Audit {
    /// Returns the validity that the worst check leaves.
    pub fn validity(&self) -> Validity {
        match self.checks.iter().map(|check| check.verdict).max() {
            Some(Verdict::Failed) => Validity::Invalid,
            Some(Verdict::Disturbed) => Validity::Disturbed,
            _ => Validity::Valid,
        }
    }

    /// True if the figures of the run are wrong.
    pub fn is_invalid(&self) -> bool {
        self.validity() == Validity::Invalid
    }

    /// The checks that a reader has to know of: failures first, then disturbances, then
    /// notes.
    pub fn remarks(&self) -> impl Iterator<Item = &Check> {
        let of = |verdict| self.checks.iter().filter(move |check| check.verdict == verdict);
        [Verdict::Failed, Verdict::Disturbed, Verdict::Note].into_iter().flat_map(of)
    }
}

/// The form in the file.
#[derive(Serialize)]
struct Written {
    /// For readers of the file. Weir itself uses the checks.
    verdict: Validity,
    checks: Vec<Check>,
}

impl From<Audit> for Written {
    fn from(audit: Audit) -> Self {
        Self { verdict: audit.validity(), checks: audit.checks }
    }
}

/// The form in the file. Versions before 0.2 know three verdicts and refuse any other, so
/// a disturbance is written as a caution with a field of its own.
#[derive(Serialize, Deserialize)]
struct WrittenCheck {
    name: String,
    verdict: WrittenVerdict,
    says: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    disturbed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenVerdict {
    Passed,
    Caution,
    Failed,
}

impl From<WrittenCheck> for Check {
    fn from(WrittenCheck { name, verdict, says, disturbed }: WrittenCheck) -> Self {
        let verdict = match verdict {
            WrittenVerdict::Passed => Verdict::Passed,
            WrittenVerdict::Caution if disturbed => Verdict::Disturbed,
            WrittenVerdict::Caution => Verdict::Note,
            WrittenVerdict::Failed => Verdict::Failed,
        };
        Self { name, verdict, says }
    }
}

impl From<Check> for WrittenCheck {
    fn from(Check { name, verdict, says }: Check) -> Self {
        let disturbed = verdict == Verdict::Disturbed;
        let verdict = match verdict {
            Verdict::Passed => WrittenVerdict::Passed,
            Verdict::Note | Verdict::Disturbed => WrittenVerdict::Caution,
            Verdict::Failed => WrittenVerdict::Failed,
        };
        Self { name, verdict, says, disturbed }
    }
}
