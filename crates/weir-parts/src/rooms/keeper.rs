//! The keeper of a room: the task that supervises its processes. It restarts what ends, counts
//! the lives, and gives the processes back when the room is idle.
//!
//! # A new life
//! 1. The end of the last life is awaited, so nothing of it can arrive any more.
//! 2. The backup is asked for its state. Its mailbox is a queue, so the answer comes behind
//!    everything that the last life has sent.
//! 3. The watchers get the position at which the room goes on, and what is lost.
//! 4. The room starts with that state, in the next life, and sends it to the backup first.

mod repair;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::select;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use weir_stage::server::{CallError, RunningServer, Server, ServerName, ServerRef, spawn as spawn_server};
use weir_stage::stage::Reason;

use super::Room;
use super::backup::{BackupProcess, Restore};
use super::carrier::carry;
use super::cell::{Cell, Up};
use super::common::Common;
use super::history::Recorder;
use super::kept::Kept;
use super::orders::{Order, Orders};
use super::process::{HandOver, Link, RoomProcess};
use super::settings::Backup;
use crate::hub::Sink;

/// Parts of `idle_stop` after which the keeper looks whether the room is idle.
const LOOKS: u32 = 4;
/// Messages that may wait at a history.
const RECORDS: usize = 1_024;

/// Starts a keeper, which starts the processes with this state. Returns the way to them.
pub(super) fn spawn<R: Room, S: Sink>(cell: Arc<Cell<R, S>>, kept: Kept<R>) -> Up<R, S> {
    let orders = Arc::new(Orders::default());
    let mode = cell.common.terms.settings().backup;
    let up = Up {
        room: ServerName::reserve(Arc::clone(&cell.common.name)),
        backup: ServerName::reserve(Arc::clone(&cell.common.name)),
        orders: Arc::clone(&orders),
        mode,
    };
    let keeper = Keeper {
        room_name: up.room.clone(),
        backup_name: up.backup.clone(),
        orders,
        mode,
        room: None,
        backup: None,
        recorder: None,
        carrier: None,
        panics: 0,
        last_panic: None,
        common: Arc::clone(&cell.common),
        cell,
    };
    tokio::spawn(keeper.run(kept));
    up
}

/// A process and its end.
struct Watched<P: Server> {
    running: RunningServer<P>,
    end: Pin<Box<dyn Future<Output = Reason> + Send>>,
    has_ended: bool,
}

impl<P: Server> Watched<P> {
    fn new(running: RunningServer<P>) -> Self {
        let end = Box::pin(running.server().monitor().down());
        Self { running, end, has_ended: false }
    }

    /// Waits for the end and for the task.
    async fn ended(self) -> Reason {
        if !self.has_ended {
            self.end.await;
        }
        self.running.join().await
    }

    /// Kills the process at its next message, and waits for its end.
    async fn kill(self) -> Reason {
        self.running.server().stop(Reason::failed("killed"));
        self.ended().await
    }
}

/// Waits for the end of a process, if there is one.
async fn end_of<P: Server>(watched: &mut Option<Watched<P>>) {
    match watched {
        Some(watched) if !watched.has_ended => {
            (&mut watched.end).await;
            watched.has_ended = true;
        }
        Some(_) => {}
        None => pending().await,
    }
}

/// Orders that a keeper has not taken are dropped with it: who has given one sees that, and gives
/// it to the next keeper.
impl<R: Room, S: Sink> Drop for Keeper<R, S> {
    fn drop(&mut self) {
        self.orders.close();
    }
}

struct Keeper<R: Room, S: Sink> {
    cell: Arc<Cell<R, S>>,
    common: Arc<Common<R, S>>,
    room_name: ServerName<RoomProcess<R, S>>,
    backup_name: ServerName<BackupProcess<R, S>>,
    orders: Arc<Orders>,
    mode: Backup,
    room: Option<Watched<RoomProcess<R, S>>>,
    backup: Option<Watched<BackupProcess<R, S>>>,
    recorder: Option<Watched<Recorder<R>>>,
    carrier: Option<JoinHandle<()>>,
    panics: u32,
    last_panic: Option<tokio::time::Instant>,
}

enum Next {
    RoomEnded,
    BackupEnded,
    HistoryEnded,
    Order(Order),
    Look,
}

impl<R: Room, S: Sink> Keeper<R, S> {
    async fn run(mut self, kept: Kept<R>) {
        self.start_recorder();
        self.start(kept);
        let mut moves = self.common.counts.moves.load(Relaxed);
        let mut quiet = 0;
        loop {
            let look = self.common.terms.settings().idle_stop / LOOKS;
            let next = select! {
                biased;
                () = end_of(&mut self.room) => Next::RoomEnded,
                () = end_of(&mut self.backup) => Next::BackupEnded,
                () = end_of(&mut self.recorder) => Next::HistoryEnded,
                order = self.orders.take() => Next::Order(order),
                () = sleep(look) => Next::Look,
            };
            let is_over = match next {
                Next::Look => {
                    let now = self.common.counts.moves.load(Relaxed);
                    let is_quiet = now == moves && self.common.counts.watchers.load(Relaxed) == 0;
                    quiet = if is_quiet { quiet + 1 } else { 0 };
                    moves = now;
                    quiet >= LOOKS && Box::pin(self.rest(false)).await
                }
                // Apart, because these are rare, and larger than all else in this task.
                rare => Box::pin(self.act_on(rare)).await,
            };
            if is_over {
                return;
            }
        }
    }

