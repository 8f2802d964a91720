//! A stretch of the last minutes, kept as a run on request.
//!
//! The history has a sample every quarter of a second: counters, levels, and the percentiles
//! of the events done since the sample before. A kept run has these figures and what follows
//! from them exactly. It has no ledger and no histograms, because the history has none, and
//! its audit says so.

use std::time::Duration;

use thiserror::Error;

use super::point::Point;
use super::{HISTORY_INTERVAL, Workbench};
use crate::record::{
    Audit, Check, Mark, MarkKind, Mode, Origin, Run, Series, Verdict, WindowMode, WindowSide, now,
};

/// The shortest window: a rate needs a second.
const SHORTEST_S: f64 = 1.0;

/// Why a stretch of the history cannot be kept.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WindowError {
    /// A bound is not a number, or the end is not after the beginning.
    #[error(
        "from_s={from} and to_s={to} are no window: expected two uptimes in seconds, the earlier one first"
    )]
    Order {
        /// The beginning, an uptime in seconds.
        from: f64,
        /// The end.
        to: f64,
    },
    /// It is shorter than a second.
    #[error("{seconds:.2} s are too short for a run: at least 1 s")]
    Short {
        /// Its length.
        seconds: f64,
    },
    /// The history does not reach that far.
    #[error(
        "{from:.1} s to {to:.1} s are not in the history, which reaches from {first:.1} s to {last:.1} s of uptime"
    )]
    Outside {
        /// The beginning.
        from: f64,
        /// The end.
        to: f64,
        /// The uptime of the first sample.
        first: f64,
        /// The uptime of the last one.
        last: f64,
    },
    /// The bench was idle.
    #[error("nothing arrived, waited or finished in these {seconds:.1} s")]
    Idle {
        /// Its length.
        seconds: f64,
    },
}

impl Workbench {
    /// Returns the stretch of the history between two uptimes in seconds as a run, without an
    /// id. It has what the samples know.
    ///
    /// # Errors
    /// [`WindowError`].
    pub fn window(&self, from: f64, to: f64) -> Result<Run, WindowError> {
        let history = self.recent_history();
        let points = within(&history.points, from, to)?;
        let (first, last) = (&points[0], &points[points.len() - 1]);
        let marks = history.marks.into_iter().filter(|mark| (first.t..=last.t).contains(&mark.t));
        let marks: Vec<Mark> = marks.map(|mark| Mark { t: mark.t - first.t, ..mark }).collect();
        let side = side(points, marks);
        if side.modes.is_empty() && side.peak_depth == 0 && side.peak_in_use == 0 {
            return Err(WindowError::Idle { seconds: side.seconds });
        }
        let mut modes = side.modes.keys();
        let target = match (modes.next(), modes.next()) {
            (Some(only), None) => only.clone(),
            _ => "several modes".to_owned(),
        };
        let ago = (self.bench.clock.now().as_secs() - first.t).max(0.0);
        let mut run = Run::new(Origin::Kept, &target, now() - Duration::from_secs_f64(ago));
        run.seconds = side.seconds;
        run.set_bench_config(self.effective());
        let changed = side.marks.iter().filter(|mark| mark.kind == MarkKind::Reload).count();
        run.audit = audit(changed);
        run.window = Some(side);
        Ok(run)
    }
}

/// The points from the last one before the window to the last one within it.
fn within(points: &[Point], from: f64, to: f64) -> Result<&[Point], WindowError> {
    if !(from.is_finite() && to.is_finite() && from < to) {
        return Err(WindowError::Order { from, to });
    }
    if to - from < SHORTEST_S {
        return Err(WindowError::Short { seconds: to - from });
    }
    // A selection ends between two samples; the nearest ones are its bounds.
    let interval = HISTORY_INTERVAL.as_secs_f64();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Err(WindowError::Outside { from, to, first: 0.0, last: 0.0 });
    };
    if from < first.t - 2.0 * interval || to > last.t + 2.0 * interval {
        return Err(WindowError::Outside { from, to, first: first.t, last: last.t });
    }
    let begin = points.partition_point(|point| point.t <= from + interval / 2.0).saturating_sub(1);
    let end = points.partition_point(|point| point.t <= to + interval / 2.0);
    let found = points.get(begin..end).filter(|found| found.len() >= 2);
    found.ok_or(WindowError::Outside { from, to, first: first.t, last: last.t })
}

