//! A run in progress, with its figures so far.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::Value;

use super::super::Bench;
use super::super::delta::Delta;
use super::super::history::HISTORY_INTERVAL;
use super::super::stats::{HistogramKind, ModeStats};
use super::{Observation, Recorded};
use crate::metrics::empty_histogram;
use crate::pipeline::{LedgerCounts, Stamp};
use crate::record::{
    self, BenchSide, ByMode, LoadFigures, Mark, MarkKind, Merge, Mode, ModeSide, SeriesBuilder, Slicer,
    date, p50_and_p99_ms,
};
use crate::runs::InProgress;

/// The most marks of a run; the others are only counted.
const MARKS: usize = 500;

#[derive(Debug)]
pub(super) struct Recording {
    began: Stamp,
    /// The number by which the client that began it fetches it; `None` if the bench began
    /// it.
    pub(super) claim: Option<u64>,
    /// When that client last showed that it is alive.
    pub(super) heard: Stamp,
    config: Value,
    modes: ByMode<ModeRecord>,
    series: SeriesBuilder,
    marks: Vec<Mark>,
    /// Marks beyond [`MARKS`].
    marks_left_out: u64,
}

/// The figures of one mode since the run began.
#[derive(Debug)]
struct ModeRecord {
    /// Its first request.
    first: Option<Stamp>,
    requests: u64,
    aborted: u64,
    /// Events inside when the run began.
    inside_before: u64,
    counts: LedgerCounts,
    /// `Account::time_inside` at the beginning.
    time_before: u64,
    times: [Slicer; HistogramKind::ALL.len()],
    row: Row,
}

/// The figures of one mode since the last row of the series.
#[derive(Debug)]
struct Row {
    requests: u64,
    counts: LedgerCounts,
    times: [Histogram<u64>; COLUMNS.len()],
}

/// The times that have columns.
const COLUMNS: [(HistogramKind, &str); 3] =
    [(HistogramKind::Http, "http"), (HistogramKind::Wait, "wait"), (HistogramKind::Response, "response")];

impl Default for Row {
    fn default() -> Self {
        Self { requests: 0, counts: LedgerCounts::default(), times: COLUMNS.map(|_| empty_histogram()) }
    }
}

/// The names of all columns, in the order in which [`Recording::row`] fills them.
fn columns() -> Vec<(String, Merge)> {
    let levels = ["depth", "in_use", "busy", "held", "concurrency"];
    let mut columns: Vec<_> = levels.map(|name| (name.to_owned(), Merge::Last)).to_vec();
    for mode in Mode::ALL {
        for count in ["requests", "done", "failed", "refused", "dropped"] {
            columns.push((format!("{}.{count}", mode.name()), Merge::Sum));
        }
        for (_, times) in COLUMNS {
            for percentile in ["p50", "p99"] {
                columns.push((format!("{}.{times}_{percentile}_ms", mode.name()), Merge::Highest));
            }
        }
    }
    columns
}

impl Recording {
    /// Begins a run. The events `inside` count as accepted anew.
    pub(super) fn new(
        began: Stamp,
        claim: Option<u64>,
        config: Value,
        inside: ByMode<u64>,
        time_before: ByMode<u64>,
    ) -> Self {
        let modes = ByMode::from_fn(|mode| ModeRecord {
            // Events inside arrived before the run, so the mode is used from its
            // beginning.
            first: (inside[mode] > 0).then_some(began),
            requests: 0,
            aborted: 0,
            inside_before: inside[mode],
            counts: LedgerCounts { accepted: inside[mode], ..LedgerCounts::default() },
            time_before: time_before[mode],
            times: HistogramKind::ALL.map(|_| Slicer::new(HISTORY_INTERVAL)),
            row: Row::default(),
        });
        Self {
            began,
            claim,
            heard: began,
            config,
            modes,
            series: SeriesBuilder::new(columns()),
            marks: Vec::new(),
            marks_left_out: 0,
        }
    }

