//! The history as columns: one array per field instead of one object per point.
//!
//! Ten minutes then take about 30 kB as gzip. Counts and levels are whole numbers, each sent
//! as the difference from the previous one, so the running sum of a column restores every
//! value exactly. Times have three significant digits.

use serde::{Serialize, Serializer};

use super::point::Point;
use crate::record::by_mode::in_order;
use crate::record::{ByMode, Mark};

/// The JSON of a history. An array of three has one entry per mode: serial, async,
/// pipelined.
#[derive(Debug, Serialize)]
pub(super) struct Columns<'a> {
    interval_ms: u64,
    t_ms: Differences,
    #[serde(with = "in_order")]
    arrived: ByMode<Differences>,
    #[serde(with = "in_order")]
    requests: ByMode<Differences>,
    #[serde(with = "in_order")]
    finished: ByMode<Differences>,
    depth: Differences,
    in_use: Differences,
    busy: Differences,
    held: Differences,
    concurrency: Differences,
    #[serde(with = "in_order")]
    wait_ms: ByMode<Percentiles>,
    #[serde(with = "in_order")]
    response_ms: ByMode<Percentiles>,
    /// For each point, the first step that has events, and the numbers from that step on.
    /// Empty in points that do not follow the end of a second.
    heat: Vec<Vec<u64>>,
    marks: &'a [Mark],
}

/// A column of whole numbers: the first value, then each difference from the previous one.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Differences(Vec<i64>);

/// Two columns of times; `None` where no event was done.
#[derive(Debug, Serialize)]
struct Percentiles {
    p50: Vec<Option<Rounded>>,
    p99: Vec<Option<Rounded>>,
}

/// A time with three significant digits, without a decimal point if it is a whole number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rounded(f64);

impl<'a> Columns<'a> {
    pub(super) fn of(interval_ms: u64, points: &[Point], marks: &'a [Mark]) -> Self {
        let level = |of: fn(&Point) -> u64| Differences::of(points.iter().map(of));
        let counts = |of: fn(&Point) -> &ByMode<u64>| {
            ByMode::from_fn(|mode| Differences::of(points.iter().map(|point| of(point)[mode])))
        };
        let times = |of: fn(&Point) -> &ByMode<Option<[f64; 2]>>| {
            ByMode::from_fn(|mode| Percentiles::of(points.iter().map(|point| of(point)[mode])))
        };
        Self {
            interval_ms,
            t_ms: level(|point| (point.t * 1000.0).round() as u64),
            arrived: counts(|point| &point.arrived),
            requests: counts(|point| &point.requests),
            finished: counts(|point| &point.finished),
            depth: level(|point| point.depth as u64),
            in_use: level(|point| point.in_use as u64),
            busy: level(|point| point.busy as u64),
            held: level(|point| point.held as u64),
            concurrency: level(|point| point.concurrency),
            wait_ms: times(|point| &point.wait_ms),
            response_ms: times(|point| &point.response_ms),
            heat: points.iter().map(|point| steps(&point.heat)).collect(),
            marks,
        }
    }
}

impl Differences {
    fn of(values: impl Iterator<Item = u64>) -> Self {
        let mut before = 0;
        let difference = |value: u64| {
            let difference = value.wrapping_sub(before) as i64;
            before = value;
            difference
        };
        Self(values.map(difference).collect())
    }
}

impl Percentiles {
    fn of(times: impl Iterator<Item = Option<[f64; 2]>>) -> Self {
        let rounded = |pair: Option<[f64; 2]>| pair.map(|[p50, p99]| (Rounded(p50), Rounded(p99))).unzip();
        let (p50, p99) = times.map(rounded).unzip();
        Self { p50, p99 }
    }
}

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = three_digits(self.0);
        if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
            serializer.serialize_i64(rounded as i64)
        } else {
            serializer.serialize_f64(rounded)
        }
    }
}

