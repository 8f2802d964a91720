//! Curves of the last minute: 600 points, one each 100 ms.

use serde::Serialize;

use crate::lab::points;

/// The time between two points, in milliseconds.
pub(super) const STEP_MS: u64 = 100;
/// The number of points that are kept.
const POINTS: usize = 600;

/// The curves. Each array has a point for each step.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct History {
    /// The time between two points.
    pub step_ms: u64,
    /// When the first point begins, in milliseconds since the start.
    pub from_ms: u64,
    /// Jobs done per second.
    pub rate: Vec<u64>,
    /// CPU time of the scheduler threads per time: 1 is one core.
    pub core: Vec<f64>,
    /// The 99th percentile of the lateness of the load's jobs, in microseconds.
    pub p99_us: Vec<u64>,
}

/// A point of the curves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) rate: u64,
    pub(super) core: f64,
    pub(super) p99_us: u64,
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
            rate: points.clone().map(|point| point.rate).collect(),
            core: points.clone().map(|point| (point.core * 1_000.0).round() / 1_000.0).collect(),
            p99_us: points.clone().map(|point| point.p99_us).collect(),
        }
    }
}
