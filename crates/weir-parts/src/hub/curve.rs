//! The curve of one event: after which time how many watchers have it. Its slope is the cost of
//! one write.

use std::time::Duration;

use tokio::time::Instant;

/// The most points of a curve.
const POINTS: usize = 200;

/// The times at which the watchers had one event, from the moment when it was numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    /// The number of the event.
    pub seq: u64,
    /// The watchers that have it.
    pub watchers: usize,
    /// Quantiles of their times, at most 200 at equal distances: the first point is the first
    /// watcher, and the last point the last.
    pub points: Vec<Duration>,
}

/// The times of one shard, while they are recorded.
#[derive(Debug)]
pub(super) struct Tracing {
    pub(super) seq: u64,
    published: Instant,
    /// The watchers that the event was sent to.
    expected: u64,
    micros: Vec<u32>,
}

impl Tracing {
    pub(super) fn new(seq: u64, published: Instant, expected: u64) -> Self {
        Self { seq, published, expected, micros: Vec::with_capacity(expected as usize) }
    }

    /// Notes that one more watcher has the event.
    pub(super) fn delivered(&mut self) {
        self.micros.push(u32::try_from(self.published.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    pub(super) fn is_complete(&self) -> bool {
        self.micros.len() as u64 >= self.expected
    }

    pub(super) fn finish(self) -> Trace {
        Trace { seq: self.seq, micros: self.micros }
    }
}

/// The recorded times of one shard, in microseconds.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    seq: u64,
    micros: Vec<u32>,
}

/// Joins the shards' records of the newest event among them.
pub(super) fn join(traces: impl Iterator<Item = Trace> + Clone) -> Option<Curve> {
    let seq = traces.clone().map(|trace| trace.seq).max()?;
    let mut all: Vec<u32> =
        traces.filter(|trace| trace.seq == seq).flat_map(|trace| trace.micros).collect();
    all.sort_unstable();
    let n = all.len().min(POINTS);
    let point = |i: usize| all[if n == 1 { 0 } else { i * (all.len() - 1) / (n - 1) }];
    let points = (0..n).map(|i| Duration::from_micros(u64::from(point(i)))).collect();
    Some(Curve { seq, watchers: all.len(), points })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_joins_the_newest_event_of_all_shards() {
        let trace = |seq, micros: std::ops::Range<u32>| Trace { seq, micros: micros.rev().collect() };
        let traces = [trace(7, 0..500), trace(6, 9000..9001), trace(7, 500..1000)];
        let curve = join(traces.into_iter()).unwrap();
        assert_eq!((curve.seq, curve.watchers, curve.points.len()), (7, 1000, 200));
        assert_eq!(curve.points[0], Duration::ZERO);
        assert_eq!(curve.points[199], Duration::from_micros(999));
        assert_eq!(join([trace(1, 4..5)].into_iter()).unwrap().points, [Duration::from_micros(4)]);
        assert_eq!(join([].into_iter()), None);
    }
}
