//! The runs of this bench: a client begins and fetches one around its load, or the bench
//! records and saves it on its own.

use serde_json::Value;

use super::Workbench;
use super::recording::Recorded;
use crate::pipeline::Stamp;
use crate::record::{self, LoadFigures, Mode, Origin, Run};
use crate::runs::InProgress;

/// Returns a run that the bench recorded on its own. `now` is by the bench's clock. The
/// run has no id yet.
fn run(recorded: Recorded, now: Stamp) -> Run {
    let Recorded { began, config, bench } = recorded;
    let began = record::now() - now.since(began);
    let mut modes = bench.modes.keys();
    let target = match (modes.next(), modes.next()) {
        (Some(only), None) => only.as_str(),
        _ => "several modes",
    };
    let mut run = Run::new(Origin::Recorded, target, began);
    run.seconds = bench.seconds;
    run.set_bench_config(config);
    run.bench = Some(bench);
    run.audited()
}

impl Workbench {
    /// Begins to record a run, and ends the current one, if any. Returns the number to
    /// [fetch](Self::take_run) it by.
    pub fn begin_run(&self) -> u64 {
        let mut sampler = self.sampler();
        let observation = self.observe(&mut sampler);
        let claim = sampler.recorder.begin(&self.bench, &observation, self.effective());
        self.lap();
        claim
    }

    /// Notes that the client that began the run is alive, so the run stays in progress
    /// without activity. To be called every few seconds: 30 s after the last call and the
    /// last event, the bench ends the run itself. Returns false if the run is not in
    /// progress.
    pub fn hold_run(&self, claim: u64) -> bool {
        let now = self.bench.clock.now();
        self.sampler().recorder.hear(claim, now)
    }

    /// Returns whether everything in the run is finished; `None` if it is not in
    /// progress.
    pub fn run_is_drained(&self, claim: u64) -> Option<bool> {
        let mut sampler = self.sampler();
        let observation = self.observe(&mut sampler);
        sampler.recorder.is_drained(claim, &self.bench, &observation)
    }

    /// Ends the run, drained or not, and returns it. Returns `None` if it is not in
    /// progress: another run has begun, or the bench ended it.
    pub fn take_run(&self, claim: u64) -> Option<Recorded> {
        let mut sampler = self.sampler();
        let observation = self.observe(&mut sampler);
        let recorded = sampler.recorder.take(claim, &self.bench, &observation)?;
        self.lap();
        Some(recorded)
    }

    /// Ends the current run, if any, because the workbench ends.
    pub fn end_run(&self) {
        let mut sampler = self.sampler();
        let observation = self.observe(&mut sampler);
        sampler.recorder.finish(&self.bench, &observation);
    }

    /// Returns the progress of the current run, while the bench holds `held` events.
    pub(super) fn run_in_progress(&self, held: u64) -> Option<InProgress> {
        let now = self.bench.clock.now();
        self.sampler().recorder.progress(now, held)
    }

    /// Returns the bench's figures of one mode in the current run, up to the last quarter
    /// of a second. A client's figures are unknown to the bench. `None` if no run is in
    /// progress.
    pub fn figures_so_far(&self, mode: Mode) -> Option<LoadFigures> {
        let now = self.bench.clock.now();
        self.sampler().recorder.figures(&self.bench, mode, now)
    }

    /// Returns the runs that have ended since the last call.
    pub(super) fn finished_runs(&self) -> Vec<Run> {
        let finished = std::mem::take(&mut self.sampler().recorder.finished);
        let now = self.bench.clock.now();
        let of_labs = self.labs().iter().flat_map(|lab| lab.take_runs());
        finished.into_iter().map(|recorded| run(recorded, now)).chain(of_labs).collect()
    }

    /// Restarts the peaks of the parts.
    pub(super) fn lap(&self) {
        let bench = &self.bench;
        let mut peaks = self.peaks();
        *peaks = peaks.with(bench);
        bench.resource.reset_peak();
        bench.queue.reset_peak();
        for stats in bench.modes.values() {
            stats.account.reset_peak();
        }
    }

    /// Returns the settings in force, every key with its value.
    pub fn effective(&self) -> Value {
        // Strings and numbers, which JSON can always represent.
        serde_json::to_value(self.settings()).unwrap_or_default()
    }
}
