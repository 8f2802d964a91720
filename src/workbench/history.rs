//! The last minutes, for the charts: a point every quarter of a second, and marks that say
//! what was changed when.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::record::by_mode::in_order;
use crate::record::{ByMode, Mark};

/// The time between two points.
pub const HISTORY_INTERVAL: Duration = Duration::from_millis(250);
/// Five minutes of points.
const POINTS: usize = 1200;
const MARKS: usize = 100;
/// The number of points over which the drain rate is measured: ten seconds.
const RATE_POINTS: usize = 40;

/// One moment of the bench. In JSON, an array has an entry for each mode: serial, async,
/// pipelined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Uptime in seconds.
    pub t: f64,
    /// Requests that arrived since the start, regardless of resets.
    #[serde(default, with = "in_order")]
    pub arrived: ByMode<u64>,
    /// Responses sent since the start, regardless of resets.
    #[serde(with = "in_order")]
    pub requests: ByMode<u64>,
    /// Events done or failed since the start, regardless of resets.
    #[serde(with = "in_order")]
    pub finished: ByMode<u64>,
    /// Events in the queue or at its gate.
    pub depth: usize,
    /// Events in the resource.
    pub in_use: usize,
    /// Events that consumers are handling.
    pub busy: usize,
    /// Events that consumers hold and have not started.
    pub held: usize,
    /// The number of events that consumers may handle at once.
    pub concurrency: u64,
    /// The p50 and p99 of the wait, in milliseconds, of events done since the previous
    /// point; `None` if there were none.
    #[serde(with = "in_order")]
    pub wait_ms: ByMode<Option<[f64; 2]>>,
    /// The p50 and p99 of the response, likewise.
    #[serde(with = "in_order")]
    pub response_ms: ByMode<Option<[f64; 2]>>,
    /// Events done in the second that has just ended, in all modes: pairs of a step of the
    /// response time and a number. A tenfold has ten steps, the first from 0.1 ms on.
    /// Empty in points within a second.
    #[serde(default)]
    pub heat: Vec<(usize, u64)>,
}

/// The answer of `/api/history`.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// The time between two points, in milliseconds.
    pub interval_ms: u64,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Oldest first.
    pub marks: Vec<Mark>,
}

/// The points and marks of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Recent {
    points: VecDeque<Point>,
    marks: VecDeque<Mark>,
}

impl Recent {
    /// Adds a point, in place of the oldest if there are five minutes of them.
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

    pub(super) fn history(&self) -> History {
        History {
            interval_ms: HISTORY_INTERVAL.as_millis() as u64,
            points: self.points.iter().cloned().collect(),
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
    fn five_minutes_are_kept_and_the_oldest_points_go() {
        let mut recent = Recent::default();
        (0..2000).for_each(|n| recent.push(Point { t: f64::from(n), ..Point::default() }));
        let points = recent.history().points;
        assert_eq!((points.len(), points[0].t, points[1199].t), (1200, 800.0, 1999.0));
    }
}
