//! The lateness of wake-ups: a moving mean of what was measured.

/// The longest time a sleep is aimed early, in nanoseconds.
const LONGEST: u64 = 250_000;
/// The lateness at which a single wake-up is capped, in nanoseconds: one stall says little
/// about the next thousand sleeps.
const OUTLIER: u64 = 1_000_000;
/// The number of wake-ups that the mean remembers.
const MEMORY: i64 = 64;

/// The mean lateness of the latest wake-ups.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    mean: i64,
    /// The number of wake-ups measured, up to [`MEMORY`].
    measured: i64,
}

impl Lateness {
    /// Adds a wake-up at `now` that was set for `aim`. An early wake-up counts as negative.
    pub(super) fn add(&mut self, aim: u64, now: u64) {
        let late =
            now.saturating_sub(aim).min(OUTLIER) as i64 - aim.saturating_sub(now).min(OUTLIER) as i64;
        self.measured = (self.measured + 1).min(MEMORY);
        self.mean += (late - self.mean) / self.measured;
    }

    /// Returns how much the next sleep is aimed early, in nanoseconds.
    pub(super) fn early(&self) -> u64 {
        (self.mean.max(0) as u64).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_aimed_early_by_the_mean_lateness() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.early(), 0);
        for n in 0..1000 {
            lateness.add(1_000_000, 1_000_000 + if n % 2 == 0 { 80_000 } else { 120_000 });
        }
        assert!(lateness.early().abs_diff(100_000) < 2_000, "{lateness:?}");
    }

    #[test]
    fn the_first_wake_ups_count_at_once() {
        let mut lateness = Lateness::default();
        for _ in 0..3 {
            lateness.add(0, 90_000);
        }
        assert_eq!(lateness.early(), 90_000);
    }

    #[test]
    fn no_sleep_is_aimed_more_than_a_quarter_of_a_millisecond_early() {
        let mut lateness = Lateness::default();
        for _ in 0..1000 {
            lateness.add(0, 80_000_000);
        }
        assert_eq!(lateness.early(), 250_000);
        // An overload of a thousand wake-ups is forgotten within 500.
        for _ in 0..500 {
            lateness.add(0, 60_000);
        }
        assert!(lateness.early() < 62_000, "{lateness:?}");
    }

    #[test]
    fn wake_ups_before_their_aim_do_not_move_sleeps_later() {
        let mut lateness = Lateness::default();
        lateness.add(50_000, 40_000);
        assert_eq!(lateness.early(), 0);
    }
}
