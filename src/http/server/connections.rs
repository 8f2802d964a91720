//! The open connections of a server: what each is at, and which are to be closed.
//!
//! One look every now and then at all of them takes the place of a timer for each: a
//! connection only notes when it went from one phase to the next.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;

use super::limits::Limits;

/// A connection that has been idle for less is not closed to make room for another.
const JUST_IDLE: Duration = Duration::from_secs(1);

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing has come since the last reply.
    Idle,
    /// Part of a request head has come.
    Head,
    /// A request body is being read.
    Body,
    /// A request is being worked on.
    Busy,
    /// The reply is on its way.
    Reply,
}

/// Why a connection is closed from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum CloseReason {
    /// It was idle for too long, or another needs its place.
    Idle = 1,
    /// Its request head takes too long.
    SlowHead,
    /// Its client does not read the reply.
    Unread,
}

/// One connection, as the server and its task see it.
#[derive(Debug)]
pub(super) struct Connection {
    epoch: Instant,
    phase: AtomicU8,
    /// When the phase began, in nanoseconds from the epoch.
    since: AtomicU64,
    /// When a write found no room and has found none since; 0 if it has.
    stuck: AtomicU64,
    reason: AtomicU8,
    /// A request was taken, and its reply is not with the system yet.
    replying: AtomicBool,
    /// Answered before everything was read that the client sends.
    unread: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    fn new(epoch: Instant) -> Self {
        let this = Self {
            epoch,
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            reason: AtomicU8::new(0),
            replying: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        };
        this.since.store(this.now(), Ordering::Relaxed);
        this
    }

    /// Never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Body,
            3 => Phase::Busy,
            _ => Phase::Reply,
        }
    }

    /// Notes that a phase begins in which time counts.
    pub(super) fn begins(&self, phase: Phase) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Notes that a phase begins that may take as long as it likes.
    pub(super) fn is_at(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Notes that a request is taken, which is to be replied to.
    pub(super) fn takes(&self, phase: Phase) {
        self.replying.store(true, Ordering::Release);
        self.is_at(phase);
    }

    /// Notes that everything written so far is with the system: all of a reply that
    /// has ended.
    pub(super) fn flushed(&self) {
        if matches!(self.phase(), Phase::Idle | Phase::Head) && self.replying.load(Ordering::Acquire) {
            self.replying.store(false, Ordering::Release);
        }
    }

    /// Whether no reply is under way, so that anything may be written.
    pub(super) fn is_free(&self) -> bool {
        !self.replying.load(Ordering::Acquire) && matches!(self.phase(), Phase::Idle | Phase::Head)
    }

    /// Notes whether the last write found no room.
    pub(super) fn wrote(&self, no_room: bool) {
        match (no_room, self.stuck.load(Ordering::Relaxed)) {
            (true, 0) => self.stuck.store(self.now(), Ordering::Relaxed),
            (false, since) if since > 0 => self.stuck.store(0, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Notes that a reply went out before the request was read.
    pub(super) fn answered_early(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_answered_early(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Completes when the connection is to be closed, and says why.
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

    /// Why it is to be closed, if it is.
    fn overdue(&self, limits: &Limits) -> Option<CloseReason> {
        let now = self.now();
        let longer = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_nanos();
        let stuck = self.stuck.load(Ordering::Relaxed);
        if stuck > 0 && longer(stuck, limits.write) {
            return Some(CloseReason::Unread);
        }
        let since = self.since.load(Ordering::Relaxed);
        match self.phase() {
            Phase::Idle => longer(since, limits.idle).then_some(CloseReason::Idle),
            Phase::Head => longer(since, limits.head).then_some(CloseReason::SlowHead),
            // A body has a timer of its own; work and replies take their time.
            Phase::Body | Phase::Busy | Phase::Reply => None,
        }
    }

    /// When it became idle, if it has been for a while and nothing else is known of it.
    fn idle_since(&self) -> Option<u64> {
        let since = self.since.load(Ordering::Relaxed);
        let long = u128::from(self.now().saturating_sub(since)) > JUST_IDLE.as_nanos();
        let free = self.phase() == Phase::Idle && self.reason.load(Ordering::Acquire) == 0;
        (free && long).then_some(since)
    }
}

/// All connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    epoch: Instant,
    open: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
    last: u64,
}

/// A connection's place among the open ones. Dropping it closes the entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) connection: Arc<Connection>,
    number: u64,
    open: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
}

impl Connections {
    pub(super) fn new() -> Self {
        Self { epoch: Instant::now(), open: Arc::default(), last: 0 }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.open).len()
    }

    pub(super) fn add(&mut self) -> Entry {
        self.last += 1;
        let connection = Arc::new(Connection::new(self.epoch));
        lock(&self.open).insert(self.last, Arc::clone(&connection));
        Entry { connection, number: self.last, open: Arc::clone(&self.open) }
    }

    /// Condemns those whose time is up.
    pub(super) fn look(&self, limits: &Limits) {
        for connection in lock(&self.open).values() {
            if let Some(reason) = connection.overdue(limits) {
                connection.condemn(reason);
            }
        }
    }

    /// Closes the connections that have been idle longest, a sixteenth of all at once,
    /// so that a flood does not have to look for each. Returns whether there was one.
    pub(super) fn make_room(&self) -> bool {
        let open = lock(&self.open);
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
        lock(&self.open).remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use tokio::time::advance;

    fn reason(entry: &Entry) -> Option<CloseReason> {
        entry.connection.must_close().now_or_never()
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_time() {
        let second = Duration::from_secs(1);
        let limits = Limits { head: 2 * second, idle: 10 * second, write: 5 * second, ..Limits::default() };
        let mut connections = Connections::new();
        let (idle, head, busy, stuck) =
            (connections.add(), connections.add(), connections.add(), connections.add());
        head.connection.begins(Phase::Head);
        busy.connection.is_at(Phase::Busy);
        stuck.connection.is_at(Phase::Reply);
        stuck.connection.wrote(true);
        let mut seen: Vec<(&str, CloseReason, u64)> = Vec::new();
        for seconds in 1..=11 {
            advance(second).await;
            connections.look(&limits);
            for (name, entry) in [("idle", &idle), ("head", &head), ("busy", &busy), ("stuck", &stuck)] {
                if let Some(reason) = reason(entry)
                    && !seen.iter().any(|(seen, ..)| *seen == name)
                {
                    seen.push((name, reason, seconds));
                }
            }
        }
        // A limit is passed once it is exceeded.
        assert_eq!(
            seen,
            [
                ("head", CloseReason::SlowHead, 3),
                ("stuck", CloseReason::Unread, 6),
                ("idle", CloseReason::Idle, 11)
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_made_by_the_longest_idle_and_never_by_one_that_has_a_request() {
        let mut connections = Connections::new();
        let busy = connections.add();
        busy.connection.is_at(Phase::Busy);
        let oldest = connections.add();
        advance(2 * JUST_IDLE).await;
        let older = connections.add();
        assert!(connections.make_room());
        assert_eq!((reason(&oldest), reason(&busy), reason(&older)), (Some(CloseReason::Idle), None, None));
        assert!(!connections.make_room(), "the other has only just come");
        drop(oldest);
        assert_eq!(connections.len(), 2);
    }
}
