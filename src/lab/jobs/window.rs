//! The lateness of the load's jobs over the last second, in ten parts of 100 ms.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::lab::Percentiles;
use crate::metrics::empty_histogram;

/// The number of parts.
const PARTS: usize = 10;

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
