//! The closed loop: N clients without think time, in front of c places.
//!
//! While there are enough clients, no place is ever free. The rate is then that of all
//! places, whatever the distribution of the service, and the rest follows from Little's
//! law.
//!
//! Sources: Gross and Harris, *Fundamentals of Queueing Theory*, 3rd edition (1998),
//! chapter 2 (finite source); P. J. Denning and J. P. Buzen, "The Operational Analysis of
//! Queueing Network Models", Computing Surveys 10 (1978), for the asymptotes. Fixed
//! service is counted.

use super::line::Line;
use crate::record::PredictedTimes;

/// A closed loop of `clients` in front of `places`, with the mean of the service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closed {
    /// N.
    pub clients: u64,
    /// c, at most the number of clients; `clients` if unlimited.
    pub places: u64,
    /// In seconds.
    pub service: f64,
}

impl Closed {
    /// Returns the number of places that are always busy.
    pub fn busy(&self) -> u64 {
        self.places.min(self.clients)
    }

    /// Returns the answers per second.
    pub fn rate(&self) -> f64 {
        self.busy() as f64 / self.service
    }

    /// Returns the mean response in seconds, in a steady state.
    pub fn response(&self) -> f64 {
        self.clients as f64 / self.rate()
    }

    /// Returns the seconds that `requests` take with fixed service: they go in rounds of
    /// one per busy place.
    pub fn fixed_seconds(&self, requests: u64) -> f64 {
        requests.div_ceil(self.busy()) as f64 * self.service
    }

    /// Returns the responses of the first `requests`, or of a steady state, with fixed
    /// service.
    ///
    /// Request m, counted from 0, is in round m div c, and was sent when request
    /// m - N had its answer, at the end of its round. The difference is N div c
    /// rounds, and one more where m mod c < N mod c.
    pub fn fixed_responses(&self, requests: Option<u64>) -> PredictedTimes {
        let (c, rounds) = (self.busy(), self.clients / self.busy());
        let longer = self.clients % c;
        let seconds = |rounds: u64| rounds as f64 * self.service;
        let Some(requests) = requests else {
            let counts = [(seconds(rounds), (c - longer) as f64), (seconds(rounds + 1), longer as f64)];
            return PredictedTimes::of_counts(&counts);
        };
        let first = requests.min(self.clients);
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for round in 0..first.div_ceil(c) {
            counts.push((seconds(round + 1), c.min(first - round * c) as f64));
        }
        // The number of requests below m that are small modulo c.
        let small = |m: u64| m / c * longer + (m % c).min(longer);
        let more = small(requests) - small(first);
        counts.push((seconds(rounds), (requests - first - more) as f64));
        counts.push((seconds(rounds + 1), more as f64));
        PredictedTimes::of_counts(&counts)
    }

    /// Returns the line that a request joins in a steady state with exponential service:
    /// all other clients are in it or in service.
    pub fn line(&self) -> Line {
        let ahead = (self.clients - self.busy()) as usize;
        let mut weights = vec![0.0; ahead + 1];
        weights[ahead] = 1.0;
        Line::new(self.busy(), self.service, &weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(clients: u64, places: u64) -> Closed {
        Closed { clients, places, service: 0.5 }
    }

    #[test]
    fn fifty_clients_do_three_thousand_requests_in_thirty_seconds() {
        let workshop = closed(50, 50);
        assert_eq!(workshop.rate(), 100.0);
        assert_eq!(workshop.fixed_seconds(3000), 30.0);
        assert_eq!(workshop.fixed_responses(Some(3000)), PredictedTimes::always(0.5));
        assert_eq!(closed(50, 10).rate(), 20.0);
        assert_eq!(closed(50, 10).response(), 2.5);
    }

    /// Simulates it round by round.
    fn counted(clients: u64, places: u64, requests: u64) -> PredictedTimes {
        let mut sent: Vec<u64> = vec![0; clients as usize];
        let counts: Vec<(f64, f64)> = (0..requests)
            .map(|m| {
                let done = m / places + 1;
                sent.push(done);
                ((done - sent[m as usize]) as f64 * 0.5, 1.0)
            })
            .collect();
        PredictedTimes::of_counts(&counts)
    }

    #[test]
    fn the_closed_form_agrees_with_counting() {
        for (clients, places, requests) in
            [(50, 10, 3000), (7, 3, 100), (7, 3, 5), (5, 4, 999), (8, 4, 8), (4, 4, 4), (9, 1, 30)]
        {
            let (found, expected) = (
                closed(clients, places).fixed_responses(Some(requests)),
                counted(clients, places, requests),
            );
            assert_eq!(found.p50_ms, expected.p50_ms, "{clients} {places} {requests}");
            assert_eq!(found.p90_ms, expected.p90_ms, "{clients} {places} {requests}");
            assert_eq!(found.p99_ms, expected.p99_ms, "{clients} {places} {requests}");
            assert!((found.mean_ms.unwrap() - expected.mean_ms.unwrap()).abs() < 1e-9);
        }
    }

    #[test]
    fn in_a_steady_state_the_mean_is_littles() {
        for (clients, places) in [(50, 10), (7, 3), (5, 4), (4, 4)] {
            let closed = closed(clients, places);
            let mean = closed.fixed_responses(None).mean_ms.unwrap() / 1e3;
            assert!((mean - closed.response()).abs() < 1e-12);
            assert!((closed.line().response() - closed.response()).abs() < 1e-12);
        }
    }
}
