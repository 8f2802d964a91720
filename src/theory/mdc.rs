//! M/D/c: Poisson arrivals, fixed service, c places, unlimited waiting room, first come,
//! first served.
//!
//! Sampled every D seconds, the number inside is a Markov chain: everything in service
//! has left, and a Poisson number has arrived. Its generating function is a quotient
//! whose denominator has c zeros on or in the unit circle. They are found by iteration,
//! and the probabilities by a Fourier transform. The waits follow from the probabilities
//! of the number *waiting*.
//!
//! Sources: C. D. Crommelin, "Delay Probability Formulae When the Holding Times Are
//! Constant", Post Office Electrical Engineers' Journal 25 (1932); G. J. Franx, "A
//! Simple Solution for the M/D/c Waiting Time Distribution", Operations Research
//! Letters 29 (2001).

use std::f64::consts::TAU;

use super::complex::{Complex, invert};
use super::poisson;

/// The most factors to compute: places times Fourier points.
const MOST_WORK: usize = 30_000_000;

/// An M/D/c queue in a steady state.
#[derive(Debug, Clone, PartialEq)]
pub struct Mdc {
    rate: f64,
    service: f64,
    places: usize,
    depth: f64,
    /// The probability that at most n wait.
    at_most: Vec<f64>,
}

impl Mdc {
    /// Returns the queue for a rate of arrivals, a service in seconds and a number of
    /// places. `None` if the load is too high, or if it is so close to that limit, or the
    /// number of places so large, that the computation would take seconds.
    pub fn new(rate: f64, service: f64, places: u64) -> Option<Self> {
        let (load, c) = (rate * service, places as f64);
        let places = usize::try_from(places).ok()?;
        if load <= 0.0 || load >= c {
            return None;
        }
        // Beyond these, less than 1e-15 is left.
        let points = 35.0 / decay(load, c).ln() + 4.0 * c + 64.0;
        let points = (points < 1e9).then(|| (points as usize).next_power_of_two())?;
        if points.saturating_mul(places) > MOST_WORK {
            return None;
        }
        let roots: Vec<Complex> = (1..places).map(|k| root(k, load, c)).collect();
        // Differentiate the generating function at 1.
        let spread: f64 = roots.iter().map(|&root| (Complex::ONE / (Complex::ONE - root)).re).sum();
        let depth = ((load * load - c * (c - 1.0)) / (2.0 * (c - load)) + spread).max(0.0);
        let mut so_far = 0.0;
        let waiting = invert(points, |z| generating(z, load, c, &roots));
        let add = |probability: f64| {
            so_far += probability;
            f64::min(so_far, 1.0)
        };
        let at_most = waiting.into_iter().map(add).collect();
        Some(Self { rate, service, places, depth, at_most })
    }

    /// Returns the mean number waiting.
    pub fn depth(&self) -> f64 {
        self.depth
    }

    /// Returns the mean wait, in seconds.
    pub fn wait(&self) -> f64 {
        self.depth / self.rate
    }

    /// Returns the probability of a wait longer than `seconds`.
    pub fn wait_tail(&self, seconds: f64) -> f64 {
        // Franx: with (k-1)D <= x < kD and u = kD - x.
        let services = (seconds / self.service).floor() + 1.0;
        let left = services * self.service - seconds;
        let most = services as usize * self.places - 1;
        let come = poisson::window(self.rate * left);
        1.0 - come.mean_of(|n| most.checked_sub(n).map_or(0.0, |most| self.at_most_waiting(most)))
    }

    /// Returns the probability that at least `number` wait.
    pub fn at_least_waiting(&self, number: u64) -> f64 {
        match usize::try_from(number) {
            Ok(0) => 1.0,
            Ok(number) => 1.0 - self.at_most_waiting(number - 1),
            Err(_) => 0.0,
        }
    }

    fn at_most_waiting(&self, number: usize) -> f64 {
        self.at_most.get(number).copied().unwrap_or(1.0)
    }
}

/// Returns the factor by which each further waiting event is less probable: the zero of
/// the denominator outside the unit circle.
fn decay(load: f64, c: f64) -> f64 {
    let beyond = |z: f64| c * z.ln() <= load * (z - 1.0);
    // Between 1 and the zero lies the maximum, at c / load.
    let mut low = c / load;
    let mut high = low * 2.0;
    while !beyond(high) {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if beyond(middle) { high = middle } else { low = middle }
    }
    low
}

/// Returns the k-th zero of `z^c - exp(load (z - 1))` in the unit circle, as the fixed
/// point of a contraction.
fn root(k: usize, load: f64, c: f64) -> Complex {
    let turn = Complex::unit(TAU * k as f64 / c);
    let mut z = Complex { re: 0.0, im: 0.0 };
    for _ in 0..10_000 {
        let next = turn * (z - Complex::ONE).scale(load / c).exp();
        if (next - z).size() < 1e-15 {
            break;
        }
        z = next;
    }
    z
}

