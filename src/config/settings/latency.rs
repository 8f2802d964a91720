//! `resource.latency`: a distribution and its bounds.

use std::time::Duration;

use serde::Serialize;

use super::HOUR;
use crate::config::reader::Reader;
use crate::duration;
use crate::resource::Distribution;

/// `resource.latency`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Latency {
    /// The name of the distribution.
    pub distribution: Shape,
    /// The mean before clamping.
    #[serde(serialize_with = "duration::serialize")]
    pub mean: Duration,
    /// Never less.
    #[serde(serialize_with = "duration::serialize")]
    pub min: Duration,
    /// Never more.
    #[serde(serialize_with = "duration::serialize")]
    pub max: Duration,
    /// For the lognormal: the standard deviation of the logarithm.
    pub sigma: f64,
}

/// `resource.latency.distribution`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Always the mean.
    Fixed,
    /// Evenly between min and max.
    Uniform,
    /// Exponential with the mean.
    Exponential,
    /// Lognormal with the mean and sigma.
    Lognormal,
}

impl Shape {
    /// The maximum where none is written: what keeps the mean where it is, or moves
    /// it by less than 0.01 %.
    fn own_max(self, mean: Duration, min: Duration) -> Duration {
        let max = match self {
            Self::Fixed => mean,
            Self::Uniform => (mean * 2).saturating_sub(min),
            Self::Exponential | Self::Lognormal => mean * 10,
        };
        max.min(HOUR)
    }
}

impl Latency {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let shapes = [
            ("fixed", Shape::Fixed),
            ("uniform", Shape::Uniform),
            ("exponential", Shape::Exponential),
            ("lognormal", Shape::Lognormal),
        ];
        let distribution = reader.choice("resource.latency.distribution", Shape::Fixed, &shapes);
        let mean = Duration::from_millis(500);
        let mean = reader.duration("resource.latency.mean", mean, Duration::ZERO..=HOUR);
        let min = reader.duration("resource.latency.min", Duration::ZERO, Duration::ZERO..=HOUR);
        let max = distribution.own_max(mean, min);
        let max = reader.duration("resource.latency.max", max, Duration::ZERO..=HOUR);
        let sigma = reader.number("resource.latency.sigma", 0.5, 0.0..=5.0);
        let latency = Self { distribution, mean, min, max, sigma };
        latency.check(reader);
        latency
    }

    /// Returns true if the maximum is the one derived from the mean, and so moves with it.
    pub fn max_follows_mean(&self) -> bool {
        self.max == self.distribution.own_max(self.mean, self.min)
    }

    fn check(&self, reader: &mut Reader) {
        let (mean, min, max) =
            (duration::format(self.mean), duration::format(self.min), duration::format(self.max));
        let keys = ["resource.latency.mean", "resource.latency.min", "resource.latency.max"];
        if self.min > self.max {
            // Without a written maximum the mean sets it.
            let (above, value) = if reader.is_written(keys[2]) { (keys[2], max) } else { (keys[0], mean) };
            reader.blame(&keys, format!("resource.latency.min = {min} is above {above} = {value}"));
        } else if self.distribution == Shape::Uniform && reader.is_written("resource.latency.max") {
            // Its bounds say everything, the mean included.
        } else if !(self.min..=self.max).contains(&self.mean) {
            let message =
                format!("resource.latency.mean = {mean} is not between min = {min} and max = {max}");
            reader.blame(&keys, message);
        }
    }

    /// The latency as the resource takes it.
    pub fn to_resource(&self) -> crate::resource::Latency {
        let distribution = match self.distribution {
            Shape::Fixed => Distribution::Fixed,
            Shape::Uniform => Distribution::Uniform,
            Shape::Exponential => Distribution::Exponential,
            Shape::Lognormal => Distribution::Lognormal { sigma: self.sigma },
        };
        crate::resource::Latency { distribution, mean: self.mean, min: self.min, max: self.max }
    }
}
