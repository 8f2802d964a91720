//! The waits and stays in a line, for a random number ahead.
//!
//! While all places are busy with exponential work, departures come at random at the rate
//! of all places together. An event in line begins after a number of departures; once in
//! service, each departure is its own with probability 1/c. Counted in departures, every
//! distribution is a mean over a Poisson number, with positive terms only.
//!
//! Source: uniformisation, A. Jensen, "Markoff Chains as an Aid in the Study of
//! Markoff Processes", Skandinavisk Aktuarietidskrift 36 (1953).

use super::poisson;

/// A line in which a random number of departures precedes an event's service.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Departures per second while all places are busy.
    pace: f64,
    /// The probability that the next departure is not the event's own, once it is in
    /// service.
    stays: f64,
    /// The mean of the service, in seconds.
    service: f64,
    /// The probability of still being in line after n departures.
    waiting: Vec<f64>,
    /// The probability of not having left after n departures.
    present: Vec<f64>,
    /// The mean number of departures to wait for.
    ahead: f64,
}

impl Line {
    /// Returns the line in front of `places` with exponential service of mean `service`
    /// seconds. `ahead[n]` is the probability, or weight, of waiting for n departures.
    pub fn new(places: u64, service: f64, ahead: &[f64]) -> Self {
        let all: f64 = ahead.iter().sum();
        let stays = 1.0 - 1.0 / places as f64;
        let (mut left, mut inside) = (1.0, 0.0);
        let (mut waiting, mut present) = (Vec::new(), Vec::new());
        for weight in ahead.iter().map(|weight| weight / all) {
            left = f64::max(left - weight, 0.0);
            inside = inside * stays + weight;
            waiting.push(left);
            present.push(left + inside);
        }
        let mean = ahead.iter().enumerate().map(|(n, weight)| n as f64 * weight).sum::<f64>() / all;
        Self { pace: places as f64 / service, stays, service, waiting, present, ahead: mean }
    }

    /// Returns the mean wait, in seconds.
    pub fn wait(&self) -> f64 {
        self.ahead / self.pace
    }

    /// Returns the mean of wait and service, in seconds.
    pub fn response(&self) -> f64 {
        self.wait() + self.service
    }

    /// Returns the probability of a wait longer than `seconds`.
    pub fn wait_tail(&self, seconds: f64) -> f64 {
        let departures = poisson::window(self.pace * seconds);
        departures.mean_of(|n| self.waiting.get(n).copied().unwrap_or(0.0))
    }

    /// Returns the probability that wait and service take longer than `seconds`.
    pub fn response_tail(&self, seconds: f64) -> f64 {
        let departures = poisson::window(self.pace * seconds);
        let (last, known) = (self.present.last().copied().unwrap_or(0.0), self.present.len());
        departures.mean_of(|n| match self.present.get(n) {
            Some(present) => *present,
            None => last * self.stays.powf((n + 1 - known) as f64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::mmc::Mmc;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// With n ahead at one place, the wait is Erlang(n) and the response
    /// Erlang(n + 1), whose tail is that of a Poisson number.
    #[test]
    fn behind_a_fixed_number_the_wait_is_erlang() {
        let line = Line::new(1, 1.0, &[0.0, 0.0, 0.0, 1.0]);
        let t: f64 = 2.5;
        let erlang_3 = (-t).exp() * (1.0 + t + t * t / 2.0);
        close(line.wait_tail(t), erlang_3);
        close(line.response_tail(t), erlang_3 + (-t).exp() * t.powi(3) / 6.0);
        close(line.response(), 4.0);
    }

    /// M/M/c, seen from the state that an arrival finds.
    #[test]
    fn the_line_of_mmc_is_that_of_the_closed_form() {
        for (rate, places) in [(0.7, 1), (1.0, 2), (4.2, 5)] {
            let mmc = Mmc::new(rate, 1.0, places).unwrap();
            let rho = rate / places as f64;
            let mut ahead = vec![1.0 - mmc.waits()];
            ahead.extend((0..400).map(|n| mmc.waits() * (1.0 - rho) * rho.powi(n)));
            let line = Line::new(places, 1.0, &ahead);
            close(line.wait(), mmc.wait());
            for t in [0.1, 1.0, 4.0] {
                close(line.wait_tail(t), mmc.wait_tail(t));
                close(line.response_tail(t), mmc.response_tail(t));
            }
        }
    }
}
