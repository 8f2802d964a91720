//! The noise of a figure: how much it would vary if the run were repeated, estimated from
//! its variation over the slices of the run.
//!
//! Times of consecutive requests are autocorrelated, because they have waited in the same
//! queue. The noise of a figure is therefore many times larger than that of independent
//! times. It shows in the *slow* variation of the slices: the series of slices is
//! projected on the first cosines, and the mean square of the coefficients estimates the
//! long-run variance (the equal-weighted cosine estimator: Müller 2007; Lazarus, Lewis,
//! Stock & Watson 2018). With n cosines it has n degrees of freedom. It holds for slices
//! that alternate (a closed loop of equal times) as well as for slices that resemble each
//! other.
//!
//! A percentile is first turned into a share: the share of times below it varies
//! (Woodruff 1952), and the histogram of the whole run turns the limits of that share
//! back into times. If so few times are beyond the percentile that the limits reach the
//! longest time, there is no upper limit.

use std::f64::consts::PI;

use crate::record::Timing;

/// The number of cosines. Eight cosines over 60 slices ignore variation faster than 15 s
/// in a run of one minute, so queues may remember up to a few seconds.
const COSINES: usize = 8;
/// The fewest slices that are enough for an estimate.
pub(super) const FEWEST_SLICES: usize = 8;
/// With fewer times than this beyond a percentile, slices can look the same by chance.
/// The noise is then taken to be at least that of independent times.
const FEW_BEYOND: f64 = 30.0;
/// A trend makes up at least this share of the slow variation.
const TREND_SHARE: f64 = 0.8;
/// A trend changes the mean by at least this factor, between the first and the
/// last quarter.
const TREND_FACTOR: f64 = 1.5;

/// A figure of one run and its noise. Distances are in logarithms, so that the
/// difference of two is a ratio.
#[derive(Debug)]
pub(super) struct Estimate {
    noise: Noise,
    /// For times that grow during the run, the noise of its rate, relative to the figure;
    /// otherwise zero.
    pace: f64,
    /// Degrees of freedom of the noise.
    pub(super) freedom: f64,
}

#[derive(Debug)]
enum Noise {
    /// The standard error, relative to the figure.
    Relative(f64),
    /// The standard error of the share below a percentile.
    Share { share: f64, error: f64, cumulative: Vec<(u64, u64)> },
}

/// The times of a run in slices. The first and the last slice need not be full.
#[derive(Debug)]
pub(super) struct Sliced<'a> {
    slices: Vec<&'a [(u64, u64)]>,
    /// The cumulated histogram of the whole run: microseconds, and the number of times up
    /// to that.
    cumulative: Vec<(u64, u64)>,
    mean_us: f64,
    trend: Option<Trend>,
}

/// The direction of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trend {
    Rise,
    Fall,
}