    /// Takes in an observation; the previous one was at `before`.
    pub(super) fn add(&mut self, bench: &Bench, observation: &Observation, before: Stamp) {
        let since_began = observation.now.since(self.began);
        // The middle of the interval, so that a late observation does not move times into
        // the next slice.
        let at = (since_began + before.since(self.began)) / 2;
        for (mode, delta) in observation.deltas.iter() {
            self.modes[mode].add(delta, at);
            if delta.is_something() {
                let first = bench.stats(mode).burst_began().unwrap_or(before);
                self.modes[mode].first.get_or_insert(first.max(self.began));
            }
        }
        if since_began.as_secs_f64() >= self.series.due() {
            self.row(observation);
        }
    }

    fn row(&mut self, observation: &Observation) {
        let numbers = &observation.numbers;
        let levels = [numbers.depth, numbers.usage.in_use, numbers.busy, numbers.held];
        let mut row: Vec<Option<f64>> = levels.iter().map(|&level| Some(level as f64)).collect();
        row.push(Some(observation.concurrency as f64));
        for (_, mode) in self.modes.iter_mut() {
            let Row { requests, counts, times } = std::mem::take(&mut mode.row);
            let counts = [requests, counts.done, counts.failed, counts.rejected, counts.dropped];
            row.extend(counts.map(|count| Some(count as f64)));
            for times in times {
                row.extend(p50_and_p99_ms(&times).map_or([None; 2], |both| both.map(Some)));
            }
        }
        self.series.push(observation.now.since(self.began).as_secs_f64(), row);
    }

    pub(super) fn mark(&mut self, now: Stamp, kind: MarkKind, text: &str) {
        let t = now.since(self.began).as_secs_f64();
        if self.marks.len() < MARKS {
            self.marks.push(Mark { t, kind, text: text.to_owned() });
            return;
        }
        self.marks_left_out += 1;
        // Replaces the last mark, so the number does not grow.
        let text = format!("{} more marks are left out from here on", self.marks_left_out + 1);
        if let Some(last) = self.marks.last_mut() {
            *last = Mark { text, ..last.clone() };
        }
    }

    /// Returns the progress of the run, with `held` events in the bench.
    pub(super) fn progress(&self, now: Stamp, held: u64) -> InProgress {
        let seconds = now.since(self.began);
        let used = self.modes.iter().filter(|(_, record)| record.first.is_some());
        InProgress {
            began: date(record::now() - seconds),
            seconds: seconds.as_secs_f64(),
            requests: used.map(|(mode, record)| (mode.name().to_owned(), record.requests)).collect(),
            held,
            ..InProgress::default()
        }
    }

    /// Returns the bench's figures of one mode so far.
    pub(super) fn figures(&self, bench: &Bench, mode: Mode, now: Stamp) -> LoadFigures {
        let record = &self.modes[mode];
        let LedgerCounts { done, rejected, dropped, .. } = record.counts;
        let seconds = record.first.map(|first| now.since(first).as_secs_f64());
        let times = record.times[HistogramKind::Response as usize].whole();
        let [p50, p99] = p50_and_p99_ms(times).map_or([None; 2], |both| both.map(Some));
        LoadFigures {
            done_per_s: seconds.filter(|&seconds| seconds > 0.0).map(|seconds| done as f64 / seconds),
            response_p50_ms: p50,
            response_p99_ms: p99,
            lost_share: (record.requests > 0).then(|| (rejected + dropped) as f64 / record.requests as f64),
            peak_depth: (mode == Mode::Pipelined).then(|| bench.queue.peak_depth() as f64),
            peak_in_use: Some(bench.resource.usage().peak_in_use as f64),
            seconds,
            ..LoadFigures::default()
        }
    }

    /// Returns the time of the last activity: a request began or ended, or an event
    /// ended.
    pub(super) fn last_thing(&self, bench: &Bench) -> Stamp {
        bench.modes.values().map(last_thing).fold(self.began, Stamp::max)
    }

