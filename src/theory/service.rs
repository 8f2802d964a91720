//! The service time in theory: its moments, its quantiles, and whether it is fixed,
//! exponential or something else.
//!
//! All figures are of the *clamped* distribution, from which the mock draws.
//!
//! Sources: textbook integrals; lognormal moments by the trapezoidal rule, which
//! converges fast for a bell (Davis and Rabinowitz, *Methods of Numerical
//! Integration*, 1984).

use super::normal;
use crate::record::PredictedTimes;
use crate::resource::{Distribution, Latency};

/// A clamped exponential whose mean deviates by less than this counts as exponential.
const CLOSE: f64 = 0.005;

/// A service time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Service {
    latency: Latency,
    /// The mean, in seconds.
    pub mean: f64,
    /// The mean of the square, in seconds squared.
    pub second_moment: f64,
}

/// The kinds of service times in models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Fixed: D.
    Fixed,
    /// Exponential, or practically so: M.
    Exponential,
    /// Any other: G.
    General,
}

impl Service {
    /// Returns the service time of a resource with this latency.
    pub fn new(latency: Latency) -> Self {
        let (min, max) = (latency.min.as_secs_f64(), latency.max.as_secs_f64());
        let written = latency.mean.as_secs_f64();
        let (mean, second_moment) = match latency.distribution {
            Distribution::Fixed => (written.clamp(min, max), written.clamp(min, max).powi(2)),
            Distribution::Uniform => ((min + max) / 2.0, (min * min + min * max + max * max) / 3.0),
            Distribution::Exponential if written == 0.0 => (min, min * min),
            Distribution::Exponential => {
                // Integrals of P(X > x) and of 2x P(X > x).
                let [low, high] = [min, max].map(|bound| (-bound / written).exp());
                let mean = min + written * (low - high);
                let square = (min + written) * low - (max + written) * high;
                (mean, min * min + 2.0 * written * square)
            }
            Distribution::Lognormal { sigma } => {
                let median = written * (-sigma * sigma / 2.0).exp();
                let draw = |z: f64| (median * (sigma * z).exp()).clamp(min, max);
                (normal_mean(sigma, draw), normal_mean(sigma, |z| draw(z).powi(2)))
            }
        };
        Self { latency, mean, second_moment }
    }

    /// Returns its kind.
    pub fn kind(&self) -> Kind {
        let Self { latency, mean, second_moment } = self;
        if self.variation() < 1e-9 {
            return Kind::Fixed;
        }
        let written = latency.mean.as_secs_f64();
        let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < CLOSE;
        match latency.distribution {
            Distribution::Exponential
                if close(*mean, written) && close(*second_moment, 2.0 * written * written) =>
            {
                Kind::Exponential
            }
            _ => Kind::General,
        }
    }

    /// Returns the variance divided by the squared mean: 0 if fixed, 1 if exponential.
    pub fn variation(&self) -> f64 {
        if self.mean > 0.0 { (self.second_moment / (self.mean * self.mean) - 1.0).max(0.0) } else { 0.0 }
    }

    /// Returns the quantile at `p`, in seconds. Clamping a variable clamps its quantiles.
    pub fn quantile(&self, p: f64) -> f64 {
        let (min, max) = (self.latency.min.as_secs_f64(), self.latency.max.as_secs_f64());
        let mean = self.latency.mean.as_secs_f64();
        let seconds = match self.latency.distribution {
            Distribution::Fixed => mean,
            Distribution::Uniform => min + (max - min) * p,
            Distribution::Exponential => -mean * (1.0 - p).ln(),
            Distribution::Lognormal { sigma } => {
                mean * (sigma * normal::quantile(p) - sigma * sigma / 2.0).exp()
            }
        };
        seconds.clamp(min, max)
    }

    /// Returns its mean and percentiles.
    pub fn times(&self) -> PredictedTimes {
        PredictedTimes::of_quantiles(self.mean, |p| self.quantile(p))
    }

    /// Returns a word for it, such as `exponential`.
    pub fn word(&self) -> &'static str {
        match self.latency.distribution {
            _ if self.kind() == Kind::Fixed => "fixed",
            Distribution::Fixed => "fixed",
            Distribution::Uniform => "uniform",
            Distribution::Exponential if self.kind() == Kind::General => "clamped exponential",
            Distribution::Exponential => "exponential",
            Distribution::Lognormal { .. } => "lognormal",
        }
    }
}

/// Returns the mean of a function of a standard normal variable that grows no faster than
/// the square of `exp(sigma z)`.
fn normal_mean(sigma: f64, value: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 0.002;
    let steps = ((18.0 + 2.0 * sigma) / STEP) as usize;
    let density = |z: f64| (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    (0..=steps).map(|n| -9.0 + n as f64 * STEP).map(|z| density(z) * value(z) * STEP).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn service(distribution: Distribution, min: u64, max: u64) -> Service {
        let ms = Duration::from_millis;
        Service::new(Latency { distribution, mean: ms(100), min: ms(min), max: ms(max) })
    }

    fn close(found: f64, expected: f64, by: f64) {
        assert!((found / expected - 1.0).abs() < by, "{found} is not {expected}");
    }

    #[test]
    fn an_exponential_is_one_until_it_is_cut() {
        let whole = service(Distribution::Exponential, 0, 1000);
        assert_eq!(whole.kind(), Kind::Exponential);
        close(whole.mean, 0.1, 1e-4);
        close(whole.quantile(0.99), 0.1 * 100f64.ln(), 1e-12);
        let cut = service(Distribution::Exponential, 0, 200);
        assert_eq!(cut.kind(), Kind::General);
        close(cut.mean, 0.1 * (1.0 - (-2f64).exp()), 1e-12);
        assert_eq!(cut.quantile(0.99), 0.2);
        // E[X^2] = 2 m^2 (1 - 3 e^-2), by parts.
        close(cut.second_moment, 0.02 * (1.0 - 3.0 * (-2f64).exp()), 1e-12);
    }

    #[test]
    fn a_distribution_without_room_is_fixed() {
        for shape in [Distribution::Uniform, Distribution::Exponential, Distribution::Fixed] {
            assert_eq!(service(shape, 100, 100).kind(), Kind::Fixed);
        }
        assert_eq!(service(Distribution::Fixed, 0, 500).variation(), 0.0);
    }

    #[test]
    fn a_lognormal_has_its_closed_moments_where_it_is_not_cut() {
        for sigma in [0.5f64, 1.0] {
            let found = service(Distribution::Lognormal { sigma }, 0, 1_000_000);
            close(found.mean, 0.1, 1e-6);
            close(found.variation(), (sigma * sigma).exp() - 1.0, 1e-4);
        }
        let found = service(Distribution::Lognormal { sigma: 0.5 }, 0, 5000);
        // 2.8 times the mean, as the resource's documentation says.
        close(found.quantile(0.99), 0.28, 0.02);
    }

    #[test]
    fn the_moments_are_those_of_what_the_mock_draws() {
        for distribution in
            [Distribution::Uniform, Distribution::Exponential, Distribution::Lognormal { sigma: 1.5 }]
        {
            let service = service(distribution, 30, 250);
            let mut random = fastrand::Rng::with_seed(3);
            let drawn: Vec<f64> =
                (0..200_000).map(|_| service.latency.draw(&mut random).as_secs_f64()).collect();
            let mean = |power: i32| drawn.iter().map(|x| x.powi(power)).sum::<f64>() / 2e5;
            close(service.mean, mean(1), 0.01);
            close(service.second_moment, mean(2), 0.01);
        }
    }
}
