//! The watchers of rooms by name, for the view of a room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::time::Instant;
use weir_parts::rooms::{Position, RoomGone, Watching};

use super::pipe::{Pipe, PipeReader};
use super::{Core, Room, RoomsLab, Village, lock};

/// A watcher.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The name that it gave.
    pub(super) who: String,
    /// `browser` or `program`.
    pub(super) how: &'static str,
    /// When it joined.
    pub(super) since: Instant,
}

/// The watchers of all rooms.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<HashMap<Arc<str>, Vec<Arc<Watcher>>>>);

impl Watchers {
    /// Returns the watchers of a room, the first that joined first.
    pub(super) fn of(&self, room: &str) -> Vec<Arc<Watcher>> {
        lock(&self.0).get(room).cloned().unwrap_or_default()
    }

    fn add(&self, room: &Arc<str>, watcher: &Arc<Watcher>) {
        lock(&self.0).entry(Arc::clone(room)).or_default().push(Arc::clone(watcher));
    }

    fn remove(&self, room: &Arc<str>, watcher: &Arc<Watcher>) {
        let mut all = lock(&self.0);
        let Some(watchers) = all.get_mut(room) else { return };
        watchers.retain(|other| !Arc::ptr_eq(other, watcher));
        if watchers.is_empty() {
            all.remove(room);
        }
    }
}

/// A watcher that is connected. It leaves when this is dropped.
#[derive(Debug)]
pub struct Watched {
    core: Weak<Core>,
    room: Arc<str>,
    watcher: Arc<Watcher>,
    _watching: Watching<Village, Pipe>,
}

impl RoomsLab {
    /// Adds a watcher to a room. `first` is sent before everything else; `since` is the position
    /// behind which the watcher resumes. Returns its messages, and the guard that keeps it.
    ///
    /// # Errors
    /// [`RoomGone`], if the room was removed, or the server shuts down.
    ///
    /// # Cancel safety
    /// A watcher that has joined leaves when the future is dropped.
    pub async fn watch(
        &self,
        room: &Room,
        (who, how): (String, &'static str),
        first: Vec<u8>,
        since: Option<Position>,
    ) -> Result<(PipeReader, Watched), RoomGone> {
        let (pipe, reader) = Pipe::new();
        let watching = room.watch(pipe, first, since).await?;
        let watcher = Arc::new(Watcher { who, how, since: Instant::now() });
        self.core.watchers.add(room.name(), &watcher);
        let core = Arc::downgrade(&self.core);
        Ok((reader, Watched { core, room: Arc::clone(room.name()), watcher, _watching: watching }))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            core.watchers.remove(&self.room, &self.watcher);
        }
    }
}
