//! One watcher: its connection, and what it makes of the bytes that arrive.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

use super::arrivals::{Arrivals, Arriving, Moment};
use super::frames;
use super::handshake::Handshake;
use super::message::Message;
use super::order::Order;
use super::stream::{Stream, Told};
use super::tally::Tally;
use crate::load::http::reason;

/// The opcodes of control frames.
const CLOSE: u8 = 8;
const PONG: u8 = 10;
/// The close code of a client that has seen enough (1000), as a payload.
const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

/// A connection that receives events.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) socket: TcpStream,
    pub(super) state: State,
    /// When its connect was due or began, in microseconds since the beginning.
    pub(super) begun: u64,
    pub(super) order: Order,
    stream: Stream,
}

/// How far a watcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Its connect is under way.
    Connecting,
    /// It waits for the head of the answer.
    Shaking,
    /// It waits for the snapshot.
    Joining,
    /// It has the snapshot and gets events.
    Reading,
    /// It has the snapshot and reads no more.
    Slow,
    /// The server said that the match is over.
    Ended,
    /// It was refused or lost, and has been counted.
    Over,
}

impl State {
    /// True until the server has answered with all that a newcomer gets.
    pub(super) fn is_in_flight(self) -> bool {
        matches!(self, Self::Connecting | Self::Shaking | Self::Joining)
    }
}

/// What all watchers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) handshake: Handshake,
    pub(super) transport: super::WatchTransport,
    /// True if the server sends a snapshot first.
    pub(super) snapshot: bool,
    /// The wall clock at the beginning, in microseconds since the epoch; `None` if the
    /// server has another clock.
    pub(super) epoch: Option<i64>,
    pub(super) buffer: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) tally: Tally,
    pub(super) arrivals: Arrivals,
    /// Events that have not reached all watchers yet.
    pub(super) incomplete: u64,
    /// The number of watchers that were there when the last handshake was answered.
    pub(super) all_connected: bool,
}

impl Watcher {
    pub(super) fn new(socket: TcpStream, begun: u64) -> Self {
        Self { socket, state: State::Connecting, begun, order: Order::default(), stream: Stream::default() }
    }

    /// Sends the request once the connection is established.
    pub(super) fn establish(&mut self, n: usize, shared: &mut Shared) {
        let failure = match self.socket.take_error() {
            Ok(None) => match self.socket.peer_addr() {
                Ok(_) => None,
                // Woken too early: it is still under way.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return,
                Err(error) => Some(error),
            },
            Ok(Some(error)) | Err(error) => Some(error),
        };
        if let Some(error) = failure {
            return self.leave(format!("connect: {}", reason(&error)), shared);
        }
        shared.handshake.write(n, &mut shared.out);
        // A fresh socket has room for a few hundred bytes.
        match self.socket.write_all(&shared.out) {
            Ok(()) => self.state = State::Shaking,
            Err(error) => self.leave(format!("handshake: {}", reason(&error)), shared),
        }
    }

