//! The latency of the mock: a bounded distribution, drawn from a seed.

use std::f64::consts::TAU;
use std::time::Duration;

/// The shape of a latency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Always the mean.
    Fixed,
    /// Evenly between the minimum and the maximum.
    Uniform,
    /// Exponential: without memory, as service times are in M/M/c.
    Exponential,
    /// Lognormal: most work is quick and some is slow, as in many real services.
    Lognormal {
        /// The standard deviation of the latency's logarithm. At 0.5 the p99 is
        /// 2.8 times the mean, at 1.0 it is 6.2 times.
        sigma: f64,
    },
}

/// A latency: a distribution and the bounds it is clamped to.
///
/// Clamping moves the mean a little. For an exponential cut at ten times its
/// mean, as the configuration does by default, that is 0.005 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// The shape.
    pub distribution: Distribution,
    /// The mean before clamping. [`Distribution::Uniform`] does not use it.
    pub mean: Duration,
    /// The lower bound.
    pub min: Duration,
    /// The upper bound.
    pub max: Duration,
}

impl Latency {
    /// Creates a latency that is always `latency`.
    pub fn fixed(latency: Duration) -> Self {
        Self { distribution: Distribution::Fixed, mean: latency, min: latency, max: latency }
    }

    /// Draws one latency.
    pub fn draw(&self, random: &mut fastrand::Rng) -> Duration {
        let mean = self.mean.as_secs_f64();
        let seconds = match self.distribution {
            Distribution::Fixed => return self.mean.clamp(self.min, self.max),
            Distribution::Uniform => {
                let (min, max) = (self.min.as_secs_f64(), self.max.as_secs_f64());
                min + (max - min) * random.f64()
            }
            // By inversion; `1 - f64()` lies in (0, 1], so the logarithm is finite.
            Distribution::Exponential => -mean * (1.0 - random.f64()).ln(),
            Distribution::Lognormal { sigma } => {
                // E[exp(N(mu, sigma))] = exp(mu + sigma^2 / 2), solved for mu.
                let mu = mean.ln() - sigma * sigma / 2.0;
                (mu + sigma * normal(random)).exp()
            }
        };
        let seconds = seconds.clamp(self.min.as_secs_f64(), self.max.as_secs_f64());
        Duration::from_secs_f64(seconds)
    }
}

/// Draws a standard normal number (Box and Muller, 1958).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (TAU * random.f64()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: Duration = Duration::from_millis(50);

    fn sample(distribution: Distribution, min_ms: u64, max_ms: u64) -> Vec<f64> {
        let (min, max) = (Duration::from_millis(min_ms), Duration::from_millis(max_ms));
        let latency = Latency { distribution, mean: MEAN, min, max };
        let mut random = fastrand::Rng::with_seed(7);
        let mut ms: Vec<f64> =
            (0..100_000).map(|_| latency.draw(&mut random).as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        assert!(ms[0] >= min_ms as f64 && ms[ms.len() - 1] <= max_ms as f64);
        ms
    }

    fn mean(ms: &[f64]) -> f64 {
        ms.iter().sum::<f64>() / ms.len() as f64
    }

    /// Asserts that a figure is within 3 %: five standard errors of the coarsest figure below.
    fn close(figure: f64, expected: f64) {
        assert!((figure / expected - 1.0).abs() < 0.03, "{figure} is not about {expected}");
    }

    #[test]
    fn a_fixed_latency_is_its_mean() {
        assert!(sample(Distribution::Fixed, 0, 500).iter().all(|&ms| ms == 50.0));
    }

    #[test]
    fn a_uniform_latency_is_even_between_its_bounds() {
        let ms = sample(Distribution::Uniform, 20, 80);
        close(mean(&ms), 50.0);
        close(ms[25_000], 35.0);
        close(ms[99_000], 79.4);
    }

    #[test]
    fn an_exponential_latency_has_the_mean_and_the_percentiles_of_one() {
        let ms = sample(Distribution::Exponential, 0, 500);
        close(mean(&ms), 50.0);
        close(ms[50_000], 50.0 * 2f64.ln());
        close(ms[99_000], 50.0 * 100f64.ln());
    }

    #[test]
    fn a_lognormal_latency_has_the_mean_and_the_percentiles_of_one() {
        let sigma = 0.5;
        let ms = sample(Distribution::Lognormal { sigma }, 0, 5000);
        let median = 50.0 * (-sigma * sigma / 2.0).exp();
        close(mean(&ms), 50.0);
        close(ms[50_000], median);
        // The 99th percentile of the standard normal is 2.3263.
        close(ms[99_000], median * (sigma * 2.3263).exp());
    }

    #[test]
    fn every_distribution_keeps_its_bounds() {
        for distribution in
            [Distribution::Exponential, Distribution::Lognormal { sigma: 2.0 }, Distribution::Uniform]
        {
            sample(distribution, 40, 60);
        }
    }
}
