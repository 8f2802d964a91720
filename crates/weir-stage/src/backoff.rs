//! Delays between attempts, which grow with each failure.
//!
//! Each failure doubles the longest delay, up to a bound. The delay itself is drawn at random
//! between zero and that: *full jitter*, as in Marc Brooker's "Exponential Backoff And Jitter"
//! (AWS Architecture Blog, 2015). Without the randomness, clients that failed together try
//! again together.
//!
//! The module is pure: it computes a delay and the caller sleeps. The [pool](crate::pool) uses
//! it between attempts at an event, and the [supervisor](crate::supervise) between restarts of
//! a child.

use std::time::Duration;

/// A growing delay. It has no state: the number of failures is an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    jitter: bool,
}

impl Backoff {
    /// No delay at all.
    pub const NONE: Self = Self { first: Duration::ZERO, longest: Duration::ZERO, jitter: false };

    /// Creates delays of up to `first` after the first failure, twice that after the second,
    /// and so on up to `longest`, with full jitter.
    pub const fn exponential(first: Duration, longest: Duration) -> Self {
        Self { first, longest, jitter: true }
    }

    /// Creates delays that are all `delay` long, without jitter.
    pub const fn constant(delay: Duration) -> Self {
        Self { first: delay, longest: delay, jitter: false }
    }

    /// Makes every delay the longest one instead of a random part of it.
    #[must_use]
    pub const fn without_jitter(mut self) -> Self {
        self.jitter = false;
        self
    }

    /// Returns the delay after `failures` in a row, counted from 1. After 0 failures it is
    /// zero.
    pub fn delay(&self, failures: u32, random: &mut fastrand::Rng) -> Duration {
        let longest = self.max_delay(failures);
        if self.jitter { longest.mul_f64(random.f64()) } else { longest }
    }

    /// Returns the longest [`delay`](Self::delay) possible after `failures` in a row.
    pub fn max_delay(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_longest_delay_doubles_with_each_failure_up_to_the_bound() {
        let backoff = Backoff::exponential(10 * MS, 100 * MS);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|n| backoff.max_delay(n)),
            [0, 10, 20, 40, 80, 100].map(|n| n * MS)
        );
        assert_eq!(backoff.max_delay(u32::MAX), 100 * MS);
    }

    #[test]
    fn jitter_spreads_delays_from_zero_to_the_longest() {
        let backoff = Backoff::exponential(100 * MS, 100 * MS);
        let mut random = fastrand::Rng::with_seed(7);
        let delays: Vec<_> = (0..1000).map(|_| backoff.delay(1, &mut random)).collect();
        assert!(delays.iter().all(|&delay| delay <= 100 * MS));
        let mean = delays.iter().sum::<Duration>() / 1000;
        assert!(mean > 45 * MS && mean < 55 * MS, "{mean:?}");
    }

    #[test]
    fn without_jitter_every_delay_is_the_longest() {
        let mut random = fastrand::Rng::with_seed(7);
        let delays = |backoff: Backoff, random: &mut _| [1, 2, 3].map(|n| backoff.delay(n, random));
        let doubling = Backoff::exponential(MS, 3 * MS).without_jitter();
        assert_eq!(delays(doubling, &mut random), [MS, 2 * MS, 3 * MS]);
        assert_eq!(delays(Backoff::constant(MS), &mut random), [MS; 3]);
        assert_eq!(delays(Backoff::NONE, &mut random), [Duration::ZERO; 3]);
    }
}
