//! The times of a run, as a histogram that is written at full resolution and read back
//! without loss, as a whole and in slices.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::metrics::{Summary, empty_histogram};

/// Pairs of microseconds and the number of times of that length, in ascending order.
pub type Buckets = Vec<(u64, u64)>;

/// More than any bucket of a real run contains.
const MOST: u64 = 1 << 40;

/// The distribution of times of one kind.
///
/// Either a histogram in microseconds, with three significant digits, or the few points
/// of a distribution that another tool reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Timing {
    shape: Shape,
    /// The times of each slice of the run; empty if there are none.
    slices: Slices,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Full(Histogram<u64>),
    Points(Points),
}

/// A few points of a distribution, with its count and mean where they are known.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Points {
    /// The number of times, where it is known.
    pub count: Option<u64>,
    /// The mean in milliseconds, where it is known.
    pub mean_ms: Option<f64>,
    /// Pairs of a percentage and the percentile in milliseconds, in ascending order.
    pub points: Vec<[f64; 2]>,
}

/// Times by the slice in which they ended. Slices are `seconds` long and start at the
/// beginning of the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Slices {
    /// The length of a slice.
    pub seconds: f64,
    /// A histogram for each slice.
    pub buckets_us: Vec<Buckets>,
}

/// The form in the file: the usual figures for people, the buckets for programs.
#[derive(Serialize, Deserialize)]
struct Written {
    count: Option<u64>,
    mean_ms: Option<f64>,
    #[serde(default)]
    p50_ms: Option<f64>,
    #[serde(default)]
    p90_ms: Option<f64>,
    #[serde(default)]
    p99_ms: Option<f64>,
    #[serde(default)]
    p999_ms: Option<f64>,
    #[serde(default)]
    max_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    points: Option<Vec<[f64; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buckets_us: Option<Vec<(u64, u64)>>,
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    slices: Slices,
}

impl Slices {
    fn is_empty(&self) -> bool {
        self.buckets_us.is_empty()
    }

    /// Returns a histogram in microseconds for each slice.
    pub fn histograms(&self) -> impl Iterator<Item = Histogram<u64>> {
        self.buckets_us.iter().map(|buckets| from_buckets(buckets))
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::of(empty_histogram())
    }
}

impl Timing {
    /// From a histogram in microseconds.
    pub fn of(histogram: Histogram<u64>) -> Self {
        Self { shape: Shape::Full(histogram), slices: Slices::default() }
    }

    /// From a histogram in microseconds, and the same times in slices of `seconds` each.
    pub fn sliced(histogram: Histogram<u64>, seconds: f64, buckets_us: Vec<Buckets>) -> Self {
        Self { shape: Shape::Full(histogram), slices: Slices { seconds, buckets_us } }
    }

    /// From the points that another tool reports.
    pub fn points(points: Points) -> Self {
        Self { shape: Shape::Points(points), slices: Slices::default() }
    }

    /// The histogram in microseconds, if all times are known.
    pub fn histogram(&self) -> Option<&Histogram<u64>> {
        match &self.shape {
            Shape::Full(histogram) => Some(histogram),
            Shape::Points(_) => None,
        }
    }

    /// The times in slices; empty where they were not kept.
    pub fn slices(&self) -> &Slices {
        &self.slices
    }

    /// Returns the times that ended after the first `seconds` of the run, rounded up to the
    /// end of a slice. `None` if there are times and no slices of them.
    pub fn without_first(&self, seconds: f64) -> Option<Self> {
        if self.is_empty() {
            return Some(self.clone());
        }
        let Slices { seconds: width, buckets_us } = &self.slices;
        if buckets_us.is_empty() {
            return None;
        }
        // A cut at the end of a slice must not be moved to the next by a rounding error.
        let dropped = (seconds / width - 1e-6).ceil().max(0.0) as usize;
        let rest = buckets_us.iter().skip(dropped).cloned().collect::<Vec<_>>();
        let mut whole = empty_histogram();
        rest.iter().for_each(|buckets| record_buckets(&mut whole, buckets));
        Some(Self::sliced(whole, *width, rest))
    }

    /// How many times there are, where that is known.
    pub fn count(&self) -> Option<u64> {
        match &self.shape {
            Shape::Full(histogram) => Some(histogram.len()),
            Shape::Points(points) => points.count,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        match &self.shape {
            Shape::Full(histogram) => histogram.is_empty(),
            Shape::Points(points) => points.points.is_empty(),
        }
    }

    /// Their mean in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        match &self.shape {
            Shape::Full(histogram) => (!histogram.is_empty()).then(|| histogram.mean() / 1e3),
            Shape::Points(points) => points.mean_ms,
        }
    }

    /// The points that another tool reported; empty if all times are known.
    pub(crate) fn known_points(&self) -> &[[f64; 2]] {
        match &self.shape {
            Shape::Full(_) => &[],
            Shape::Points(points) => &points.points,
        }
    }

