//! The last minutes, for the charts: a point every quarter of a second, and marks
//! for what was changed when.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::busy::BusyShares;
use super::delta::{Delta, Watch};
use super::recording::{Look, Recorder};
use super::stats::Kind;
use super::{Peaks, Workbench};
use crate::metrics::empty_histogram;
use crate::record::by_mode::in_order;
use crate::record::{ByMode, Mark, MarkKind};
use crate::runs::Store;

/// The time between two points.
pub const HISTORY_INTERVAL: Duration = Duration::from_millis(250);
/// Five minutes of points.
const POINTS: usize = 1200;
const MARKS: usize = 100;
/// How many points of the history the rate is measured over: ten seconds.
const RATE_POINTS: usize = 40;

/// One moment of the bench. In JSON, an array has an entry for each mode: serial, async,
/// pipelined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Uptime in seconds.
    pub t: f64,
    /// Requests that arrived since the start, resets aside.
    #[serde(default, with = "in_order")]
    pub arrived: ByMode<u64>,
    /// Responses sent since the start, resets aside.
    #[serde(with = "in_order")]
    pub requests: ByMode<u64>,
    /// Events done or failed since the start, resets aside.
    #[serde(with = "in_order")]
    pub finished: ByMode<u64>,
    /// Events in the queue or at its gate.
    pub depth: usize,
    /// Events in the resource.
    pub in_use: usize,
    /// Events that consumers are handling.
    pub busy: usize,
    /// Events that consumers hold and have not begun.
    pub held: usize,
    /// How many events consumers may handle at once.
    pub concurrency: u64,
    /// p50 and p99 in milliseconds of the wait of events that were done since
    /// the point before, where there were any.
    #[serde(with = "in_order")]
    pub wait_ms: ByMode<Option<[f64; 2]>>,
    /// The same of the response.
    #[serde(with = "in_order")]
    pub response_ms: ByMode<Option<[f64; 2]>>,
}

/// What `/api/history` says.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// The time between two points, in milliseconds.
    pub interval_ms: u64,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Oldest first.
    pub marks: Vec<Mark>,
}

#[derive(Debug, Default)]
pub(super) struct Sampler {
    points: VecDeque<Point>,
    marks: VecDeque<Mark>,
    watches: ByMode<Watch>,
    since_point: ByMode<SincePoint>,
    pub(super) busy: BusyShares,
    pub(super) recorder: Recorder,
}

/// The times of a mode since the last point.
#[derive(Debug)]
struct SincePoint {
    wait: Histogram<u64>,
    response: Histogram<u64>,
}

impl Default for SincePoint {
    fn default() -> Self {
        Self { wait: empty_histogram(), response: empty_histogram() }
    }
}

impl SincePoint {
    fn add(&mut self, delta: &Delta) {
        let Some(times) = &delta.times else { return };
        // Neither can fail: histograms grow as they need to.
        let _ = self.wait.add(&times[Kind::Wait as usize]);
        let _ = self.response.add(&times[Kind::Response as usize]);
    }
}

impl Workbench {
    /// Takes a point every [`HISTORY_INTERVAL`] until the workbench stops, and
    /// keeps the runs that end meanwhile in `store`.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn sample_forever(self: Arc<Self>, store: Option<Store>) {
        let mut tick = interval(HISTORY_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut keeping: Option<JoinHandle<()>> = None;
        loop {
            tokio::select! {
                () = self.shutdown.stopping() => return,
                _ = tick.tick() => self.sample(),
            }
            // Apart, so that a disk that hangs holds up no point.
            if keeping.as_ref().is_none_or(JoinHandle::is_finished) {
                let (this, store) = (Arc::clone(&self), store.clone());
                keeping = Some(tokio::spawn(async move { this.keep_finished(store.as_ref()).await }));
            }
        }
    }

