//! A reference to a room: moves, reads, watching and kills.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::oneshot;
use tokio::time::Instant;
use weir_stage::server::CallError;

use super::cell::{Cell, Up};
use super::common::Common;
use super::counts::Fault;
use super::keeper;
use super::kept::{ClientMoves, Kept};
use super::messages::{OpenAudience, Read};
use super::orders::Order;
use super::process::Move;
use super::report::{
    Acknowledged, ActError, DeadLetter, Kill, MoveLedger, Part, RoomFigures, RoomGone, RoomState,
};
use super::settings::Backup;
use super::told::{Past, Told};
use super::{MoveId, Position, Room};
use crate::hub::{Hub, HubClosed, Sink, WatcherId};

/// How often a move that panics is tried.
const ATTEMPTS: u32 = 3;

/// A reference to a room. Clones refer to the same room, and dropping them leaves it as it is.
pub struct RoomRef<R: Room, S: Sink> {
    pub(super) cell: Arc<Cell<R, S>>,
    pub(super) generation: u64,
}

impl<R: Room, S: Sink> RoomRef<R, S> {
    fn common(&self) -> &Common<R, S> {
        &self.cell.common
    }

    /// Starts the processes if the room is idle, and returns a part of the way to them.
    fn awake<T>(&self, part: impl Fn(&Up<R, S>) -> T) -> Option<T> {
        self.cell.awake(part, |kept| keeper::spawn(Arc::clone(&self.cell), kept))
    }

    /// Returns the name.
    pub fn name(&self) -> &Arc<str> {
        &self.common().name
    }

    /// Returns the generation of the claim of its name.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Makes a move, and waits until it is acknowledged. A room that is killed meanwhile costs no
    /// more than a delay: what was certainly not made is made in its next life.
    ///
    /// With an `id` the move is made once, however often it is sent: the answer to a repetition has
    /// [`Acknowledged::repeated`]. An outcome that is unknown is then asked for here.
    ///
    /// # Errors
    /// [`ActError`].
    ///
    /// # Cancel safety
    /// The move may be made after the future is dropped, or not.
    pub async fn act(
        &self,
        command: R::Command,
        id: Option<MoveId>,
    ) -> Result<Acknowledged, ActError<R::Refusal>> {
        let mut attempts = 0;
        loop {
            let room = self.awake(|up| up.room.clone()).ok_or(ActError::Gone)?;
            let panic = match room.call(Move { command: command.clone(), id }).await {
                Ok(Ok(acknowledged)) => return Ok(acknowledged),
                Ok(Err(Fault::Refused(refusal))) => return Err(ActError::Refused(refusal)),
                Ok(Err(Fault::Panicked(panic))) => panic,
                // The room went to rest.
                Err(CallError::Down { begun: false, .. }) => continue,
                // The backup died with the answer, and the room knows the move by its id.
                Err(_) if id.is_some() => continue,
                Err(_) => return Err(ActError::Unknown),
            };
            attempts += 1;
            if attempts == ATTEMPTS {
                self.common().terms.bury(DeadLetter {
                    at: Instant::now(),
                    room: Arc::clone(&self.common().name),
                    command: format!("{command:?}"),
                    panic: panic.clone(),
                    attempts,
                });
                return Err(ActError::Poison { attempts, panic });
            }
        }
    }

