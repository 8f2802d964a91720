//! The Poisson distribution, restricted to the numbers that are not practically
//! impossible.
//!
//! Source: after B. L. Fox and P. W. Glynn, "Computing Poisson Probabilities",
//! Communications of the ACM 31 (1988): begin at the mode, go outwards by ratios,
//! and normalise. Nothing overflows, whatever the mean.

/// Probabilities below this share of the mode are left out.
const NEGLIGIBLE: f64 = 1e-18;

/// A range of numbers with their probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The number of the first probability.
    pub first: usize,
    /// The probabilities from that number on; they sum to 1.
    pub weights: Vec<f64>,
}

impl Window {
    /// Each number with its probability.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64)> {
        self.weights.iter().enumerate().map(|(at, &weight)| (self.first + at, weight))
    }

    /// Returns the mean of a function of the number.
    pub fn mean_of(&self, value: impl Fn(usize) -> f64) -> f64 {
        self.iter().map(|(number, weight)| weight * value(number)).sum()
    }
}

/// Returns the distribution with this mean.
pub fn window(mean: f64) -> Window {
    let mode = mean.max(0.0).floor() as usize;
    let mut below = Vec::new();
    let (mut weight, mut n) = (1.0, mode);
    while n > 0 && weight > NEGLIGIBLE {
        weight *= n as f64 / mean;
        n -= 1;
        below.push(weight);
    }
    let first = mode - below.len();
    let mut weights: Vec<f64> = below.into_iter().rev().collect();
    (weight, n) = (1.0, mode);
    while weight > NEGLIGIBLE {
        weights.push(weight);
        n += 1;
        weight *= mean / n as f64;
    }
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    Window { first, weights }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun, table 26.7: the probability of at most 5 at a mean of
    /// 5 is 0.61596, of at most 9 at a mean of 10 is 0.45793.
    #[test]
    fn it_agrees_with_the_table() {
        for (mean, most, expected) in [(5.0, 5, 0.61596), (10.0, 9, 0.45793)] {
            let at_most = window(mean).mean_of(|n| f64::from(u8::from(n <= most)));
            assert!((at_most - expected).abs() < 1e-5, "{at_most}");
        }
    }

    #[test]
    fn mean_and_variance_are_the_mean_even_when_it_is_large() {
        for mean in [0.3, 17.5, 1e6] {
            let window = window(mean);
            assert!((window.mean_of(|n| n as f64) / mean - 1.0).abs() < 1e-9);
            let variance = window.mean_of(|n| (n as f64 - mean).powi(2));
            assert!((variance / mean - 1.0).abs() < 1e-6, "{variance}");
        }
        assert_eq!(window(0.0), Window { first: 0, weights: vec![1.0] });
    }
}