/// The generating function of the number waiting, on the unit circle.
fn generating(z: Complex, load: f64, c: f64, roots: &[Complex]) -> Complex {
    let from_one = z - Complex::ONE;
    if from_one.size() < 1e-12 {
        return Complex::ONE;
    }
    let angle = z.im.atan2(z.re);
    let below = Complex::unit(c * angle) - from_one.scale(load).exp();
    // The partial products may be huge before they are small again.
    let (mut product, mut log) = (from_one.scale(c - load), 0.0);
    for &root in roots {
        product = product * ((z - root) / (Complex::ONE - root));
        let size = product.size();
        if !(1e-100..1e100).contains(&size) {
            product = product.scale(1.0 / size);
            log += size.ln();
        }
    }
    (product / below).scale(f64::exp(log))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() < by, "{found} is not {expected}");
    }

    /// A. K. Erlang, "The Theory of Probabilities and Telephone Conversations"
    /// (1909): the waits of M/D/1.
    fn erlang_1909(load: f64, x: f64) -> f64 {
        let mut factorial = 1.0;
        let mut sum = 0.0;
        for j in 0..=x.floor() as i32 {
            factorial *= f64::from(j.max(1));
            let y = load * (f64::from(j) - x);
            sum += y.powi(j) / factorial * (-y).exp();
        }
        (1.0 - load) * sum
    }

    #[test]
    fn with_one_place_it_is_erlangs_and_pollaczek_and_khinchines() {
        for load in [0.2, 0.5, 0.8, 0.95] {
            let queue = Mdc::new(load, 1.0, 1).unwrap();
            close(queue.depth(), load * load / (2.0 * (1.0 - load)), 1e-9);
            for x in [0.0, 0.3, 1.0, 2.5, 6.0] {
                close(1.0 - queue.wait_tail(x), erlang_1909(load, x), 1e-9);
            }
        }
    }

    /// The mean from the roots, and from the probabilities, and from the waits.
    #[test]
    fn the_three_ways_to_the_mean_agree() {
        for (places, load) in [(2, 1.6), (3, 2.9), (10, 8.0), (40, 39.0), (300, 290.0)] {
            let queue = Mdc::new(load, 1.0, places).unwrap();
            let counted: f64 = queue.at_most.iter().map(|at_most| 1.0 - at_most).sum();
            assert!((counted / queue.depth() - 1.0).abs() < 1e-6, "{counted} {}", queue.depth());
            let step = 0.001;
            let waited: f64 =
                (0..40_000).map(|n| queue.wait_tail((f64::from(n) + 0.5) * step) * step).sum();
            if places < 10 {
                close(waited, queue.wait(), 2e-3 * queue.wait());
            }
        }
    }

    /// Within the error that T. Kimura, "Refining Cosmetatos' Approximation for the
    /// Mean Waiting Time in the M/D/s Queue", Journal of the Operational Research
    /// Society 42 (1991), finds in it: it is good in heavy traffic, and above the
    /// true value otherwise.
    #[test]
    fn it_agrees_with_cosmetatos_in_heavy_traffic() {
        for (places, rho) in [(2, 0.9f64), (5, 0.9), (5, 0.95), (10, 0.95)] {
            let c = places as f64;
            let queue = Mdc::new(rho * c, 1.0, places).unwrap();
            let exponential = crate::theory::mmc::Mmc::new(rho * c, 1.0, places).unwrap().wait();
            let extra = (1.0 - rho) * (c - 1.0) * ((4.0 + 5.0 * c).sqrt() - 2.0) / (16.0 * rho * c);
            let cosmetatos = (1.0 + extra) / 2.0 * exponential;
            let ratio = cosmetatos / queue.wait();
            assert!((0.995..1.012).contains(&ratio), "{places} {rho}: {ratio}");
        }
    }

    /// A line of customers, each going to the place that is free first (Kiefer and
    /// Wolfowitz, 1955).
    #[test]
    fn it_agrees_with_a_simulation() {
        let (rate, places) = (2.7, 3);
        let queue = Mdc::new(rate, 1.0, places).unwrap();
        let mut random = fastrand::Rng::with_seed(11);
        let mut now = 0.0;
        let mut free = std::collections::VecDeque::from([0.0; 3]);
        let all = 400_000;
        let over = (0..all).filter(|_| {
            now += -(1.0 - random.f64()).ln() / rate;
            let start = f64::max(free.pop_front().unwrap(), now);
            free.push_back(start + 1.0);
            start - now > 1.2
        });
        close(over.count() as f64 / f64::from(all), queue.wait_tail(1.2), 0.02);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(Mdc::new(3.0, 1.0, 3), None);
        assert_eq!(Mdc::new(9_999.0, 1.0, 10_000), None);
        let queue = Mdc::new(1.5, 1.0, 2).unwrap();
        assert!(queue.at_least_waiting(1) > queue.at_least_waiting(5));
        assert!(queue.at_least_waiting(1_000_000) < 1e-9);
    }
}
