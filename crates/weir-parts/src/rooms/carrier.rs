//! Carries the updates of a room to its backup after they are acknowledged.

use std::sync::Arc;

use tokio::select;
use tokio::time::sleep;
use weir_stage::server::{ServerName, ServerRef};

use super::Room;
use super::backup::{BackupProcess, Batch, Seed};
use super::common::Common;
use super::process::{RoomProcess, TakeNew, TakeState, WaitForNew};
use crate::hub::Sink;

/// Carries updates until the room ends. What was taken from the room has reached the backup when
/// this returns, if the backup lives.
pub(super) async fn carry<R: Room, S: Sink>(
    room: ServerRef<RoomProcess<R, S>>,
    backups: ServerName<BackupProcess<R, S>>,
    common: Arc<Common<R, S>>,
) {
    let mut seeded: Option<ServerRef<BackupProcess<R, S>>> = None;
    loop {
        // Each wait ends with the room, because the keeper waits for the end of this task.
        let backup = select! {
            backup = backups.wait() => match backup { Ok(backup) => backup, Err(_) => return },
            _ = room.monitor().down() => return,
        };
        if !seeded.as_ref().is_some_and(|seeded| seeded.is_same(&backup)) {
            let Ok(kept) = room.call(TakeState).await else { return };
            let seed = Seed { kept, answers: Vec::new() };
            seeded = backup.cast_waiting(seed).await.is_ok().then_some(backup);
            continue;
        }
        select! {
            new = room.call(WaitForNew) => if new.is_err() { return },
            _ = backup.monitor().down() => continue,
        }
        let every = common.terms.settings().backup_every;
        if !every.is_zero() {
            select! {
                () = sleep(every) => {}
                _ = room.monitor().down() => return,
            }
        }
        let Ok(new) = room.call(TakeNew).await else { return };
        // If the backup has ended, the next one is sent the whole state.
        drop(backup.cast_waiting(Batch(new)).await);
    }
}
