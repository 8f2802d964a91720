//! A histogram of durations, into which threads record without contention.
//!
//! Each thread has its own part. Only readers contend for the lock of a part.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use metrics::HistogramFn;
use serde::{Deserialize, Serialize};

use crate::per_thread::PerThread;

/// Three significant digits: a reading is off by at most 0.1 %.
const DIGITS: u8 = 3;
/// The longest duration, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// A histogram of durations in microseconds, up to an hour, with three
/// significant digits.
#[derive(Debug, Default)]
pub struct PerThreadHistogram(PerThread<Mutex<Part>>);

#[derive(Debug)]
struct Part {
    /// Grows with the largest value, so an unused one takes almost no memory.
    counts: Histogram<u64>,
    /// Kept separately, because the sum of a histogram is only as exact as its buckets.
    seconds: f64,
}

impl Default for Part {
    fn default() -> Self {
        Self { counts: empty_histogram(), seconds: 0.0 }
    }
}

/// Returns an empty histogram like all of Weir's: in microseconds, with three significant
/// digits, growing on demand.
pub fn empty_histogram() -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, 2, DIGITS).unwrap_or_else(|_| unreachable!("constant bounds"));
    histogram.auto(true);
    histogram
}

impl PerThreadHistogram {
    /// Records one duration. A duration above an hour counts as an hour.
    pub fn record_duration(&self, duration: Duration) {
        // Rounded, in two parts: nanoseconds as one number would need a 128-bit division.
        let rest = u64::from(duration.subsec_nanos().saturating_add(500) / 1000);
        let micros = duration.as_secs().saturating_mul(1_000_000).saturating_add(rest);
        let mut part = lock(self.0.local());
        // Cannot fail: the histogram grows as it needs to.
        let _ = part.counts.record(micros.min(LONGEST));
        part.seconds += duration.as_secs_f64();
    }

    /// Returns the sum of all parts, in microseconds.
    pub fn merged(&self) -> Histogram<u64> {
        self.read().0
    }

    /// Returns the sum of all parts, and the sum of the durations in seconds.
    pub(super) fn read(&self) -> (Histogram<u64>, f64) {
        let (mut all, mut seconds) = (empty_histogram(), 0.0);
        for part in self.0.iter() {
            let part = lock(part);
            // Cannot fail: `all` grows as it needs to.
            let _ = all.add(&part.counts);
            seconds += part.seconds;
        }
        (all, seconds)
    }

    /// Removes everything recorded so far.
    pub fn reset(&self) {
        for part in self.0.iter() {
            *lock(part) = Part::default();
        }
    }
}

impl HistogramFn for PerThreadHistogram {
    /// Takes seconds, the base unit of metrics.
    fn record(&self, seconds: f64) {
        if let Ok(duration) = Duration::try_from_secs_f64(seconds) {
            self.record_duration(duration);
        }
    }
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The usual figures of a histogram, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The number of durations.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Summary {
    /// Summarises a histogram in microseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let ms = |micros: u64| micros as f64 / 1e3;
        let at = |quantile| ms(histogram.value_at_quantile(quantile).min(histogram.max()));
        Self {
            count: histogram.len(),
            mean: histogram.mean() / 1e3,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(histogram.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_many_threads_come_together() {
        let histogram = PerThreadHistogram::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for ms in 1..=1000 {
                        histogram.record_duration(Duration::from_millis(ms));
                    }
                });
            }
        });
        let summary = Summary::of(&histogram.merged());
        assert_eq!(summary.count, 4000);
        for (found, expected) in [
            (summary.p50, 500.0),
            (summary.p90, 900.0),
            (summary.p99, 990.0),
            (summary.max, 1000.0),
            (summary.mean, 500.5),
        ] {
            assert!((found / expected - 1.0f64).abs() < 0.001, "{found} is not {expected}");
        }
    }

    #[test]
    fn more_than_an_hour_counts_as_an_hour() {
        let histogram = PerThreadHistogram::default();
        histogram.record_duration(Duration::from_secs(4000));
        let hour = 3_600_000.0;
        assert!((Summary::of(&histogram.merged()).max / hour - 1.0).abs() < 0.001);
    }

    #[test]
    fn a_reset_histogram_is_empty() {
        let histogram = PerThreadHistogram::default();
        histogram.record(0.25);
        assert_eq!(histogram.merged().len(), 1);
        histogram.reset();
        assert_eq!(Summary::of(&histogram.merged()), Summary::default());
    }
}
