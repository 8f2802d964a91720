//! A burst: n events at once, in front of k places.
//!
//! With fixed service they leave in rounds of k, so every figure can be counted. With
//! exponential service the places stay busy until fewer than k events are left, then wait
//! for the slowest of k, of k - 1, and so on.
//!
//! Sources: counting; the largest of k exponentials lasts `1 + 1/2 + ... + 1/k`
//! means (A. Rényi, "On the Theory of Order Statistics", Acta Mathematica Hungarica
//! 4 (1953)).

use super::line::Line;
use super::poisson;
use crate::record::PredictedTimes;

/// A burst of `events` in front of `places`, with the mean of the service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// n.
    pub events: u64,
    /// k.
    pub places: u64,
    /// In seconds.
    pub service: f64,
}

impl Burst {
    /// Returns the number of events that begin at once.
    pub fn first(&self) -> u64 {
        self.events.min(self.places)
    }

    /// Returns the number of events that find every place taken.
    pub fn behind(&self) -> u64 {
        self.events - self.first()
    }

    /// Returns the seconds until the last event is done, with fixed service.
    pub fn fixed_drain(&self) -> f64 {
        self.events.div_ceil(self.places) as f64 * self.service
    }

    /// Returns the responses with fixed service: event i is done after i/k services,
    /// rounded up.
    pub fn fixed_responses(&self) -> PredictedTimes {
        let (n, k) = (self.events, self.places);
        let (full, rest) = (n / k, n % k);
        let rounds = k as f64 * full as f64 * (full + 1) as f64 / 2.0 + (rest * (full + 1)) as f64;
        PredictedTimes::of_quantiles(rounds / n as f64 * self.service, |p| {
            let rank = ((p * n as f64 - 1e-9).ceil() as u64).clamp(1, n);
            rank.div_ceil(k) as f64 * self.service
        })
    }

    /// Returns the seconds until the last event is done, with exponential service: the
    /// mean, and the standard deviation of a single run.
    pub fn exponential_drain(&self) -> (f64, f64) {
        let (k, behind) = (self.places as f64, self.behind() as f64);
        let last = (1..=self.first()).map(|left| 1.0 / left as f64);
        let mean = behind / k + last.clone().sum::<f64>();
        let variance = behind / (k * k) + last.map(|share| share * share).sum::<f64>();
        (mean * self.service, variance.sqrt() * self.service)
    }

    /// Returns the line in front of a random event, with exponential service.
    pub fn exponential_line(&self) -> Line {
        let mut ahead = vec![1.0; self.behind() as usize + 1];
        ahead[0] = self.first() as f64;
        Line::new(self.places, self.service, &ahead)
    }

    /// Returns the mean number of events still waiting after `seconds`, beyond the first
    /// `held`, which is at least the number of places.
    pub fn waiting(&self, held: u64, seconds: f64, exponential: bool) -> f64 {
        let waiting = self.events.saturating_sub(held) as f64;
        let services = seconds / self.service;
        if exponential {
            let left = |done: usize| (waiting - done as f64).max(0.0);
            return poisson::window(services * self.places as f64).mean_of(left);
        }
        // At the end of a round the next one has begun.
        (waiting - (services + 1e-9).floor() * self.places as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(events: u64, places: u64) -> Burst {
        Burst { events, places, service: 0.5 }
    }

    /// The seed document of the workshop: a thousand events of half a second.
    #[test]
    fn the_workshops_burst() {
        assert_eq!(burst(1000, 1).fixed_drain(), 500.0);
        assert_eq!(burst(1000, 1).fixed_responses().mean_ms, Some(250_250.0));
        assert_eq!(burst(1000, 1).fixed_responses().p99_ms, Some(495_000.0));
        assert_eq!(burst(1000, 3).fixed_drain(), 167.0);
        assert_eq!(burst(2, 3).fixed_drain(), 0.5);
    }

    #[test]
    fn the_mean_response_is_counted_right() {
        for (events, places) in [(1000, 3), (10, 4), (3, 10), (12, 4)] {
            let burst = burst(events, places);
            let sum: u64 = (1..=events).map(|event| event.div_ceil(places)).sum();
            let mean = burst.fixed_responses().mean_ms.unwrap();
            assert!((mean - sum as f64 / events as f64 * 500.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_exponential_drain_is_that_of_a_simulation() {
        let burst = burst(40, 3);
        let mut random = fastrand::Rng::with_seed(5);
        let (mut drains, mut over, runs) = (0.0, 0, 20_000);
        let line = burst.exponential_line();
        for _ in 0..runs {
            let mut free = [0.0f64; 3];
            for _ in 0..40 {
                free.sort_by(f64::total_cmp);
                free[0] -= 0.5 * (1.0 - random.f64()).ln();
                over += u32::from(free[0] > 4.0);
            }
            drains += free.into_iter().fold(0.0, f64::max);
        }
        let (mean, _) = burst.exponential_drain();
        assert!((drains / f64::from(runs) / mean - 1.0).abs() < 0.01);
        let share = f64::from(over) / f64::from(runs) / 40.0;
        assert!((share - line.response_tail(4.0)).abs() < 0.01, "{share}");
    }

    #[test]
    fn what_waits_goes_in_rounds_or_bit_by_bit() {
        let burst = burst(1000, 3);
        assert_eq!(burst.waiting(3, 0.0, false), 997.0);
        assert_eq!(burst.waiting(3, 0.49, false), 997.0);
        assert_eq!(burst.waiting(3, 5.0, false), 967.0);
        assert!((burst.waiting(3, 5.0, true) - 967.0).abs() < 1e-6);
        assert!(burst.waiting(3, 166.0, true) < 20.0);
    }
}
