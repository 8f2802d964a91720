//! Curves of the last minute: 600 points, one each 100 ms.

use std::collections::VecDeque;

use serde::Serialize;

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
#[derive(Debug, Default)]
pub(super) struct Points {
    points: VecDeque<Point>,
    /// The number of points since the start, those that are no longer kept included.
    taken: u64,
}

impl Points {
    /// The number of points that are due at this time.
    pub(super) fn due(&self, now_ms: u64) -> u64 {
        (now_ms / STEP_MS).saturating_sub(self.taken)
    }

    pub(super) fn push(&mut self, point: Point) {
        self.points.push_back(point);
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
        self.taken += 1;
    }

    /// Skips points that are no longer needed, because the clock has gone on without them.
    pub(super) fn skip(&mut self, points: u64) {
        if points > POINTS as u64 {
            self.points.clear();
            self.taken += points - POINTS as u64;
        }
    }

    /// The latest points, the newest first.
    pub(super) fn latest(&self, number: usize) -> impl Iterator<Item = &Point> {
        self.points.iter().rev().take(number)
    }

    /// Returns the points that begin at `from_ms` or later.
    pub(super) fn since(&self, from_ms: u64) -> History {
        let first = self.taken - self.points.len() as u64;
        let skipped = from_ms.div_ceil(STEP_MS).saturating_sub(first).min(self.points.len() as u64);
        let points = || self.points.iter().skip(skipped as usize);
        History {
            step_ms: STEP_MS,
            from_ms: (first + skipped) * STEP_MS,
            rate: points().map(|point| point.rate).collect(),
            core: points().map(|point| (point.core * 1_000.0).round() / 1_000.0).collect(),
            p99_us: points().map(|point| point.p99_us).collect(),
        }
    }

    /// Forgets all points.
    pub(super) fn clear(&mut self) {
        self.points.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(number: u64) -> Points {
        let mut points = Points::default();
        (0..number).for_each(|rate| points.push(Point { rate, ..Point::default() }));
        points
    }

    #[test]
    fn the_last_600_points_are_kept_and_keep_their_time() {
        let history = filled(1_000).since(0);
        assert_eq!((history.from_ms, history.rate.len(), history.rate[0]), (40_000, 600, 400));
    }

    #[test]
    fn a_reader_gets_only_the_points_that_it_does_not_have() {
        let points = filled(1_000);
        let history = points.since(99_800);
        assert_eq!((history.from_ms, history.rate), (99_800, vec![998, 999]));
        let nothing = points.since(100_000);
        assert_eq!((nothing.from_ms, nothing.rate), (100_000, vec![]));
    }

    #[test]
    fn a_long_pause_costs_no_more_points_than_are_kept() {
        let mut points = filled(10);
        let due = points.due(10_000_000);
        points.skip(due);
        assert_eq!(points.due(10_000_000), 600);
    }
}