    /// Takes a point now.
    pub fn sample(&self) {
        let mut history = self.history();
        let look = self.look(&mut history);
        let now = look.now.as_secs();
        history.busy.sample(now, &self.pipeline.inspect(), look.numbers.busy, look.concurrency);
        let modes = &self.bench.modes;
        let since = std::mem::take(&mut history.since_point);
        let point = Point {
            t: now,
            arrived: modes.as_ref().map(|stats| stats.totals().arrived),
            requests: modes.as_ref().map(|stats| stats.totals().requests),
            finished: modes.as_ref().map(|stats| {
                let totals = stats.account.totals();
                totals.done + totals.failed
            }),
            depth: look.numbers.depth,
            in_use: look.numbers.usage.in_use,
            busy: look.numbers.busy,
            held: look.numbers.held,
            concurrency: look.concurrency,
            wait_ms: since.as_ref().map(|since| percentiles(&since.wait)),
            response_ms: since.as_ref().map(|since| percentiles(&since.response)),
        };
        if history.points.len() == POINTS {
            history.points.pop_front();
        }
        history.points.push_back(point);
        self.drain_rate.store(drain_rate(&history.points).to_bits(), Ordering::Relaxed);
    }

    /// Lets the recorder see what has happened since the last look.
    pub(super) fn look(&self, history: &mut Sampler) -> Look {
        let modes = &self.bench.modes;
        let deltas = ByMode::from_fn(|mode| history.watches[mode].look(&modes[mode]));
        for (mode, since) in history.since_point.iter_mut() {
            since.add(&deltas[mode]);
        }
        let concurrency = self.in_force().config.settings.consumers.concurrency;
        let look = Look { now: self.bench.clock.now(), numbers: self.numbers(), concurrency, deltas };
        if history.recorder.look(&self.bench, &look, || self.effective()) {
            self.lap();
        }
        look
    }

    /// Zeroes counters, peaks and histograms. Events that are held stay, and
    /// count as accepted anew. The history keeps what it shows, and a run that is
    /// being recorded what it has.
    pub fn reset(&self) {
        let mut history = self.history();
        self.look(&mut history);
        self.bench.resource.reset();
        self.bench.queue.reset_peak();
        for (mode, watch) in history.watches.iter_mut() {
            self.bench.stats(mode).reset();
            watch.zeroed();
        }
        *self.peaks() = Peaks::default();
        drop(history);
        self.mark(MarkKind::Reset, "counters, peaks and histograms zeroed");
    }

    /// The last minutes.
    pub fn recent_history(&self) -> History {
        let history = self.history();
        History {
            interval_ms: HISTORY_INTERVAL.as_millis() as u64,
            points: history.points.iter().cloned().collect(),
            marks: history.marks.iter().cloned().collect(),
        }
    }

    pub(super) fn last_point(&self) -> Point {
        self.history().points.back().cloned().unwrap_or_default()
    }

    pub(super) fn mark(&self, kind: MarkKind, text: &str) {
        let now = self.bench.clock.now();
        let mark = Mark { t: now.as_secs(), kind, text: text.to_owned() };
        let mut history = self.history();
        history.recorder.mark(now, kind, text);
        if history.marks.len() == MARKS {
            history.marks.pop_front();
        }
        history.marks.push_back(mark);
    }

    pub(super) fn history(&self) -> MutexGuard<'_, Sampler> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// p50 and p99 in milliseconds, where there is anything.
pub(super) fn percentiles(times: &Histogram<u64>) -> Option<[f64; 2]> {
    let at = |share| times.value_at_quantile(share).min(times.max()) as f64 / 1e3;
    (!times.is_empty()).then(|| [at(0.5), at(0.99)])
}

/// How many pipelined events were finished per second, over the last ten seconds;
/// nothing before there are two points.
fn drain_rate(points: &VecDeque<Point>) -> f64 {
    let Some(last) = points.back() else { return 0.0 };
    let first = &points[points.len().saturating_sub(RATE_POINTS + 1)];
    let finished = |point: &Point| point.finished.pipelined;
    let seconds = last.t - first.t;
    if seconds > 0.0 { finished(last).saturating_sub(finished(first)) as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let finished = |n: u64| ByMode { pipelined: n * n, ..ByMode::default() };
        let point = |n: u64| Point { t: n as f64 * 0.25, finished: finished(n), ..Point::default() };
        assert!(drain_rate(&VecDeque::new()).abs() < 1e-9);
        assert!(drain_rate(&[point(3)].into()).abs() < 1e-9);
        let rate = drain_rate(&(0..=100).map(point).collect());
        assert!((rate - (100.0 * 100.0 - 60.0 * 60.0) / 10.0).abs() < 1e-9, "{rate}");
    }
}
