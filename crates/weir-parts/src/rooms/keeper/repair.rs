//! Repairs: what a keeper does when a process has ended.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use weir_stage::stage::Reason;

use super::{Keeper, end_of};
use crate::hub::Sink;
use crate::rooms::Position;
use crate::rooms::Room;
use crate::rooms::backup::Restore;
use crate::rooms::kept::Kept;
use crate::rooms::messages::Read;
use crate::rooms::process::LookForBackup;
use crate::rooms::report::{Kill, Part};
use crate::rooms::settings::Backup;

/// Panics within [`CALM`] of each other after which restarts are delayed.
const PANICS: u32 = 10;
const CALM: Duration = Duration::from_secs(5);
/// The first delay, doubled with each panic, and the longest.
const DELAY: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// A repair under way.
struct Repair {
    began: Instant,
    acknowledged: Position,
    backed: Option<Position>,
}

impl<R: Room, S: Sink> Keeper<R, S> {
    fn begin_repair(&self) -> Repair {
        let counts = &self.common.counts;
        counts.is_restarting.store(true, Relaxed);
        let has_backup = counts.has_backup.load(Relaxed);
        Repair {
            began: Instant::now(),
            acknowledged: counts.position(&counts.acked),
            backed: has_backup.then(|| counts.position(&counts.backed)),
        }
    }

    fn end_repair(
        &self,
        repair: Repair,
        part: Part,
        by_hand: bool,
        lost: (u64, Option<(u64, u64)>),
    ) -> Kill {
        let counts = &self.common.counts;
        counts.is_restarting.store(false, Relaxed);
        let kill = Kill {
            part,
            by_hand,
            at: repair.began,
            acknowledged: repair.acknowledged,
            backed: repair.backed,
            lost: lost.1,
            lost_updates: lost.0,
            down: repair.began.elapsed(),
            resumed: counts.position(&counts.room),
        };
        self.cell.note_kill(kill.clone());
        kill
    }

    pub(super) async fn room_ended(&mut self) {
        let Some(room) = self.room.take() else { return };
        let reason = room.ended().await;
        self.mend_room(&reason, false).await;
    }

    async fn mend_room(&mut self, reason: &Reason, by_hand: bool) -> Kill {
        let repair = self.begin_repair();
        self.join_carrier().await;
        let lost = self.new_life(reason, by_hand).await;
        self.end_repair(repair, Part::Room, by_hand, lost)
    }

    /// Begins the next life of a room that has ended. Returns the acknowledged updates that are
    /// lost.
    pub(super) async fn new_life(&mut self, reason: &Reason, by_hand: bool) -> (u64, Option<(u64, u64)>) {
        let counts = self.common.counts.clone();
        counts.restarts.fetch_add(1, Relaxed);
        if !by_hand {
            log::warn!("room {}: {reason}; it is restarted", self.common.name);
            self.pause().await;
        }
        let restored = match &self.backup {
            Some(backup) => backup.running.server().call(Restore).await.ok().flatten(),
            None => None,
        };
        let is_new = restored.is_none();
        let life = counts.life.load(Relaxed) + 1;
        let mut kept = restored.unwrap_or_else(|| {
            Kept::new((self.common.terms.new)(&self.common.name), Position { life, n: 0 })
        });
        kept.at.life = life;
        let lost = counts.go_on(kept.at, is_new);
        if lost.0 > 0 && self.mode == Backup::Before {
            log::error!(
                "room {}: {} acknowledged updates are lost with its backup",
                self.common.name,
                lost.0
            );
        }
        self.common.audience.new_life(kept.at, lost.1, || kept.room.status());
        self.start(kept);
        lost
    }

    /// Waits before the restart of a room that panics again and again.
    async fn pause(&mut self) {
        let now = Instant::now();
        let is_calm = self.last_panic.is_none_or(|last| now.duration_since(last) > CALM);
        self.panics = if is_calm { 1 } else { self.panics + 1 };
        self.last_panic = Some(now);
        if let Some(over) = self.panics.checked_sub(PANICS + 1) {
            sleep((DELAY * 2_u32.saturating_pow(over.min(10))).min(LONGEST)).await;
        }
    }

    pub(super) async fn backup_ended(&mut self) {
        let Some(backup) = self.backup.take() else { return };
        let reason = backup.ended().await;
        log::warn!("the backup of room {}: {reason}; it is restarted", self.common.name);
        let repair = self.begin_repair();
        self.pause().await;
        self.mend_backup().await;
        self.end_repair(repair, Part::Backup, false, (0, None));
    }

    /// Starts a new backup, and waits until the room has sent it the state.
    async fn mend_backup(&mut self) {
        self.common.counts.backup_restarts.fetch_add(1, Relaxed);
        self.start_backup();
        if let Some(room) = &self.room {
            // A full mailbox has moves, before each of which the room looks by itself.
            drop(room.running.server().cast(LookForBackup));
        }
        let Some(backup) = &self.backup else { return };
        let server = backup.running.server();
        // If the room ends meanwhile, the main loop begins a life without a backup's state.
        select! {
            _ = server.call(Read(|_: &Kept<R>| ())) => {}
            () = end_of(&mut self.room) => {}
        }
    }

    pub(super) async fn history_ended(&mut self) {
        let Some(recorder) = self.recorder.take() else { return };
        let reason = recorder.ended().await;
        log::warn!("the history of room {}: {reason}; it is restarted", self.common.name);
        self.mend_history();
    }

    fn mend_history(&mut self) {
        self.common.counts.history_restarts.fetch_add(1, Relaxed);
        self.start_recorder();
    }

    /// Kills a part, and repairs it.
    pub(super) async fn kill(&mut self, part: Part, done: oneshot::Sender<Kill>) {
        let kill = match part {
            Part::Room => {
                let Some(room) = self.room.take() else { return };
                let reason = room.kill().await;
                self.mend_room(&reason, true).await
            }
            Part::Backup => {
                let repair = self.begin_repair();
                if let Some(backup) = self.backup.take() {
                    backup.kill().await;
                    self.mend_backup().await;
                }
                self.end_repair(repair, part, true, (0, None))
            }
            Part::Both => {
                let (Some(room), backup) = (self.room.take(), self.backup.take()) else { return };
                room.running.server().stop(Reason::failed("killed"));
                if let Some(backup) = backup {
                    backup.kill().await;
                    self.common.counts.backup_restarts.fetch_add(1, Relaxed);
                }
                let reason = room.ended().await;
                let repair = self.begin_repair();
                self.join_carrier().await;
                let lost = self.new_life(&reason, true).await;
                self.end_repair(repair, part, true, lost)
            }
            Part::History => {
                let repair = self.begin_repair();
                if let Some(recorder) = self.recorder.take() {
                    recorder.kill().await;
                    self.mend_history();
                }
                self.end_repair(repair, part, true, (0, None))
            }
        };
        // The caller may have gone.
        drop(done.send(kill));
    }
}
