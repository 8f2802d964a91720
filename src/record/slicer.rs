//! Records times in slices of a run whose length is not known in advance.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::Timing;
use super::timing::{Buckets, buckets, record_buckets};
use crate::metrics::empty_histogram;

/// The most slices: enough to show how figures vary within a run, few enough to store.
const MOST: usize = 64;

/// A histogram in microseconds, as a whole and in slices of time. When there would be
/// more than 64 slices, each two are merged, so a long run has between 32 and 64.
#[derive(Debug, Clone)]
pub struct Slicer {
    whole: Histogram<u64>,
    /// Slices that have ended. Only buckets with values are kept, as a histogram up to
    /// minutes takes 150 kB and most slices have few values.
    over: Vec<Buckets>,
    /// The slice after them.
    current: Histogram<u64>,
    /// The end of the current slice.
    ends: Duration,
    width: Duration,
}

impl Slicer {
    /// Begins with slices of `width`.
    ///
    /// # Panics
    /// If `width` is zero.
    pub fn new(width: Duration) -> Self {
        assert!(!width.is_zero(), "a slice of no time");
        Self { whole: empty_histogram(), over: Vec::new(), current: empty_histogram(), ends: width, width }
    }

    /// Records a time that ended at `at` after the beginning. Calls must be in the order
    /// of `at`.
    pub fn record(&mut self, at: Duration, micros: u64) {
        self.go_to(at);
        // Neither can fail: histograms grow as they need to.
        let _ = self.whole.record(micros);
        let _ = self.current.record(micros);
    }

    /// Records all times of a histogram, which ended around `at`.
    pub fn add(&mut self, at: Duration, times: &Histogram<u64>) {
        self.go_to(at);
        let _ = self.whole.add(times);
        let _ = self.current.add(times);
    }

    /// Ends slices until the current one contains `at`.
    fn go_to(&mut self, at: Duration) {
        while at >= self.ends {
            if self.over.len() + 1 < MOST {
                self.over.push(buckets(&self.current));
                self.current.reset();
            } else {
                self.halve();
            }
            self.ends = self.width * (self.over.len() as u32 + 1);
        }
    }

    fn halve(&mut self) {
        self.width *= 2;
        // A slice without a partner is the first half of the current one.
        if self.over.len() % 2 == 1
            && let Some(half) = self.over.pop()
        {
            record_buckets(&mut self.current, &half);
        }
        self.over = self.over.chunks(2).map(|pair| merged(&pair.concat())).collect();
    }

    /// All times so far.
    pub fn whole(&self) -> &Histogram<u64> {
        &self.whole
    }

    /// Returns the times as a run stores them.
    pub fn timing(mut self) -> Timing {
        if !self.whole.is_empty() {
            self.over.push(buckets(&self.current));
        }
        Timing::sliced(self.whole, self.width.as_secs_f64(), self.over)
    }
}

/// Sorts buckets and merges those of the same value.
fn merged(all: &[(u64, u64)]) -> Buckets {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, same.iter().map(|b| b.1).sum())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_grow_with_the_run_and_lose_nothing() {
        let mut slicer = Slicer::new(Duration::from_millis(10));
        for ms in 0..5000 {
            slicer.record(Duration::from_millis(ms), ms + 1);
        }
        let timing = slicer.timing();
        // 10 ms, doubled until 64 of them are 5 s: 80 ms.
        assert_eq!(timing.slices().seconds, 0.08);
        let counts: Vec<u64> = timing.slices().histograms().map(|slice| slice.len()).collect();
        assert_eq!(counts.len(), 63);
        assert!(counts[..62].iter().all(|&count| count == 80), "{counts:?}");
        assert_eq!(counts.iter().sum::<u64>(), 5000);
        assert_eq!(timing.count(), Some(5000));
    }
}
