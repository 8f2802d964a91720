//! How long a client that was refused should wait before it tries again.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::history::Point;
use super::{Refusal, Workbench};
use crate::config::Settings;
use crate::queue::Refused;

/// Bounds of the advice, in seconds. No client should wait for longer than an hour, also
/// if the queue does not move at all.
const SHORTEST: u64 = 1;
const LONGEST: u64 = 3600;
/// How many points of the history the rate is measured over: ten seconds.
const POINTS: usize = 40;

/// How many pipelined events were finished per second, over the last ten seconds;
/// nothing before there are two points.
pub(super) fn drain_rate(points: &VecDeque<Point>) -> f64 {
    let Some(last) = points.back() else { return 0.0 };
    let first = &points[points.len().saturating_sub(POINTS + 1)];
    let finished = |point: &Point| point.finished.pipelined;
    let seconds = last.t - first.t;
    if seconds > 0.0 { finished(last).saturating_sub(finished(first)) as f64 / seconds } else { 0.0 }
}

/// What the consumers can finish per second at most, by the configuration.
fn configured_rate(settings: &Settings) -> f64 {
    let limit = match settings.resource.max_concurrent {
        0 => u64::MAX,
        limit => limit,
    };
    settings.consumers.concurrency.min(limit) as f64 / settings.resource.latency.mean.as_secs_f64()
}

/// The seconds in which `depth` events are worked off at `rate`, within bounds.
fn seconds(depth: usize, rate: f64) -> u64 {
    // A float that is too large or infinite becomes the largest number.
    ((depth as f64 / rate).ceil() as u64).clamp(SHORTEST, LONGEST)
}

impl Workbench {
    /// The seconds after which a refused request may be sent again. For the queue:
    /// those in which what waits now is worked off, at the rate of the last ten seconds;
    /// before anything was finished, at the rate that the configuration allows.
    pub fn retry_after(&self, refusal: &Refusal) -> u64 {
        if !matches!(refusal, Refusal::Queue(Refused::Full { .. } | Refused::TimedOut { .. })) {
            return SHORTEST;
        }
        let measured = f64::from_bits(self.drain_rate.load(Ordering::Relaxed));
        let rate = if self.is_paused() {
            0.0
        } else if measured > 0.0 {
            measured
        } else {
            configured_rate(&self.settings())
        };
        seconds(self.bench.queue.depth(), rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ByMode;

    #[test]
    fn the_advice_is_the_time_to_work_off_the_queue_within_bounds() {
        assert_eq!(seconds(100, 2.0), 50);
        assert_eq!(seconds(101, 2.0), 51);
        assert_eq!(seconds(100, 1e6), SHORTEST);
        assert_eq!(seconds(0, 2.0), SHORTEST);
        assert_eq!(seconds(100_000, 1.0), LONGEST);
        assert_eq!(seconds(1, 0.0), LONGEST);
        // 0 of nothing is not a number, and no time.
        assert_eq!(seconds(0, 0.0), SHORTEST);
    }

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let finished = |n: u64| ByMode { pipelined: n * n, ..ByMode::default() };
        let point = |n: u64| Point { t: n as f64 * 0.25, finished: finished(n), ..Point::default() };
        assert!(drain_rate(&VecDeque::new()).abs() < 1e-9);
        assert!(drain_rate(&[point(3)].into()).abs() < 1e-9);
        let rate = drain_rate(&(0..=100).map(point).collect());
        assert!((rate - (100.0 * 100.0 - 60.0 * 60.0) / 10.0).abs() < 1e-9, "{rate}");
    }
}
