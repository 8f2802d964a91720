//! Curves of the last minute: 240 points, one each 250 ms.

use serde::Serialize;

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
    /// Watchers.
    pub watchers: Vec<u64>,
    /// Joins per second.
    pub connects_s: Vec<u64>,
    /// The 99th percentile of the time until a newcomer had the snapshot, in milliseconds; 0
    /// without newcomers.
    pub art_p99_ms: Vec<f64>,
    /// The time until the last watcher had the newest recorded event; 0 without events.
    pub last_ms: Vec<f64>,
}

/// A point of the curves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) watchers: u64,
    pub(super) connects_s: u64,
    pub(super) art_p99_ms: f64,
    pub(super) last_ms: f64,
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
            watchers: points.clone().map(|point| point.watchers).collect(),
            connects_s: points.clone().map(|point| point.connects_s).collect(),
            art_p99_ms: points.clone().map(|point| point.art_p99_ms).collect(),
            last_ms: points.clone().map(|point| point.last_ms).collect(),
        }
    }
}
