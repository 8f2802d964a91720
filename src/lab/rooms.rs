//! The rooms lab: games whose state is kept in processes instead of a database, and the kills
//! that the state survives or not.
//!
//! ```text
//!   lab: names, figures, players ──▶ house of rooms (weir_parts::rooms), each with
//!                                    a room, a backup, a history and watchers
//! ```
//!
//! The house keeps the rooms. The lab adds the game, players that play by themselves, and the
//! figures: the census of all rooms, curves, marks, and the view of one room.

mod census;
mod components;
mod core;
mod curves;
mod nodes;
mod open;
mod orders;
mod pipe;
mod playing;
mod publish;
mod sampler;
mod snapshot;
mod thread;
mod times;
mod verdict;
mod view;
mod watching;
pub mod werewolf;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::timeout;
use weir_parts::hub::Encode;
use weir_parts::rooms::{RoomRef, RoomSettings, Rooms, Told};

pub use curves::{History, Mark};
pub use nodes::{NotCreated, NotMoved};
pub use open::{LastKill, LogLine, OpenRoom, ToldRow};
pub use orders::{ManyCreated, NotPlaying};
pub use pipe::{Pipe, PipeReader};
pub use playing::RATES;
pub use snapshot::{Columns, Ledger, Now, RoomRow, RoomsSnapshot, TreeNode, Verdict};
pub use thread::ThreadUpdate;
pub use watching::Watched;
pub use werewolf::{Command, Refused, SeatView, Status, Update, Village};

use self::core::Core;
use super::{Lab, LabPart};
use crate::config::{self, Settings, changes};
use crate::metrics::Registry;
use crate::nodes::{Away, Common, Place, Places};
use crate::record::Run;

/// The rooms of the lab.
pub type House = Rooms<Village, Pipe>;

/// A room of the lab.
pub type Room = RoomRef<Village, Pipe>;

/// The rooms with which a server begins.
const SAMPLES: [&str; 12] = [
    "moon", "star", "comet", "harbour", "mill", "orchard", "lantern", "quarry", "heron", "juniper",
    "saddle", "tinder",
];

/// The lab. Dropping it ends its tasks.
#[derive(Debug)]
pub struct RoomsLab {
    core: Arc<Core>,
    /// The settings that are in force.
    settings: Mutex<Settings>,
}

impl RoomsLab {
    /// Starts the lab without rooms. `encoder` writes the messages to watchers; metrics go to
    /// `registry`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(
        settings: &Settings,
        registry: &Registry,
        encoder: impl Encode<Told<Village>>,
    ) -> Arc<Self> {
        let house = Rooms::start(room_settings(&settings.rooms), |_| Village::default(), encoder);
        let (config, read_only) = (settings.rooms.clone(), settings.server.read_only);
        let core = Arc::new(Core::new(house, config, read_only, publish::describe(registry)));
        tokio::spawn(sampler::run(Arc::downgrade(&core)));
        Arc::new(Self { core, settings: Mutex::new(settings.clone()) })
    }

    /// Creates the twelve rooms with which a server begins. None of them plays.
    ///
    /// # Cancel safety
    /// Some of the rooms may exist after the future is dropped.
    pub async fn create_samples(&self) {
        for name in SAMPLES {
            // There is one with this name, or as many as may be: both are fine.
            drop(self.create(name).await);
        }
        self.core.refresh().await;
    }

    /// Returns the rooms.
    pub fn house(&self) -> &House {
        &self.core.house
    }

    /// Shares the rooms with other nodes: each name is at one node, and a room whose node is lost
    /// is rebuilt from its log at another one. The API of this node is at `url`. Call it before the
    /// first room is created; only the first call has an effect.
    ///
    /// # Errors
    /// [`Away`], if the other nodes cannot be reached.
    ///
    /// # Cancel safety
    /// The rooms are shared or not.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn share(&self, node: String, url: String, common: Common) -> Result<(), Away> {
        let messages = common.bus.subscribe().await?;
        let places = Places::new(node, url, common);
        if self.core.shared.set(Arc::new(nodes::Shared::new(Arc::clone(&places)))).is_ok() {
            tokio::spawn(places.run(Arc::downgrade(&self.core), messages));
        }
        Ok(())
    }

    /// Returns a room of this node. One whose lease is over is not found.
    pub fn find(&self, name: &str) -> Option<Room> {
        if self.core.shared.get().is_some_and(|shared| shared.generation(name).is_none()) {
            return None;
        }
        self.core.house.whereis(name)
    }

    /// Returns the node that has a room, as far as this node knows; `None` if the server is alone.
    pub fn place(&self, name: &str) -> Option<Place> {
        self.core.shared.get()?.place(name)
    }

    /// Returns true if the server shuts down.
    pub fn is_draining(&self) -> bool {
        self.core.is_draining()
    }

    /// Returns a receiver that changes each 250 ms while there is one.
    pub fn ticks(&self) -> watch::Receiver<u64> {
        let ticks = self.core.ticks.subscribe();
        self.core.wake.notify_one();
        ticks
    }

    /// Applies changed settings to all rooms.
    fn change(&self, settings: &Settings) -> Vec<String> {
        let old = std::mem::replace(&mut *lock(&self.settings), settings.clone());
        let core = &self.core;
        core.read_only.store(settings.server.read_only, Ordering::Relaxed);
        core.configure(settings.rooms.clone());
        core.house.change(room_settings(&settings.rooms));
        let mut notes = Vec::new();
        for change in changes(&old, settings) {
            let Some(key) = change.key.strip_prefix("rooms.") else { continue };
            core.mark(format!("{key} = {}", change.to.trim_matches('"')));
            if key == "mailbox" && !core.house.is_empty() {
                notes.push("rooms.mailbox: rooms that run keep their mailboxes".to_owned());
            }
        }
        core.wake.notify_one();
        notes
    }
}

impl Drop for RoomsLab {
    fn drop(&mut self) {
        self.core.begin_drain();
        self.core.stop.cancel();
    }
}

impl Lab for RoomsLab {
    fn name(&self) -> &'static str {
        "rooms"
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::json!(self.core.snapshot(0, None))
    }

    fn components(&self) -> Vec<LabPart> {
        components::parts(&self.core)
    }

    fn apply(&self, settings: &Settings) -> Vec<String> {
        self.change(settings)
    }

    /// Zeroes counts, times, curves and marks. The ledger stays: it is the account of the states.
    fn reset(&self) {
        self.core.reset();
    }

    fn take_runs(&self) -> Vec<Run> {
        Vec::new()
    }

    fn publish(&self, registry: &Registry) {
        publish::publish(&self.core, registry);
    }

    fn drain(&self, deadline: Duration) -> BoxFuture<'_, Option<String>> {
        Box::pin(async move {
            let core = &self.core;
            core.begin_drain();
            lock(&core.playing).clear();
            let is_done = timeout(deadline, core.house.stop()).await.is_ok();
            core.stop.cancel();
            (!is_done).then(|| format!("rooms: not all of {} rooms ended in time", core.house.len()))
        })
    }
}

/// The settings of the house.
fn room_settings(config: &config::Rooms) -> RoomSettings {
    use weir_parts::rooms::Backup;
    RoomSettings {
        backup: match config.backup {
            config::Backup::Before => Backup::Before,
            config::Backup::After => Backup::After,
            config::Backup::None => Backup::None,
        },
        backup_every: config.backup_every,
        mailbox: config.mailbox as usize,
        idle_stop: config.idle_stop,
        snapshot_every: config.snapshot_every as usize,
        history: config.history as usize,
        max_rooms: config.max_rooms as usize,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a time in milliseconds with three digits after the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
