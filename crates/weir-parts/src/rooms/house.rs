//! The house: all rooms of one kind, their settings, and their dead letters.

use std::fmt;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::oneshot;

use super::Room;
use super::cell::Cell;
use super::handle::RoomRef;
use super::orders::Order;
use super::report::{CreateError, DeadLetter, MoveLedger};
use super::settings::RoomSettings;
use super::terms::Terms;
use super::told::Told;
use crate::hub::{Encode, Sink};
use crate::registry::{ClaimError, Registry, RegistryFigures};

/// All rooms of one kind. Clones are the same house. [`stop`](Self::stop) ends its rooms in order;
/// dropping the last clone orders them to end, and waits for nothing.
pub struct Rooms<R: Room, S: Sink>(Arc<House<R, S>>);

struct House<R: Room, S: Sink> {
    terms: Arc<Terms<R>>,
    registry: Registry<Arc<Cell<R, S>>>,
}

impl<R: Room, S: Sink> Drop for House<R, S> {
    fn drop(&mut self) {
        self.terms.stop();
        for (_, place) in self.registry.list() {
            let cell = place.value;
            if let Some(up) = cell.up() {
                let (done, _) = oneshot::channel();
                up.orders.give(Order::Stop(done));
            }
            // The registry has the room, and the room its claim.
            cell.release();
        }
    }
}

impl<R: Room, S: Sink> Rooms<R, S> {
    /// Opens a house without rooms. `new` makes the state of a room from its name, also of one that
    /// begins anew; `encoder` writes the messages to watchers.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(
        settings: RoomSettings,
        new: impl Fn(&str) -> R + Send + Sync + 'static,
        encoder: impl Encode<Told<R>>,
    ) -> Self {
        let terms = Arc::new(Terms::new(settings, new, encoder));
        Self(Arc::new(House { terms, registry: Registry::start() }))
    }

    /// Creates a room. It has no processes until its first move or watcher.
    ///
    /// # Errors
    /// [`CreateError`].
    ///
    /// # Cancel safety
    /// The room may exist after the future is dropped.
    pub async fn create(&self, name: &str) -> Result<RoomRef<R, S>, CreateError> {
        if self.0.terms.is_stopped() {
            return Err(CreateError::Stopped);
        }
        let cell = Cell::new(Arc::from(name), Arc::clone(&self.0.terms));
        let (most, name) = (self.settings().max_rooms, Arc::clone(&cell.common.name));
        let claim = self.0.registry.claim_within(most, name, Arc::clone(&cell)).await;
        let claim = claim.map_err(|error| match error {
            ClaimError::Taken { generation } => CreateError::Taken { generation },
            ClaimError::Full { most } => CreateError::TooMany { max: most },
            ClaimError::Stopped => CreateError::Stopped,
        })?;
        let generation = claim.generation();
        cell.own(claim);
        Ok(RoomRef { cell, generation })
    }

    /// Looks a room up. It may be removed right after.
    pub fn whereis(&self, name: &str) -> Option<RoomRef<R, S>> {
        let place = self.0.registry.whereis(name)?;
        Some(RoomRef { cell: place.value, generation: place.generation })
    }

    /// Removes a room with its state: its name is free at once, and its watchers get their end.
    /// Returns false if there is none.
    ///
    /// # Cancel safety
    /// The name is released when this is called; the processes may run on if the future is dropped.
    pub async fn remove(&self, name: &str) -> bool {
        let Some(room) = self.whereis(name) else { return false };
        let is_removed = room.cell.release();
        while !room.cell.end() {
            stop(&room.cell).await;
        }
        is_removed
    }

    /// Returns all rooms, sorted by name.
    pub fn list(&self) -> Vec<RoomRef<R, S>> {
        let places = self.0.registry.list().into_iter();
        places.map(|(_, place)| RoomRef { cell: place.value, generation: place.generation }).collect()
    }

    /// Returns the number of rooms.
    pub fn len(&self) -> usize {
        self.0.registry.len()
    }

    /// Returns true if there are no rooms.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the settings.
    pub fn settings(&self) -> RoomSettings {
        self.0.terms.settings()
    }

    /// Changes the settings. Running rooms take them over by themselves, one after the other.
    pub fn change(&self, settings: RoomSettings) {
        if self.0.terms.change(settings) != settings {
            for up in self.list().iter().filter_map(|room| room.cell.up()) {
                // A room that goes to rest finds the settings when it wakes up.
                up.orders.give(Order::Change);
            }
        }
    }

    /// Makes the process of the registry crash; see [`Registry::crash`].
    pub fn kill_registry(&self) {
        self.0.registry.crash();
    }

    /// Returns the figures of the registry.
    pub fn registry(&self) -> RegistryFigures {
        self.0.registry.figures()
    }

    /// Returns the dead letters, newest first, at most 100.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.0.terms.letters()
    }

    /// Returns the sum of the ledgers of all rooms.
    pub fn ledger(&self) -> MoveLedger {
        let mut sum = MoveLedger::default();
        for room in self.list() {
            sum.add(room.ledger());
        }
        sum
    }

    /// Ends all rooms in order: moves that wait are made, then no more are taken, and the watchers
    /// get what is on its way and their end. States can be read afterwards.
    ///
    /// # Cancel safety
    /// The house takes no more moves, but rooms may run on if the future is dropped.
    pub async fn stop(&self) {
        self.0.terms.stop();
        self.0.registry.stop();
        let rooms = self.list();
        join_all(rooms.iter().map(|room| stop(&room.cell))).await;
    }
}

/// Ends the processes of a room, if it has any.
async fn stop<R: Room, S: Sink>(cell: &Arc<Cell<R, S>>) {
    let Some(up) = cell.up() else { return };
    let (done, stopped) = oneshot::channel();
    up.orders.give(Order::Stop(done));
    // Dropped if the room went to rest by itself.
    _ = stopped.await;
    tokio::task::yield_now().await;
}

impl<R: Room, S: Sink> Clone for Rooms<R, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Room, S: Sink> fmt::Debug for Rooms<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").field("rooms", &self.len()).finish_non_exhaustive()
    }
}
