//! Keeps times in slices of a run whose length nobody knows beforehand.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::Timing;
use crate::metrics::empty_histogram;

/// How many slices there are at most. Enough to see how figures vary within a
/// run, and few enough to keep.
const MOST: usize = 64;

/// A histogram in microseconds, as a whole and in slices of time. When there
/// would be more than 64 slices, each two become one, so that there are always
/// between 32 and 64 of them once there have been so many.
#[derive(Debug, Clone)]
pub struct Slicer {
    whole: Histogram<u64>,
    slices: Vec<Histogram<u64>>,
    width: Duration,
}

impl Slicer {
    /// Begins with slices of `width`.
    ///
    /// # Panics
    /// If that is zero.
    pub fn new(width: Duration) -> Self {
        assert!(!width.is_zero(), "a slice of no time");
        Self { whole: empty_histogram(), slices: Vec::new(), width }
    }

    /// Records a time that ended `at` so long after the beginning.
    pub fn record(&mut self, at: Duration, micros: u64) {
        // Neither can fail: histograms grow as they need to.
        let _ = self.whole.record(micros);
        let _ = self.slice(at).record(micros);
    }

    /// Records all of a histogram, whose times ended around `at`.
    pub fn add(&mut self, at: Duration, times: &Histogram<u64>) {
        let _ = self.whole.add(times);
        let _ = self.slice(at).add(times);
    }

    fn slice(&mut self, at: Duration) -> &mut Histogram<u64> {
        loop {
            let n = (at.as_nanos() / self.width.as_nanos()) as usize;
            if n < MOST {
                if self.slices.len() <= n {
                    self.slices.resize_with(n + 1, empty_histogram);
                }
                return &mut self.slices[n];
            }
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.width *= 2;
        let old = std::mem::take(&mut self.slices);
        let mut old = old.into_iter();
        while let Some(mut slice) = old.next() {
            if let Some(next) = old.next() {
                let _ = slice.add(next);
            }
            self.slices.push(slice);
        }
    }

    /// Everything so far.
    pub fn whole(&self) -> &Histogram<u64> {
        &self.whole
    }

    /// What a run keeps of it.
    pub fn timing(self) -> Timing {
        Timing::sliced(self.whole, self.width.as_secs_f64(), &self.slices)
    }
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
