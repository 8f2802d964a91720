//! Figures that several labs show: percentiles, rates, and the verdict.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// The time over which a rate is taken.
const SECOND: Duration = Duration::from_secs(1);

/// Two percentiles of times. The unit stands in the name of the field that has them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// A few words in capitals.
    pub word: String,
    /// Its tone.
    pub tone: Tone,
    /// A sentence.
    pub text: String,
}

/// The tone of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// All is well.
    Ok,
    /// Something deserves attention.
    Warn,
    /// Something is wrong.
    Bad,
    /// Nothing happens.
    Calm,
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
