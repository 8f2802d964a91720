//! Many rooms under moves and kills: what was acknowledged, and whether the rooms still have it.
//!
//! ```text
//!   RoomsPlan ─▶ setup ─▶ players join their rooms
//!                  │
//!       pacer ─▶ house ─▶ mover ×N ─▶ a move, repeated until its outcome is known
//!                  ▲        └──────▶ account: sent, acknowledged, refused, unknown
//!               killer ─▶ a room or its backup, on a schedule
//!                  │
//!                end ─▶ GET /api/rooms/clients ─▶ acknowledged = in the state + lost
//! ```
//!
//! Each player is a client with a number of its own, and counts its moves from 1. A move without
//! an answer is sent again with the same number, so that the room can tell that it has made it.
//! A client therefore knows of every move whether it was acknowledged. At the end the load
//! compares this account with what the rooms contain, and with the server's own ledger.
//!
//! # Times
//! An acknowledgement is timed from the moment when the move was *due* if the plan has a rate, so
//! moves that wait for a room that is down are not hidden (coordinated omission). Without a rate
//! it is timed from sending.

mod account;
mod house;
mod killer;
mod mover;
mod plan;
mod player;
mod sequence;
mod server;
mod settle;
mod setup;
mod tally;
mod watcher;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until};

use super::descriptors::room_for;
use super::http::Talker;
use super::pacer::Pacer;
use super::{MachineCpu, Schedule, ThreadCpu, listener};
use crate::pipeline::Clock;
use crate::record::{self, Arrivals, Origin, Profile, RoomsServer, RoomsSide, RoomsWatch, Run};
use crate::shutdown::StopToken;
use house::{GRACE, House};
use settle::Settled;

pub use plan::{KillWhat, RoomsError, RoomsPlan, RoomsTarget};

/// How often the progress is reported.
const TICK: Duration = Duration::from_millis(250);
/// How long moves may still be answered after an interruption.
const INTERRUPTED: Duration = Duration::from_millis(500);

/// The progress of a load on rooms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct RoomsProgress {
    /// Since the first move.
    pub seconds: f64,
    /// Moves that are acknowledged.
    pub acknowledged: u64,
    /// Moves that were sent again.
    pub retries: u64,
    /// Kills.
    pub kills: u64,
    /// Lost updates that the answers to the kills named.
    pub lost: u64,
    /// The median time to the acknowledgement so far.
    pub p50_ms: Option<f64>,
    /// Its 99th percentile.
    pub p99_ms: Option<f64>,
}

/// The result of a load on rooms.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// When it began.
    pub began: SystemTime,
    /// What the clients saw.
    pub side: RoomsSide,
    /// The server's configuration of the rooms lab.
    pub settings: Value,
}

impl Played {
    /// Returns it as a run without an id, a name and an audit.
    pub fn into_run(self) -> Run {
        let Self { began, side, settings } = self;
        let mut run = Run::new(Origin::Load, "rooms", began);
        run.seconds = side.seconds;
        run.config = Some(json!({ "rooms": settings }));
        run.rooms = Some(side);
        run
    }
}

/// Plays as `plan` says, and calls `progress` four times a second. Blocks the calling thread,
/// which becomes the generator's, until the plan's time is over or `stop` is cancelled. It then
/// takes up to 5 s for moves under way, and 1 s and more until the backups have everything.
///
/// # Errors
/// [`RoomsError`], if the plan is impossible, or the server has no rooms or refuses the players.
/// Moves that fail and kills that lose something are a result.
///
/// # Panics
/// Inside a runtime.
pub fn play(
    target: &RoomsTarget,
    plan: &RoomsPlan,
    stop: &StopToken,
    progress: &mut dyn FnMut(&RoomsProgress),
) -> Result<Played, RoomsError> {
    plan.check()?;
    let talker = target.talker()?;
    let server = listener(talker.address());
    // One for the kills, and one for questions.
    let connections = plan.connections + plan.watchers + 2;
    room_for("connections", connections as u64, server == Some(std::process::id()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, Load { talker, plan, stop, server }.run(progress))
}

/// A load and its surroundings.
struct Load<'a> {
    talker: Talker,
    plan: &'a RoomsPlan,
    stop: &'a StopToken,
    /// The server's process, if it is on this machine.
    server: Option<u32>,
}

