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
    /// True once every watcher either has it or takes no more bytes. Those that take bytes
    /// later are still added.
    pub is_settled: bool,
}

/// The times of one shard, while they are recorded.
#[derive(Debug)]
pub(super) struct Tracing {
    pub(super) seq: u64,
    /// The position behind the event.
    pub(super) end: u64,
    published: Instant,
    /// The watchers that the event was sent to.
    expected: u64,
    micros: Vec<u32>,
    /// How many of the times the last [`news`](Self::news) had, and whether it was settled.
    known: Option<(usize, bool)>,
}

impl Tracing {
    pub(super) fn new(seq: u64, end: u64, published: Instant, expected: u64) -> Self {
        Self { seq, end, published, expected, micros: Vec::with_capacity(expected as usize), known: None }
    }

    /// Notes that one more watcher has the event.
    pub(super) fn delivered(&mut self) {
        self.micros.push(u32::try_from(self.published.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    pub(super) fn is_complete(&self) -> bool {
        self.micros.len() as u64 >= self.expected
    }

    /// Returns the record so far, if it has changed since the last call, and whether it has
    /// settled since then. `is_walked` says that every watcher was tried.
    pub(super) fn news(&mut self, is_walked: bool) -> (Option<Trace>, bool) {
        let was_settled = self.known.is_some_and(|(_, settled)| settled);
        let is_settled = was_settled || is_walked || self.is_complete();
        let now = Some((self.micros.len(), is_settled));
        let has_changed = std::mem::replace(&mut self.known, now) != now;
        let trace =
            || Trace { seq: self.seq, expected: self.expected, micros: self.micros.clone(), is_settled };
        (has_changed.then(trace), is_settled && !was_settled)
    }
}

/// The recorded times of one shard, in microseconds.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    seq: u64,
    expected: u64,
    micros: Vec<u32>,
    is_settled: bool,
}

/// Joins the records that the `shards` have of the newest event among them.
pub(super) fn join(traces: impl Iterator<Item = Trace> + Clone, shards: usize) -> Option<Curve> {
    let seq = traces.clone().map(|trace| trace.seq).max()?;
    let traces = traces.filter(|trace| trace.seq == seq);
    let sent = traces.clone().map(|trace| trace.expected).sum();
    let is_settled = traces.clone().filter(|trace| trace.is_settled).count() == shards;
    let mut all: Vec<u32> = traces.flat_map(|trace| trace.micros).collect();
    all.sort_unstable();
    let n = all.len().min(POINTS);
    let point = |i: usize| all[if n == 1 { 0 } else { i * (all.len() - 1) / (n - 1) }];
    let points = (0..n).map(|i| Duration::from_micros(u64::from(point(i)))).collect();
    Some(Curve { seq, sent, watchers: all.len(), points, is_settled })
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
            is_settled: true,
        };
        let traces = [trace(7, 0..500), trace(6, 9000..9001), trace(7, 500..1000)];
        let curve = join(traces.into_iter(), 3).unwrap();
        assert_eq!((curve.seq, curve.sent, curve.watchers, curve.points.len()), (7, 1200, 1000, 200));
        assert!(!curve.is_settled, "one of three shards has not seen it yet");
        assert_eq!(curve.points[0], Duration::ZERO);
        assert_eq!(curve.points[199], Duration::from_micros(999));
        assert_eq!(join([trace(1, 4..5)].into_iter(), 1).unwrap().points, [Duration::from_micros(4)]);
        assert_eq!(join([].into_iter(), 1), None);
    }
}
