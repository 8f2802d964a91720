//! A sink in memory with an adjustable amount of room, for tests without sockets.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Sink;

/// A sink that keeps what is written to it. It takes bytes only while it has room, so a test
/// decides how slowly its reader reads.
#[derive(Debug)]
pub struct MemorySink {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    taken: Vec<u8>,
    room: usize,
    shut: bool,
    broken: Option<io::ErrorKind>,
}

impl MemorySink {
    /// Makes a sink that takes `room` bytes and then blocks.
    pub fn with_room(room: usize) -> Self {
        Self { state: Mutex::new(State { room, ..State::default() }), changed: Notify::new() }
    }

    /// Makes a sink that never blocks.
    pub fn unlimited() -> Self {
        Self::with_room(usize::MAX)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds room for `bytes` more.
    pub fn allow(&self, bytes: usize) {
        let mut state = self.state();
        state.room = state.room.saturating_add(bytes);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Makes every later write fail, as a connection that was reset does.
    pub fn break_with(&self, error: io::ErrorKind) {
        self.state().broken = Some(error);
        self.changed.notify_waiters();
    }

    /// Returns all bytes written so far.
    pub fn taken(&self) -> Vec<u8> {
        self.state().taken.clone()
    }

    /// Returns true once the hub has let go of the sink.
    pub fn is_shut(&self) -> bool {
        self.state().shut
    }

    fn is_ready(&self) -> bool {
        let state = self.state();
        state.room > 0 || state.shut || state.broken.is_some()
    }
}

impl Sink for MemorySink {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if let Some(error) = state.broken {
            return Err(error.into());
        }
        if state.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = bytes.len().min(state.room);
        if state.room != usize::MAX {
            state.room -= n;
        }
        state.taken.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    async fn writable(&self) -> io::Result<()> {
        loop {
            // Registered before the check, so a change in between is not missed.
            let changed = self.changed.notified();
            if self.is_ready() {
                return Ok(());
            }
            changed.await;
        }
    }

    fn shutdown(&self) {
        self.state().shut = true;
        self.changed.notify_waiters();
    }
}
