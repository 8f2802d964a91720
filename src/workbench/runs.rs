//! Runs of this bench: begun and fetched by whoever makes a load, or recorded by
//! themselves and kept.

use serde_json::Value;

use super::Workbench;
use super::recording::Recorded;
use crate::pipeline::Stamp;
use crate::record::{self, Origin, Run};
use crate::runs::InProgress;

/// A run that was recorded while somebody else made the load. `now` is by the
/// bench's clock. It has no id yet.
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
    run.config = Some(config);
    run.bench = Some(bench);
    run.audited()
}

impl Workbench {
    /// Begins to record a run now. One that is being recorded ends here. Returns
    /// the number to [fetch](Self::take_run) it by.
    pub fn begin_run(&self) -> u64 {
        let mut sampler = self.sampler();
        let look = self.look(&mut sampler);
        let claim = sampler.recorder.begin(&self.bench, &look, self.effective());
        self.lap();
        claim
    }

    /// Keeps the run of that number in progress although nothing happens: the client
    /// that began it is still there. To be called every few seconds; half a minute
    /// after the last call and the last event the bench ends the run itself. False if
    /// it is not in progress.
    pub fn hold_run(&self, claim: u64) -> bool {
        let now = self.bench.clock.now();
        self.sampler().recorder.hear(claim, now)
    }

    /// Whether everything of the run in progress is finished; `None` if no run of
    /// that number is in progress.
    pub fn run_is_drained(&self, claim: u64) -> Option<bool> {
        let mut sampler = self.sampler();
        let look = self.look(&mut sampler);
        sampler.recorder.is_drained(claim, &self.bench, &look)
    }

    /// Ends the run of that number, drained or not, and returns it; `None` if it
    /// is not in progress: another has begun, or it was fetched too late.
    pub fn take_run(&self, claim: u64) -> Option<Recorded> {
        let mut sampler = self.sampler();
        let look = self.look(&mut sampler);
        let recorded = sampler.recorder.take(claim, &self.bench, &look)?;
        self.lap();
        Some(recorded)
    }

    /// Ends the run that is being recorded, if any: the workbench comes to its
    /// end.
    pub fn end_run(&self) {
        let mut sampler = self.sampler();
        let look = self.look(&mut sampler);
        sampler.recorder.finish(&self.bench, &look);
    }

    /// How far the run in progress has come, while the bench holds `held` events.
    pub(super) fn run_in_progress(&self, held: u64) -> Option<InProgress> {
        let now = self.bench.clock.now();
        self.sampler().recorder.progress(now, held)
    }

    /// The runs that have ended since the last call.
    pub(super) fn finished_runs(&self) -> Vec<Run> {
        let finished = std::mem::take(&mut self.sampler().recorder.finished);
        let now = self.bench.clock.now();
        finished.into_iter().map(|recorded| run(recorded, now)).collect()
    }

    /// Lets the peaks of the parts start anew.
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

    /// The settings in force, every key with its value.
    pub fn effective(&self) -> Value {
        // Plain strings and numbers, which JSON can always say.
        serde_json::to_value(self.settings()).unwrap_or_default()
    }
}
