//! M/M/c/K: like M/M/c, but with room for at most K, including those in service. Arrivals
//! that find it full are lost.
//!
//! Source: Gross and Harris, *Fundamentals of Queueing Theory*, 3rd edition (1998),
//! chapter 2. It has a steady state at any load.

use super::line::Line;

/// An M/M/c/K queue in a steady state.
#[derive(Debug, Clone, PartialEq)]
pub struct Mmck {
    rate: f64,
    service: f64,
    places: u64,
    /// The probability of n inside, for n up to K.
    states: Vec<f64>,
}

impl Mmck {
    /// Returns the queue for a rate of arrivals, a mean service in seconds, a number of
    /// places, and room for `room` in all, at least the number of places.
    pub fn new(rate: f64, service: f64, places: u64, room: u64) -> Self {
        let load = rate * service;
        // In logarithms and relative to the largest: neither end can overflow.
        let mut logs = vec![0.0];
        let mut log = 0.0;
        for n in 1..=room.max(places) {
            log += (load / n.min(places) as f64).ln();
            logs.push(log);
        }
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut states: Vec<f64> = logs.into_iter().map(|log| (log - most).exp()).collect();
        let sum: f64 = states.iter().sum();
        states.iter_mut().for_each(|state| *state /= sum);
        Self { rate, service, places, states }
    }

    /// Returns the probability of `number` inside.
    pub fn state(&self, number: u64) -> f64 {
        self.states.get(number as usize).copied().unwrap_or(0.0)
    }

    /// Returns the share of arrivals that are lost.
    pub fn lost(&self) -> f64 {
        self.states.last().copied().unwrap_or(0.0)
    }

    /// Returns the accepted arrivals per second.
    pub fn accepted(&self) -> f64 {
        self.rate * (1.0 - self.lost())
    }

    /// Returns the relaxation time in seconds, after which a deviation from the steady
    /// state has fallen to 37 %. It is that of M/M/1/K with the rate of all places
    /// (Morse, *Queues, Inventories and Maintenance*, 1958).
    pub fn relaxation(&self) -> f64 {
        let pace = self.places as f64 / self.service;
        let waiting = self.states.len() as f64 - self.places as f64;
        let turn = (std::f64::consts::PI / (waiting + 1.0)).cos();
        1.0 / (self.rate + pace - 2.0 * (self.rate * pace).sqrt() * turn)
    }

    /// Returns the mean number inside, including those in service.
    pub fn inside(&self) -> f64 {
        self.states.iter().enumerate().map(|(n, state)| n as f64 * state).sum()
    }

    /// Returns the mean number waiting.
    pub fn depth(&self) -> f64 {
        let waiting = |n: usize| n.saturating_sub(self.places as usize) as f64;
        self.states.iter().enumerate().map(|(n, state)| waiting(n) * state).sum()
    }

    /// Returns the line that accepted arrivals see.
    pub fn line(&self) -> Line {
        let before = &self.states[..self.states.len() - 1];
        let (free, busy) = before.split_at((self.places as usize).min(before.len()));
        let mut ahead = vec![free.iter().sum()];
        ahead.extend(busy);
        Line::new(self.places, self.service, &ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{erlang, mmc::Mmc};

    fn close(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() < by, "{found} is not {expected}");
    }

    /// Gross and Harris, the example of an emission inspection station with three
    /// stalls and room for four more cars; one a minute, six minutes each.
    #[test]
    fn emission_inspection_station() {
        let station = Mmck::new(1.0, 6.0, 3, 7);
        close(station.state(0), 0.00088, 1e-5);
        close(station.depth(), 3.09, 5e-3);
        close(station.inside(), 6.06, 5e-3);
        // Those inside that do not wait are in service: Little's law for the stalls.
        close(station.inside() - station.depth(), station.accepted() * 6.0, 1e-9);
        close(station.line().wait(), station.depth() / station.accepted(), 1e-9);
    }

    #[test]
    fn with_much_room_it_is_mmc() {
        let (limited, endless) = (Mmck::new(4.0, 1.0, 5, 400), Mmc::new(4.0, 1.0, 5).unwrap());
        close(limited.depth(), endless.depth(), 1e-9);
        close(limited.line().wait_tail(1.0), endless.wait_tail(1.0), 1e-9);
        close(limited.line().response_tail(2.0), endless.response_tail(2.0), 1e-9);
    }

    #[test]
    fn without_a_waiting_room_it_is_erlang_b() {
        let station = Mmck::new(4.5, 1.0, 10, 10);
        close(station.lost(), erlang::b(10, 4.5), 1e-12);
        assert_eq!(station.line().wait(), 0.0);
    }

    #[test]
    fn overload_and_much_room_do_not_overflow() {
        let full = Mmck::new(3.0, 1.0, 2, 100_000);
        close(full.lost(), 1.0 / 3.0, 1e-9);
        close(full.depth(), 99_998.0 - 2.0, 1e-6);
    }
}
