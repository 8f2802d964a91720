//! Records runs: from the first job after a quiet time until the lab is quiet again. A change
//! of the load or of a setting is a mark in the run.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use tokio::time::Instant;

use super::marks::Mark;
use crate::config::Jobs as JobsConfig;
use crate::metrics::empty_histogram;
use crate::record::{self, JobsLedger, JobsSide, Merge, Origin, Run, SeriesBuilder, Slicer};

/// The time without jobs and load after which a run has ended.
const QUIET: Duration = Duration::from_secs(1);
/// A run without a load and with fewer jobs than this is not kept.
const FEWEST: u64 = 10;
/// The first slices of times.
const SLICE: Duration = Duration::from_secs(1);
/// The most marks of a run.
const MARKS: usize = 1_000;

/// Records the current run, and keeps those that have ended until they are taken.
#[derive(Debug, Default)]
pub(super) struct RunRecorder {
    current: Option<Recording>,
    finished: Vec<Run>,
    /// The account at the last observation.
    last: JobsLedger,
    last_restarts: u64,
}

/// What a sample shows to the recorder.
#[derive(Debug)]
pub(super) struct Observed<'a> {
    pub(super) now: Instant,
    pub(super) counts: JobsLedger,
    pub(super) restarts: u64,
    /// CPU time of the threads since the last observation, in core seconds.
    pub(super) core_s: f64,
    /// Lateness since the last observation.
    pub(super) lateness: &'a Histogram<u64>,
    /// Times of users' jobs that are done since the last observation.
    pub(super) yours: &'a [Duration],
    pub(super) config: &'a JobsConfig,
}

#[derive(Debug)]
struct Recording {
    began: Instant,
    began_at: SystemTime,
    before: JobsLedger,
    restarts_before: u64,
    config: JobsConfig,
    /// The most workers, and their rate.
    most: (u64, f64),
    active: Instant,
    core_s: f64,
    lateness: Slicer,
    yours: Slicer,
    series: SeriesBuilder,
    row: Row,
    counts: JobsLedger,
    restarts: u64,
    marks: Vec<record::Mark>,
}

/// The current row of the series.
#[derive(Debug)]
struct Row {
    since: Instant,
    done: u64,
    core_s: f64,
    lateness: Histogram<u64>,
}

impl RunRecorder {
    /// Takes in a sample: begins a run with the first job, and ends it when the lab is quiet.
    pub(super) fn observe(&mut self, observed: &Observed<'_>) {
        let last = std::mem::replace(&mut self.last, observed.counts);
        let restarts = std::mem::replace(&mut self.last_restarts, observed.restarts);
        if self.current.is_none() && observed.counts.accepted > last.accepted {
            self.current = Some(Recording::begin(observed, last, restarts));
        }
        let Some(current) = &mut self.current else { return };
        current.add(observed, last);
        if observed.now - current.active >= QUIET {
            self.finish();
        }
    }

    /// Adds a mark to the current run.
    pub(super) fn mark(&mut self, mark: &Mark) {
        if let Some(current) = self.current.as_mut().filter(|current| current.marks.len() < MARKS) {
            let t = current.began.elapsed().as_secs_f64();
            let text = mark.word.clone();
            current.marks.push(record::Mark { t, kind: record::MarkKind::Jobs, text });
        }
    }

    /// Ends the current run.
    pub(super) fn finish(&mut self) {
        self.finished.extend(self.current.take().and_then(Recording::finish));
    }

    /// Returns the runs that have ended since the last call.
    pub(super) fn take(&mut self) -> Vec<Run> {
        std::mem::take(&mut self.finished)
    }
}

impl Recording {
    fn begin(observed: &Observed<'_>, before: JobsLedger, restarts_before: u64) -> Self {
        let columns = [
            ("done", Merge::Sum),
            ("cores", Merge::Last),
            ("lateness_p99_ms", Merge::Highest),
            ("running", Merge::Last),
        ];
        let names = columns.map(|(name, merge)| (name.to_owned(), merge));
        let row = Row { since: observed.now, done: before.done, core_s: 0.0, lateness: empty_histogram() };
        Self {
            began: observed.now,
            began_at: record::now(),
            before,
            restarts_before,
            config: observed.config.clone(),
            most: (0, observed.config.load.rate),
            active: observed.now,
            core_s: 0.0,
            lateness: Slicer::new(SLICE),
            yours: Slicer::new(SLICE),
            series: SeriesBuilder::new(names.into()),
            row,
            counts: observed.counts,
            restarts: observed.restarts,
            marks: Vec::new(),
        }
    }

    fn add(&mut self, observed: &Observed<'_>, last: JobsLedger) {
        let Observed { now, counts, config, .. } = observed;
        let (at, load) = (*now - self.began, &config.load);
        if load.workers > 0 || counts.running > 0 || *counts != last {
            self.active = *now;
        }
        if load.workers > self.most.0 {
            self.most = (load.workers, load.rate);
        }
        (self.counts, self.restarts) = (*counts, observed.restarts);
        self.core_s += observed.core_s;
        self.row.core_s += observed.core_s;
        self.lateness.add(at, observed.lateness);
        // Cannot fail: the histogram grows as it needs to.
        let _ = self.row.lateness.add(observed.lateness);
        for time in observed.yours {
            self.yours.record(at, u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
        }
        if at.as_secs_f64() >= self.series.due() {
            let seconds = (*now - self.row.since).as_secs_f64().max(1e-3);
            let late = &self.row.lateness;
            let p99 = (!late.is_empty()).then(|| late.value_at_quantile(0.99) as f64 / 1e3);
            let done = (counts.done - self.row.done) as f64;
            let cores = self.row.core_s / seconds;
            self.series
                .push(at.as_secs_f64(), vec![Some(done), Some(cores), p99, Some(counts.running as f64)]);
            self.row = Row { since: *now, done: counts.done, core_s: 0.0, lateness: empty_histogram() };
        }
    }

    /// Returns the run, if it had a load or enough jobs.
    fn finish(self) -> Option<Run> {
        let counts = self.counts.since(&self.before);
        if self.most.0 == 0 && counts.accepted < FEWEST {
            return None;
        }
        // The first job began up to a sample before the run did.
        let seconds = (self.active - self.began).as_secs_f64().max(0.1);
        let mut run = Run::new(Origin::Recorded, "jobs", self.began_at);
        run.seconds = seconds;
        run.config = Some(serde_json::json!({ "jobs": self.config }));
        run.jobs = Some(JobsSide {
            seconds,
            threads: self.config.workers,
            isolation: self.config.isolation.to_string(),
            slice: self.config.slice,
            workers: self.most.0,
            rate: self.most.1,
            ledger: counts,
            restarts: self.restarts - self.restarts_before,
            done_rate: counts.done as f64 / seconds,
            cores: self.core_s / seconds,
            lateness: self.lateness.timing(),
            yours: self.yours.timing(),
            series: self.series.finish(),
            marks: self.marks,
        });
        Some(run.audited())
    }
}
