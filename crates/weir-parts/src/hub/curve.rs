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
    /// The watchers that it was sent to.
    pub sent: u64,
    /// The watchers that have it so far.
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
    /// How many of the times the last [`news`](Self::news) had.
    known: usize,
}

impl Tracing {
    pub(super) fn new(seq: u64, published: Instant, expected: u64) -> Self {
        Self { seq, published, expected, micros: Vec::with_capacity(expected as usize), known: 0 }
    }

    /// Notes that one more watcher has the event.
    pub(super) fn delivered(&mut self) {
        self.micros.push(u32::try_from(self.published.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    pub(super) fn is_complete(&self) -> bool {
        self.micros.len() as u64 >= self.expected
    }

    /// Returns the record so far, if it has grown since the last call.
    pub(super) fn news(&mut self) -> Option<Trace> {
        let has_grown = std::mem::replace(&mut self.known, self.micros.len()) < self.micros.len();
        has_grown.then(|| Trace { seq: self.seq, expected: self.expected, micros: self.micros.clone() })
    }
}

/// The recorded times of one shard, in microseconds.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    seq: u64,
    expected: u64,
    micros: Vec<u32>,
}

/// Joins the shards' records of the newest event among them.
pub(super) fn join(traces: impl Iterator<Item = Trace> + Clone) -> Option<Curve> {
    let seq = traces.clone().map(|trace| trace.seq).max()?;
    let traces = traces.filter(|trace| trace.seq == seq);
    let sent = traces.clone().map(|trace| trace.expected).sum();
    let mut all: Vec<u32> = traces.flat_map(|trace| trace.micros).collect();
    all.sort_unstable();
    let n = all.len().min(POINTS);
    let point = |i: usize| all[if n == 1 { 0 } else { i * (all.len() - 1) / (n - 1) }];
    let points = (0..n).map(|i| Duration::from_micros(u64::from(point(i)))).collect();
    Some(Curve { seq, sent, watchers: all.len(), points })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_joins_the_newest_event_of_all_shards() {
        let trace = |seq, micros: std::ops::Range<u32>| Trace {
            seq,
            expected: 600,
            micros: micros.rev().collect(),
        };
        let traces = [trace(7, 0..500), trace(6, 9000..9001), trace(7, 500..1000)];
        let curve = join(traces.into_iter()).unwrap();
        assert_eq!((curve.seq, curve.sent, curve.watchers, curve.points.len()), (7, 1200, 1000, 200));
        assert_eq!(curve.points[0], Duration::ZERO);
        assert_eq!(curve.points[199], Duration::from_micros(999));
        assert_eq!(join([trace(1, 4..5)].into_iter()).unwrap().points, [Duration::from_micros(4)]);
        assert_eq!(join([].into_iter()), None);
    }
}
