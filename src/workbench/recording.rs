//! Records runs: from the first request after quiet until everything is finished,
//! or from when somebody says so.

mod progress;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bench;
use super::delta::Delta;
use super::snapshot::Numbers;
use super::stats::ModeStats;
use crate::pipeline::Stamp;
use crate::record::{BenchSide, ByMode, MarkKind};
use crate::runs::InProgress;
use progress::Recording;

/// A bench at which nothing has happened for so long is quiet.
const QUIET: Duration = Duration::from_secs(1);
/// A run that a client began is kept by the bench itself once the bench was quiet and
/// the client was not heard of for this long.
const ORPHANED: Duration = Duration::from_secs(30);
/// More runs than this that end within one look are not kept.
const FINISHED: usize = 100;
/// How often the run in progress is told of.
const NOTE: Duration = Duration::from_secs(1);

/// What the recorder is shown each time.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) now: Stamp,
    pub(super) numbers: Numbers,
    /// How many events consumers may handle at once.
    pub(super) concurrency: u64,
    /// What has happened since the last look.
    pub(super) deltas: ByMode<Delta>,
}

impl Look {
    /// Nothing under way, and nothing inside.
    fn is_drained(&self, bench: &Bench) -> bool {
        let nothing_asked = || bench.modes.values().all(|stats| stats.totals().in_flight == 0);
        self.numbers.ledger().held == 0 && nothing_asked()
    }
}

/// A run as the bench has seen it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// When it began, by the bench's clock.
    #[serde(skip)]
    pub began: Stamp,
    /// The configuration in force then.
    pub config: Value,
    /// What happened.
    pub bench: BenchSide,
}

#[derive(Debug, Default)]
pub(super) struct Recorder {
    current: Option<Recording>,
    pub(super) finished: Vec<Recorded>,
    claims: u64,
    /// `Account::time_inside` of each mode while nothing was recorded.
    quiet_time: ByMode<u64>,
    last_look: Option<Stamp>,
    /// When the run in progress was last told of.
    noted: Option<Stamp>,
    /// Runs that ended and were not kept, since [`FINISHED`] were waiting.
    pub(super) crowded_out: u64,
}

/// What is to be told of the run in progress.
#[derive(Debug)]
pub(super) enum Note {
    /// How far it has come.
    Progress(InProgress),
    /// There is none any more.
    Ended,
}

impl Recorder {
    /// Takes in what has happened since the last look: it belongs to the run in
    /// progress, or begins one. Says whether the run has come to its end.
    pub(super) fn look(&mut self, bench: &Bench, look: &Look, config: impl FnOnce() -> Value) -> bool {
        let before = self.last_look.replace(look.now).unwrap_or(look.now);
        if self.current.is_none() && look.deltas.values().any(Delta::is_load) {
            let inside = look.deltas.as_ref().map(|delta| delta.inside_before);
            let began = first_request(bench, look).unwrap_or(before);
            self.current = Some(Recording::new(began, None, config(), inside, self.quiet_time));
        }
        let Some(recording) = &mut self.current else {
            self.quiet_time = time_inside(bench, look.now);
            return false;
        };
        recording.add(bench, look, before);
        let patience = if recording.claim.is_some() { ORPHANED } else { QUIET };
        let idle = look.now.since(recording.last_thing(bench).max(recording.heard));
        if look.is_drained(bench) && idle >= patience {
            self.finish(bench, look);
            return true;
        }
        false
    }

    /// Ends the run in progress, if there is one, and begins another. Returns the
    /// number to fetch it by. To be called right after a look.
    pub(super) fn begin(&mut self, bench: &Bench, look: &Look, config: Value) -> u64 {
        self.finish(bench, look);
        self.claims += 1;
        let inside = look.deltas.as_ref().map(|delta| delta.inside);
        let claim = Some(self.claims);
        self.current = Some(Recording::new(look.now, claim, config, inside, self.quiet_time));
        self.claims
    }

    /// Whether the claimed run is in progress, and whether it has drained.
    pub(super) fn is_drained(&self, claim: u64, bench: &Bench, look: &Look) -> Option<bool> {
        let current = self.current.as_ref()?;
        (current.claim == Some(claim)).then(|| look.is_drained(bench))
    }

    /// Notes that the client of the claimed run is still there. False if that run is
    /// not in progress.
    pub(super) fn hear(&mut self, claim: u64, now: Stamp) -> bool {
        let current = self.current.as_mut().filter(|current| current.claim == Some(claim));
        current.map(|current| current.heard = now).is_some()
    }

    /// Ends the claimed run and returns it; `None` if it is not in progress.
    pub(super) fn take(&mut self, claim: u64, bench: &Bench, look: &Look) -> Option<Recorded> {
        self.is_drained(claim, bench, look)?;
        self.end(bench, look)
    }

    /// Ends the run in progress, if there is one, and has it kept if anything
    /// happened in it.
    pub(super) fn finish(&mut self, bench: &Bench, look: &Look) {
        let ended = self.end(bench, look);
        let Some(recorded) = ended.filter(|recorded| !recorded.bench.modes.is_empty()) else { return };
        if self.finished.len() == FINISHED {
            self.finished.remove(0);
            self.crowded_out += 1;
        }
        self.finished.push(recorded);
    }

    fn end(&mut self, bench: &Bench, look: &Look) -> Option<Recorded> {
        self.quiet_time = time_inside(bench, look.now);
        let recording = self.current.take()?;
        bench.modes.values().for_each(ModeStats::end_burst);
        Some(recording.finish(bench, look, self.quiet_time))
    }

    /// What is to be told of the run in progress, if it is time for that.
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

    /// How far the run in progress has come.
    pub(super) fn progress(&self, now: Stamp, held: u64) -> Option<InProgress> {
        self.current.as_ref().map(|recording| recording.progress(now, held))
    }

    pub(super) fn mark(&mut self, now: Stamp, kind: MarkKind, text: &str) {
        if let Some(recording) = &mut self.current {
            recording.mark(now, kind, text);
        }
    }
}

/// The first request of a load that has begun since the last look.
fn first_request(bench: &Bench, look: &Look) -> Option<Stamp> {
    let active = look.deltas.iter().filter(|(_, delta)| delta.is_something());
    active.filter_map(|(mode, _)| bench.stats(mode).burst_began()).min()
}

fn time_inside(bench: &Bench, now: Stamp) -> ByMode<u64> {
    bench.modes.as_ref().map(|stats| stats.account.time_inside(now))
}
