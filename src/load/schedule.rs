//! The schedule of an open load: when each request is due.
//!
//! The schedule is computed in terms of the cumulated rate Λ(t), the number of requests
//! that the profile asks for up to time t. In Λ, arrivals are one request apart at any
//! rate; only the conversion back to time depends on the profile.
//!
//! ```text
//!   Λ │            ╱      constant   Λ = 0, 1, 2, 3, …
//!   3 ┤ ─ ─ ─ ─ ─╱        poisson    Λ = sums of exponentials with mean 1
//!   2 ┤ ─ ─ ─ _╱╎         burst:n    Λ = 0 n times, n n times, 2n n times, …
//!   1 ┤ ─ _.-'╎ ╎
//!     └──┴────┴─┴──▶ t    a ramp: the due times come closer
//! ```
//!
//! (Çinlar, *Introduction to Stochastic Processes*, 1975: the times of a
//! non-homogeneous Poisson process are those of a homogeneous one with rate 1, sent
//! through the inverse of Λ.)

use std::time::Duration;

use fastrand::Rng;

use crate::record::{Arrivals, Phase, Profile};

/// The due times of an open load, counted from its beginning, in order. The iterator ends
/// with the profile.
///
/// The same arguments give the same schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    phases: Vec<Phase>,
    /// The phase of the last due time.
    phase: usize,
    /// The beginning of that phase, in seconds, and Λ at that time.
    begun: f64,
    cumulated: f64,
    arrivals: Arrivals,
    random: Rng,
    /// The number of requests so far. Constant arrivals are computed from it, because a
    /// sum of many steps would not be exact.
    made: u64,
    /// The sum of the exponentials.
    sum: f64,
}

impl Schedule {
    /// Returns the schedule of `rate`, in requests a second. The seed matters only for
    /// random arrivals.
    pub fn new(rate: &Profile, arrivals: Arrivals, seed: u64) -> Self {
        Self {
            phases: rate.phases().to_vec(),
            phase: 0,
            begun: 0.0,
            cumulated: 0.0,
            arrivals,
            random: Rng::with_seed(seed),
            made: 0,
            sum: 0.0,
        }
    }

    /// Returns Λ at the next request.
    fn next_cumulated(&mut self) -> f64 {
        let n = self.made;
        self.made += 1;
        match self.arrivals {
            Arrivals::Constant => n as f64,
            Arrivals::Burst(size) => (n - n % size.max(1)) as f64,
            Arrivals::Poisson => {
                // 1 − u is in (0, 1]: the logarithm is finite.
                self.sum -= (1.0 - self.random.f64()).ln();
                self.sum
            }
        }
    }

    /// Returns the time at which Λ reaches `target`, in seconds; `None` if the profile
    /// ends before. Targets must not decrease.
    fn time_of(&mut self, target: f64) -> Option<f64> {
        // Sums of phases have rounding errors. A request on the border belongs to the
        // next phase; after the last phase it is not sent.
        let border = (target * 1e-12).max(1e-9);
        loop {
            let phase = self.phases.get(self.phase)?;
            let area = area(phase);
            let into = target - self.cumulated;
            if into < area - border {
                return Some(self.begun + time_in(phase, into.max(0.0)));
            }
            self.begun += phase.seconds?;
            self.cumulated += area;
            self.phase += 1;
        }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let target = self.next_cumulated();
        // Not a duration: the rate is zero for ever, and no more requests come.
        Duration::try_from_secs_f64(self.time_of(target)?).ok()
    }
}

/// Returns the number of requests that a phase asks for.
fn area(phase: &Phase) -> f64 {
    phase.seconds.map_or(f64::INFINITY, |seconds| (phase.from + phase.to) / 2.0 * seconds)
}

