//! Whether a run can be trusted, in one of three words and in sentences that say why.
//!
//! ```text
//!   invalid     the figures are wrong: do not use them
//!   disturbed   the figures hold, and something from outside is in them
//!   valid       neither
//! ```
//!
//! The rules are in `runs`, next to the figures that they compare.

use serde::{Deserialize, Serialize};

/// The checks that were made of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "Written")]
pub struct Audit {
    /// What was looked at, and what was found.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenCheck", into = "WrittenCheck")]
pub struct Check {
    /// A name for programs, such as `Little's law (client)`. The sentence does not need
    /// it.
    pub name: String,
    /// The result.
    pub verdict: Verdict,
    /// What was found, in a sentence with the number first.
    pub says: String,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// The figures hold, and a reader should know this about them. The run stays valid.
    Note,
    /// The figures hold, and something from outside is in them: the run is disturbed.
    Disturbed,
    /// The figures do not mean what they say: the run is invalid.
    Failed,
}

/// What the checks of a run come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validity {
    /// The figures mean what they say.
    Valid,
    /// They do, and something from outside is in them.
    Disturbed,
    /// They do not.
    Invalid,
}

impl Validity {
    /// The word for it; capitals if the figures must not be used.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Disturbed => "disturbed",
            Self::Invalid => "INVALID",
        }
    }
}

impl Audit {
    /// The word for the run: that of its worst check.
    pub fn validity(&self) -> Validity {
        match self.checks.iter().map(|check| check.verdict).max() {
            Some(Verdict::Failed) => Validity::Invalid,
            Some(Verdict::Disturbed) => Validity::Disturbed,
            _ => Validity::Valid,
        }
    }

    /// Whether the figures of the run are wrong.
    pub fn is_invalid(&self) -> bool {
        self.validity() == Validity::Invalid
    }

    /// What a reader has to know: failures first, then disturbances, then notes.
    pub fn remarks(&self) -> impl Iterator<Item = &Check> {
        let of = |verdict| self.checks.iter().filter(move |check| check.verdict == verdict);
        [Verdict::Failed, Verdict::Disturbed, Verdict::Note].into_iter().flat_map(of)
    }
}

/// As it stands in the file.
#[derive(Serialize)]
struct Written {
    /// For readers of the file. Weir goes by the checks.
    verdict: Validity,
    checks: Vec<Check>,
}

impl From<Audit> for Written {
    fn from(audit: Audit) -> Self {
        Self { verdict: audit.validity(), checks: audit.checks }
    }
}

/// As it stands in the file. Versions before 0.2 know three verdicts and stumble over
/// any other, so a disturbance is a caution with a field of its own.
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
