//! A watcher's socket as the hub sees it: a sink that either writes at once or hands the bytes
//! to a task of the watcher's own (`matches.writer`).
//!
//! The switch between the two ways is made in [`Sink::try_write`], and only while no byte is on
//! its way, so a client never sees a torn frame or two frames in the wrong order:
//!
//! - To the task: what was written before is in the kernel already.
//! - To the shards: only once the task's buffer is empty.

use std::any::Any;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::lock;
use super::tasked::{self, Tasked};
use super::users::UserPlace;
use super::{Common, Heard, Reader};
use crate::hub::{Sink, WatcherId};

/// The most bytes that are read from a client at once.
const READ: usize = 4 * 1024;

/// A watcher's socket.
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) common: Arc<Common>,
    me: Weak<Self>,
    /// The name that the hub has given the watcher.
    pub(super) id: OnceLock<WatcherId>,
    pub(super) user: UserPlace,
    pub(super) tasked: Mutex<Option<Box<Tasked>>>,
    accepted: Instant,
    /// When the client was last heard, or let go of: milliseconds since the lab began.
    heard_ms: AtomicU32,
    has_snapshot: AtomicBool,
    is_let_go: AtomicBool,
    is_pinged: AtomicBool,
    _place: Box<dyn Any + Send + Sync>,
}

impl Socket {
    pub(super) fn new(
        stream: TcpStream,
        accepted: Instant,
        user: UserPlace,
        place: Box<dyn Any + Send + Sync>,
        common: &Arc<Common>,
    ) -> Arc<Self> {
        let socket = Arc::new_cyclic(|me| Self {
            stream,
            common: Arc::clone(common),
            me: Weak::clone(me),
            id: OnceLock::new(),
            user,
            tasked: Mutex::new(None),
            accepted,
            heard_ms: AtomicU32::new(0),
            has_snapshot: AtomicBool::new(false),
            is_let_go: AtomicBool::new(false),
            is_pinged: AtomicBool::new(false),
            _place: place,
        });
        socket.hear();
        socket
    }

    /// Notes that the client was heard just now.
    pub(super) fn hear(&self) {
        self.heard_ms.store(u32::try_from(self.common.now_ms()).unwrap_or(u32::MAX), Ordering::Relaxed);
        self.is_pinged.store(false, Ordering::Relaxed);
    }

    /// Returns the time since the client was last heard or let go of, in milliseconds.
    pub(super) fn quiet_ms(&self) -> u64 {
        self.common.now_ms().saturating_sub(u64::from(self.heard_ms.load(Ordering::Relaxed)))
    }

    /// Notes a ping, and returns true if it is the first since the client was heard.
    pub(super) fn note_ping(&self) -> bool {
        !self.is_pinged.swap(true, Ordering::Relaxed)
    }

    /// Returns true once the hub has let go of the socket.
    pub(super) fn is_let_go(&self) -> bool {
        self.is_let_go.load(Ordering::Relaxed)
    }

    /// Ends both directions, so that the reader ends as well.
    pub(super) fn hang_up(&self) {
        // Fails if the peer has gone, which is the end that was wanted.
        _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
        if let Some(tasked) = lock(&self.tasked).as_mut() {
            tasked.end();
        }
    }

    /// Ends the writing direction. The client may still be read.
    pub(super) fn shut_down_writing(&self) {
        // As above.
        _ = SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }

    /// Reads what the client has sent and feeds it to `reader`. Returns `None` once the client
    /// sends no more.
    pub(super) fn read(&self, reader: &mut dyn Reader, answers: &mut Vec<u8>) -> io::Result<Option<Heard>> {
        let mut read = |buffer: &mut [u8]| {
            let n = self.stream.try_read(buffer)?;
            Ok((n > 0).then(|| reader.feed(&buffer[..n], answers)))
        };
        // A watcher with a task has a buffer of its own, and others share the thread's stack.
        if let Some(tasked) = lock(&self.tasked).as_mut() {
            return read(&mut tasked.read_buffer);
        }
        read(&mut [0; READ])
    }

    pub(super) fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.stream.try_write(bytes)?;
        if !self.has_snapshot.load(Ordering::Relaxed) {
            self.has_snapshot.store(true, Ordering::Relaxed);
            self.common.arrivals.has_snapshot(self.accepted);
        }
        Ok(n)
    }

    /// Starts the watcher's task, if the lab still wants one.
    fn start_task(&self) -> Option<Box<Tasked>> {
        let socket = self.me.upgrade()?;
        let tasked = Box::new(Tasked::new(self.common.times.active()));
        tokio::spawn(tasked::run(socket, Arc::clone(&tasked.wake)));
        Some(tasked)
    }
}

impl Sink for Socket {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let by_task = self.common.by_task.load(Ordering::Relaxed);
        let mut tasked = lock(&self.tasked);
        if by_task && tasked.is_none() && !self.is_let_go() {
            *tasked = self.start_task();
        } else if !by_task && tasked.as_ref().is_some_and(|tasked| tasked.is_empty()) {
            // The task finds that its place is empty, and ends.
            if let Some(done) = tasked.take() {
                done.wake.notify_one();
            }
        }
        let Some(task) = tasked.as_mut() else {
            drop(tasked);
            return self.write_now(bytes);
        };
        match task.put(bytes, self.common.times.active()) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }

    async fn writable(&self) -> io::Result<()> {
        loop {
            let room = match lock(&self.tasked).as_ref() {
                Some(tasked) if tasked.has_room() => return Ok(()),
                Some(tasked) => Some(Arc::clone(&tasked.room)),
                None => None,
            };
            if self.is_let_go() {
                return Ok(());
            }
            match room {
                // One permit is kept, so room that was made meanwhile is not missed.
                Some(room) => room.notified().await,
                None => return self.stream.writable().await,
            }
        }
    }

    fn shutdown(&self) {
        self.hear();
        self.is_let_go.store(true, Ordering::Relaxed);
        match lock(&self.tasked).as_mut() {
            Some(tasked) => tasked.end(),
            None => self.shut_down_writing(),
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id)
            .field("user", &self.user.name())
            .finish_non_exhaustive()
    }
}