/// Returns when the phase has asked for `into` requests, in seconds from its beginning.
/// It solves `a·t + s·t²/2 = into`, where `a` is the first rate and `s` the slope. This
/// form has no cancellation, and holds for a slope of zero and for ramps from and to
/// zero.
fn time_in(phase: &Phase, into: f64) -> f64 {
    if into == 0.0 {
        return 0.0;
    }
    let Phase { from, to, seconds } = *phase;
    let slope = seconds.map_or(0.0, |seconds| (to - from) / seconds);
    // The rate at that time. Rounding must not make the radicand negative.
    let rate = (from * from + 2.0 * slope * into).max(0.0).sqrt();
    2.0 * into / (from + rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str, seconds: u64) -> Profile {
        Profile::parse(text, Some(Duration::from_secs(seconds))).unwrap()
    }

    fn times(profile: &Profile, arrivals: Arrivals, seed: u64) -> Vec<f64> {
        Schedule::new(profile, arrivals, seed).map(|due| due.as_secs_f64()).collect()
    }

    fn constant(text: &str, seconds: u64) -> Vec<f64> {
        times(&profile(text, seconds), Arrivals::Constant, 1)
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_and_end_with_the_profile() {
        let due: Vec<_> = Schedule::new(&profile("400", 1), Arrivals::Constant, 1).collect();
        let expected: Vec<_> = (0..400).map(|n| Duration::from_micros(2500 * n)).collect();
        assert_eq!(due, expected);
        assert_eq!(constant("0.5", 5), [0.0, 2.0, 4.0]);
    }

    #[test]
    fn no_request_is_lost_or_doubled_on_the_border_of_phases() {
        for (text, seconds, count) in [
            ("300,300,300", 10, 3000),
            ("0.1,0.1,0.1", 30, 3),
            ("7,7,7,7,7,7,7", 11, 77),
            ("1e6", 1, 1_000_000),
        ] {
            assert_eq!(constant(text, seconds).len(), count, "{text}");
        }
        let due = constant("10,0,10", 3);
        assert_eq!(due.len(), 20);
        assert_eq!(
            (due[9], due[10]),
            (0.9, 2.0),
            "a pause has no requests, and the one on its border is after it"
        );
    }

    #[test]
    fn a_profile_without_end_goes_on() {
        let mut due = Schedule::new(&Profile::constant(1000.0, None), Arrivals::Constant, 1);
        assert_eq!(due.nth(10_000_000), Some(Duration::from_secs(10_000)));
        assert_eq!(Schedule::new(&Profile::constant(0.0, None), Arrivals::Constant, 1).skip(1).count(), 0);
    }

    #[test]
    fn on_a_ramp_the_time_of_the_nth_is_where_the_integral_is_n() {
        // 0..100 over 10 s: Λ = 5 t², so the nth is due at √(n/5); 100..0 is its mirror.
        let up = constant("0..100", 10);
        let down = constant("100..0", 10);
        assert_eq!((up.len(), down.len()), (500, 500));
        for n in 0..500 {
            let expected = (n as f64 / 5.0).sqrt();
            assert!((up[n] - expected).abs() < 2e-9, "{n}: {} and {expected}", up[n]);
            if n > 0 {
                let mirrored = 10.0 - down[500 - n];
                assert!((mirrored - expected).abs() < 1e-6, "{n}: {mirrored} and {expected}");
            }
        }
    }

    #[test]
    fn each_second_of_a_ramp_has_the_requests_of_its_mean_rate() {
        let due = constant("100..400,400,400..100", 30);
        assert_eq!(due.len(), 2500 + 4000 + 2500);
        for second in 0..30 {
            let level = profile("100..400,400,400..100", 30).at(second as f64 + 0.5).unwrap();
            let count = due.iter().filter(|&&at| at as u64 == second).count() as f64;
            assert!((count - level).abs() <= 1.0, "second {second}: {count} at {level}/s");
        }
    }

    #[test]
    fn a_ramp_so_flat_that_it_is_none_is_no_trouble() {
        let flat = Profile::parse("100..100.0000000001", Some(Duration::from_secs(10))).unwrap();
        let due = times(&flat, Arrivals::Constant, 1);
        assert!(due.iter().enumerate().all(|(n, at)| (at - n as f64 / 100.0).abs() < 1e-8));
    }

    #[test]
    fn bursts_come_together() {
        let due = times(&profile("10", 2), Arrivals::Burst(8), 1);
        assert_eq!(due.len(), 24, "a burst that begins in time is whole");
        assert!(due.iter().enumerate().all(|(n, &at)| at == (n / 8) as f64 * 0.8), "{due:?}");
    }

    #[test]
    fn the_same_seed_makes_the_same_schedule_and_another_another() {
        let profile = profile("100..400", 10);
        let [a, b, c] = [1, 1, 2].map(|seed| times(&profile, Arrivals::Poisson, seed));
        assert!(a == b && a != c);
    }

    #[test]
    fn gaps_of_poisson_arrivals_are_exponential() {
        let due = times(&profile("1000", 100), Arrivals::Poisson, 7);
        let mut gaps: Vec<f64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_by(f64::total_cmp);
        let n = gaps.len() as f64;
        // Kolmogorov and Smirnov's distance, which is above 1.63/√n once in a hundred.
        let distance = gaps.iter().enumerate().fold(0.0, |most: f64, (rank, gap)| {
            let expected = 1.0 - (-1000.0 * gap).exp();
            most.max((expected - rank as f64 / n).abs()).max(((rank + 1) as f64 / n - expected).abs())
        });
        assert!(distance < 1.63 / n.sqrt(), "{distance} of {n} gaps");
    }

    #[test]
    fn counts_of_poisson_arrivals_have_their_mean_as_their_variance_on_a_ramp_too() {
        for text in ["1000", "500..1500", "1500..500"] {
            let profile = profile(text, 100);
            let due = times(&profile, Arrivals::Poisson, 11);
            // In Λ, tenths of seconds at 1000/s: windows in which 100 are expected.
            let mut counts = [0_u32; 1000];
            for at in &due {
                let (from, slope) =
                    (profile.at(0.0).unwrap(), (profile.at(1.0).unwrap() - profile.at(0.0).unwrap()));
                counts[((from * at + slope * at * at / 2.0) / 100.0) as usize] += 1;
            }
            let mean = due.len() as f64 / 1000.0;
            let squares: f64 = counts.iter().map(|&count| (f64::from(count) - mean).powi(2)).sum();
            let dispersion = squares / 999.0 / mean;
            assert!((mean - 100.0).abs() < 1.0, "{text}: {mean}");
            // Its deviation is √(2/999), 0.045.
            assert!((dispersion - 1.0).abs() < 0.12, "{text}: {dispersion}");
        }
    }
}
