//! The axes of a chart: where a value is placed, and the ticks.

use super::super::drawing::Points;
use super::super::markup::{number, tick};
use super::super::words::figure;

/// The shortest time that is measured, in milliseconds.
const SHORTEST_MS: f64 = 0.001;
/// The nines of a percentile axis: 99 % to 99.9999 %.
const NINES: (f64, f64) = (2.0, 6.0);

/// The unit of a linear scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Rate,
    Count,
}

/// The scale of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    Linear { high: f64, unit: Unit },
    Logarithmic { low: f64, high: f64 },
}

/// The horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Foot {
    /// Seconds since the beginning.
    Time { to: f64 },
    /// Percentiles, on the logarithm of what lies beyond them.
    Nines { most: f64 },
}

type Lines = [(usize, Points)];

fn values(lines: &Lines) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|(_, points)| points).filter_map(|(_, value)| *value)
}

fn places(lines: &Lines) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|(_, points)| points).map(|(place, _)| *place)
}

/// The smallest 1, 2 or 5 times a power of ten that is no less than the value.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|step| step * power)
        .into_iter()
        .find(|step| *step >= value * 0.999)
        .unwrap_or(10.0 * power)
}

impl Scale {
    pub(super) fn linear(lines: &Lines, unit: Unit) -> Self {
        let high = values(lines).fold(4.0, f64::max);
        let step = nice(high / 4.0);
        Self::Linear { high: (high / step).ceil() * step, unit }
    }

    pub(super) fn logarithmic(lines: &Lines) -> Self {
        let low = values(lines).map(|value| value.max(SHORTEST_MS)).fold(f64::INFINITY, f64::min);
        let high = values(lines).fold(SHORTEST_MS, f64::max);
        let low = if low.is_finite() { nice(low / 5.0 * 1.01) } else { SHORTEST_MS };
        Self::Logarithmic { low, high: nice(high).max(low * 10.0) }
    }

    /// The position of a value, as a share of the height.
    pub(super) fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear { high, .. } => value / high,
            Self::Logarithmic { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
        }
    }

    pub(super) fn ticks(self) -> Vec<(f64, String)> {
        match self {
            Self::Linear { high, unit } => {
                let step = nice(high / 5.0);
                let words = |value: f64| match unit {
                    Unit::Rate => format!("{}/s", number(value)),
                    Unit::Count => number(value),
                };
                (0..=(high / step + 1e-6) as u32)
                    .map(|n| f64::from(n) * step)
                    .map(|v| (v, words(v)))
                    .collect()
            }
            Self::Logarithmic { low, high } => {
                let decades = (high / low).log10();
                let factors: &[f64] = match decades {
                    d if d > 2.2 => &[1.0],
                    _ => &[1.0, 2.0, 5.0],
                };
                let stride = (decades / 6.0).ceil().max(1.0) as usize;
                let powers = (low.log10().floor() as i32..=high.log10().ceil() as i32).step_by(stride);
                let all =
                    powers.flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)));
                all.filter(|v| (low * 0.999..=high * 1.001).contains(v)).map(|v| (v, tick(v))).collect()
            }
        }
    }
}

impl Foot {
    pub(super) fn time(lines: &Lines) -> Self {
        Self::Time { to: places(lines).fold(0.001, f64::max) }
    }

    pub(super) fn nines(lines: &Lines) -> Self {
        let last = places(lines).filter(|percent| *percent < 100.0).fold(0.0, f64::max);
        Self::Nines { most: (nines(last) - 0.001).ceil().clamp(NINES.0, NINES.1) }
    }

    /// The position on the axis, as a share of the width.
    pub(super) fn place(self, at: f64) -> f64 {
        match self {
            Self::Time { to } => at / to,
            Self::Nines { most } => (nines(at) / most).min(1.0),
        }
    }

    pub(super) fn ticks(self) -> Vec<(f64, String)> {
        match self {
            Self::Time { to } => {
                let (unit, name) = match to {
                    to if to > 300.0 => (60.0, "min"),
                    to if to < 0.5 => (0.001, "ms"),
                    _ => (1.0, "s"),
                };
                let step = nice(to / 6.0 / unit) * unit;
                let ticks = (0..=(to / step + 1e-3) as u32).map(|n| f64::from(n) * step);
                ticks.map(|t| (t / to, format!("{} {name}", figure(t / unit)))).collect()
            }
            Self::Nines { most } => {
                let decades = (1..=most as i32).map(|n| 100.0 * (1.0 - 10_f64.powi(-n)));
                let words = |percent: f64| format!("{} %", (percent * 1e4).round() / 1e4);
                // With many nines there is no room beside 0 % for the median.
                let median = (most <= 3.0).then_some(50.0);
                [0.0].into_iter().chain(median).chain(decades).map(|p| (self.place(p), words(p))).collect()
            }
        }
    }
}

/// How many nines a percentile has: 2 for 99 %.
fn nines(percent: f64) -> f64 {
    -(1.0 - percent.clamp(0.0, 100.0) / 100.0).log10()
}