    /// Reads the state: the backup's copy, so never an update that can be lost, or without a backup
    /// the room's. An idle room stays idle.
    ///
    /// # Errors
    /// [`RoomGone`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&R, Position) -> T + Clone + Send + 'static,
    ) -> Result<T, RoomGone> {
        self.read_kept(move |kept| read(&kept.room, kept.at)).await
    }

    /// Returns the position of the state, and what it knows of each client that gave its moves an
    /// id, sorted by client.
    ///
    /// # Errors
    /// [`RoomGone`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn clients(&self) -> Result<(Position, Vec<(u64, ClientMoves)>), RoomGone> {
        self.read_kept(|kept| (kept.at, kept.clients())).await
    }

    async fn read_kept<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Kept<R>) -> T + Clone + Send + 'static,
    ) -> Result<T, RoomGone> {
        loop {
            if let Some(read) = self.cell.read_idle(read.clone()) {
                return Ok(read);
            }
            let up = self.cell.up().ok_or(RoomGone)?;
            let result = match up.mode {
                Backup::None => up.room.call(Read(read.clone())).await,
                Backup::After | Backup::Before => up.backup.call(Read(read.clone())).await,
            };
            if let Ok(read) = result {
                return Ok(read);
            }
        }
    }

    /// Adds a watcher. It is sent `first`, then what follows `since` if the stream still has it,
    /// and otherwise the status, and then each message once and in order. Kills of the room do not
    /// disconnect it.
    ///
    /// # Errors
    /// [`RoomGone`].
    ///
    /// # Cancel safety
    /// A watcher that has joined leaves when the future is dropped.
    pub async fn watch(
        &self,
        sink: Arc<S>,
        first: Vec<u8>,
        since: Option<Position>,
    ) -> Result<Watching<R, S>, RoomGone> {
        // Counted first, so that the room does not go to rest meanwhile.
        let place = Place::new(&self.cell);
        loop {
            let up = self.awake(Up::clone).ok_or(RoomGone)?;
            if !self.common().audience.is_open() && open(&up).await.is_err() {
                continue;
            }
            let Some((hub, since)) = self.common().audience.hub(since) else { continue };
            match hub.join(0, Arc::clone(&sink), first.clone(), since).await {
                Ok(joined) => return Ok(Watching { hub, id: joined.id, _place: place }),
                Err(HubClosed) if self.common().terms.is_stopped() => return Err(RoomGone),
                Err(HubClosed) => {}
            }
        }
    }

    /// Kills a process of the room, and waits until its keeper has repaired the room. An idle room
    /// is started first.
    ///
    /// # Errors
    /// [`RoomGone`].
    ///
    /// # Cancel safety
    /// The process is killed even if the future is dropped.
    pub async fn kill(&self, part: Part) -> Result<Kill, RoomGone> {
        loop {
            let up = self.awake(Up::clone).ok_or(RoomGone)?;
            let (done, report) = oneshot::channel();
            up.orders.give(Order::Kill(part, done));
            if let Ok(kill) = report.await {
                return Ok(kill);
            }
            // The room went to rest.
            tokio::task::yield_now().await;
        }
    }

    /// Returns what the history has recorded, oldest first.
    pub fn history(&self) -> Vec<Past<R>> {
        self.common().audience.log.entries()
    }

    /// Returns the ledger of the room.
    pub fn ledger(&self) -> MoveLedger {
        self.common().counts.ledger()
    }

    /// Returns the figures.
    pub fn figures(&self) -> RoomFigures {
        let (counts, state) = (&self.common().counts, self.cell.state());
        let has_backup = counts.has_backup.load(Relaxed) && state != RoomState::Idle;
        let has_history = self.common().terms.settings().history > 0;
        RoomFigures {
            state,
            room: counts.position(&counts.room),
            backup: has_backup.then(|| counts.position(&counts.backed)),
            history: has_history.then(|| self.common().audience.log.last()),
            acknowledged: counts.position(&counts.acked),
            restarts: counts.restarts.load(Relaxed),
            backup_restarts: counts.backup_restarts.load(Relaxed),
            history_restarts: counts.history_restarts.load(Relaxed),
            watchers: counts.watchers.load(Relaxed) as usize,
            ledger: counts.ledger(),
            kills: self.cell.kills(),
        }
    }
}

/// Lets the process that tells the watchers open the stream.
async fn open<R: Room, S: Sink>(up: &Up<R, S>) -> Result<(), CallError> {
    match up.mode {
        Backup::None => up.room.call(OpenAudience).await,
        Backup::After | Backup::Before => up.backup.call(OpenAudience).await,
    }
}

/// A watcher of a room. It leaves when this is dropped.
pub struct Watching<R: Room, S: Sink> {
    hub: Hub<Told<R>, S>,
    id: WatcherId,
    _place: Place<R, S>,
}

impl<R: Room, S: Sink> Drop for Watching<R, S> {
    fn drop(&mut self) {
        self.hub.leave(self.id);
    }
}

/// Counts a watcher while it is there.
struct Place<R: Room, S: Sink>(Arc<Cell<R, S>>);

impl<R: Room, S: Sink> Place<R, S> {
    fn new(cell: &Arc<Cell<R, S>>) -> Self {
        cell.common.counts.watchers.fetch_add(1, Relaxed);
        Self(Arc::clone(cell))
    }
}

impl<R: Room, S: Sink> Drop for Place<R, S> {
    fn drop(&mut self) {
        self.0.common.counts.watchers.fetch_sub(1, Relaxed);
    }
}

impl<R: Room, S: Sink> Clone for RoomRef<R, S> {
    fn clone(&self) -> Self {
        Self { cell: Arc::clone(&self.cell), generation: self.generation }
    }
}

impl<R: Room, S: Sink> fmt::Debug for RoomRef<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RoomRef").field(&self.common().name).finish()
    }
}

impl<R: Room, S: Sink> fmt::Debug for Watching<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").field("id", &self.id).finish_non_exhaustive()
    }
}
