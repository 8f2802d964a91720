//! How long moves take from their arrival at the lab until they are acknowledged.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::lock;
use crate::lab::Percentiles;
use crate::metrics::{PerThreadHistogram, empty_histogram};

/// The number of samples over which the current figures are taken: a second.
const PARTS: usize = 4;

/// The longest time that is told apart, in nanoseconds.
const LONGEST: u64 = 3_600_000_000_000;

/// The times, in nanoseconds, because most are a few microseconds.
#[derive(Debug)]
pub(super) struct Times {
    /// The metric.
    metric: Arc<PerThreadHistogram>,
    /// Since the last sample.
    new: Mutex<Option<Histogram<u64>>>,
    /// The latest samples, the newest last.
    parts: Mutex<VecDeque<Histogram<u64>>>,
}

impl Times {
    pub(super) fn new(metric: Arc<PerThreadHistogram>) -> Self {
        Self { metric, new: Mutex::default(), parts: Mutex::default() }
    }

    pub(super) fn record(&self, took: Duration) {
        self.metric.record_duration(took);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(LONGEST).clamp(1, LONGEST);
        // Cannot fail: the histogram grows as it needs to.
        let _ = lock(&self.new).get_or_insert_with(empty_histogram).record(nanos);
    }

    /// Ends a sample, which is the last of `steps`. Returns its 99th percentile in microseconds;
    /// 0 without moves.
    pub(super) fn sample(&self, steps: u64) -> f64 {
        let part = lock(&self.new).take().unwrap_or_else(empty_histogram);
        let p99 = if part.is_empty() { 0.0 } else { micros(&part, 0.99) };
        let mut parts = lock(&self.parts);
        // While nothing happens, samples are rare, and times grow old all the same.
        parts.extend((1..steps.min(PARTS as u64)).map(|_| empty_histogram()));
        parts.push_back(part);
        let old = parts.len().saturating_sub(PARTS);
        parts.drain(..old);
        p99
    }

    /// Returns the percentiles of the last second with moves, in microseconds.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        let mut all = empty_histogram();
        let parts = lock(&self.parts);
        for part in parts.iter().chain(lock(&self.new).as_ref()) {
            let _ = all.add(part);
        }
        (!all.is_empty()).then(|| Percentiles { p50: micros(&all, 0.5), p99: micros(&all, 0.99) })
    }

    pub(super) fn reset(&self) {
        *lock(&self.new) = None;
        lock(&self.parts).clear();
    }
}

fn micros(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    // One digit after the point.
    (histogram.value_at_quantile(quantile) as f64 / 100.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_last_second() {
        let times = Times::new(Arc::default());
        assert_eq!(times.percentiles(), None);
        for _ in 0..100 {
            times.record(Duration::from_nanos(2_500));
        }
        assert_eq!(times.percentiles(), Some(Percentiles { p50: 2.5, p99: 2.5 }));
        assert_eq!(times.sample(1), 2.5);
        assert_eq!(times.sample(3), 0.0);
        assert!(times.percentiles().is_some());
        assert_eq!(times.sample(1), 0.0);
        assert_eq!(times.percentiles(), None, "a second later");
    }
}
