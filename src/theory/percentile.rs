//! Turns a distribution into the times of a prediction: the mean and three percentiles,
//! in milliseconds.

use crate::record::PredictedTimes;

/// The percentiles of a prediction.
const SHOWN: [f64; 3] = [0.5, 0.9, 0.99];

/// Returns the quantile at `p`, in seconds, by bisection to ten digits. `tail(t)` is the
/// probability of more than `t` seconds, and `scale` a rough size of the result in
/// seconds.
pub fn quantile(p: f64, scale: f64, tail: impl Fn(f64) -> f64) -> f64 {
    let left = 1.0 - p;
    if tail(0.0) <= left {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, scale.max(1e-9));
    while tail(high) > left && high < 1e15 {
        (low, high) = (high, high * 2.0);
    }
    while high - low > high * 1e-10 {
        let middle = (low + high) / 2.0;
        if tail(middle) > left {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

impl PredictedTimes {
    /// Zero times.
    pub const ZERO: Self =
        Self { mean_ms: Some(0.0), p50_ms: Some(0.0), p90_ms: Some(0.0), p99_ms: Some(0.0) };

    /// From a mean in seconds, if nothing else is known.
    pub fn of_mean(mean: f64) -> Self {
        Self { mean_ms: Some(mean * 1e3), ..Self::default() }
    }

    /// From a mean and a quantile function, in seconds.
    pub fn of_quantiles(mean: f64, quantile: impl Fn(f64) -> f64) -> Self {
        let [p50_ms, p90_ms, p99_ms] = SHOWN.map(|p| Some(quantile(p) * 1e3));
        Self { mean_ms: Some(mean * 1e3), p50_ms, p90_ms, p99_ms }
    }

    /// From a mean in seconds and the tail of the distribution.
    pub fn of_tail(mean: f64, tail: impl Fn(f64) -> f64) -> Self {
        Self::of_quantiles(mean, |p| quantile(p, mean, &tail))
    }

    /// From a constant, in seconds.
    pub fn always(seconds: f64) -> Self {
        Self::of_quantiles(seconds, |_| seconds)
    }

    /// From values in seconds with their counts, by nearest rank, as in a histogram.
    /// Empty if there are no values.
    pub fn of_counts(counts: &[(f64, f64)]) -> Self {
        let mut counts = counts.to_vec();
        counts.retain(|(_, count)| *count > 0.0);
        counts.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = counts.iter().map(|(_, count)| count).sum();
        let Some((most, _)) = counts.last().copied() else { return Self::default() };
        let mean = counts.iter().map(|(seconds, count)| seconds * count).sum::<f64>() / all;
        Self::of_quantiles(mean, |p| {
            let mut so_far = 0.0;
            let found = counts.iter().find(|(_, count)| {
                so_far += count;
                so_far >= p * all * (1.0 - 1e-12)
            });
            found.map_or(most, |(seconds, _)| *seconds)
        })
    }

    /// Adds `seconds` to each time.
    pub fn plus(self, seconds: f64) -> Self {
        let longer = |ms: Option<f64>| ms.map(|ms| ms + seconds * 1e3);
        Self {
            mean_ms: longer(self.mean_ms),
            p50_ms: longer(self.p50_ms),
            p90_ms: longer(self.p90_ms),
            p99_ms: longer(self.p99_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bisection_finds_the_quantiles_of_an_exponential() {
        let times = PredictedTimes::of_tail(2.0, |t| (-t / 2.0).exp());
        assert!((times.p50_ms.unwrap() - 2000.0 * 2f64.ln()).abs() < 1e-4);
        assert!((times.p99_ms.unwrap() - 2000.0 * 100f64.ln()).abs() < 1e-4);
    }

    #[test]
    fn who_mostly_waits_not_at_all_has_a_percentile_of_zero() {
        assert_eq!(quantile(0.9, 1.0, |t| 0.05 * (-t).exp()), 0.0);
    }

    #[test]
    fn counts_are_ranked_as_a_histogram_ranks_them() {
        let times = PredictedTimes::of_counts(&[(3.0, 1.0), (1.0, 50.0), (2.0, 49.0)]);
        assert_eq!(times.p50_ms, Some(1000.0));
        assert_eq!(times.p90_ms, Some(2000.0));
        assert_eq!(times.p99_ms, Some(2000.0));
        assert_eq!(times.mean_ms, Some(1510.0));
        assert_eq!(PredictedTimes::of_counts(&[]), PredictedTimes::default());
    }
}
