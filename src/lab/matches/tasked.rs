//! A task that writes for one watcher: its buffers, and the task itself. It stands for what a
//! server does that was made from a common WebSocket library.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Socket, lock};

/// The size of a read buffer, and the most bytes of a write buffer: the defaults of a common
/// library. The read buffer is filled when it is made, so its pages are in memory; the write
/// buffer grows as needed.
pub(super) const BUFFER: usize = 128 * 1024;

/// The buffers of a watcher that has a task.
#[derive(Debug)]
pub(super) struct Tasked {
    pub(super) read_buffer: Vec<u8>,
    out: Vec<u8>,
    /// The bytes that were ever put in the buffer, and those that were ever written.
    put: u64,
    written: u64,
    /// The newest recorded event: the position behind it, and its number and one.
    mark: Option<(u64, u64)>,
    noted: u64,
    /// True once the task shuts the socket down as soon as the buffer is empty.
    is_ending: bool,
    /// Wakes the task.
    pub(super) wake: Arc<Notify>,
    /// Wakes the hub, which waits for room.
    pub(super) room: Arc<Notify>,
}

impl Tasked {
    pub(super) fn new(noted: u64) -> Self {
        Self {
            read_buffer: vec![0xA5; BUFFER],
            out: Vec::new(),
            put: 0,
            written: 0,
            mark: None,
            noted,
            is_ending: false,
            wake: Arc::default(),
            room: Arc::default(),
        }
    }

    /// Takes bytes as far as there is room. `active` is the number of the recorded event and
    /// one.
    pub(super) fn put(&mut self, bytes: &[u8], active: u64) -> usize {
        let n = bytes.len().min(BUFFER - self.out.len());
        self.out.extend_from_slice(&bytes[..n]);
        self.put += n as u64;
        if active > self.noted && n == bytes.len() {
            self.noted = active;
            self.mark = Some((self.put, active));
        }
        self.wake.notify_one();
        n
    }

    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.out.len() < BUFFER
    }

    /// Asks the task to shut the socket down once the buffer is empty.
    pub(super) fn end(&mut self) {
        self.is_ending = true;
        self.wake.notify_one();
        self.room.notify_one();
    }
}

/// Writes what is put in the watcher's buffer, until the watcher's writes go another way or its
/// socket ends.
pub(super) async fn run(socket: Arc<Socket>, wake: Arc<Notify>) {
    loop {
        match step(&socket, &wake) {
            Step::Wait => wake.notified().await,
            // An error is reported by the next write.
            Step::Blocked => _ = socket.stream.writable().await,
            Step::Ended => return,
        }
    }
}

enum Step {
    /// Everything is written.
    Wait,
    /// The socket takes no more bytes.
    Blocked,
    /// The watcher's writes go another way, or its socket has ended.
    Ended,
}

/// Writes as much as the socket takes. `wake` tells the buffers of this task from those of a
/// later one.
fn step(socket: &Socket, wake: &Arc<Notify>) -> Step {
    let mut guard = lock(&socket.tasked);
    let Some(tasked) = guard.as_mut().filter(|tasked| Arc::ptr_eq(&tasked.wake, wake)) else {
        return Step::Ended;
    };
    while !tasked.out.is_empty() {
        match socket.write_now(&tasked.out) {
            Ok(n) if n > 0 => {
                tasked.out.drain(..n);
                tasked.written += n as u64;
                if tasked.mark.is_some_and(|(end, _)| tasked.written >= end)
                    && let Some((_, active)) = tasked.mark.take()
                {
                    socket.common.times.written(active);
                }
                tasked.room.notify_one();
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Step::Blocked,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => {
                // The hub's next write goes to the socket itself, and fails.
                let room = Arc::clone(&tasked.room);
                *guard = None;
                room.notify_one();
                return Step::Ended;
            }
        }
    }
    if tasked.is_ending {
        *guard = None;
        socket.shut_down_writing();
        return Step::Ended;
    }
    Step::Wait
}
