//! The open connections of a server: the phase of each, and which must be closed.
//!
//! A connection only notes when it enters a phase. A periodic check of all connections
//! replaces a timer for each.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;

use super::counts::ConnectionCounts;
use super::limits::Limits;

/// A connection that has been idle for less than this is not closed to make room.
const JUST_IDLE: Duration = Duration::from_secs(1);

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ConnectionState {
    /// Nothing was received since the last reply.
    Idle,
    /// Part of a request head was received.
    Head,
    /// A request body is being read.
    Body,
    /// A request is being worked on.
    Busy,
    /// The reply is being sent.
    Reply,
    /// A handler has taken the socket out of HTTP.
    Taken,
}

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum CloseReason {
    /// It was idle for too long, or its place is needed.
    Idle = 1,
    /// Its request head takes too long.
    SlowHead,
    /// Its client does not read the reply.
    Unread,
}

/// A connection, shared between the server and the connection's task.
#[derive(Debug)]
pub(super) struct Connection {
    epoch: Instant,
    phase: AtomicU8,
    /// When the phase began, in nanoseconds from the epoch.
    since: AtomicU64,
    /// When the connection was accepted, in nanoseconds from the epoch.
    opened: u64,
    /// Since when the client waits for the reply: since `opened` for that of the first request,
    /// and since the head of a later one began. 0 before the first.
    asked: AtomicU64,
    /// Since when writes find no room; 0 if the last one did.
    stuck: AtomicU64,
    reason: AtomicU8,
    /// True while a request was taken and its reply is not written to the system yet.
    replying: AtomicBool,
    /// True if the reply was sent before the whole request was read.
    unread: AtomicBool,
    /// True if a handler takes the socket behind the head of the reply.
    streams: AtomicBool,
    /// True once the body of that reply has no more for hyper.
    waits: AtomicBool,
    /// True once the head, and what the body began with, are with the system.
    is_head_sent: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    fn new(epoch: Instant) -> Self {
        let opened = nanos_since(epoch);
        Self {
            epoch,
            phase: AtomicU8::new(ConnectionState::Idle as u8),
            since: AtomicU64::new(opened),
            opened,
            asked: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            reason: AtomicU8::new(0),
            replying: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            streams: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            is_head_sent: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    fn now(&self) -> u64 {
        nanos_since(self.epoch)
    }

    pub(super) fn phase(&self) -> ConnectionState {
        match self.phase.load(Ordering::Acquire) {
            0 => ConnectionState::Idle,
            1 => ConnectionState::Head,
            2 => ConnectionState::Body,
            3 => ConnectionState::Busy,
            4 => ConnectionState::Reply,
            _ => ConnectionState::Taken,
        }
    }

    /// Notes the beginning of a phase with a time limit.
    pub(super) fn begins(&self, phase: ConnectionState) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Notes the beginning of a phase without a time limit.
    pub(super) fn is_at(&self, phase: ConnectionState) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Notes that a request was taken and needs a reply.
    pub(super) fn takes(&self, phase: ConnectionState) {
        let is_first = self.asked.load(Ordering::Relaxed) == 0;
        let asked = if is_first { self.opened } else { self.since.load(Ordering::Relaxed) };
        self.asked.store(asked, Ordering::Relaxed);
        self.replying.store(true, Ordering::Release);
        self.is_at(phase);
    }

    /// Returns since when the client waits for the reply, or waited for the last one.
    pub(super) fn asked(&self) -> Instant {
        self.epoch + Duration::from_nanos(self.asked.load(Ordering::Relaxed))
    }

    /// Notes that a handler takes the socket as soon as the head of the reply is written.
    pub(super) fn streams(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    /// Notes that the body of the reply has nothing more to send now.
    pub(super) fn waits(&self) {
        if self.streams.load(Ordering::Relaxed) {
            self.waits.store(true, Ordering::Relaxed);
        }
    }

    /// Returns true once the head of a reply that [streams](Self::streams) is with the system.
    pub(super) fn is_head_sent(&self) -> bool {
        self.is_head_sent.load(Ordering::Relaxed)
    }

    /// Notes that everything written so far is with the system, so a reply that has ended
    /// is complete.
    pub(super) fn flushed(&self) {
        // hyper has encoded the head before it asks for the body.
        if self.waits.load(Ordering::Relaxed) {
            self.is_head_sent.store(true, Ordering::Relaxed);
        }
        if matches!(self.phase(), ConnectionState::Idle | ConnectionState::Head)
            && self.replying.load(Ordering::Acquire)
        {
            self.replying.store(false, Ordering::Release);
        }
    }

    /// Returns true if no reply is in progress, so that something else may be written.
    pub(super) fn is_free(&self) -> bool {
        !self.replying.load(Ordering::Acquire)
            && matches!(self.phase(), ConnectionState::Idle | ConnectionState::Head)
    }

    /// Notes whether the last write found no room.
    pub(super) fn wrote(&self, no_room: bool) {
        match (no_room, self.stuck.load(Ordering::Relaxed)) {
            (true, 0) => self.stuck.store(self.now(), Ordering::Relaxed),
            (false, since) if since > 0 => self.stuck.store(0, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Notes that a reply was sent before the request was read.
    pub(super) fn answered_early(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_answered_early(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Completes when the connection must be closed, with the reason.
    pub(super) async fn must_close(&self) -> CloseReason {
        poll_fn(|context| {
            let reason = || match self.reason.load(Ordering::Acquire) {
                0 => Poll::Pending,
                1 => Poll::Ready(CloseReason::Idle),
                2 => Poll::Ready(CloseReason::SlowHead),
                _ => Poll::Ready(CloseReason::Unread),
            };
            if reason().is_ready() {
                return reason();
            }
            self.waker.register(context.waker());
            reason()
        })
        .await
    }

    fn condemn(&self, reason: CloseReason) {
        self.reason.store(reason as u8, Ordering::Release);
        self.waker.wake();
    }

    /// Returns why the connection must be closed, if it must.
    fn overdue(&self, limits: &Limits) -> Option<CloseReason> {
        let now = self.now();
        let longer = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_nanos();
        let stuck = self.stuck.load(Ordering::Relaxed);
        if stuck > 0 && longer(stuck, limits.write) {
            return Some(CloseReason::Unread);
        }
        let since = self.since.load(Ordering::Relaxed);
        match self.phase() {
            ConnectionState::Idle => longer(since, limits.idle).then_some(CloseReason::Idle),
            ConnectionState::Head => longer(since, limits.head).then_some(CloseReason::SlowHead),
            // A body has a timer of its own, and so has the owner of a taken socket; work and
            // replies have no limit here.
            ConnectionState::Body
            | ConnectionState::Busy
            | ConnectionState::Reply
            | ConnectionState::Taken => None,
        }
    }

    /// Returns when it became idle, if it has been idle for a while and is not being
    /// closed.
    fn idle_since(&self) -> Option<u64> {
        let since = self.since.load(Ordering::Relaxed);
        let long = u128::from(self.now().saturating_sub(since)) > JUST_IDLE.as_nanos();
        let free = self.phase() == ConnectionState::Idle && self.reason.load(Ordering::Acquire) == 0;
        (free && long).then_some(since)
    }
}

/// All connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    epoch: Instant,
    open: Arc<Open>,
    last: AtomicU64,
}

#[derive(Debug)]
struct Open {
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    counts: Arc<ConnectionCounts>,
}

/// A connection's entry among the open ones. Dropping it removes the entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) connection: Arc<Connection>,
    number: u64,
    open: Arc<Open>,
}

impl Connections {
    pub(super) fn new(counts: Arc<ConnectionCounts>) -> Self {
        let open = Open { connections: Mutex::default(), counts };
        Self { epoch: Instant::now(), open: Arc::new(open), last: AtomicU64::new(0) }
    }

    pub(super) fn len(&self) -> usize {
        self.open.lock().len()
    }

    pub(super) fn add(&self) -> Entry {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new(self.epoch));
        let mut open = self.open.lock();
        open.insert(number, Arc::clone(&connection));
        self.open.counts.note_open(open.len());
        Entry { connection, number, open: Arc::clone(&self.open) }
    }

    /// Closes the connections whose time is up.
    pub(super) fn look(&self, limits: &Limits) {
        for connection in self.open.lock().values() {
            if let Some(reason) = connection.overdue(limits) {
                connection.condemn(reason);
            }
        }
    }

    /// Closes the connections that have been idle longest: a sixteenth of all at once, so
    /// that a flood does not cause a search for each. Returns whether there was one.
    pub(super) fn make_room(&self) -> bool {
        let open = self.open.lock();
        let mut idle: Vec<_> =
            open.values().filter_map(|connection| Some((connection.idle_since()?, connection))).collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        idle.truncate(open.len() / 16 + 1);
        idle.iter().for_each(|(_, connection)| connection.condemn(CloseReason::Idle));
        !idle.is_empty()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        open.remove(&self.number);
        self.open.counts.note_open(open.len());
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Never 0.
fn nanos_since(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
}
