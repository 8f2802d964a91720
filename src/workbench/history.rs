//! The last ten minutes, for the charts: a point every quarter of a second, and marks that
//! say when something was changed.
//!
//! Memory is bounded: 2,400 points of 288 bytes, and in every fourth at most 61 pairs of 16
//! bytes for the heat map. That is 1.3 MB at most, and 0.7 MB on an idle bench.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::columns::Columns;
use super::point::Point;
use crate::record::Mark;

/// The time between two points.
pub const HISTORY_INTERVAL: Duration = Duration::from_millis(250);
/// Ten minutes of points.
const POINTS: usize = 2400;
const MARKS: usize = 100;
/// The number of points over which the drain rate is measured: ten seconds.
const RATE_POINTS: usize = 40;

/// The answer of `/api/history`. Its JSON has an array per field of a [`Point`]. Counts and
/// levels are differences, and times have three significant digits.
#[derive(Debug, Clone)]
pub struct History {
    /// The time between two points, in milliseconds.
    pub interval_ms: u64,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Oldest first.
    pub marks: Vec<Mark>,
}

impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Columns::of(self.interval_ms, &self.points, &self.marks).serialize(serializer)
    }
}

/// The points and marks of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Recent {
    points: VecDeque<Point>,
    marks: VecDeque<Mark>,
}

impl Recent {
    /// Adds a point, and drops the oldest once there are ten minutes of points.
    pub(super) fn push(&mut self, point: Point) {
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// Adds a mark, in place of the oldest if there are too many.
    pub(super) fn mark(&mut self, mark: Mark) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    pub(super) fn last_point(&self) -> Point {
        self.points.back().cloned().unwrap_or_default()
    }

    /// Returns the points after `t`, which is an uptime in seconds, and all marks.
    pub(super) fn since(&self, t: f64) -> History {
        let first = self.points.partition_point(|point| point.t <= t);
        History {
            interval_ms: HISTORY_INTERVAL.as_millis() as u64,
            points: self.points.range(first..).cloned().collect(),
            marks: self.marks.iter().cloned().collect(),
        }
    }

    /// Pipelined events finished per second over the last ten seconds; 0 before there are
    /// two points.
    pub(super) fn drain_rate(&self) -> f64 {
        let Some(last) = self.points.back() else { return 0.0 };
        let first = &self.points[self.points.len().saturating_sub(RATE_POINTS + 1)];
        let (before, now) = (first.finished.pipelined, last.finished.pipelined);
        debug_assert!(before <= now, "{before} events were finished, and then {now}");
        let seconds = last.t - first.t;
        if seconds > 0.0 { now.saturating_sub(before) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ByMode;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let recent = |numbers: std::ops::Range<u64>| {
            let mut recent = Recent::default();
            for n in numbers {
                let finished = ByMode { pipelined: n * n, ..ByMode::default() };
                recent.push(Point { t: n as f64 * 0.25, finished, ..Point::default() });
            }
            recent
        };
        assert!(recent(0..0).drain_rate().abs() < 1e-9);
        assert!(recent(3..4).drain_rate().abs() < 1e-9);
        let rate = recent(0..101).drain_rate();
        assert!((rate - (100.0 * 100.0 - 60.0 * 60.0) / 10.0).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn ten_minutes_are_kept_and_the_oldest_points_go() {
        let mut recent = Recent::default();
        (0..4000).for_each(|n| recent.push(Point { t: f64::from(n), ..Point::default() }));
        let points = recent.since(f64::NEG_INFINITY).points;
        assert_eq!((points.len(), points[0].t, points[2399].t), (2400, 1600.0, 3999.0));
    }

    #[test]
    fn a_reader_that_has_points_gets_those_after_them() {
        let mut recent = Recent::default();
        (0..10).for_each(|n| recent.push(Point { t: f64::from(n), ..Point::default() }));
        let after = |t: f64| recent.since(t).points.iter().map(|point| point.t).collect::<Vec<_>>();
        assert_eq!(after(7.0), [8.0, 9.0]);
        assert_eq!(after(6.5), [7.0, 8.0, 9.0]);
        assert_eq!(after(-1.0).len(), 10);
        assert!(after(9.0).is_empty() && after(1e300).is_empty());
    }

    #[test]
    fn the_history_takes_no_more_memory_than_stated() {
        let pair = size_of::<(usize, u64)>();
        let most = POINTS * size_of::<Point>() + POINTS / 4 * 61 * pair;
        assert!(most < 1_300_000, "{most} bytes");
        assert_eq!((size_of::<Point>(), pair), (288, 16));
    }
}