fn side(points: &[Point], marks: Vec<Mark>) -> WindowSide {
    let (first, last) = (&points[0], &points[points.len() - 1]);
    let since = |point: &Point| point.t - first.t;
    let mut series = Series {
        interval_s: HISTORY_INTERVAL.as_secs_f64(),
        t: points[1..].iter().map(since).collect(),
        ..Series::default()
    };
    let mut column = |name: String, values: &dyn Fn(&Point, &Point) -> Option<f64>| {
        let values: Vec<Option<f64>> = points.windows(2).map(|pair| values(&pair[0], &pair[1])).collect();
        if values.iter().flatten().any(|value| *value != 0.0) {
            series.columns.insert(name, values);
        }
    };
    column("depth".to_owned(), &|_, point| Some(point.depth as f64));
    column("in_use".to_owned(), &|_, point| Some(point.in_use as f64));
    column("busy".to_owned(), &|_, point| Some(point.busy as f64));
    column("held".to_owned(), &|_, point| Some(point.held as f64));
    column("concurrency".to_owned(), &|_, point| Some(point.concurrency as f64));
    let mut side = WindowSide { seconds: since(last), marks, ..WindowSide::default() };
    for mode in Mode::ALL {
        let name = mode.name();
        let grown = |before: u64, now: u64| Some(now.saturating_sub(before) as f64);
        column(format!("{name}.arrived"), &|a, b| grown(a.arrived[mode], b.arrived[mode]));
        column(format!("{name}.requests"), &|a, b| grown(a.requests[mode], b.requests[mode]));
        column(format!("{name}.finished"), &|a, b| grown(a.finished[mode], b.finished[mode]));
        for (at, percentile) in ["p50", "p99"].into_iter().enumerate() {
            column(format!("{name}.wait_{percentile}_ms"), &|_, point| Some(point.wait_ms[mode]?[at]));
            column(format!("{name}.response_{percentile}_ms"), &|_, point| {
                Some(point.response_ms[mode]?[at])
            });
        }
        let counts = WindowMode {
            arrived: last.arrived[mode].saturating_sub(first.arrived[mode]),
            answered: last.requests[mode].saturating_sub(first.requests[mode]),
            finished: last.finished[mode].saturating_sub(first.finished[mode]),
        };
        if counts != WindowMode::default() {
            side.modes.insert(name.to_owned(), counts);
        }
    }
    side.peak_depth = points.iter().map(|point| point.depth).max().unwrap_or_default();
    side.peak_in_use = points.iter().map(|point| point.in_use).max().unwrap_or_default();
    side.series = series;
    side
}

/// Notes that a reader of a kept run needs.
fn audit(changed: usize) -> Audit {
    let note = |name: &str, says: String| Check { name: name.to_owned(), verdict: Verdict::Note, says };
    let mut checks = vec![
        note(
            "samples",
            "the window was taken from the bench's samples, four a second: peaks are those of the samples, and \
             events that failed count as finished"
                .to_owned(),
        ),
        note(
            "unknown",
            "the ledger, refusals, failures, and the percentiles of the whole window are unknown; the samples \
             have p50 and p99 of each quarter second"
                .to_owned(),
        ),
    ];
    if changed > 0 {
        let times = if changed == 1 { "once".to_owned() } else { format!("{changed} times") };
        checks.push(note(
            "configuration",
            format!("the configuration changed {times} within the window; the one shown is from when the run was kept"),
        ));
    }
    Audit { checks }
}
