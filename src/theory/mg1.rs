//! M/G/1: Poisson arrivals, any service, one place, unlimited waiting room.
//!
//! Source: the formula of Pollaczek (1930) and Khinchine (1932); L. Kleinrock,
//! *Queueing Systems*, volume 1 (1975), chapter 5.

/// Returns the mean wait in seconds, for a rate of arrivals, the mean of the service in
/// seconds and the mean of its square. `None` if the load is too high.
pub fn wait(rate: f64, service: f64, second_moment: f64) -> Option<f64> {
    let utilisation = rate * service;
    (utilisation < 1.0).then(|| rate * second_moment / (2.0 * (1.0 - utilisation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ends are known: exponential is M/M/1, and fixed is half of it.
    #[test]
    fn it_is_mm1_and_half_of_it_for_a_fixed_service() {
        let exponential = wait(2.0, 1.0 / 3.0, 2.0 / 9.0).unwrap();
        assert!((exponential - 2.0 / 3.0).abs() < 1e-12);
        let fixed = wait(2.0, 1.0 / 3.0, 1.0 / 9.0).unwrap();
        assert!((fixed - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(wait(3.0, 1.0 / 3.0, 1.0), None);
    }
}
