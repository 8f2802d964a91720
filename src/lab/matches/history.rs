//! Curves of the last minute: 240 points, one each 250 ms.

use std::collections::VecDeque;

use serde::Serialize;

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
#[derive(Debug, Default)]
pub(super) struct Points {
    points: VecDeque<Point>,
    /// The number of points since the start, those that are no longer kept included.
    taken: u64,
}

impl Points {
    /// Begins the curves at this time.
    pub(super) fn begin_at(&mut self, now_ms: u64) {
        self.taken = now_ms / STEP_MS;
    }

    /// Returns the number of points that are due at this time.
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

    /// Returns the points that begin at `from_ms` or later.
    pub(super) fn since(&self, from_ms: u64) -> History {
        let first = self.taken - self.points.len() as u64;
        let skipped = from_ms.div_ceil(STEP_MS).saturating_sub(first).min(self.points.len() as u64);
        let points = || self.points.iter().skip(skipped as usize);
        History {
            step_ms: STEP_MS,
            from_ms: (first + skipped) * STEP_MS,
            watchers: points().map(|point| point.watchers).collect(),
            connects_s: points().map(|point| point.connects_s).collect(),
            art_p99_ms: points().map(|point| point.art_p99_ms).collect(),
            last_ms: points().map(|point| point.last_ms).collect(),
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

    #[test]
    fn the_last_minute_is_kept_and_keeps_its_time() {
        let mut points = Points::default();
        (0..1_000).for_each(|watchers| points.push(Point { watchers, ..Point::default() }));
        let history = points.since(0);
        assert_eq!((history.from_ms, history.watchers.len(), history.watchers[0]), (190_000, 240, 760));
        let newest = points.since(249_500);
        assert_eq!((newest.from_ms, newest.watchers), (249_500, vec![998, 999]));
        let due = points.due(10_000_000);
        points.skip(due);
        assert_eq!(points.due(10_000_000), 240, "a long pause costs no more points than are kept");
    }
}
