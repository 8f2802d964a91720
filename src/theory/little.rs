//! Little's law, and utilisation.
//!
//! Sources: J. D. C. Little, "A Proof for the Queuing Formula L = λW", Operations
//! Research 9 (1961).

/// Returns the mean number inside, if arrivals come at `rate` per second and each stays
/// `seconds`. If they stay for their service, this is the *offered load* in erlangs.
pub fn number(rate: f64, seconds: f64) -> f64 {
    rate * seconds
}

/// Returns the mean stay in seconds, for a mean number inside and a rate of arrivals.
/// Zero without arrivals.
pub fn seconds(number: f64, rate: f64) -> f64 {
    if rate > 0.0 { number / rate } else { 0.0 }
}

/// Returns the utilisation of `places`, if all are used alike. Above 1, it is what the
/// load would need. `service` is in seconds.
pub fn utilisation(rate: f64, service: f64, places: u64) -> f64 {
    number(rate, service) / places as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_clients_at_half_a_second_are_a_hundred_a_second() {
        assert_eq!(number(100.0, 0.5), 50.0);
        assert_eq!(seconds(50.0, 100.0), 0.5);
        assert_eq!(utilisation(100.0, 0.5, 100), 0.5);
        assert_eq!(seconds(0.0, 0.0), 0.0);
    }
}
