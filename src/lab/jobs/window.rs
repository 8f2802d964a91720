//! Figures over the last second: the lateness of the load's jobs, in ten parts of 100 ms, and
//! the rate of a count.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use crate::metrics::empty_histogram;

/// The number of parts.
const PARTS: usize = 10;

/// The time over which a rate is taken.
const SECOND: Duration = Duration::from_secs(1);

/// Two percentiles in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// The times that one scheduler thread has recorded since they were last taken, in
/// microseconds.
#[derive(Debug, Default)]
pub(super) struct Window(Mutex<Option<Histogram<u64>>>);

impl Window {
    pub(super) fn record(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).clamp(1, 3_600_000_000);
        let mut histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Cannot fail: the histogram grows as it needs to.
        let _ = histogram.get_or_insert_with(empty_histogram).record(micros);
    }

    fn take(&self) -> Option<Histogram<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The latest ten parts, the newest last.
#[derive(Debug, Default)]
pub(super) struct LastSecond(VecDeque<Histogram<u64>>);

impl LastSecond {
    /// Adds a part with what the threads have recorded. Returns its 99th percentile in
    /// microseconds; 0 without times.
    pub(super) fn push<'a>(&mut self, windows: impl Iterator<Item = &'a Window>) -> u64 {
        let mut part = empty_histogram();
        for histogram in windows.filter_map(Window::take) {
            // Cannot fail: the histogram grows as it needs to.
            let _ = part.add(histogram);
        }
        let p99 = if part.is_empty() { 0 } else { part.value_at_quantile(0.99) };
        self.0.push_back(part);
        if self.0.len() > PARTS {
            self.0.pop_front();
        }
        p99
    }

    /// Returns the percentiles of all parts; `None` without times.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        let mut all = empty_histogram();
        for part in &self.0 {
            let _ = all.add(part);
        }
        let ms = |quantile| all.value_at_quantile(quantile) as f64 / 1e3;
        (!all.is_empty()).then(|| Percentiles { p50: ms(0.5), p99: ms(0.99) })
    }

    /// Returns the newest part.
    pub(super) fn newest(&self) -> Option<&Histogram<u64>> {
        self.0.back()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The rate of a count over the last second. One sample is too short a time for it: a machine
/// with other work may run nothing of what is counted between two samples.
#[derive(Debug, Default)]
pub(super) struct Rate {
    count: u64,
    /// The count at each of the latest samples, the oldest a second ago or earlier.
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// Adds what was counted since the last sample.
    pub(super) fn push(&mut self, now: Instant, counted: u64) {
        self.count += counted;
        self.samples.push_back((now, self.count));
        while self.samples.get(1).is_some_and(|(at, _)| now - *at >= SECOND) {
            self.samples.pop_front();
        }
    }

    /// Returns the count per second; 0 before the second sample.
    pub(super) fn per_second(&self) -> f64 {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else { return 0.0 };
        let seconds = (last.0 - first.0).as_secs_f64();
        if seconds > 0.0 { (last.1 - first.1) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_second_however_far_apart_the_samples_are() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), 0.0);
        rate.push(at(0), 5);
        assert_eq!(rate.per_second(), 0.0, "one sample");
        rate.push(at(500), 100);
        assert_eq!(rate.per_second(), 200.0);
        rate.push(at(500), 0);
        assert_eq!(rate.per_second(), 200.0, "a sample at once after another");
        rate.push(at(1_500), 300);
        assert_eq!(rate.per_second(), 300.0);
        rate.push(at(4_500), 60);
        assert_eq!(rate.per_second(), 20.0, "a late sample: the whole time since the one before");
    }
}
