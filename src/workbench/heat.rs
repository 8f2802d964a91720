//! Response times by the second, for the heat map of the page: how many events took how
//! long.

use hdrhistogram::Histogram;

/// Steps of a tenfold.
const STEPS: f64 = 10.0;
/// The shortest time that is told apart, in microseconds. All shorter ones are in step 0.
const SHORTEST_US: f64 = 100.0;
/// The last step holds all times above 100 s.
const LAST: usize = 60;

/// Events done since the last second, by the step of their response time.
#[derive(Debug)]
pub(super) struct Heat {
    counts: [u64; LAST + 1],
    /// The second of the uptime that is being counted.
    second: u64,
}

impl Default for Heat {
    fn default() -> Self {
        Self { counts: [0; LAST + 1], second: 0 }
    }
}

impl Heat {
    /// Adds the response times of events that were done, in microseconds.
    pub(super) fn add(&mut self, response: &Histogram<u64>) {
        for value in response.iter_recorded() {
            self.counts[step(value.value_iterated_to())] += value.count_at_value();
        }
    }

    /// The steps that have events, with their number, of the second that has ended by
    /// `now`. Empty within a second.
    pub(super) fn take(&mut self, now: f64) -> Vec<(usize, u64)> {
        let second = now as u64;
        if second == self.second {
            return Vec::new();
        }
        self.second = second;
        let counts = std::mem::replace(&mut self.counts, [0; LAST + 1]);
        counts.into_iter().enumerate().filter(|(_, count)| *count > 0).collect()
    }
}

/// The step of a time: ten for each tenfold, from 0.1 ms on.
fn step(us: u64) -> usize {
    let step = (us as f64 / SHORTEST_US).log10() * STEPS;
    // Saturates: shorter times are in the first step.
    (step as usize).min(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::empty_histogram;

    #[test]
    fn a_tenfold_has_ten_steps_from_a_tenth_of_a_millisecond_on() {
        let steps = [0, 1, 100, 101, 999, 1001, 500_000, 100_000_000, u64::MAX].map(step);
        assert_eq!(steps, [0, 0, 0, 0, 9, 10, 36, 60, 60]);
    }

    #[test]
    fn a_second_is_told_once_and_when_it_has_ended() {
        let mut heat = Heat::default();
        let mut response = empty_histogram();
        for us in [500_000, 510_000, 2_000_000] {
            response.record(us).unwrap();
        }
        heat.add(&response);
        assert_eq!(heat.take(0.75), []);
        assert_eq!(heat.take(1.0), [(36, 1), (37, 1), (43, 1)]);
        assert_eq!(heat.take(1.25), []);
        assert_eq!(heat.take(2.0), []);
    }
}
