//! The result of a rehearsal: the answers and costs of new code on the latest inputs, compared
//! with those of the current code.

use std::fmt;

use crate::outcome::Trap;

/// Smallest ratio of reductions that counts as a change in cost.
const DEARER: u64 = 10;

/// Fewest reductions on the costlier side of a change in cost: 25 in place of 2 are not worth
/// a line.
const NOTABLE: u64 = 1_000;

/// Changes that the one-line summary names.
const NAMED: usize = 10;

/// How much a rehearsal may burn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RehearsalLimits {
    /// Most reductions for one input on one version of the code. An input that needs more
    /// counts as "no end".
    pub each: u64,
    /// Most reductions of the whole rehearsal. The inputs that remain are skipped.
    pub total: u64,
}

/// A comparison of new code with the current code, on the latest inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rehearsal {
    /// Version of the code that the new code was compared with.
    pub version: u32,
    /// Number of distinct inputs that are kept.
    pub inputs: usize,
    /// Inputs with the same answer at a similar cost.
    pub same: usize,
    /// Inputs that remained when the rehearsal had used up its reductions.
    pub skipped: usize,
    /// Inputs with a different answer, or with a cost that differs tenfold
    /// (and is 1,000 reductions or more on one side): the changed
    /// answers first, then the most frequent first.
    pub changes: Vec<Change>,
    /// The limit on one input.
    pub each: u64,
}

/// An input for which the new code differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The input.
    pub input: i64,
    /// How often it was submitted while it was kept.
    pub times: u64,
    /// The result of the current code: from an earlier job if possible, otherwise from this
    /// rehearsal.
    pub old: Trial,
    /// The result of the new code.
    pub new: Trial,
}

/// One input on one version of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The answer.
    pub answer: Answer,
    /// Reductions that the answer took, or that were spent in vain.
    pub reductions: u64,
}

/// An answer to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `run` returned this value.
    Value(i64),
    /// A trap.
    Trap(Trap),
    /// The job asked for more memory than allowed.
    OutOfMemory,
    /// No end within the limit.
    NoEnd,
}

impl Default for RehearsalLimits {
    /// Returns 10 million reductions for each input, which take 3 to 10 ms, and 2 billion in
    /// all.
    fn default() -> Self {
        Self { each: 10_000_000, total: 2_000_000_000 }
    }
}

impl Rehearsal {
    /// Returns the number of inputs that had a value and would get a different one, or none:
    /// the reason not to swap.
    pub fn broken(&self) -> usize {
        let is_broken = |change: &&Change| {
            matches!(change.old.answer, Answer::Value(_)) && change.old.answer != change.new.answer
        };
        self.changes.iter().filter(is_broken).count()
    }

    /// Counts a pair of trials.
    pub(crate) fn add(&mut self, change: Change) {
        let (old, new) = (change.old.reductions, change.new.reductions);
        let (less, more) = (old.min(new), old.max(new));
        let is_dearer = more >= NOTABLE && less.saturating_mul(DEARER) <= more;
        // Without an answer on either side, the reductions say nothing.
        let has_end = change.old.answer != Answer::NoEnd;
        if change.old.answer == change.new.answer && !(is_dearer && has_end) {
            self.same += 1;
        } else {
            self.changes.push(change);
        }
    }

    /// Brings the changes into their order.
    pub(crate) fn sort(&mut self) {
        self.changes.sort_by_key(|change| {
            (change.old.answer == change.new.answer, std::cmp::Reverse(change.times), change.input)
        });
    }
}

/// One line, such as `998 of 1000 inputs the same; 13: trap: unreachable → 91; 9999: 150 k → 26 reductions`. The
/// first ten changes are named.
impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} inputs the same", self.same, self.inputs)?;
        for change in self.changes.iter().take(NAMED) {
            write!(f, "; {change}")?;
        }
        if let Some(more) = self.changes.len().checked_sub(NAMED).filter(|more| *more > 0) {
            write!(f, "; {more} other changes")?;
        }
        if self.skipped > 0 {
            write!(f, "; {} not tried", self.skipped)?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.input)?;
        if self.times > 1 {
            write!(f, " ({} times)", self.times)?;
        }
        if self.old.answer == self.new.answer {
            let [old, new] = [self.old, self.new].map(|trial| short(trial.reductions));
            write!(f, ": {old} → {new} reductions")
        } else {
            write!(f, ": {} → {}", self.old.answer, self.new.answer)
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Trap(trap) => write!(f, "trap: {trap}"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::NoEnd => f.write_str("no end"),
        }
    }
}

/// A number in at most three digits and a letter: `40`, `999 k`, `13.0 G`.
fn short(number: u64) -> String {
    let scales = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match scales.into_iter().find(|(scale, _)| number >= *scale) {
        Some((scale, letter)) if number < 100 * scale => {
            format!("{:.1} {letter}", number as f64 / scale as f64)
        }
        Some((scale, letter)) => format!("{} {letter}", number / scale),
        None => number.to_string(),
    }
}
