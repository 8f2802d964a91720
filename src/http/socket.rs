//! A connected WebSocket: the server's side of RFC 6455 on a socket that a handler has taken.
//!
//! A handler calls [`WebSocket::next`] in a loop, which does all reading and writing, answers
//! pings and completes closes. Unsent data stays within bounds:
//!
//! - If a client does not read its answers, the server stops reading from it, so the client
//!   cannot ask for more.
//! - A handler sends anything else only while [`WebSocket::has_room`]; [`WebSocket::step`]
//!   returns when there is room again.
//! - If the client reads nothing for `server.write_timeout`, the server drops the socket.
//!
//! A socket that waits for a message holds no buffer: the decoder is boxed only while a message
//! is half read. A task that has many sockets can do without this type and use the
//! [`TakenSocket`] with the codec.

mod codec;
mod frame;
mod handshake;
mod queue;
mod reader;
#[cfg(test)]
mod tests;

use std::future::pending;
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::codec::{Decoder, Event};
use self::frame::{close_frame, frame};
use self::queue::Queue;
use super::server::{Limits, Place, TakenSocket};
use crate::shutdown::Shutdown;

pub use codec::MessageLimits;
pub use frame::{CloseCode, text_frame};
pub(in crate::http) use frame::{Opcode, append, append_close};
pub use handshake::Handshake;
pub(in crate::http) use reader::SocketReader;

/// The bytes that may wait to be sent before a socket has no more room.
const ROOM: usize = 64 * 1024;
/// How long the end of a socket may take. If the server closed the stream while the client
/// still sends, the client's system would discard the close frame.
const ENDING: Duration = Duration::from_secs(1);
/// Bytes of one read, on the stack.
const READ_SIZE: usize = 4096;

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text, which is valid UTF-8.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Message {
    /// Returns the message as a frame from the server.
    #[must_use]
    pub fn frame(&self) -> Bytes {
        match self {
            Self::Text(text) => text_frame(text),
            Self::Binary(bytes) => frame(Opcode::Binary, bytes),
        }
    }
}

/// What happened to a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A message came.
    Message(Message),
    /// Everything that was queued is with the system, so there is [room](WebSocket::has_room)
    /// again.
    Sent,
    /// The socket is closed by either side, or has failed.
    Closed,
}

/// A WebSocket whose handshake is done. Dropping it drops the connection.
#[derive(Debug)]
pub struct WebSocket {
    stream: TcpStream,
    limits: MessageLimits,
    server: Limits,
    shutdown: Shutdown,
    /// Present while something is half read.
    decoder: Option<Box<Decoder>>,
    /// Bytes of the client that are not decoded yet. They are decoded event by event, so that
    /// what follows a message is still there when the socket changes its owner.
    unread: Bytes,
    queue: Queue,
    state: State,
    place: Place,
    asked: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// A close frame is queued or sent.
    Closing {
        /// When the socket is dropped.
        deadline: Instant,
        /// True if the server ignores what the client still sends: it has closed, or has
        /// violated the protocol.
        is_heard: bool,
        /// True if the server has sent everything, and the end of the stream.
        is_shut: bool,
    },
    Gone,
}

impl WebSocket {
    pub(super) fn new(socket: TakenSocket, limits: MessageLimits) -> Self {
        let TakenSocket { stream, early, limits: server, shutdown, place, asked } = socket;
        Self {
            stream,
            limits,
            server,
            shutdown,
            decoder: None,
            unread: early,
            queue: Queue::default(),
            state: State::Open,
            place,
            asked,
        }
    }

