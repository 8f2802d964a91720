//! Little's law, and the load that a rate puts on places.
//!
//! Sources: J. D. C. Little, "A Proof for the Queuing Formula L = λW", Operations
//! Research 9 (1961).

/// How many are inside on average, when so many a second come and each stays so
/// many seconds. Also the *offered load* in erlangs, if each stays as long as its
/// service takes.
pub fn number(rate: f64, seconds: f64) -> f64 {
    rate * seconds
}

/// How many seconds each stays, when so many are inside on average and so many a
/// second come. Zero if nobody comes.
pub fn seconds(number: f64, rate: f64) -> f64 {
    if rate > 0.0 { number / rate } else { 0.0 }
}

/// The share of the time in which each of the places is busy, if all are used
/// alike; above 1 for what would be needed. The service is in seconds.
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