    /// The quantile of a share, in milliseconds. `None` if only points are known and it
    /// is not one of them.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        match &self.shape {
            Shape::Full(histogram) => quantile_ms(histogram, share),
            Shape::Points(points) => {
                let found =
                    points.points.iter().find(|[percent, _]| (percent / 100.0 - share).abs() < 1e-9);
                found.map(|[_, ms]| *ms)
            }
        }
    }

    /// The longest time, in milliseconds.
    pub fn max_ms(&self) -> Option<f64> {
        self.quantile_ms(1.0)
    }

    /// The usual figures, with zero for what is not known.
    pub fn summary(&self) -> Summary {
        let at = |share| self.quantile_ms(share).unwrap_or_default();
        Summary {
            count: self.count().unwrap_or_default(),
            mean: self.mean_ms().unwrap_or_default(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }
}

/// Returns the quantile of a histogram in microseconds, in milliseconds; `None` if it is
/// empty.
pub fn quantile_ms(histogram: &Histogram<u64>, share: f64) -> Option<f64> {
    let micros = || histogram.value_at_quantile(share).min(histogram.max());
    (!histogram.is_empty()).then(|| micros() as f64 / 1e3)
}

/// The 50th and the 99th percentile of a histogram in microseconds, in milliseconds; `None`
/// if the histogram is empty.
pub(crate) fn p50_and_p99_ms(histogram: &Histogram<u64>) -> Option<[f64; 2]> {
    Some([quantile_ms(histogram, 0.5)?, quantile_ms(histogram, 0.99)?])
}

/// Rounds a duration to microseconds, the unit of histograms.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from((duration.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)
}

/// Returns the buckets of a histogram that have values.
pub(crate) fn buckets(histogram: &Histogram<u64>) -> Buckets {
    let bucket = |b: hdrhistogram::iterators::IterationValue<u64>| {
        (b.value_iterated_to().min(histogram.max()), b.count_at_value())
    };
    histogram.iter_recorded().map(bucket).collect()
}

fn from_buckets(buckets: &[(u64, u64)]) -> Histogram<u64> {
    let mut histogram = empty_histogram();
    record_buckets(&mut histogram, buckets);
    histogram
}

pub(super) fn record_buckets(histogram: &mut Histogram<u64>, buckets: &[(u64, u64)]) {
    for &(micros, count) in buckets {
        // Fails only for values that no duration has. A count beyond any that we
        // have written would overflow the sum.
        let _ = histogram.record_n(micros, count.min(MOST));
    }
}

impl From<Timing> for Written {
    fn from(timing: Timing) -> Self {
        let at = |share| timing.quantile_ms(share);
        let (points, buckets_us) = match &timing.shape {
            Shape::Full(histogram) => (None, Some(buckets(histogram))),
            Shape::Points(points) => (Some(points.points.clone()), None),
        };
        Self {
            count: timing.count(),
            mean_ms: timing.mean_ms(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: at(1.0),
            points,
            buckets_us,
            slices: timing.slices,
        }
    }
}

impl From<Written> for Timing {
    fn from(written: Written) -> Self {
        let Written { count, mean_ms, points, buckets_us, slices, .. } = written;
        let shape = match (buckets_us, points) {
            (None, Some(points)) => Shape::Points(Points { count, mean_ms, points }),
            (buckets, _) => Shape::Full(from_buckets(&buckets.unwrap_or_default())),
        };
        Self { shape, slices }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = empty_histogram();
        for value in values {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn a_histogram_is_read_back_bucket_by_bucket() {
        let all = histogram((1..5000).map(|n| n * n % 3_000_017));
        let slices = [histogram([1, 2, 3]), histogram([]), histogram([999_999_999])];
        let timing = Timing::sliced(all.clone(), 0.5, slices.iter().map(buckets).collect());
        let text = serde_json::to_string(&timing).unwrap();
        let read: Timing = serde_json::from_str(&text).unwrap();
        assert_eq!(read, timing);
        assert_eq!(read.histogram(), Some(&all));
        assert_eq!(read.slices().histograms().collect::<Vec<_>>(), slices);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn the_times_after_a_warm_up_are_those_of_the_later_slices() {
        let slices = [vec![(5000, 3)], vec![(10, 4)], Vec::new(), vec![(20, 1)]];
        let all = histogram([5000, 5000, 5000, 10, 10, 10, 10, 20]);
        let timing = Timing::sliced(all.clone(), 0.5, slices.to_vec());
        let rest = timing.without_first(0.5).unwrap();
        assert_eq!((rest.count(), rest.max_ms()), (Some(5), Some(0.02)));
        assert_eq!(rest.slices().buckets_us, slices[1..]);
        // Within a slice, the cut is at its end.
        assert_eq!(timing.without_first(0.6).unwrap().count(), Some(1));
        assert_eq!(timing.without_first(9.0).unwrap().count(), Some(0));
        assert_eq!(Timing::of(all).without_first(0.5), None);
        assert_eq!(Timing::default().without_first(0.5), Some(Timing::default()));
    }

    #[test]
    fn of_a_few_points_only_those_are_known() {
        let points = Points { count: None, mean_ms: Some(2.0), points: vec![[50.0, 1.5], [99.0, 9.0]] };
        let timing = Timing::points(points);
        let read: Timing = serde_json::from_str(&serde_json::to_string(&timing).unwrap()).unwrap();
        assert_eq!(read, timing);
        assert_eq!((read.quantile_ms(0.5), read.quantile_ms(0.9)), (Some(1.5), None));
        assert_eq!((read.count(), read.mean_ms()), (None, Some(2.0)));
    }

    #[test]
    fn nothing_has_no_percentiles() {
        assert_eq!(Timing::default().quantile_ms(0.5), None);
        assert!(Timing::default().is_empty());
    }
}