    pub(super) fn finish(
        mut self,
        bench: &Bench,
        observation: &Observation,
        time_inside: ByMode<u64>,
    ) -> Recorded {
        self.row(observation);
        let drained = observation.is_drained(bench);
        let first = self.modes.values().filter_map(|mode| mode.first).min().unwrap_or(self.began);
        let last = if drained { self.last_thing(bench) } else { observation.now };
        let last_request = bench.modes.values().map(|stats| Stamp::from_nanos(stats.last_active())).max();
        let counts = self.modes.values().fold(LedgerCounts::default(), |sum, mode| sum + mode.counts);
        let used = self.modes.into_iter().filter(|(_, record)| record.first.is_some());
        let modes: BTreeMap<String, ModeSide> = used
            .map(|(mode, record)| {
                let stats = bench.stats(mode);
                let until = if drained { last_thing(stats) } else { observation.now };
                (mode.name().to_owned(), record.finish(stats, until, time_inside[mode]))
            })
            .collect();
        let side = BenchSide {
            seconds: last.since(first).as_secs_f64(),
            drained,
            drain_s: last.since(last_request.unwrap_or(first).max(first)).as_secs_f64(),
            ledger: observation.numbers.with(counts).ledger(),
            peak_in_use: observation.numbers.usage.peak_in_use,
            peak_depth: bench.queue.peak_depth(),
            modes,
            series: self.series.finish(),
            marks: self.marks,
        };
        Recorded { began: self.began, config: self.config, bench: side }
    }
}

/// Returns the time of the last activity of a mode.
fn last_thing(stats: &ModeStats) -> Stamp {
    Stamp::from_nanos(stats.last_active()).max(stats.account.last_settled())
}

impl ModeRecord {
    fn add(&mut self, delta: &Delta, at: Duration) {
        // Levels are those of the last observation.
        let add = |sum: &mut LedgerCounts| *sum = LedgerCounts { in_flight: 0, ..*sum } + delta.counts;
        add(&mut self.counts);
        add(&mut self.row.counts);
        self.requests += delta.requests;
        self.aborted += delta.aborted;
        self.row.requests += delta.requests;
        let Some(times) = &delta.times else { return };
        for (sum, new) in self.times.iter_mut().zip(times) {
            sum.add(at, new);
        }
        for (sum, (kind, _)) in self.row.times.iter_mut().zip(COLUMNS) {
            // Cannot fail: it grows as it needs to.
            let _ = sum.add(&times[kind as usize]);
        }
    }

    /// Returns the figures from the first request until `last`.
    fn finish(self, stats: &ModeStats, last: Stamp, time_inside: u64) -> ModeSide {
        let first = self.first.unwrap_or(last);
        let per_second = |count: u64, until: Stamp| {
            let seconds = until.since(first).as_secs_f64();
            if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
        };
        let LedgerCounts { accepted, done, failed, dropped, rejected, .. } = self.counts;
        let nanos = last.since(first).as_nanos() as f64;
        let inside = time_inside.wrapping_sub(self.time_before) as f64;
        let [http, http_errors, wait, service, response, response_failed] = self.times.map(Slicer::timing);
        ModeSide {
            requests: self.requests,
            errors: http_errors.count().unwrap_or_default(),
            aborted: self.aborted,
            seconds: nanos / 1e9,
            rate: per_second(self.requests, Stamp::from_nanos(stats.last_active())),
            done_rate: per_second(done, stats.account.last_settled()),
            accepted,
            inside_before: Some(self.inside_before),
            refused: rejected,
            done,
            failed,
            dropped,
            peak_in_use: stats.account.peak_in_resource(),
            in_system: if nanos > 0.0 { inside / nanos } else { 0.0 },
            http,
            http_errors,
            wait,
            service,
            response,
            response_failed,
        }
    }
}
