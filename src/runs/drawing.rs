//! The lines drawn for a run: its percentile curves and its figures over time. The page has
//! the same rules in `run-view.js` and `distribution.js`.

use crate::record::{Mark, PredictedTimes, RoomsSide, Run, Series, Timing, TimingKind};

/// The percentages at which a histogram is read.
const READ: [f64; 17] = [
    0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999,
];

/// Points of a line, in ascending order; `None` where a value is not known.
pub(super) type Points = Vec<(f64, Option<f64>)>;

/// The lines of one run.
#[derive(Debug)]
pub(super) struct Drawing {
    /// Percentages, and the time until a client has its answer in milliseconds.
    pub(super) answer: Points,
    /// Percentages, and the time of events in milliseconds.
    pub(super) response: Points,
    /// Answers per second.
    pub(super) answers: Points,
    /// Events done per second.
    pub(super) done: Points,
    pub(super) depth: Points,
    pub(super) in_use: Points,
    pub(super) marks: Vec<Mark>,
}

impl Drawing {
    pub(super) fn of(run: &Run) -> Self {
        let from = run.skipped.as_ref().map_or(0.0, |skipped| skipped.seconds);
        let window = run.window.as_ref();
        let jobs = run.jobs.as_ref();
        let bench = run.bench.as_ref().map(|bench| &bench.series);
        let bench = bench.or(window.map(|window| &window.series)).or(jobs.map(|jobs| &jobs.series));
        let watch = run.watch.as_ref();
        let rooms = run.rooms.as_ref().map(|rooms| &rooms.series);
        let mode = run.mode().map(|mode| mode.name()).unwrap_or_default();
        let client = run.client.as_ref().map(|client| &client.series).filter(|series| !series.t.is_empty());
        let prediction = run.prediction.as_ref();
        let by_bench = |what: &str| rates(bench, &[&format!("{mode}.{what}")], from);
        let curve = |kind, predicted: Option<PredictedTimes>| match run.timing(kind) {
            Some(timing) => of_timing(timing),
            None => predicted.map(of_prediction).unwrap_or_default(),
        };
        let predicted_depth = || {
            let points = prediction.map(|prediction| prediction.depth_over_time.iter());
            points.into_iter().flatten().map(|&[t, depth]| (t, Some(depth))).collect()
        };
        Self {
            answer: curve(TimingKind::Answer, prediction.and_then(|prediction| prediction.answer)),
            response: curve(TimingKind::Response, prediction.and_then(|prediction| prediction.response)),
            answers: match client {
                Some(_) => rates(client, &["ok", "refused", "failed"], from),
                None => by_bench("requests"),
            },
            // Samples do not tell done from failed.
            done: match (jobs, watch) {
                _ if rooms.is_some() => rates(rooms, &["acknowledged"], from),
                (Some(_), _) => rates(bench, &["done"], from),
                (None, Some(watch)) => rates(Some(&watch.series), &["deliveries"], from),
                (None, None) => by_bench(if window.is_some() { "finished" } else { "done" }),
            },
            // Of a run of watchers, those that are connected. Rooms have no queue.
            depth: match (watch, rooms) {
                (Some(watch), _) => levels(&watch.series, "watchers"),
                (None, Some(_)) => Vec::new(),
                (None, None) => bench.map_or_else(predicted_depth, |series| levels(series, "depth")),
            },
            in_use: bench.map(|series| levels(series, "in_use")).unwrap_or_default(),
            marks: match (&run.bench, jobs, window) {
                _ if run.rooms.is_some() => run.rooms.as_ref().map(RoomsSide::marks).unwrap_or_default(),
                _ if watch.is_some() => watch.map(|watch| watch.marks.clone()).unwrap_or_default(),
                (Some(bench), ..) => bench.marks.clone(),
                (None, Some(jobs), _) => jobs.marks.clone(),
                (None, None, window) => window.map(|window| window.marks.clone()).unwrap_or_default(),
            },
        }
    }
}