    /// Reads what has arrived: once, and again only if the buffer was full or the server has
    /// closed the connection. `clock` returns microseconds since the beginning.
    pub(super) fn read(&mut self, closed: bool, slow: bool, shared: &mut Shared, clock: impl Fn() -> u64) {
        while !matches!(self.state, State::Over | State::Connecting | State::Slow) {
            let mut buffer = std::mem::take(&mut shared.buffer);
            let kept = self.stream.resume(&mut buffer);
            let result = self.socket.read(&mut buffer[kept..]);
            let read = match &result {
                Ok(length) => *length,
                Err(_) => {
                    self.stream.keep(&buffer[..kept]);
                    0
                }
            };
            let mut go_on = closed || kept + read == buffer.len();
            match result {
                Ok(0) => self.leave("closed by the server".to_owned(), shared),
                Ok(_) => {
                    shared.tally.side.bytes += read as u64;
                    self.take(&buffer[..kept + read], slow, shared, clock());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => go_on = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => go_on = true,
                Err(error) => self.leave(reason(&error), shared),
            }
            shared.buffer = buffer;
            if !go_on {
                break;
            }
        }
    }

    fn take(&mut self, bytes: &[u8], slow: bool, shared: &mut Shared, now: u64) {
        let mut bytes = bytes;
        if self.state == State::Shaking {
            match shared.handshake.answer(bytes) {
                Ok(None) => return self.stream.keep(bytes),
                Ok(Some(length)) => {
                    shared.tally.handshake(now);
                    self.state = State::Joining;
                    bytes = &bytes[length..];
                    if !shared.snapshot {
                        self.join(None, slow, shared, now);
                    }
                }
                Err(reason) => return self.leave(reason, shared),
            }
        }
        let mut stream = std::mem::take(&mut self.stream);
        let fed = stream.feed(shared.transport, bytes, |told| self.hear(told, slow, shared, now));
        self.stream = stream;
        if let Err(wrong) = fed {
            self.leave(wrong.to_owned(), shared);
        }
    }

    fn hear(&mut self, told: Told<'_>, slow: bool, shared: &mut Shared, now: u64) {
        match told {
            // Nothing counts once it has gone, or has stopped to read.
            _ if matches!(self.state, State::Over | State::Slow) => {}
            Told::Message(Message::Event { seq, at }) => {
                if self.state == State::Reading {
                    self.event(seq, at, shared, now);
                }
            }
            Told::Message(Message::Snapshot { next }) => {
                if self.state == State::Joining {
                    self.join(next, slow, shared, now);
                }
            }
            Told::Message(Message::Gap { from, to }) => shared.tally.gap(self.order.gap(from, to)),
            Told::Message(Message::End { why }) => {
                let why = why.to_owned();
                self.absent(shared);
                self.state = State::Ended;
                shared.tally.ended(why);
            }
            Told::Message(Message::Refused { name }) => self.leave(format!("refused: {name}"), shared),
            Told::Message(Message::Other) => {}
            Told::Ping(payload) => self.say(PONG, payload, shared),
            Told::Closed(code) => {
                let code = code.map_or(String::new(), |code| format!(" with code {code}"));
                self.leave(format!("closed by the server{code}"), shared);
            }
        }
    }

    fn join(&mut self, next: Option<u64>, slow: bool, shared: &mut Shared, now: u64) {
        next.into_iter().for_each(|next| self.order.begin(next));
        shared.tally.joined(now, now.saturating_sub(self.begun));
        if slow {
            shared.tally.side.slow += 1;
            self.state = State::Slow;
        } else {
            shared.tally.reading += 1;
            self.state = State::Reading;
        }
    }

    fn event(&mut self, seq: u64, at: Option<u64>, shared: &mut Shared, now: u64) {
        let Shared { tally, arrivals, epoch, incomplete, all_connected, .. } = shared;
        tally.event(self.order.event(seq));
        let published = at.zip(*epoch).map(|(at, epoch)| at as i64 - epoch);
        let moment = Moment { now, watchers: tally.reading, all_connected: *all_connected };
        let arriving = arrivals.arrive(seq, published, moment, |left: Arriving| {
            *incomplete -= u64::from(!left.is_complete());
            tally.leave(&left);
        });
        let Some(arriving) = arriving else { return };
        tally.latency(now, arriving.since(now));
        *incomplete += u64::from(arriving.count == 1);
        if arriving.count == arriving.watchers {
            *incomplete -= 1;
            tally.complete(arriving.since(arriving.last));
        }
    }

    /// Sends a control frame. A server that does not take it soon is not waited for.
    fn say(&mut self, opcode: u8, payload: &[u8], shared: &mut Shared) {
        if shared.transport == super::WatchTransport::Ws {
            shared.out.clear();
            frames::control(opcode, payload, &mut shared.out);
            let _ = self.socket.write(&shared.out);
        }
    }

    /// Says goodbye at the end of the run.
    pub(super) fn close(&mut self, shared: &mut Shared) {
        if matches!(self.state, State::Reading | State::Joining | State::Slow) {
            self.say(CLOSE, &NORMAL, shared);
        }
    }

    /// Counts a watcher whose connection is gone, for this reason.
    pub(super) fn leave(&mut self, reason: String, shared: &mut Shared) {
        match self.state {
            State::Connecting | State::Shaking | State::Joining => shared.tally.refused(reason),
            State::Reading => shared.tally.lost(reason),
            State::Slow => {
                let reason = format!("{reason} (slow)");
                *shared.tally.side.losses.entry(reason).or_default() += 1;
            }
            State::Ended | State::Over => {}
        }
        self.absent(shared);
        self.state = State::Over;
    }

    /// Takes it from the watchers that are there.
    fn absent(&mut self, shared: &mut Shared) {
        let tally = &mut shared.tally;
        match self.state {
            State::Reading => {
                tally.reading -= 1;
                tally.present -= 1;
                let next = self.order.next().unwrap_or_default();
                tally.side.expected += self.order.entitled(next);
            }
            State::Slow => tally.present -= 1,
            _ => {}
        }
    }
}
