//! Erlang's two formulas: the probability that all places are taken, if arrivals then
//! leave (B) or wait (C).
//!
//! Both use recursions that only add positive numbers, so they work for thousands of
//! places, where the textbook form with factorials overflows.
//!
//! Sources: A. K. Erlang, "Løsning af nogle Problemer fra Sandsynlighedsregningen
//! af Betydning for de automatiske Telefoncentraler" (1917). The recursion for B is
//! in Gross and Harris, *Fundamentals of Queueing Theory*, 3rd edition (1998),
//! chapter 2, and so is C in terms of B.

/// Erlang B: returns the share of arrivals that is lost, for a load in erlangs and a
/// number of places, if arrivals do not wait. It holds for every distribution of the
/// service with the same mean (M/G/c/c). Without places, all are lost.
pub fn b(places: u64, load: f64) -> f64 {
    // B(0) = 1; B(n) = a B(n-1) / (n + a B(n-1)).
    let mut lost = 1.0;
    for n in 1..=places {
        lost = load * lost / (n as f64 + load * lost);
        if lost < f64::MIN_POSITIVE {
            return 0.0;
        }
    }
    lost
}

/// Erlang C: returns the share of arrivals that wait, for a load in erlangs and a number
/// of places (M/M/c). 1 if the load is too high for them.
pub fn c(places: u64, load: f64) -> f64 {
    if load >= places as f64 {
        return 1.0;
    }
    let lost = b(places, load);
    lost / (1.0 - load / places as f64 * (1.0 - lost))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The usual table of traffic by Erlang B: the load at which 1 % is lost. The
    /// line for 15 places, 8.108, is the worked example of the calculator's manual
    /// at erlang.com.
    #[test]
    fn erlang_b_agrees_with_the_traffic_table() {
        for (places, load) in
            [(1, 0.0101), (5, 1.361), (10, 4.461), (15, 8.108), (20, 12.03), (50, 37.90), (100, 84.06)]
        {
            let lost = b(places, load);
            assert!((lost - 0.01).abs() < 1e-5, "{places} places, {load} E: {lost}");
        }
    }

    /// Gross and Harris, the example of an eye clinic (3 doctors, 2 erlangs), where
    /// p0 = 1/9, so that C = 2^3 / 3! / (1 - 2/3) / 9. Hillier and Lieberman's
    /// County Hospital: with a second doctor, 0.167 have to wait.
    #[test]
    fn erlang_c_agrees_with_textbook_examples() {
        assert!((c(3, 2.0) - 4.0 / 9.0).abs() < 1e-12);
        assert!((c(2, 2.0 / 3.0) - 1.0 / 6.0).abs() < 1e-12);
        assert!((c(1, 0.8) - 0.8).abs() < 1e-12);
        // The spreadsheet "Multiple Server Queueing Model" of Cengage Learning: 10 an
        // hour, 12 an hour each, 2 to 5 servers.
        for (places, waits) in [(2, 0.245), (3, 0.058), (4, 0.011), (5, 0.002)] {
            assert!((c(places, 10.0 / 12.0) - waits).abs() < 6e-4);
        }
    }

    #[test]
    fn the_limits_are_right() {
        assert_eq!(b(0, 5.0), 1.0);
        assert_eq!(c(3, 3.0), 1.0);
        assert_eq!(b(3, 0.0), 0.0);
        assert!(b(10_000, 9_000.0) < 1e-20);
        let busy = b(10_000, 20_000.0);
        assert!((busy - 0.5).abs() < 1e-3, "{busy}");
    }
}