    /// Does what an end or an order asks for. Returns true if the keeper is to end.
    async fn act_on(&mut self, next: Next) -> bool {
        match next {
            Next::RoomEnded => self.room_ended().await,
            Next::BackupEnded => self.backup_ended().await,
            Next::HistoryEnded => self.history_ended().await,
            Next::Order(Order::Kill(part, done)) => self.kill(part, done).await,
            Next::Order(Order::Change) => self.change().await,
            Next::Order(Order::Stop(done)) => {
                self.rest(true).await;
                let _ = done.send(());
                return true;
            }
            Next::Look => {}
        }
        false
    }

    /// Starts the room with this state, and the backup if it does not run.
    fn start(&mut self, kept: Kept<R>) {
        let (common, settings) = (&self.common, self.common.terms.settings());
        let has_backup = self.mode != Backup::None;
        common.counts.has_backup.store(has_backup, Relaxed);
        common.counts.acks_backed.store(self.mode == Backup::Before, Relaxed);
        common.counts.life.store(kept.at.life, Relaxed);
        common.counts.room.store(kept.at.n, Relaxed);
        if has_backup && self.backup.is_none() {
            self.start_backup();
        }
        let common = &self.common;
        let link = match self.mode {
            Backup::None => Link::None,
            Backup::After => Link::after(),
            Backup::Before => Link::before(self.backup_name.clone()),
        };
        let running = spawn_server(settings.mailbox, RoomProcess::new(kept, link, Arc::clone(common)));
        if self.mode == Backup::After {
            let carried = carry(running.server(), self.backup_name.clone(), Arc::clone(common));
            self.carrier = Some(tokio::spawn(carried));
        }
        self.room_name.register(running.server());
        self.room = Some(Watched::new(running));
    }

    fn start_backup(&mut self) {
        let mailbox = self.common.terms.settings().mailbox;
        let running = spawn_server(mailbox, BackupProcess::new(Arc::clone(&self.common)));
        self.backup_name.register(running.server());
        self.backup = Some(Watched::new(running));
    }

    /// Starts the history, if the settings ask for one.
    fn start_recorder(&mut self) {
        let log = &self.common.audience.log;
        log.keep(self.common.terms.settings().history);
        if log.keeps_any() && self.recorder.is_none() {
            let running = spawn_server(RECORDS, Recorder::new(Arc::clone(log)));
            self.common.audience.set_recorder(Some(running.server()));
            self.recorder = Some(Watched::new(running));
        }
    }

    /// Ends the history when it has recorded what waits.
    async fn stop_recorder(&mut self) {
        self.common.audience.set_recorder(None);
        if let Some(recorder) = self.recorder.take() {
            recorder.running.join().await;
        }
    }

    /// Ends the processes in order. Returns the state with everything that was acknowledged.
    async fn hand_over(&mut self) -> Kept<R> {
        loop {
            let Some(room) = self.room.take() else {
                self.new_life(&Reason::Aborted, false).await;
                continue;
            };
            let kept = self.ask_for_state(&room.running.server()).await;
            let reason = room.ended().await;
            self.join_carrier().await;
            let Ok(kept) = kept else {
                // It died before it could hand over: repaired like any other death.
                self.new_life(&reason, false).await;
                continue;
            };
            if let Some(backup) = self.backup.take() {
                // Behind everything that the room has sent.
                drop(backup.running.server().call(Restore).await);
                backup.running.stop();
                backup.ended().await;
            }
            self.common.counts.backed.store(kept.at.n, Relaxed);
            return kept;
        }
    }

    /// Asks the room to hand over. A backup that ends meanwhile is started again, because the room
    /// may wait for it.
    async fn ask_for_state(&mut self, room: &ServerRef<RoomProcess<R, S>>) -> Result<Kept<R>, CallError> {
        let mut call = std::pin::pin!(room.call(HandOver));
        loop {
            select! {
                kept = &mut call => return kept,
                () = end_of(&mut self.backup) => {
                    self.backup = None;
                    self.start_backup();
                }
            }
        }
    }

    async fn join_carrier(&mut self) {
        if let Some(carrier) = self.carrier.take() {
            // A carrier has no panics of its own to tell of.
            drop(carrier.await);
        }
    }

    /// Ends the processes and keeps the state, unless a watcher has come. Returns false then.
    async fn rest(&mut self, is_ordered: bool) -> bool {
        let kept = self.hand_over().await;
        let counts = Arc::clone(&self.common.counts);
        let may_close = || is_ordered || counts.watchers.load(Relaxed) == 0;
        if !self.common.audience.close_if(may_close) {
            self.start(kept);
            return false;
        }
        self.stop_recorder().await;
        counts.has_backup.store(false, Relaxed);
        self.cell.rest(kept);
        // Calls that wait find the room idle, and wake it up.
        self.room_name.release(Reason::Finished);
        self.backup_name.release(Reason::Finished);
        true
    }

    /// Takes over the settings. The room moves into a new life if `backup` has changed.
    async fn change(&mut self) {
        self.start_recorder();
        if !self.common.audience.log.keeps_any() {
            self.stop_recorder().await;
        }
        let mode = self.common.terms.settings().backup;
        if mode == self.mode {
            return;
        }
        let mut kept = self.hand_over().await;
        kept.at.life += 1;
        self.mode = mode;
        self.cell.set_mode(mode);
        if mode == Backup::None {
            // Readers that wait for a backup read the room instead.
            self.backup_name.release(Reason::Finished);
        }
        self.common.counts.go_on(kept.at, false);
        self.common.audience.new_life(kept.at, None, || kept.room.status());
        self.start(kept);
    }
}