/// Rounds to three significant digits. Anything but a positive number stays as it is.
fn three_digits(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return value;
    }
    let decimals = 2 - value.log10().floor() as i32;
    // Dividing by a power of ten gives the number nearest to the rounded decimal, which prints
    // with three digits. Multiplying by the inverse of that power would not.
    if decimals >= 0 {
        let scale = 10f64.powi(decimals);
        (value * scale).round() / scale
    } else {
        let scale = 10f64.powi(-decimals);
        (value / scale).round() * scale
    }
}

/// The heat map of a second: its first step that has events, and a number for each step
/// from there to the last.
fn steps(heat: &[(usize, u64)]) -> Vec<u64> {
    let (Some((first, _)), Some((last, _))) = (heat.first(), heat.last()) else { return Vec::new() };
    let mut steps = vec![0; last - first + 2];
    steps[0] = *first as u64;
    for (step, count) in heat {
        steps[step - first + 1] = three_digits(*count as f64) as u64;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Restores the values of a column.
    fn sums(column: &Value) -> Vec<u64> {
        let mut sum = 0;
        let add = |difference: &Value| {
            sum += difference.as_i64().unwrap();
            u64::try_from(sum).unwrap()
        };
        column.as_array().unwrap().iter().map(add).collect()
    }

    fn columns(points: &[Point]) -> Value {
        serde_json::to_value(Columns::of(250, points, &[])).unwrap()
    }

    #[test]
    fn counts_and_levels_come_back_exactly() {
        let depths = [9_987, 9_990, 123_456, 0, 1];
        let points: Vec<Point> = depths
            .iter()
            .enumerate()
            .map(|(n, &depth)| Point {
                t: (n * 250 + 1) as f64 / 1000.0,
                arrived: ByMode { serial: 1 << (53 - 4 + n), asynchronous: 0, pipelined: n as u64 },
                depth,
                ..Point::default()
            })
            .collect();
        let columns = columns(&points);
        assert_eq!(sums(&columns["depth"]), [9_987, 9_990, 123_456, 0, 1]);
        assert_eq!(sums(&columns["t_ms"]), [1, 251, 501, 751, 1001]);
        assert_eq!(sums(&columns["arrived"][0]), [1 << 49, 1 << 50, 1 << 51, 1 << 52, 1 << 53]);
        assert_eq!(columns["arrived"][2], json!([0, 1, 1, 1, 1]));
    }

    #[test]
    fn times_have_three_digits_and_no_more_characters_than_that_takes() {
        let text = |value: f64| serde_json::to_string(&Rounded(value)).unwrap();
        let times = [0.0, 0.001, 0.012_34, 1.0, 1.005_1, 9.999, 12.345, 100.04, 123.4, 999.6, 123_456.7];
        let written = ["0", "0.001", "0.0123", "1", "1.01", "10", "12.3", "100", "123", "1000", "123000"];
        assert_eq!(times.map(text), written);
    }

    #[test]
    fn a_mode_without_times_has_null_at_that_point() {
        let wait = |pipelined| ByMode { pipelined, ..ByMode::default() };
        let points = [
            Point { wait_ms: wait(Some([1.234, 5.0])), ..Point::default() },
            Point { wait_ms: wait(None), ..Point::default() },
        ];
        let columns = columns(&points);
        assert_eq!(columns["wait_ms"][2], json!({ "p50": [1.23, null], "p99": [5, null] }));
        assert_eq!(columns["wait_ms"][0], json!({ "p50": [null, null], "p99": [null, null] }));
    }

    #[test]
    fn the_heat_of_a_second_begins_with_its_first_step() {
        assert_eq!(steps(&[]), [0; 0]);
        assert_eq!(steps(&[(36, 1)]), [36, 1]);
        assert_eq!(steps(&[(0, 7), (3, 12_345)]), [0, 7, 0, 0, 12_300]);
    }

    proptest::proptest! {
        #[test]
        fn rounding_is_within_half_a_unit_of_the_third_digit(value in 1e-3..1e9_f64) {
            let rounded = three_digits(value);
            assert!((rounded - value).abs() <= value * 0.005 * 1.000_001, "{value} became {rounded}");
            let digits = format!("{rounded:e}").split('e').next().unwrap().replace('.', "").len();
            assert!(digits <= 3, "{value} became {rounded}");
        }
    }
}
