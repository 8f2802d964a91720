//! Curves of the last minute, 240 points of 250 ms each, and the marks on them.

use serde::Serialize;

use crate::lab::figures::Rate;
use crate::lab::marks::{Marks, OnAxis};
use crate::lab::points;

/// The time between two points, in milliseconds.
pub(super) const STEP_MS: u64 = 250;
/// The number of points that are kept.
const POINTS: usize = 240;

/// The curves. Each array has a point for each step.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct History {
    /// The time between two points.
    pub step_ms: u64,
    /// When the first point begins, in milliseconds since the start.
    pub from_ms: u64,
    /// Acknowledged moves per second.
    pub moves_s: Vec<u64>,
    /// The 99th percentile of the time until a move was acknowledged, in microseconds; 0 without
    /// moves.
    pub ack_p99_us: Vec<f64>,
    /// Kills within the step.
    pub kills: Vec<u64>,
}

/// A point of the curves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) moves_s: u64,
    pub(super) ack_p99_us: f64,
    pub(super) kills: u64,
}

/// The points that are kept.
pub(super) type Points = points::Points<Point, STEP_MS, POINTS>;

impl History {
    /// Returns the points that begin at `from_ms` or later.
    pub(super) fn of(kept: &Points, from_ms: u64) -> Self {
        let (from_ms, points) = kept.since(from_ms);
        Self {
            step_ms: STEP_MS,
            from_ms,
            moves_s: points.clone().map(|point| point.moves_s).collect(),
            ack_p99_us: points.clone().map(|point| point.ack_p99_us).collect(),
            kills: points.map(|point| point.kills).collect(),
        }
    }
}

/// A mark on the time axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// Milliseconds since the lab was started.
    pub at_ms: u64,
    /// What happened, in a few words.
    pub says: String,
}

impl OnAxis for Mark {
    fn at_ms(&self) -> u64 {
        self.at_ms
    }
}

/// What is sampled of the lab.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    pub(super) points: Points,
    pub(super) marks: Marks<Mark>,
    pub(super) rate: Rate,
    /// Acknowledged moves and kills at the last sample.
    pub(super) before: (u64, u64),
}

impl Sampled {
    /// Forgets everything. The next point is that of this time.
    pub(super) fn reset(&mut self, now_ms: u64) {
        *self = Self::default();
        self.points.begin_at(now_ms);
    }
}
