//! The last minutes, for the charts: a point every quarter of a second, and marks
//! for what was changed when.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};

use super::stats::ModeStats;
use super::{Mode, Workbench};

/// The time between two points.
pub const HISTORY_INTERVAL: Duration = Duration::from_millis(250);
/// Five minutes of points.
const POINTS: usize = 1200;
const MARKS: usize = 100;

/// One moment of the bench. Arrays have an entry for each mode: serial, async,
/// pipelined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Uptime in seconds.
    pub t: f64,
    /// Responses sent since the start, resets aside.
    pub requests: [u64; 3],
    /// Events done or failed since the start, resets aside.
    pub finished: [u64; 3],
    /// Events in the queue.
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
    pub wait_ms: [Option<[f64; 2]>; 3],
    /// The same of the response.
    pub response_ms: [Option<[f64; 2]>; 3],
}

/// Something that happened at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Uptime in seconds.
    pub t: f64,
    /// What kind of thing.
    pub kind: MarkKind,
    /// What it was.
    pub text: String,
}

/// What a [`Mark`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// An edit of the configuration came into force.
    Reload,
    /// An edit was refused.
    Error,
    /// Counters were zeroed.
    Reset,
    /// The pipeline was paused, or went on.
    Pause,
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
    /// The cumulative histograms as of the last point, to subtract.
    before: [Option<Before>; 3],
}

#[derive(Debug)]
struct Before {
    wait: Histogram<u64>,
    response: Histogram<u64>,
}

impl Workbench {
    /// Takes a point every [`HISTORY_INTERVAL`] until the workbench stops.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn sample_forever(self: Arc<Self>) {
        let mut tick = interval(HISTORY_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = self.shutdown.stopping() => return,
                _ = tick.tick() => self.sample(),
            }
        }
    }

    /// Takes a point now.
    pub fn sample(&self) {
        let numbers = self.numbers();
        let modes = &self.bench.modes;
        let finished = |stats: &ModeStats| {
            let totals = stats.account.totals();
            totals.done + totals.failed
        };
        let mut history = self.history();
        let recent: [_; 3] = std::array::from_fn(|mode| history.recent(mode, &modes[mode]));
        let point = Point {
            t: self.uptime().as_secs_f64(),
            requests: std::array::from_fn(|mode| modes[mode].totals().requests),
            finished: std::array::from_fn(|mode| finished(&modes[mode])),
            depth: numbers.depth,
            in_use: numbers.usage.in_use,
            busy: numbers.busy,
            held: numbers.held,
            concurrency: self.in_force().config.settings.consumers.concurrency,
            wait_ms: recent.map(|(wait, _)| wait),
            response_ms: recent.map(|(_, response)| response),
        };
        if history.points.len() == POINTS {
            history.points.pop_front();
        }
        history.points.push_back(point);
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
        let mark = Mark { t: self.uptime().as_secs_f64(), kind, text: text.to_owned() };
        let mut history = self.history();
        if history.marks.len() == MARKS {
            history.marks.pop_front();
        }
        history.marks.push_back(mark);
    }

    fn history(&self) -> std::sync::MutexGuard<'_, Sampler> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sampler {
    /// p50 and p99 of wait and response since the last call for this mode.
    fn recent(&mut self, mode: usize, stats: &ModeStats) -> (Option<[f64; 2]>, Option<[f64; 2]>) {
        let now = Before { wait: stats.wait(), response: stats.response() };
        let before = self.before[mode].as_ref();
        let recent = (
            percentiles(&now.wait, before.map(|before| &before.wait)),
            percentiles(&now.response, before.map(|before| &before.response)),
        );
        self.before[mode] = Some(now);
        recent
    }
}

/// p50 and p99 in milliseconds of what is in `now` and not in `before`.
fn percentiles(now: &Histogram<u64>, before: Option<&Histogram<u64>>) -> Option<[f64; 2]> {
    let mut recent = now.clone();
    if let Some(before) = before
        && before.len() <= now.len()
    {
        // Fails when a bucket would fall below zero: there was a reset since,
        // and everything in `now` is new.
        if recent.subtract(before).is_err() {
            recent = now.clone();
        }
    }
    let at = |quantile| recent.value_at_quantile(quantile) as f64 / 1e3;
    (!recent.is_empty()).then(|| [at(0.5), at(0.99)])
}

const _: () = assert!(Mode::ALL.len() == 3, "points have an entry for each mode");
