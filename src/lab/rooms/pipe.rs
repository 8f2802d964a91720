//! The way of a watcher's messages: a bounded pipe, which the hub of a room writes to, and the
//! body of a response reads from. A watcher that reads too slowly fills it, and is then behind.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::Stream;
use hyper::body::Bytes;
use tokio::sync::Notify;
use weir_parts::hub::Sink;

use super::lock;

/// The most bytes that wait for the reader.
const ROOM: usize = 64 * 1024;

/// The writing end of a pipe.
#[derive(Debug, Default)]
pub struct Pipe {
    state: Mutex<State>,
    /// Notified when the reader has taken bytes, or has gone.
    taken: Notify,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    is_ended: bool,
    is_left: bool,
    reader: Option<Waker>,
}

/// The reading end of a pipe: a stream of bytes, which ends after the last message. Dropping it
/// lets the hub let go of the watcher.
#[derive(Debug)]
pub struct PipeReader(Arc<Pipe>);

impl Pipe {
    /// Makes a pipe.
    pub fn new() -> (Arc<Self>, PipeReader) {
        let pipe = Arc::new(Self::default());
        (Arc::clone(&pipe), PipeReader(pipe))
    }
}

impl Sink for Pipe {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = lock(&self.state);
        if state.is_left || state.is_ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let fits = ROOM.saturating_sub(state.bytes.len()).min(bytes.len());
        if fits == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.bytes.extend_from_slice(&bytes[..fits]);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(fits)
    }

    async fn writable(&self) -> io::Result<()> {
        loop {
            let mut taken = std::pin::pin!(self.taken.notified());
            // Before the look, so that no notification is missed after it.
            taken.as_mut().enable();
            {
                let state = lock(&self.state);
                if state.is_left || state.is_ended || state.bytes.len() < ROOM {
                    return Ok(());
                }
            }
            taken.await;
        }
    }

    fn shutdown(&self) {
        let mut state = lock(&self.state);
        state.is_ended = true;
        let reader = state.reader.take();
        drop(state);
        self.taken.notify_waiters();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Stream for PipeReader {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = lock(&self.0.state);
        if !state.bytes.is_empty() {
            let bytes = std::mem::take(&mut state.bytes);
            drop(state);
            self.0.taken.notify_waiters();
            return Poll::Ready(Some(bytes.into()));
        }
        if state.is_ended {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.is_left = true;
        state.bytes = Vec::new();
        drop(state);
        self.0.taken.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;

    #[tokio::test]
    async fn a_full_pipe_takes_bytes_again_once_its_reader_has_read() {
        let (pipe, mut reader) = Pipe::new();
        assert_eq!(pipe.try_write(&vec![b'a'; ROOM + 1]).unwrap(), ROOM, "only what fits");
        assert_eq!(pipe.try_write(b"b").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut writable = Box::pin(pipe.writable());
        assert!(writable.as_mut().now_or_never().is_none(), "it waits for the reader");
        assert_eq!(reader.next().await.map(|bytes| bytes.len()), Some(ROOM));
        writable.await.unwrap();
        assert_eq!(pipe.try_write(b"b").unwrap(), 1);
    }

    #[tokio::test]
    async fn the_reader_gets_all_that_was_written_before_the_end() {
        let (pipe, mut reader) = Pipe::new();
        assert!(reader.next().now_or_never().is_none(), "nothing is there yet");
        pipe.try_write(b"last").unwrap();
        pipe.shutdown();
        assert_eq!(reader.next().await.as_deref(), Some(&b"last"[..]));
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_breaks_the_pipe() {
        let (pipe, reader) = Pipe::new();
        pipe.try_write(&[0; ROOM]).unwrap();
        let mut writable = Box::pin(pipe.writable());
        assert!(writable.as_mut().now_or_never().is_none());
        drop(reader);
        writable.await.unwrap();
        assert_eq!(pipe.try_write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
