//! Frames that wait to be sent on one socket, and how far the client has taken them.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use axum::body::Bytes;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The most frames of one write.
const AT_ONCE: usize = 32;

/// Frames in the order in which they are sent. Large frames are shared with other sockets,
/// not copied.
#[derive(Debug, Default)]
pub(super) struct Queue {
    frames: VecDeque<Bytes>,
    /// The bytes in `frames`.
    size: usize,
    /// The bytes up to the end of the last answer.
    answers: usize,
    stuck_since: Option<Instant>,
}

impl Queue {
    /// Returns the bytes that wait.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Returns true if no answer waits.
    pub(super) fn is_answered(&self) -> bool {
        self.answers == 0
    }

    /// Returns since when the client takes nothing of what waits.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    pub(super) fn push(&mut self, frame: Bytes) {
        self.size += frame.len();
        self.frames.push_back(frame);
    }

    /// Adds a frame that answers the client.
    pub(super) fn push_answer(&mut self, frame: Bytes) {
        self.push(frame);
        self.answers = self.size;
    }

    /// Writes what the system takes without waiting.
    ///
    /// # Errors
    /// The client has disconnected.
    pub(super) fn write_to(&mut self, stream: &TcpStream) -> io::Result<()> {
        while self.size > 0 {
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            let count = self.frames.len().min(AT_ONCE);
            for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                *slice = IoSlice::new(frame);
            }
            match stream.try_write_vectored(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(size) => self.sent(size),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes `size` bytes off the front.
    fn sent(&mut self, mut size: usize) {
        self.stuck_since = None;
        self.size -= size;
        self.answers = self.answers.saturating_sub(size);
        while let Some(frame) = self.frames.front_mut() {
            if frame.len() > size {
                drop(frame.split_to(size));
                return;
            }
            size -= frame.len();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_moves_by_what_was_taken_and_answers_are_counted_to_their_end() {
        let mut queue = Queue::default();
        queue.push(Bytes::from_static(b"abc"));
        queue.push_answer(Bytes::from_static(b"de"));
        queue.push(Bytes::from_static(b"fgh"));
        queue.sent(4);
        assert_eq!((queue.size(), queue.frames[0].as_ref(), queue.is_answered()), (4, &b"e"[..], false));
        queue.sent(1);
        assert_eq!((queue.size(), queue.frames.len(), queue.is_answered()), (3, 1, true));
        queue.sent(3);
        assert_eq!((queue.size(), queue.frames.len()), (0, 0));
    }
}