impl Load<'_> {
    async fn run(&self, progress: &mut dyn FnMut(&RoomsProgress)) -> Result<Played, RoomsError> {
        let Self { talker, plan, server, .. } = self;
        let plan = *plan;
        let mut talk = talker.talk();
        let before = server::report(&mut talk).await?;
        let created = server::create(&mut talk, &plan.prefix, plan.rooms).await?;
        let earlier = server::states(&mut talk, &plan.prefix).await?;
        let began = record::now();
        let run = began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
        let clock = Clock::start();
        let house = Rc::new(House::new(plan.clone(), clock, run));
        setup::join_all(&house, talker).await?;
        // The joins are in the accounts, and in no time of the run.
        let began = record::now().max(began);
        house.restart_times();
        let cpu_before = (ThreadCpu::now(), MachineCpu::now(*server));
        let (interrupted, watch) = self.load(&house, progress).await?;
        let cpu_after = (ThreadCpu::now(), MachineCpu::now(*server));
        let Settled { ledger, lost_in, earlier_lost, unread, after } =
            settle::settle(&house, &mut talk, &before.ledger, &earlier).await?;
        setup::leave_all(&house, talker).await;
        let unsent = house.unsent();
        let mut side = house.take_tally().finish();
        side.prefix.clone_from(&plan.prefix);
        (side.rooms, side.clients) = (plan.rooms as u64, plan.clients() as u64);
        side.created = created.created;
        (side.moves_s, side.kills_s) = (plan.moves, plan.kills);
        plan.what.name().clone_into(&mut side.what);
        side.connections = plan.connections as u64;
        side.seed = plan.seed;
        if before.backup == after.backup {
            side.backup.clone_from(&after.backup);
        }
        side.backup_every_ms = after.backup_every_ms;
        (side.ledger, side.lost_in, side.earlier_lost) = (ledger, lost_in, earlier_lost);
        (side.unread, side.unsent) = (unread, unsent);
        (side.interrupted, side.watch) = (interrupted, watch);
        let since = |now: u64, before: u64| now.saturating_sub(before);
        side.server = Some(RoomsServer {
            acknowledged: since(after.ledger.acknowledged, before.ledger.acknowledged),
            unanswered: since(after.ledger.unanswered, before.ledger.unanswered),
            lost: since(after.ledger.lost, before.ledger.lost),
            unaccounted: after.ledger.unaccounted,
        });
        let per_second = |seconds: f64| seconds / side.seconds.max(1e-9);
        let thread = cpu_after.0.since(&cpu_before.0);
        side.cpu = thread.cpu.map(|time| per_second(time.as_secs_f64()));
        side.starved = thread.starved.map(|time| per_second(time.as_secs_f64()));
        let machine = cpu_after.1.zip(cpu_before.1).map(|(now, before)| now.since(&before));
        side.server_cpu = machine.and_then(|used| used.server).map(per_second);
        side.other_cpu = machine.map(|used| per_second(used.others));
        Ok(Played { began, side, settings: before.settings() })
    }

    /// Makes the moves and the kills. Returns whether it was interrupted, and what the watchers
    /// saw.
    async fn load(
        &self,
        house: &Rc<House>,
        progress: &mut dyn FnMut(&RoomsProgress),
    ) -> io::Result<(bool, Option<RoomsWatch>)> {
        let Self { talker, plan, stop, .. } = self;
        let seen = Rc::new(RefCell::new(RoomsWatch::default()));
        let mut watchers = JoinSet::new();
        for number in 0..plan.watchers {
            watchers.spawn_local(watcher::run(Rc::clone(house), talker.clone(), number, Rc::clone(&seen)));
        }
        let mut tasks = JoinSet::new();
        for _ in 0..plan.connections {
            tasks.spawn_local(mover::run(Rc::clone(house), talker.talk()));
        }
        tasks.spawn_local(killer::run(Rc::clone(house), talker.talk()));
        let began = house.clock.now();
        let end = house.clock.to_instant(began.after(plan.duration));
        let pacer = plan.moves.map(|rate| {
            let rate = Profile::constant(rate * plan.rooms as f64, Some(plan.duration.as_secs_f64()));
            Pacer::thread(house.clock, began, Schedule::new(&rate, Arrivals::Poisson, plan.seed))
        });
        let dealing = async {
            match pacer.transpose()? {
                Some(mut pacer) => {
                    while let Some(due) = pacer.next().await {
                        house.tally.borrow_mut().seen(house.clock.now().since(due));
                        house.deal(due);
                    }
                }
                None => house.deal_all(),
            }
            sleep_until(end).await;
            Ok::<(), io::Error>(())
        };
        let interrupted = tokio::select! {
            biased;
            dealt = dealing => dealt.map(|()| false)?,
            () = stop.cancelled() => true,
            () = report(house, progress) => false,
        };
        house.end(if interrupted { INTERRUPTED } else { GRACE });
        let ended = async {
            while let Some(ended) = tasks.join_next().await {
                if let Err(error) = ended {
                    log::error!("a connection of the load ended badly: {error}");
                }
            }
        };
        tokio::select! {
            () = ended => {}
            () = report(house, progress) => {}
        }
        // Their streams do not end; what they have seen so far is the result.
        watchers.abort_all();
        while watchers.join_next().await.is_some() {}
        let watch = (plan.watchers > 0).then(|| seen.borrow().clone());
        Ok((interrupted, watch))
    }
}

/// Reports the progress four times a second, without end.
async fn report(house: &House, progress: &mut dyn FnMut(&RoomsProgress)) {
    let mut next = Instant::now();
    loop {
        next += TICK;
        sleep_until(next).await;
        let now = house.tally.borrow().progress(house.clock.now());
        progress(&now);
    }
}
