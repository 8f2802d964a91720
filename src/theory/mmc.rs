//! M/M/c: Poisson arrivals, exponential service, c places, unlimited waiting room.
//!
//! Sources: Gross and Harris, *Fundamentals of Queueing Theory*, 3rd edition (1998),
//! chapter 2; the response time is the wait plus an exponential.

use super::erlang;

/// An M/M/c queue in a steady state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mmc {
    /// Arrivals per second.
    rate: f64,
    /// The service rate of one place, per second.
    pace: f64,
    places: u64,
    /// The share of arrivals that wait.
    waits: f64,
}

impl Mmc {
    /// Returns the queue for a rate of arrivals, a mean service in seconds and a number
    /// of places. `None` if the load is too high for a steady state.
    pub fn new(rate: f64, service: f64, places: u64) -> Option<Self> {
        let load = rate * service;
        let stable = load < places as f64;
        stable.then(|| Self { rate, pace: 1.0 / service, places, waits: erlang::c(places, load) })
    }

    /// Returns the rate by which service exceeds arrivals while all places are busy.
    fn slack(&self) -> f64 {
        self.places as f64 * self.pace - self.rate
    }

    /// Returns the share of arrivals that wait: Erlang C.
    pub fn waits(&self) -> f64 {
        self.waits
    }

    /// Returns the mean wait, in seconds.
    pub fn wait(&self) -> f64 {
        self.waits / self.slack()
    }

    /// Returns the mean number waiting.
    pub fn depth(&self) -> f64 {
        self.rate * self.wait()
    }

    /// Returns the mean of wait and service, in seconds.
    pub fn response(&self) -> f64 {
        self.wait() + 1.0 / self.pace
    }

    /// Returns the probability of a wait longer than `seconds`.
    pub fn wait_tail(&self, seconds: f64) -> f64 {
        self.waits * (-self.slack() * seconds).exp()
    }

    /// Returns the probability that wait and service take longer than `seconds`.
    pub fn response_tail(&self, seconds: f64) -> f64 {
        // Without a wait, the response is one exponential; with a wait, it is two in a
        // row with the rates `slack` and `pace`. If these are equal, the difference
        // quotient below is its limit, `seconds`.
        let apart = self.slack() - self.pace;
        let quotient =
            if (apart * seconds).abs() < 1e-12 { seconds } else { -(-apart * seconds).exp_m1() / apart };
        (-self.pace * seconds).exp() * (1.0 + self.waits * self.pace * quotient)
    }

    /// Returns the probability that at least `number` wait.
    pub fn at_least_waiting(&self, number: u64) -> f64 {
        let utilisation = self.rate / (self.pace * self.places as f64);
        self.waits * utilisation.powf(number as f64)
    }

    /// Returns the approximate relaxation time in seconds, after which the queue has
    /// forgotten its initial state (P. M. Morse, *Queues, Inventories and Maintenance*,
    /// 1958). A run has to be many times longer.
    pub fn relaxation(&self) -> f64 {
        let full = self.places as f64 * self.pace;
        (full.sqrt() - self.rate.sqrt()).powi(-2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() < by, "{found} is not {expected}");
    }

    /// Hillier and Lieberman, *Introduction to Operations Research*, the County
    /// Hospital's emergency room: 2 patients an hour, 3 an hour each doctor.
    #[test]
    fn county_hospital() {
        let one = Mmc::new(2.0, 1.0 / 3.0, 1).unwrap();
        close(one.wait(), 2.0 / 3.0, 1e-12);
        close(one.response(), 1.0, 1e-12);
        close(one.depth(), 4.0 / 3.0, 1e-12);
        close(one.wait_tail(0.5), 0.404, 5e-4);
        close(one.wait_tail(1.0), 0.245, 5e-4);
        let two = Mmc::new(2.0, 1.0 / 3.0, 2).unwrap();
        close(two.wait(), 1.0 / 24.0, 1e-12);
        close(two.response(), 0.375, 1e-12);
        close(two.depth(), 1.0 / 12.0, 1e-12);
        close(two.waits(), 0.167, 5e-4);
        close(two.wait_tail(0.5), 0.022, 1e-3);
        close(two.wait_tail(1.0), 0.003, 5e-4);
    }

    /// Gross and Harris, the example of an eye clinic: 6 an hour, 20 minutes each, 3 doctors.
    #[test]
    fn eye_clinic() {
        let clinic = Mmc::new(6.0, 1.0 / 3.0, 3).unwrap();
        close(clinic.depth(), 8.0 / 9.0, 1e-12);
        close(clinic.wait(), 0.148, 5e-4);
        close(clinic.response(), 0.481, 5e-4);
    }

    /// The spreadsheet "Multiple Server Queueing Model" of Cengage Learning: 10 an
    /// hour, 12 an hour each.
    #[test]
    fn spreadsheet() {
        let two = Mmc::new(10.0, 1.0 / 12.0, 2).unwrap();
        close(two.depth(), 0.175, 5e-4);
        close(two.wait(), 0.018, 5e-4);
        close(two.response(), 0.101, 5e-4);
    }

    #[test]
    fn one_place_responds_exponentially() {
        let one = Mmc::new(8.0, 0.1, 1).unwrap();
        for t in [0.0, 0.1, 1.0, 3.0] {
            close(one.response_tail(t), (-2.0 * t).exp(), 1e-12);
        }
    }

    /// With c = 2, slack and pace are the same at half the load.
    #[test]
    fn the_response_is_smooth_where_slack_and_pace_meet() {
        let at = |rate: f64| Mmc::new(rate, 1.0, 2).unwrap().response_tail(1.7);
        close(at(1.0), (at(1.0 - 1e-6) + at(1.0 + 1e-6)) / 2.0, 1e-9);
        let mean: f64 = (0..40_000)
            .map(|n| n as f64 * 1e-3)
            .map(|t| Mmc::new(1.0, 1.0, 2).unwrap().response_tail(t + 5e-4) * 1e-3)
            .sum();
        close(mean, Mmc::new(1.0, 1.0, 2).unwrap().response(), 1e-5);
    }

    #[test]
    fn too_much_has_no_steady_state() {
        assert_eq!(Mmc::new(2.0, 1.0, 2), None);
    }
}