impl<'a> Sliced<'a> {
    /// Prepares the times of a run. An error says why they cannot be used; it continues a
    /// sentence that begins with the run's name.
    pub(super) fn of(timing: &'a Timing) -> Result<Self, &'static str> {
        let histogram = timing.histogram().ok_or("has only percentiles")?;
        let slices = complete(timing.slices().buckets_us.iter().map(Vec::as_slice).collect());
        if slices.len() < FEWEST_SLICES {
            return Err("has too few slices");
        }
        let mut below = 0;
        let cumulative = histogram.iter_recorded().map(|bucket| {
            below += bucket.count_at_value();
            (bucket.value_iterated_to().min(histogram.max()), below)
        });
        let cumulative: Vec<(u64, u64)> = cumulative.collect();
        // From the same bucket values as the slices, so that equal times have no noise.
        let mut before = 0;
        let sum: f64 =
            cumulative.iter().map(|(us, n)| (us * (n - std::mem::replace(&mut before, *n))) as f64).sum();
        let mut sliced = Self { slices, cumulative, mean_us: sum / before as f64, trend: None };
        sliced.trend = sliced.find_trend();
        Ok(sliced)
    }

    pub(super) fn trend(&self) -> Option<Trend> {
        self.trend
    }

    /// Returns the noise of the mean.
    pub(super) fn mean(&self) -> Estimate {
        let (error, freedom) = self.error(&self.excess());
        // The mean over a random walk, relative to its end, has a third of the variance
        // and half of the mean.
        let pace = self.pace() * 2.0 / 3.0_f64.sqrt();
        Estimate { noise: Noise::Relative(error / self.mean_us), pace, freedom }
    }

    /// Returns the noise of the quantile of a share.
    pub(super) fn quantile(&self, share: f64) -> Estimate {
        let all = self.count();
        let at = at_share(&self.cumulative, share);
        let below = |slice: &[(u64, u64)]| -> u64 {
            slice.iter().filter(|(us, _)| *us <= at).map(|(_, count)| count).sum()
        };
        let total: u64 = self.cumulative.iter().take_while(|(us, _)| *us <= at).last().map_or(0, |c| c.1);
        let expected = total as f64 / all;
        let excess: Vec<f64> =
            self.slices.iter().map(|slice| below(slice) as f64 - expected * count(slice)).collect();
        let (mut error, freedom) = self.error(&excess);
        if all * share.min(1.0 - share) < FEW_BEYOND {
            error = error.max((share * (1.0 - share) / all).sqrt());
        }
        let pace = self.pace() / share.sqrt();
        Estimate {
            noise: Noise::Share { share, error, cumulative: self.cumulative.clone() },
            pace,
            freedom,
        }
    }

    /// Returns the number of slices with times longer than `ms`, and of all slices.
    pub(super) fn beyond(&self, ms: f64) -> (usize, usize) {
        let longer = |slice: &&&[(u64, u64)]| slice.iter().any(|(us, _)| *us as f64 > ms * 1e3);
        (self.slices.iter().filter(longer).count(), self.slices.len())
    }

    /// Returns, for each slice, the sum of its times minus their number times the mean.
    fn excess(&self) -> Vec<f64> {
        let over = |(us, count): &(u64, u64)| (*us as f64 - self.mean_us) * *count as f64;
        self.slices.iter().map(|slice| slice.iter().map(over).sum()).collect()
    }

    /// Returns the standard error of the mean of the values summed up in `sums`, slice by
    /// slice, and its degrees of freedom.
    fn error(&self, sums: &[f64]) -> (f64, f64) {
        let (variance, freedom) = match self.trend {
            None => long_run(sums),
            Some(_) => between_neighbours(sums),
        };
        let in_slices: f64 = self.slices.iter().map(|slice| count(slice)).sum();
        let slices = sums.len() as f64 * self.count() / in_slices;
        ((variance * slices).sqrt() / self.count(), freedom)
    }

    /// The times of a draining queue are a random walk. The longest wait covers all
    /// services, and is as uncertain as the rate of the run. A wait for a share of them
    /// is more uncertain, by one over the root of the share.
    fn pace(&self) -> f64 {
        if self.trend.is_none() {
            return 0.0;
        }
        let counts: Vec<f64> = self.slices.iter().map(|slice| count(slice)).collect();
        (long_run(&counts).0 / counts.len() as f64).sqrt() / mean(&counts)
    }

    /// Returns by how much the longest times of the last full slice exceed its median, in
    /// seconds.
    pub(super) fn last_spread_s(&self) -> f64 {
        let mut last =
            self.slices.iter().rev().find(|slice| !slice.is_empty()).map_or(vec![], |s| s.to_vec());
        let mut below = 0;
        for bucket in &mut last {
            below += bucket.1;
            bucket.1 = below;
        }
        at_share(&last, 0.99).saturating_sub(at_share(&last, 0.5)) as f64 / 1e6
    }

    fn count(&self) -> f64 {
        self.cumulative.last().map_or(0.0, |(_, count)| *count as f64)
    }

    /// A trend is a large slow variation that is almost entirely in the first cosine,
    /// which goes from one side to the other.
    fn find_trend(&self) -> Option<Trend> {
        let excess = self.excess();
        let energy: Vec<f64> = cosines(&excess).collect();
        let share = energy[0] / energy.iter().sum::<f64>();
        let quarter = self.slices.len() / 4;
        let mean = |slices: &[&[(u64, u64)]]| {
            let sum: f64 =
                slices.iter().flat_map(|slice| slice.iter()).map(|(us, n)| (us * n) as f64).sum();
            sum / slices.iter().map(|slice| count(slice)).sum::<f64>()
        };
        let (first, last) =
            (mean(&self.slices[..quarter]), mean(&self.slices[self.slices.len() - quarter..]));
        match last / first {
            factor if share > TREND_SHARE && factor > TREND_FACTOR => Some(Trend::Rise),
            factor if share > TREND_SHARE && factor < 1.0 / TREND_FACTOR => Some(Trend::Fall),
            _ => None,
        }
    }
}

impl Estimate {
    /// Returns the noise of a rate, from the slices of times of all kinds. `edge` is the
    /// uncertainty of the last time relative to the run's length, because the run ends with
    /// it.
    pub(super) fn rate(timings: &[&Timing], edge: f64) -> Result<Self, &'static str> {
        let longest = timings.iter().map(|timing| timing.slices().buckets_us.len()).max().unwrap_or(0);
        let in_slice = |n: usize| -> f64 {
            timings.iter().filter_map(|t| t.slices().buckets_us.get(n)).map(|slice| count(slice)).sum()
        };
        if timings.iter().any(|timing| timing.histogram().is_none()) {
            return Err("has only percentiles");
        }
        let counts: Vec<f64> = (0..longest).map(in_slice).collect();
        let filled = |n: &f64| *n > 0.0;
        let first = counts.iter().position(filled).unwrap_or(longest);
        let last = counts.iter().rposition(filled).unwrap_or(0);
        // The first slice begins before the first answer is possible.
        let counts = counts.get(first + 1..last).unwrap_or_default();
        if counts.len() < FEWEST_SLICES {
            return Err("has too few slices");
        }
        let (variance, freedom) = long_run(counts);
        let error = (variance / counts.len() as f64).sqrt() / mean(counts);
        Ok(Self { noise: Noise::Relative(error.hypot(edge)), pace: 0.0, freedom })
    }