    /// Sends what is queued and waits for the next message. Returns `None` once the socket is
    /// closed by either side, or has failed. For handlers that only answer; see
    /// [`step`](Self::step) for others.
    ///
    /// # Cancel safety
    /// Cancel safe: no message is lost, and what is queued stays queued.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            match self.step().await {
                Step::Message(message) => return Some(message),
                Step::Sent => {}
                Step::Closed => return None,
            }
        }
    }

    /// Sends what is queued and waits until something happens. A server that stops closes its
    /// sockets here, with code 1001.
    ///
    /// # Cancel safety
    /// Cancel safe: no message is lost, and what is queued stays queued.
    pub async fn step(&mut self) -> Step {
        loop {
            while let Some(event) = self.decode() {
                if let Some(message) = self.handle(event) {
                    return Step::Message(message);
                }
            }
            let was_sent = self.is_sent();
            if self.state != State::Gone && self.queue.write_to(&self.stream).is_err() {
                self.state = State::Gone;
            }
            match self.state {
                State::Gone => return Step::Closed,
                State::Open if !was_sent && self.is_sent() => return Step::Sent,
                State::Open | State::Closing { .. } => self.turn().await,
            }
        }
    }

    /// Returns whether nothing waits to be sent.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.queue.size() == 0
    }

    /// Returns whether another frame may be queued: less than 64 KiB wait to be sent, and the
    /// socket is not closing.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.state == State::Open && self.queue.size() < ROOM
    }

    /// Queues a frame that answers a message, of any size. [`next`](Self::next) reads nothing
    /// until it is sent. A closing socket ignores it.
    pub fn answer(&mut self, frame: Bytes) {
        if self.state == State::Open {
            self.queue.push_answer(frame);
        }
    }

    /// Queues a frame of any size that the client did not ask for. Without
    /// [room](Self::has_room) the socket is closed instead: the client reads too slowly.
    pub fn send(&mut self, frame: Bytes) {
        if self.has_room() {
            self.queue.push(frame);
        } else {
            self.close(CloseCode::POLICY);
        }
    }

    /// Begins to close the socket, behind what is queued. [`next`](Self::next) completes it.
    pub fn close(&mut self, code: CloseCode) {
        self.begin_to_close(Some(code), false);
    }

    /// Sends what is queued, and gives the socket to another owner. What the client sent behind
    /// the last message goes along as early bytes. `None` if the socket is closing or has failed,
    /// if half a message was read, or if the client does not read what was queued.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub async fn into_taken(mut self) -> Option<TakenSocket> {
        let may_leave = |socket: &Self| socket.state == State::Open && socket.decoder.is_none();
        while may_leave(&self) && self.queue.write_to(&self.stream).is_ok() {
            let Some(since) = self.queue.stuck_since() else {
                let Self { stream, unread: early, server: limits, shutdown, place, asked, .. } = self;
                return Some(TakenSocket { stream, early, limits, shutdown, place, asked });
            };
            // If this fails, the next write does.
            let _ = timeout_at(since + self.server.write, self.stream.writable()).await.ok()?;
        }
        None
    }

    fn begin_to_close(&mut self, code: Option<CloseCode>, is_heard: bool) {
        if self.state == State::Open {
            self.queue.push(close_frame(code));
            let deadline = Instant::now() + ENDING;
            self.state = State::Closing { deadline, is_heard, is_shut: false };
        }
    }

    /// Handles a decoded event, and returns a message of an open socket.
    fn handle(&mut self, event: Result<Event, CloseCode>) -> Option<Message> {
        match (event, &mut self.state) {
            (Ok(Event::Text(text)), State::Open) => return Some(Message::Text(text)),
            (Ok(Event::Binary(bytes)), State::Open) => return Some(Message::Binary(bytes)),
            (Ok(Event::Ping(bytes)), State::Open) => self.queue.push_answer(frame(Opcode::Pong, &bytes)),
            (Ok(Event::Close(code)), State::Open) => self.begin_to_close(code, true),
            (Err(code), State::Open) => self.begin_to_close(Some(code), true),
            (Ok(Event::Close(_)) | Err(_), State::Closing { is_heard, .. }) => *is_heard = true,
            // A pong answers nothing; and what comes behind a close frame of ours is late.
            (Ok(_) | Err(_), State::Open | State::Closing { .. } | State::Gone) => {}
        }
        None
    }

    /// Waits until there is something to read or room to write, and reads.
    async fn turn(&mut self) {
        let is_sent = self.is_sent();
        let (deadline, is_open) = match &mut self.state {
            State::Open => (self.queue.stuck_since().map(|since| since + self.server.write), true),
            State::Closing { is_heard: true, is_shut, .. } if is_sent && !*is_shut => {
                *is_shut = true;
                // If this fails, the client is gone, and the next read reports it.
                let _ = self.stream.shutdown().await;
                return;
            }
            State::Closing { deadline, .. } => (Some(*deadline), false),
            State::Gone => return,
        };
        let overdue = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.stream.writable(), if !is_sent => {}
            // A closing socket answers nothing, so reading on cannot add unsent data.
            _ = self.stream.readable(), if !is_open || self.queue.is_answered() => self.read(),
            () = overdue => self.state = State::Gone,
            () = self.shutdown.stopping(), if is_open => self.close(CloseCode::GOING_AWAY),
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; READ_SIZE];
        match self.stream.try_read(&mut buffer) {
            Ok(size @ 1..) => self.unread = Bytes::copy_from_slice(&buffer[..size]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => self.state = State::Gone,
        }
    }

    /// Decodes the next event, which may be a violation with its code. `None` needs more bytes.
    fn decode(&mut self) -> Option<Result<Event, CloseCode>> {
        if matches!(self.state, State::Closing { is_heard: true, .. }) {
            self.unread = Bytes::new();
        }
        if self.unread.is_empty() {
            return None;
        }
        let mut decoder = self.decoder.take().map_or_else(Decoder::default, |decoder| *decoder);
        let mut rest = &self.unread[..];
        let event = decoder.next(&mut rest, self.limits);
        self.unread = self.unread.slice_ref(rest);
        if !decoder.is_idle() {
            self.decoder = Some(Box::new(decoder));
        }
        event.transpose()
    }
}