/// The percentiles of measured times. The longest of N times is placed in the middle of the
/// last 1/N (Hazen's plotting position).
fn of_timing(timing: &Timing) -> Points {
    let count = timing.count().unwrap_or_default();
    let last = if count > 0 { 100.0 * (1.0 - 0.5 / count as f64) } else { 100.0 };
    if timing.is_empty() {
        return Vec::new();
    }
    let read: Vec<f64> = match timing.histogram() {
        Some(_) => READ.to_vec(),
        None => timing.known_points().iter().map(|[percent, _]| *percent).collect(),
    };
    let below = read.into_iter().filter(|percent| *percent < last && *percent < 100.0);
    let points = below.map(|percent| (percent, timing.quantile_ms(percent / 100.0)));
    points.chain([(last, timing.max_ms())]).filter(|(_, ms)| ms.is_some()).collect()
}

fn of_prediction(times: PredictedTimes) -> Points {
    let all = [(50.0, times.p50_ms), (90.0, times.p90_ms), (99.0, times.p99_ms)];
    all.into_iter().filter(|(_, ms)| ms.is_some()).collect()
}

/// The values of a column. A missing column was zero throughout.
fn levels(series: &Series, column: &str) -> Points {
    let values = series.columns.get(column);
    let value = |at: usize| values.map_or(Some(0.0), |values| values.get(at).copied().flatten());
    series.t.iter().enumerate().map(|(at, t)| (*t, value(at))).collect()
}

/// Counts within intervals as rates. A last interval that was cut short is merged with the
/// one before it.
fn rates(series: Option<&Series>, columns: &[&str], begin: f64) -> Points {
    let Some(series) = series else { return Vec::new() };
    let first = series.t.first().map_or(begin, |t| t - series.interval_s);
    let mut from = if begin > 0.0 { begin.max(first) } else { 0.0 };
    // A rate needs a second, and samples are closer together.
    let least = if series.interval_s < 1.0 { 0.99 } else { 0.0 };
    let mut spans: Vec<(f64, f64, f64)> = Vec::new();
    for (at, &t) in series.t.iter().enumerate() {
        let value = |column: &&str| series.columns.get(*column)?.get(at).copied().flatten();
        let count: f64 = columns.iter().filter_map(value).sum();
        match spans.last_mut() {
            Some(last) if t - from < series.interval_s / 4.0 || last.1 - last.0 < least => {
                (last.1, last.2) = (t, last.2 + count);
            }
            _ => spans.push((from, t, count)),
        }
        from = t;
    }
    spans.retain(|(from, t, _)| t > from);
    let rate = |&(from, t, count): &(f64, f64, f64)| Some(count / (t - from));
    let first = spans.first().map(|span| (span.0, rate(span)));
    first.into_iter().chain(spans.iter().map(|span| (span.1, rate(span)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_last_interval_is_counted_with_the_one_before() {
        let columns = [("ok".to_owned(), vec![Some(10.0), Some(20.0), Some(2.0)])].into();
        let series = Series { interval_s: 1.0, t: vec![1.0, 2.0, 2.2], columns };
        let drawn = rates(Some(&series), &["ok", "refused"], 0.0);
        let expected = [(0.0, 10.0), (1.0, 10.0), (2.2, 22.0 / 1.2)];
        assert_eq!(drawn.len(), 3);
        for ((t, rate), (at, expected)) in drawn.into_iter().zip(expected) {
            assert!((t - at).abs() < 1e-9 && (rate.unwrap() - expected).abs() < 1e-9, "{t} {rate:?}");
        }
    }

    #[test]
    fn rates_of_samples_are_over_a_second() {
        let columns = [("a".to_owned(), vec![Some(4.0); 8])].into();
        let t = (1..=8).map(|quarter| f64::from(quarter) / 4.0).collect();
        let drawn = rates(Some(&Series { interval_s: 0.25, t, columns }), &["a"], 0.0);
        assert_eq!(drawn, [(0.0, Some(16.0)), (1.0, Some(16.0)), (2.0, Some(16.0))]);
    }

    #[test]
    fn a_curve_ends_at_the_longest_time() {
        let run = crate::runs::sample();
        let drawn = Drawing::of(&run);
        let (percent, ms) = *drawn.answer.last().unwrap();
        assert!((percent - 100.0 * (1.0 - 0.5 / 3.0)).abs() < 1e-9, "{percent}");
        assert_eq!(ms, run.timing(TimingKind::Answer).unwrap().max_ms());
        assert!(drawn.answer.is_sorted_by(|a, b| a.0 < b.0));
    }
}
