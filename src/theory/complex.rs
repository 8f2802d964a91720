//! Complex numbers and the fast Fourier transform, as far as needed to turn a generating
//! function into probabilities.

use std::f64::consts::TAU;
use std::ops::{Add, Div, Mul, Sub};

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f64,
    pub(super) im: f64,
}

impl Complex {
    pub(super) const ONE: Self = Self { re: 1.0, im: 0.0 };

    /// `exp(i angle)`.
    pub(super) fn unit(angle: f64) -> Self {
        Self { re: angle.cos(), im: angle.sin() }
    }

    pub(super) fn exp(self) -> Self {
        Self::unit(self.im).scale(self.re.exp())
    }

    pub(super) fn scale(self, by: f64) -> Self {
        Self { re: self.re * by, im: self.im * by }
    }

    pub(super) fn size(self) -> f64 {
        self.re.hypot(self.im)
    }
}

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

impl Div for Complex {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let conjugate = Self { im: -other.im, ..other };
        (self * conjugate).scale(1.0 / (other.re * other.re + other.im * other.im))
    }
}

/// Returns the probabilities of 0, 1, 2, ... below `points`, a power of two, from their
/// generating function on the unit circle. Probabilities beyond `points` alias to the
/// beginning, so they must be negligible.
///
/// Source: J. W. Cooley and J. W. Tukey, "An Algorithm for the Machine Calculation
/// of Complex Fourier Series", Mathematics of Computation 19 (1965).
pub(super) fn invert(points: usize, generating: impl Fn(Complex) -> Complex) -> Vec<f64> {
    let step = TAU / points as f64;
    let values = (0..points).map(|n| generating(Complex::unit(step * n as f64))).collect();
    transform(values).into_iter().map(|value| (value.re / points as f64).max(0.0)).collect()
}

fn transform(values: Vec<Complex>) -> Vec<Complex> {
    let length = values.len();
    if length < 2 {
        return values;
    }
    let half = |odd: usize| transform(values.iter().skip(odd).step_by(2).copied().collect());
    let (even, odd) = (half(0), half(1));
    let turned = |n: usize| odd[n] * Complex::unit(-TAU * n as f64 / length as f64);
    let first = (0..length / 2).map(|n| even[n] + turned(n));
    let second = (0..length / 2).map(|n| even[n] - turned(n));
    first.chain(second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geometric_distribution_comes_back_from_its_generating_function() {
        let geometric = |z: Complex| Complex::ONE.scale(0.4) / (Complex::ONE - z.scale(0.6));
        let found = invert(128, geometric);
        for n in [0, 1, 5, 20] {
            assert!((found[n] - 0.4 * 0.6f64.powi(n as i32)).abs() < 1e-14);
        }
    }
}
