//! Freezes: periodically, all work in the resource stands still for a while, as during a
//! garbage collection, a failover or a lock that is held too long.

use std::time::Duration;

/// A periodic freeze: the first begins after one period, and then one at the start of each
/// period. Work inside makes no progress during a freeze, and ends later by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze {
    period: Duration,
    length: Duration,
}

impl Freeze {
    /// Creates a freeze of `length` every `period`. Returns `None` if either is zero, or if no
    /// time would be left for work.
    pub fn new(period: Duration, length: Duration) -> Option<Self> {
        (!length.is_zero() && length < period).then_some(Self { period, length })
    }

    /// Returns how long work has stood still at `now`, or `None` outside of a freeze. Times are
    /// counted from the start of the first period.
    pub fn frozen_for(&self, now: Duration) -> Option<Duration> {
        let into = Duration::from_nanos((now.as_nanos() % self.period.as_nanos()) as u64);
        (now >= self.period && into < self.length).then_some(into)
    }

    /// Returns how long everything stands still between two moments, counted from the start of
    /// the first period.
    pub fn time_within(&self, from: Duration, to: Duration) -> Duration {
        self.time_until(to).saturating_sub(self.time_until(from))
    }

    /// Returns the sum of all freezes up to `now`.
    fn time_until(&self, now: Duration) -> Duration {
        let (period, length) = (self.period.as_nanos(), self.length.as_nanos());
        // The first period has no freeze.
        let Some(freezes) = (now.as_nanos() / period).checked_sub(1) else { return Duration::ZERO };
        let nanos = freezes * length + (now.as_nanos() % period).min(length);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Returns the time from `start` to the end of `work` that begins then, freezes included.
    /// Times are counted from the start of the first period.
    pub fn time_to_finish(&self, start: Duration, work: Duration) -> Duration {
        let period = self.period.as_nanos();
        let (into, before_first) = (start.as_nanos() % period, start.as_nanos() < period);
        // The rest of a freeze that is in progress.
        let mut took = match self.length.as_nanos().checked_sub(into) {
            Some(left) if !before_first => left,
            _ => 0,
        };
        took += work.as_nanos();
        // Each time the work would go beyond the end of a period, a freeze delays it.
        let first = period - into;
        let thawed = period - self.length.as_nanos();
        if let Some(beyond) = took.checked_sub(first + 1) {
            took += (beyond / thawed + 1) * self.length.as_nanos();
        }
        Duration::from_nanos(u64::try_from(took).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes the same in steps of a millisecond.
    fn naive(period: u64, length: u64, start: u64, work: u64) -> u64 {
        let frozen = |ms: u64| ms >= period && ms % period < length;
        let (mut now, mut left) = (start, work);
        while left > 0 {
            left -= u64::from(!frozen(now));
            now += 1;
        }
        now - start
    }

    #[test]
    fn work_ends_as_by_a_clock_that_stops_during_freezes() {
        let ms = Duration::from_millis;
        for (period, length) in [(10, 3), (10, 9), (7, 1), (100, 50)] {
            let freeze = Freeze::new(ms(period), ms(length)).unwrap();
            for start in 0..3 * period {
                for work in 1..4 * period {
                    let expected = ms(naive(period, length, start, work));
                    assert_eq!(
                        freeze.time_to_finish(ms(start), ms(work)),
                        expected,
                        "{freeze:?} {start} {work}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_time_of_the_freezes_within_a_period_adds_up() {
        let ms = Duration::from_millis;
        let freeze = Freeze::new(ms(10), ms(3)).unwrap();
        for from in 0..35 {
            for to in from..35 {
                let naive = (from..to).filter(|ms| *ms >= 10 && ms % 10 < 3).count() as u64;
                assert_eq!(freeze.time_within(ms(from), ms(to)), ms(naive), "from {from} to {to}");
            }
        }
    }

    #[test]
    fn the_first_freeze_begins_after_a_period_and_each_lasts_its_length() {
        let ms = Duration::from_millis;
        let freeze = Freeze::new(ms(10), ms(3)).unwrap();
        let frozen = |at: u64| freeze.frozen_for(ms(at)).map(|time| time.as_millis());
        assert_eq!([0, 2, 9].map(frozen), [None; 3]);
        assert_eq!([10, 12, 13, 19, 21].map(frozen), [Some(0), Some(2), None, None, Some(1)]);
    }

    #[test]
    fn a_freeze_of_no_length_or_of_the_whole_period_is_none() {
        let s = Duration::from_secs;
        assert_eq!(Freeze::new(s(1), s(1)), None);
        assert_eq!(Freeze::new(s(1), s(0)), None);
        assert_eq!(Freeze::new(s(0), s(1)), None);
    }
}
