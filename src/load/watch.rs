//! Many watchers of one match: connects them, reads what they get, and checks every event.
//!
//! ```text
//!   WatchPlan ─▶ ramp ─▶ connect ─▶ handshake        when, from where, with which request
//!                           │
//!             epoll ─▶ engine ─▶ watcher             one read per readiness
//!                           │
//!        stream: frames or events ─▶ message         where a message ends, what it says
//!                           │
//!       order (each once?)  arrivals (how late?)     a few bytes a watcher, 2 kB an event
//!                           └──▶ tally ─▶ WatchSide
//! ```
//!
//! It does not use the other loads' tasks and timers: 10,000 watchers get an event within
//! 70 ms, so a delivery may cost the generator a few microseconds at most. One thread does
//! all the work. With a ramp, a second one wakes it when a connect is due.
//!
//! # Times
//! - ART runs from the moment when the connect was *due* if there is a ramp, so a connect
//!   that waits for a slow server is not hidden (coordinated omission). In a closed load
//!   nothing is due, and ART runs from the start of the connect. A connection request (SYN)
//!   that the server's full backlog drops is sent again by the system after 1 s, 3 s and
//!   7 s, which is part of ART.
//! - An event runs from its `at`, if server and generator share a machine and so a clock;
//!   otherwise from its first arrival.

mod arrivals;
mod connect;
mod engine;
mod events;
mod frames;
mod handshake;
mod message;
mod order;
mod plan;
mod ramp;
mod report;
mod stream;
mod tally;
mod watcher;

#[cfg(test)]
mod tests;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Value, json};

use super::descriptors::room_for;
use super::{MachineCpu, ThreadCpu, listener};
use crate::record::{self, Origin, Run, WatchServer, WatchSide};
use crate::shutdown::StopToken;
use engine::Engine;
use report::Report;

pub(super) use events::{Chunk, next as next_chunk};
pub use plan::{WatchError, WatchPlan, WatchTarget, WatchTransport};

#[cfg(test)]
pub(crate) use tests::framed;

/// How long events that are on their way at the end may take to arrive.
const ARRIVE: Duration = Duration::from_secs(1);
/// How long a quiet moment is looked for, in which generator and server count the same.
const COMPARE: Duration = Duration::from_secs(3);

/// The progress of a load of watchers.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct WatchProgress {
    /// Since the first connect.
    pub seconds: f64,
    /// Watchers with a snapshot.
    pub watchers: u64,
    /// Handshakes that succeeded.
    pub connected: u64,
    /// Connects and handshakes that did not.
    pub refused: u64,
    /// Watchers that are gone.
    pub lost: u64,
    /// Different events.
    pub events: u64,
    /// Events, summed over the watchers.
    pub deliveries: u64,
    /// The 99th percentile of ART so far.
    pub art_p99_ms: Option<f64>,
    /// The time to the last watcher of the latest event that all have.
    pub last_ms: Option<f64>,
}

/// The result of a load of watchers.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// When it began.
    pub began: SystemTime,
    /// What the watchers saw.
    pub side: WatchSide,
    /// The server's configuration of the matches lab, where it is known.
    pub settings: Option<Value>,
}

impl Watched {
    /// Returns it as a run without an id, a name and an audit.
    pub fn into_run(self) -> Run {
        let Self { began, side, settings } = self;
        let mut run = Run::new(Origin::Load, "watch", began);
        run.seconds = side.seconds;
        run.config = settings.map(|settings| json!({ "matches": settings }));
        run.watch = Some(side);
        run
    }
}

