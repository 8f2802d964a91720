//! Compares two runs: what differs, and whether it is more than noise.
//!
//! Shares of what failed or was refused come first, see `compare/share.rs`.
//! Each other figure (the rate, and the mean and percentiles of the answer times and of
//! the bench's response times) is compared as a relative difference with its 95 %
//! confidence interval:
//!
//! ```text
//!   slices of each run ─▶ noise of each figure ─▶ interval of the ratio ─▶ Holm
//!     (long-run variance by cosines,                (MOVER, Student's t)   over all
//!      percentiles as shares)                                              figures
//! ```
//!
//! - The noise of one run comes from its slices in time, see `compare/noise.rs`.
//! - The two are put together by MOVER (Zou & Donner 2008), with the degrees of
//!   freedom of Welch (1947) and Satterthwaite (1946).
//! - The runs *differ* only if a figure does at 5 % for all figures together, by
//!   Holm's procedure (1979).
//! - Nothing below the resolution of a histogram is a difference: 0.1 %, or 1 µs.
//!
//! What was measured, in percent of 500 pairs of independent runs of one minute at
//! 400/s in 30 slices (`compare/tests.rs` keeps the experiment, and a part of it as a
//! test). Queues are M/M/3 at this utilisation:
//!
//! ```text
//!                 equal runs reported as different              10 % slower, found
//!                 rate  mean   p50   p90   p99   any (Holm)   mean   p50   p90   p99
//!   even load,
//!   lognormal      0.0   4.0   4.0   3.4   4.0      2.6        100   100   100  99.8
//!   queue, 0.5     3.6   4.2   5.2   5.0   4.2      3.2        100   100   100  98.2
//!   queue, 0.8     3.6   5.8   3.4   3.8   3.2      2.2
//!   queue, 0.9     3.4   6.0   3.0   2.6   4.0      2.2
//!   queue, 0.95    3.6  11.2   2.0   4.2   2.8      2.8
//! ```
//!
//! Rejected alternatives, with 60 slices and all else equal: taking every slice as
//! independent (means of a queue at 0.9 differ in 16 % of the pairs, at 0.95 in 35 %),
//! and ten sections, the usual batch means (at 0.95 in 12 %). With percentile limits that
//! are symmetric in the share, the p99 of a queue at 0.8 differs in 9 % of the pairs, at
//! 0.9 in 15 %. A minute is short for a queue at 0.95, which remembers for four seconds;
//! only a longer run helps.
//!
//! All of this covers the noise *within* a run. Differences between days, such as another
//! tenant or a warmer machine, cannot be seen in a single pair of runs.

mod figure;
mod noise;
mod share;
mod student;
#[cfg(test)]
mod tests;
mod words;

use serde::Serialize;

use crate::record::{Origin, Run};

pub(super) use words::flatten;

pub use figure::{ComparedFigure, Difference, Values};

/// The share of comparisons of equal runs that report a difference.
const LEVEL: f64 = 0.05;

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The baseline run.
    pub a: Side,
    /// The compared run.
    pub b: Side,
    /// The figures that both runs have, in the order of a table.
    pub figures: Vec<ComparedFigure>,
    /// The strongest difference of all figures.
    pub difference: Difference,
    /// The result in a few sentences.
    pub words: String,
    /// Notes on other settings, invalid runs and trends.
    pub notes: Vec<String>,
    /// The method.
    pub method: String,
}

/// A run in a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The id of the run.
    pub id: String,
    /// The name of the run, or its id.
    pub title: String,
    /// The origin of its figures.
    pub origin: Origin,
}

/// Compares `b` with `a`. The result is always the same for the same two runs.
pub fn compare(a: &Run, b: &Run) -> Comparison {
    let mut figures = share::figures(a, b);
    figures.extend(figure::figures(a, b));
    figure::judge(&mut figures);
    let kinds = [a, b].map(Run::measured);
    let difference = figures.iter().map(|figure| figure.difference).max().unwrap_or(Difference::Unknown);
    Comparison {
        words: match kinds[0] == kinds[1] {
            true => words::summary(&figures, difference),
            false => words::of_different_kinds(a, b),
        },
        notes: words::notes(&figures, a, b),
        method: words::METHOD.to_owned(),
        a: Side::of(a),
        b: Side::of(b),
        figures,
        difference,
    }
}

impl Side {
    fn of(run: &Run) -> Self {
        Self { id: run.id.clone(), title: run.title().to_owned(), origin: run.origin }
    }
}