    /// Returns how far the true value may lie below and above the figure at `t` standard
    /// errors, as the logarithm of the ratio. Either may be infinite.
    ///
    /// The tails of a waiting time come in clusters, and a run that happens to have
    /// few of them underestimates both the percentile and its noise. The limit
    /// below is therefore taken on the logarithm of the share beyond, and the one
    /// above on the share itself: each the wider of the two usual ways.
    pub(super) fn distances(&self, t: f64) -> (f64, f64) {
        let (below, above) = match &self.noise {
            Noise::Relative(error) => (t * error, t * error),
            Noise::Share { error: 0.0, .. } => (0.0, 0.0),
            Noise::Share { share, error, cumulative } => {
                let beyond = 1.0 - share;
                let low = 1.0 - beyond * (t * error / beyond).exp();
                let high = share + t * error;
                let all = cumulative.last().map_or(0, |(_, count)| *count) as f64;
                let at = |share| (at_share(cumulative, share) as f64).max(1.0).ln();
                let here = at(*share);
                let below = if low <= 0.0 { f64::INFINITY } else { here - at(low) };
                let above = if high >= 1.0 - 0.5 / all { f64::INFINITY } else { at(high) - here };
                (below, above)
            }
        };
        (below.hypot(t * self.pace), above.hypot(t * self.pace))
    }
}

/// Removes the empty slices at the end, and the slice before them, which the end of the
/// run has cut short.
fn complete(mut slices: Vec<&[(u64, u64)]>) -> Vec<&[(u64, u64)]> {
    while slices.pop_if(|slice| slice.is_empty()).is_some() {}
    slices.pop();
    slices
}

fn count(slice: &[(u64, u64)]) -> f64 {
    slice.iter().map(|(_, count)| *count as f64).sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Returns the smallest bucket value that a share of the times does not exceed.
fn at_share(cumulative: &[(u64, u64)], share: f64) -> u64 {
    let all = cumulative.last().map_or(0, |(_, count)| *count) as f64;
    let place = cumulative.partition_point(|(_, count)| (*count as f64) < share * all - 1e-9);
    cumulative.get(place).or(cumulative.last()).map_or(0, |(us, _)| *us)
}

/// Returns the energy of a series in each of the first cosines. A constant has none.
fn cosines(series: &[f64]) -> impl Iterator<Item = f64> {
    let length = series.len() as f64;
    (1..=COSINES.min(series.len() / 2)).map(move |turn| {
        let wave = |n: usize| (PI * turn as f64 * (n as f64 + 0.5) / length).cos();
        let sum: f64 = series.iter().enumerate().map(|(n, value)| value * wave(n)).sum();
        sum * sum * 2.0 / length
    })
}

/// Returns the long-run variance of a series, and its degrees of freedom.
pub(super) fn long_run(series: &[f64]) -> (f64, f64) {
    let energy: Vec<f64> = cosines(series).collect();
    (mean(&energy), energy.len() as f64)
}

/// Returns the mean energy of a series with a trend, from the differences of neighbours
/// (von Neumann 1941), to which the trend adds only its change from one to the next.
fn between_neighbours(series: &[f64]) -> (f64, f64) {
    let squares = series.windows(2).map(|pair| (pair[1] - pair[0]).powi(2));
    let pairs = (series.len() - 1) as f64;
    (squares.sum::<f64>() / (2.0 * pairs), 2.0 * pairs / 3.0)
}