/// Watches as `plan` says, and calls `progress` four times a second. Blocks the calling
/// thread, which becomes the generator's, until the plan's time is over or `stop` is
/// cancelled, and up to 4 s longer: events under way may arrive, and the counts of a Weir
/// server are compared with the watchers' in a quiet moment.
///
/// Call it on a thread of its own, never on one of a runtime that also serves.
///
/// # Errors
/// [`WatchError`], if the plan is impossible or the server does not answer at all. Watchers
/// that are refused or lost are a result.
pub fn watch(
    target: &WatchTarget,
    plan: &WatchPlan,
    stop: &StopToken,
    progress: &mut dyn FnMut(&WatchProgress),
) -> Result<Watched, WatchError> {
    plan.check()?;
    let server = listener(target.address);
    room_for("watchers", plan.watchers as u64, server == Some(std::process::id()))?;
    let report = |id: &str| report::fetch(target, id);
    let before = target.match_id.as_deref().map(report).transpose()?;
    let other_process = server.filter(|&pid| pid != std::process::id());
    let resident = || other_process.and_then(report::resident);
    let resident_before = resident();
    let began = record::now();
    // A process that listens here, or at an address of this machine alone, has our clock.
    let same_clock = server.is_some() || target.address.ip().is_loopback();
    let mut engine = Engine::new(plan, target, same_clock, progress)?;
    let cpu_before = (ThreadCpu::now(), MachineCpu::now(server));
    let interrupted = engine.run(stop)?;
    engine.go_on(ARRIVE, Engine::is_quiet)?;
    let cpu_after = (ThreadCpu::now(), MachineCpu::now(server));
    let resident_after = resident();
    let after = match (&before, interrupted) {
        (Some(_), false) => compare(&mut engine, target)?,
        _ => None,
    };
    let mut side = engine.finish();
    side.transport = plan.transport.name().to_owned();
    side.match_id = target.match_id.clone().unwrap_or_default();
    side.wanted = plan.watchers as u64;
    side.ramp_s = plan.ramp;
    side.from_publication = same_clock;
    side.interrupted = interrupted;
    side.playing = before.as_ref().map(|report| report.the_match.playing);
    let per_second = |seconds: f64| seconds / side.seconds;
    let thread = cpu_after.0.since(&cpu_before.0);
    side.cpu = thread.cpu.map(|time| per_second(time.as_secs_f64()));
    side.starved = thread.starved.map(|time| per_second(time.as_secs_f64()));
    let machine = cpu_after.1.zip(cpu_before.1).map(|(now, before)| now.since(&before));
    side.other_cpu = machine.map(|used| per_second(used.others));
    let grown = resident_after.zip(resident_before).filter(|_| side.watchers > 0);
    let own = grown.map(|(after, before)| after.saturating_sub(before) as f64 / side.watchers as f64);
    let compared = after.as_ref().and_then(|after| after.counted);
    let of_server = after.zip(before.as_ref()).map(|(after, before)| WatchServer {
        ledger: after.report.ledger.since(&before.ledger),
        compared,
        // Unknown to the server means unknown: it sees what its allocator keeps.
        rss_per_watcher: after.report.now.rss_per_watcher,
        cpu: None,
    });
    let cpu = machine.and_then(|used| used.server).map(per_second);
    side.server = match of_server {
        Some(of_server) => Some(WatchServer { cpu, ..of_server }),
        None if cpu.is_some() || own.is_some() => {
            Some(WatchServer { rss_per_watcher: own, cpu, ..WatchServer::default() })
        }
        None => None,
    };
    Ok(Watched { began, side, settings: before.map(|report| report.settings) })
}

/// The server's report after the watchers.
struct After {
    report: Report,
    /// Deliveries that the watchers had counted in the same moment, if it was quiet.
    counted: Option<u64>,
}

/// Asks for the server's ledger in a moment without events under way, in which both counts
/// must be the same. A thread asks, because the watchers have to be read meanwhile.
fn compare(engine: &mut Engine<'_>, target: &WatchTarget) -> Result<Option<After>, WatchError> {
    let Some(id) = target.match_id.clone() else { return Ok(None) };
    let (asks, asked) = mpsc::channel::<()>();
    let (answers, answered) = mpsc::channel();
    let target = target.clone();
    let ask = move || {
        while asked.recv().is_ok() {
            if answers.send(report::fetch(&target, &id).ok()).is_err() {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("weir-watch-report".to_owned()).spawn(ask)?;
    let mut found: Option<After> = None;
    // What the watchers had counted when the question was sent.
    let mut under_way = None;
    engine.go_on(COMPARE, |engine| {
        let counted = engine.deliveries();
        if under_way.is_none() {
            under_way = asks.send(()).is_ok().then_some(counted);
            return under_way.is_none();
        }
        let Ok(report) = answered.try_recv() else { return false };
        let since = under_way.take();
        let Some(report) = report else { return true };
        let ours = report.now.watchers == engine.shared.tally.present;
        let quiet = since == Some(counted) && engine.is_quiet() && report.ledger.behind == 0;
        found = Some(After { report, counted: (quiet && ours).then_some(counted) });
        // Other watchers do not leave because we ask again.
        quiet || !ours
    })?;
    drop(asks);
    // It may still wait for an answer, at most until its timeout.
    if found.is_some() {
        let _ = thread.join();
    }
    Ok(found)
}
