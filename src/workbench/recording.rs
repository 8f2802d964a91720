//! Records runs: from the first request after quiet, or from an explicit beginning, until
//! everything is finished.

mod progress;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bench;
use super::delta::Delta;
use super::numbers::Numbers;
use super::stats::ModeStats;
use crate::pipeline::Stamp;
use crate::record::{BenchSide, ByMode, LoadFigures, MarkKind, Mode};
use crate::runs::InProgress;
use progress::Recording;

/// After this long without activity the bench is quiet.
const QUIET: Duration = Duration::from_secs(1);
/// A run that a client began is ended by the bench itself once bench and client have been
/// silent for this long.
const ORPHANED: Duration = Duration::from_secs(30);
/// The most runs that may wait to be saved; more are dropped.
const FINISHED: usize = 100;
/// How often the progress of the current run is noted.
const NOTE: Duration = Duration::from_secs(1);

/// The state of the bench, as the recorder sees it at one moment.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) now: Stamp,
    pub(super) numbers: Numbers,
    /// The number of events that consumers may handle at once.
    pub(super) concurrency: u64,
    /// The activity since the last observation.
    pub(super) deltas: ByMode<Delta>,
}

impl Observation {
    /// True if no request is in flight and no event is inside.
    fn is_drained(&self, bench: &Bench) -> bool {
        let nothing_asked = || bench.modes.values().all(|stats| stats.totals().in_flight == 0);
        self.numbers.ledger().held == 0 && nothing_asked()
    }
}

/// The bench side of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The beginning, by the bench's clock.
    #[serde(skip)]
    pub began: Stamp,
    /// The configuration in force at the beginning.
    pub config: Value,
    /// The figures.
    pub bench: BenchSide,
}

#[derive(Debug, Default)]
pub(super) struct Recorder {
    current: Option<Recording>,
    pub(super) finished: Vec<Recorded>,
    claims: u64,
    /// `Account::time_inside` of each mode while nothing was recorded.
    quiet_time: ByMode<u64>,
    last_observed: Option<Stamp>,
    /// When the progress was last noted.
    noted: Option<Stamp>,
    /// Runs that were dropped because [`FINISHED`] were waiting.
    pub(super) crowded_out: u64,
}

/// A note about the current run.
#[derive(Debug)]
pub(super) enum Note {
    /// Its progress.
    Progress(InProgress),
    /// It has ended.
    Ended,
}

impl Recorder {
    /// Takes in an observation: its activity belongs to the current run, or begins one.
    /// Returns true if the run has ended.
    pub(super) fn observe(
        &mut self,
        bench: &Bench,
        observation: &Observation,
        config: impl FnOnce() -> Value,
    ) -> bool {
        let before = self.last_observed.replace(observation.now).unwrap_or(observation.now);
        if self.current.is_none() && observation.deltas.values().any(Delta::is_load) {
            let inside = observation.deltas.as_ref().map(|delta| delta.inside_before);
            let began = first_request(bench, observation).unwrap_or(before);
            self.current = Some(Recording::new(began, None, config(), inside, self.quiet_time));
        }
        let Some(recording) = &mut self.current else {
            self.quiet_time = time_inside(bench, observation.now);
            return false;
        };
        recording.add(bench, observation, before);
        let patience = if recording.claim.is_some() { ORPHANED } else { QUIET };
        let idle = observation.now.since(recording.last_thing(bench).max(recording.heard));
        if observation.is_drained(bench) && idle >= patience {
            self.finish(bench, observation);
            return true;
        }
        false
    }

    /// Ends the current run, if any, and begins another. Returns the number to fetch it
    /// by. Must be called right after an observation.
    pub(super) fn begin(&mut self, bench: &Bench, observation: &Observation, config: Value) -> u64 {
        self.finish(bench, observation);
        self.claims += 1;
        let inside = observation.deltas.as_ref().map(|delta| delta.inside);
        let claim = Some(self.claims);
        self.current = Some(Recording::new(observation.now, claim, config, inside, self.quiet_time));
        self.claims
    }

    /// Returns whether the claimed run has drained; `None` if it is not in progress.
    pub(super) fn is_drained(&self, claim: u64, bench: &Bench, observation: &Observation) -> Option<bool> {
        let current = self.current.as_ref()?;
        (current.claim == Some(claim)).then(|| observation.is_drained(bench))
    }

    /// Notes that the client of the claimed run is alive. Returns false if that run is
    /// not in progress.
    pub(super) fn hear(&mut self, claim: u64, now: Stamp) -> bool {
        let current = self.current.as_mut().filter(|current| current.claim == Some(claim));
        current.map(|current| current.heard = now).is_some()
    }

    /// Ends the claimed run and returns it; `None` if it is not in progress.
    pub(super) fn take(
        &mut self,
        claim: u64,
        bench: &Bench,
        observation: &Observation,
    ) -> Option<Recorded> {
        self.is_drained(claim, bench, observation)?;
        self.end(bench, observation)
    }

    /// Ends the current run, if any, and has it saved if anything happened in it.
    pub(super) fn finish(&mut self, bench: &Bench, observation: &Observation) {
        let ended = self.end(bench, observation);
        let Some(recorded) = ended.filter(|recorded| !recorded.bench.modes.is_empty()) else { return };
        if self.finished.len() == FINISHED {
            self.finished.remove(0);
            self.crowded_out += 1;
        }
        self.finished.push(recorded);
    }

    fn end(&mut self, bench: &Bench, observation: &Observation) -> Option<Recorded> {
        self.quiet_time = time_inside(bench, observation.now);
        let recording = self.current.take()?;
        bench.modes.values().for_each(ModeStats::end_burst);
        Some(recording.finish(bench, observation, self.quiet_time))
    }

    /// Returns a note about the current run, if one is due.
    pub(super) fn note(&mut self, now: Stamp, held: u64) -> Option<Note> {
        let Some(recording) = &self.current else {
            return self.noted.take().map(|_| Note::Ended);
        };
        if self.noted.is_some_and(|noted| now.since(noted) < NOTE) {
            return None;
        }
        self.noted = Some(now);
        Some(Note::Progress(recording.progress(now, held)))
    }

    /// Returns the progress of the current run.
    pub(super) fn progress(&self, now: Stamp, held: u64) -> Option<InProgress> {
        self.current.as_ref().map(|recording| recording.progress(now, held))
    }

    /// Returns the bench's figures of one mode in the current run.
    pub(super) fn figures(&self, bench: &Bench, mode: Mode, now: Stamp) -> Option<LoadFigures> {
        self.current.as_ref().map(|recording| recording.figures(bench, mode, now))
    }

    pub(super) fn mark(&mut self, now: Stamp, kind: MarkKind, text: &str) {
        if let Some(recording) = &mut self.current {
            recording.mark(now, kind, text);
        }
    }
}

/// Returns the first request of a load that has begun since the last observation.
fn first_request(bench: &Bench, observation: &Observation) -> Option<Stamp> {
    let active = observation.deltas.iter().filter(|(_, delta)| delta.is_something());
    active.filter_map(|(mode, _)| bench.stats(mode).burst_began()).min()
}

fn time_inside(bench: &Bench, now: Stamp) -> ByMode<u64> {
    bench.modes.as_ref().map(|stats| stats.account.time_inside(now))
}
