//! Orders to the rooms: create, remove, move, kill, and play.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::{StreamExt, stream};
use thiserror::Error;
use tokio::time::Instant;
use weir_parts::rooms::{Acknowledged, ActError, CreateError, Kill, MoveId, Part, RoomGone};

use super::playing::RATES;
use super::werewolf::Command;
use super::{Core, NotCreated, NotMoved, Room, RoomsLab, lock};

/// Rooms that are removed at a time.
const AT_ONCE: usize = 64;

/// The outcome of creating many rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ManyCreated {
    /// Rooms that are new.
    pub created: u64,
    /// Rooms that existed before.
    pub existed: u64,
}

/// An error: no rooms play.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum NotPlaying {
    /// The rate is out of bounds.
    #[error("rate = {rate}, expected moves per second from {} to {}", RATES.start(), RATES.end())]
    Rate {
        /// The rate.
        rate: f64,
    },
    /// The server shuts down.
    #[error("the server shuts down")]
    ShuttingDown,
}

impl RoomsLab {
    /// Creates a room.
    ///
    /// # Errors
    /// [`NotCreated`].
    ///
    /// # Cancel safety
    /// The room may exist after the future is dropped.
    pub async fn create(&self, name: &str) -> Result<Room, NotCreated> {
        match self.core.shared.get() {
            Some(shared) => shared.create(&self.core, name).await,
            None => Ok(self.core.house.create(name).await?),
        }
    }

    /// Creates those of the rooms `prefix-0` to `prefix-(count - 1)` that do not exist.
    ///
    /// # Errors
    /// [`NotCreated`], after some of the rooms were created.
    ///
    /// # Cancel safety
    /// Some of the rooms may exist after the future is dropped.
    pub async fn create_many(&self, prefix: &str, count: u64) -> Result<ManyCreated, NotCreated> {
        let mut many = ManyCreated::default();
        // One after the other: the house counts the rooms before it creates one.
        for number in 0..count {
            match self.create(&format!("{prefix}-{number}")).await {
                Ok(_) => many.created += 1,
                Err(NotCreated::Here(CreateError::Taken { .. }) | NotCreated::Taken(_)) => {
                    many.existed += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(many)
    }

    /// Removes a room with its state. Returns false if there is none.
    ///
    /// # Cancel safety
    /// The name is free once this is called.
    pub async fn remove(&self, name: &str) -> bool {
        lock(&self.core.playing).remove(name);
        match self.core.shared.get() {
            Some(shared) => shared.remove(&self.core, name).await,
            None => self.core.house.remove(name).await,
        }
    }

    /// Removes all rooms whose names begin with `prefix`. Returns their number.
    ///
    /// # Cancel safety
    /// Some of the rooms may remain if the future is dropped.
    pub async fn remove_all(&self, prefix: &str) -> u64 {
        let rooms = self.with_prefix(prefix);
        let removing = rooms.into_iter().map(|room| async move { self.remove(room.name()).await });
        let mut removing = stream::iter(removing).buffer_unordered(AT_ONCE);
        let mut removed = 0;
        while let Some(is_removed) = removing.next().await {
            removed += u64::from(is_removed);
        }
        removed
    }

    /// Returns the rooms whose names begin with `prefix`, sorted by name.
    pub fn with_prefix(&self, prefix: &str) -> Vec<Room> {
        let mut rooms = self.core.house.list();
        rooms.retain(|room| room.name().starts_with(prefix));
        rooms
    }

    /// Makes a move in a room. A start without a seed gets a random one.
    ///
    /// # Errors
    /// [`NotMoved`].
    ///
    /// # Cancel safety
    /// The move may be made after the future is dropped, or not.
    pub async fn act(
        &self,
        room: &Room,
        command: Command,
        id: Option<MoveId>,
    ) -> Result<Acknowledged, NotMoved> {
        self.core.act(room, command, id).await
    }

    /// Kills a process of a room, and waits for the repair.
    ///
    /// # Errors
    /// [`RoomGone`].
    ///
    /// # Cancel safety
    /// The process is killed even if the future is dropped.
    pub async fn kill(&self, room: &Room, part: Part) -> Result<Kill, RoomGone> {
        let core = &self.core;
        let kill = room.kill(part).await?;
        core.counts.kills.fetch_add(1, Relaxed);
        let what = if part == Part::Both { "room and backup" } else { &*part.to_string() };
        core.mark(format!("{what} {} killed", room.name()));
        *lock(&core.last_kill) = Some((Arc::clone(room.name()), kill.clone()));
        core.wake.notify_one();
        Ok(kill)
    }

    /// Kills a process of one of the rooms whose names begin with `prefix`. Returns the room and
    /// the repair; `None` without such a room.
    ///
    /// # Cancel safety
    /// The process is killed even if the future is dropped.
    pub async fn kill_random(&self, prefix: &str, part: Part) -> Option<(Room, Kill)> {
        let mut rooms = self.with_prefix(prefix);
        while !rooms.is_empty() {
            let room = rooms.swap_remove(fastrand::usize(..rooms.len()));
            // A room that was removed meanwhile is none.
            if let Ok(kill) = self.kill(&room, part).await {
                return Some((room, kill));
            }
        }
        None
    }

    /// Kills the registry. Its supervisor starts it again.
    pub fn kill_registry(&self) {
        self.core.house.kill_registry();
        self.core.counts.kills.fetch_add(1, Relaxed);
        self.core.mark("registry killed".to_owned());
        self.core.wake.notify_one();
    }

    /// Lets players play these rooms by themselves, or changes their rate, in moves per second of
    /// each room.
    ///
    /// # Errors
    /// [`NotPlaying`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn play(&self, rooms: &[Room], rate: f64) -> Result<(), NotPlaying> {
        if !RATES.contains(&rate) {
            return Err(NotPlaying::Rate { rate });
        }
        if self.core.is_draining() {
            return Err(NotPlaying::ShuttingDown);
        }
        rooms.iter().for_each(|room| self.core.play(room.name(), rate));
        Ok(())
    }

    /// Stops the players of these rooms.
    pub fn pause(&self, rooms: &[Room]) {
        let mut playing = lock(&self.core.playing);
        for room in rooms {
            playing.remove(room.name());
        }
    }
}

impl Core {
    /// Makes a move, counts its outcome, and records how long it took.
    pub(super) async fn act(
        self: &Arc<Self>,
        room: &Room,
        command: Command,
        id: Option<MoveId>,
    ) -> Result<Acknowledged, NotMoved> {
        let began = Instant::now();
        let command = command.seeded(fastrand::u64(..));
        let result = match self.shared.get() {
            Some(shared) => shared.act(self, room, command, id).await,
            None => room.act(command, id).await.map_err(NotMoved::from),
        };
        let counts = &self.counts;
        match &result {
            Ok(_) => {
                self.times.record(began.elapsed());
                if counts.acknowledged.fetch_add(1, Relaxed) == 0 {
                    self.wake.notify_one();
                }
            }
            Err(NotMoved::Act(ActError::Refused(_))) => drop(counts.refused.fetch_add(1, Relaxed)),
            Err(NotMoved::Act(ActError::Poison { .. })) => drop(counts.poison.fetch_add(1, Relaxed)),
            Err(_) => drop(counts.unknown.fetch_add(1, Relaxed)),
        }
        result
    }
}
