//! Reads what a watcher sends, and answers it.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::{Heard, Reader, Socket};
use crate::hub::WatcherId;

/// A watcher's reader. Dropping it takes the watcher off its hub, so a reader that panics
/// leaves nothing behind.
pub(super) struct Reading {
    socket: Arc<Socket>,
    id: WatcherId,
    /// `None` once the client has said that it leaves.
    reader: Option<Box<dyn Reader>>,
    /// Frames that the client has not been sent yet.
    answers: Vec<u8>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.socket.common.hub().leave(self.id);
    }
}

/// Makes the reader of a watcher, and feeds it what was read before.
pub(super) fn begin(socket: Arc<Socket>, id: WatcherId, early: &Bytes) -> Reading {
    let reader = Some(socket.common.transport.reader());
    let mut reading = Reading { socket, id, reader, answers: Vec::new() };
    let heard = match &mut reading.reader {
        Some(reader) if !early.is_empty() => reader.feed(early, &mut reading.answers),
        _ => Heard::Open,
    };
    reading.hear(heard);
    reading
}

impl Reading {
    /// Reads until the client has gone, or the lab hangs up. The future holds only what must
    /// outlive a wait: with 10,000 watchers, each byte counts.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps its arguments twice")]
    pub(super) fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            loop {
                if !self.answers.is_empty() {
                    let answers = std::mem::take(&mut self.answers);
                    // The next request waits until this answer is written. A watcher that has
                    // left needs none.
                    self.socket.common.hub().say(self.id, answers).await;
                }
                // Registers in the socket itself, unlike `readable`, which needs a node of a list.
                if poll_fn(|context| self.socket.stream.poll_read_ready(context)).await.is_err() {
                    return;
                }
                if !self.read() {
                    return;
                }
            }
        }
    }

    /// Reads once. Returns false at the end of the connection.
    fn read(&mut self) -> bool {
        let read = match &mut self.reader {
            Some(reader) => self.socket.read(&mut **reader, &mut self.answers),
            None => self.socket.read(&mut Deaf, &mut self.answers),
        };
        match read {
            Ok(Some(heard)) => {
                self.socket.hear();
                self.hear(heard);
                true
            }
            Ok(None) => false,
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// Closes a watcher that leaves. Until the client closes its side, what it sends is not
    /// looked at.
    fn hear(&mut self, heard: Heard) {
        if heard == Heard::Ended {
            self.reader = None;
            self.socket.common.hub().close(self.id, std::mem::take(&mut self.answers));
        }
    }
}

/// Ignores everything.
struct Deaf;

impl Reader for Deaf {
    fn feed(&mut self, _bytes: &[u8], _answers: &mut Vec<u8>) -> Heard {
        Heard::Open
    }
}
