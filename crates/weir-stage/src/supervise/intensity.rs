//! Limits the number of restarts in a period, with a window over the latest restarts.
//!
//! The module is pure: the caller passes the time.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// A limit of `max` restarts within any `period`, both ends included, as Erlang's supervisor
/// counts them.
#[derive(Debug)]
pub(super) struct Intensity {
    max: usize,
    period: Duration,
    /// The restarts allowed within the last period, oldest first: at most `max`.
    restarts: VecDeque<Instant>,
}

impl Intensity {
    pub(super) fn new(max: usize, period: Duration) -> Self {
        Self { max, period, restarts: VecDeque::new() }
    }

    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// Returns true if a restart is allowed now, and counts it.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        while self.restarts.front().is_some_and(|&at| now.duration_since(at) > self.period) {
            self.restarts.pop_front();
        }
        let allowed = self.restarts.len() < self.max;
        if allowed {
            self.restarts.push_back(now);
        }
        allowed
    }
}

impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.max == 1 { "" } else { "s" };
        write!(f, "{} restart{plural} within {:?}", self.max, self.period)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Tells for each restart at these seconds whether it is allowed.
    fn allowed(max: usize, period: u32, seconds: &[u32]) -> Vec<bool> {
        let (start, mut intensity) = (Instant::now(), Intensity::new(max, period * SECOND));
        seconds.iter().map(|&second| intensity.allows(start + second * SECOND)).collect()
    }

    #[test]
    fn no_more_than_the_maximum_are_allowed_within_a_period() {
        assert_eq!(allowed(3, 5, &[0, 1, 2, 3]), [true, true, true, false]);
    }

    #[test]
    fn a_restart_counts_up_to_the_last_moment_of_its_period() {
        assert_eq!(allowed(1, 5, &[0, 5]), [true, false]);
        assert_eq!(allowed(1, 5, &[0, 6]), [true, true]);
    }

    #[test]
    fn with_a_maximum_of_0_no_restart_is_allowed() {
        assert_eq!(allowed(0, 5, &[0]), [false]);
    }

    proptest! {
        #[test]
        fn the_window_agrees_with_counting_all_restarts(
            max in 0_usize..5,
            period in 0_u32..10,
            steps in prop::collection::vec(0_u32..4, 0..40),
        ) {
            let mut now = 0;
            let seconds: Vec<u32> = steps.iter().map(|step| { now += step; now }).collect();
            let mut counted: Vec<u32> = Vec::new();
            let naive: Vec<bool> = seconds.iter().map(|&second| {
                let recent = counted.iter().filter(|&&at| second - at <= period).count();
                let allowed = recent < max;
                counted.extend(allowed.then_some(second));
                allowed
            }).collect();
            prop_assert_eq!(allowed(max, period, &seconds), naive);
        }
    }
}
