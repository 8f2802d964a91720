//! How long to wait before trying again.
//!
//! Each failure doubles the longest wait, up to a bound, and the wait itself is
//! drawn at random from nothing up to that: *full jitter*, as in Marc Brooker's
//! "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). Without the
//! randomness everybody who failed together tries again together.
//!
//! Pure: it says how long, and somebody else waits. The
//! [pool](crate::pool) uses it between attempts at an event, and the
//! [supervisor](crate::supervise) between restarts of a child.

use std::time::Duration;

/// A growing wait. `Copy`, and without state: the number of failures is an
/// argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    jitter: bool,
}

impl Backoff {
    /// No wait at all.
    pub const NONE: Self = Self { first: Duration::ZERO, longest: Duration::ZERO, jitter: false };

    /// Up to `first` after the first failure, twice that after the second, and
    /// so on up to `longest`; with full jitter.
    pub const fn exponential(first: Duration, longest: Duration) -> Self {
        Self { first, longest, jitter: true }
    }

    /// The same wait each time, without jitter.
    pub const fn constant(wait: Duration) -> Self {
        Self { first: wait, longest: wait, jitter: false }
    }

    /// Always the longest wait instead of a random part of it.
    pub const fn without_jitter(mut self) -> Self {
        self.jitter = false;
        self
    }

    /// The wait after `failures` in a row, counted from 1. None have no wait.
    pub fn delay(&self, failures: u32, random: &mut fastrand::Rng) -> Duration {
        let most = self.max_delay(failures);
        if self.jitter { most.mul_f64(random.f64()) } else { most }
    }

    /// The longest that [`delay`](Self::delay) can answer.
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
    fn the_bound_doubles_with_each_failure_up_to_the_longest() {
        let backoff = Backoff::exponential(10 * MS, 100 * MS);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|n| backoff.max_delay(n)),
            [0, 10, 20, 40, 80, 100].map(|n| n * MS)
        );
        assert_eq!(backoff.max_delay(u32::MAX), 100 * MS);
    }

    #[test]
    fn jitter_is_spread_over_everything_from_nothing_to_the_bound() {
        let backoff = Backoff::exponential(100 * MS, 100 * MS);
        let mut random = fastrand::Rng::with_seed(7);
        let waits: Vec<_> = (0..1000).map(|_| backoff.delay(1, &mut random)).collect();
        assert!(waits.iter().all(|&wait| wait <= 100 * MS));
        let mean = waits.iter().sum::<Duration>() / 1000;
        assert!(mean > 45 * MS && mean < 55 * MS, "{mean:?}");
    }

    #[test]
    fn without_jitter_the_wait_is_the_bound() {
        let mut random = fastrand::Rng::with_seed(7);
        let waits = |backoff: Backoff, random: &mut _| [1, 2, 3].map(|n| backoff.delay(n, random));
        let doubling = Backoff::exponential(MS, 3 * MS).without_jitter();
        assert_eq!(waits(doubling, &mut random), [MS, 2 * MS, 3 * MS]);
        assert_eq!(waits(Backoff::constant(MS), &mut random), [MS; 3]);
        assert_eq!(waits(Backoff::NONE, &mut random), [Duration::ZERO; 3]);
    }
}
