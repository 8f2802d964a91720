//! A watcher of a room over server-sent events, which checks every word.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::house::House;
use super::sequence::{Faults, Position, Sequence, Told};
use crate::load::http::{Body, Talker, connect, read_head, reason};
use crate::load::watch::{Chunk, next_chunk};
use crate::record::RoomsWatch;

/// The most words with a fault that a run lists.
const MOST_FAULTS: usize = 20;
/// The longest head, and the longest event.
const LONGEST: usize = 1 << 20;

/// The data of an event.
#[derive(Debug, Deserialize)]
struct Data {
    life: u64,
    n: u64,
    from: Option<u64>,
    to: Option<u64>,
}

/// Watches a room until the connection ends. Counts what it sees in `seen`.
///
/// # Cancel safety
/// Dropping the future closes the connection; what was seen is counted.
pub(super) async fn run(house: Rc<House>, talker: Talker, number: usize, seen: Rc<RefCell<RoomsWatch>>) {
    let room = house.plan.room(number % house.plan.rooms);
    let path = format!("/api/rooms/{room}/watch?who=watcher-{number}");
    let mut stream = match open(&talker, &path, room).await {
        Ok(stream) => stream,
        Err(why) => {
            let mut seen = seen.borrow_mut();
            seen.refused += 1;
            *seen.reasons.entry(why).or_default() += 1;
            return;
        }
    };
    seen.borrow_mut().watchers += 1;
    let why = loop {
        if let Err(why) = stream.take(&mut seen.borrow_mut()) {
            break why;
        }
        match stream.socket.read_buf(&mut stream.bytes).await {
            Ok(0) => break "closed by the server".to_owned(),
            Ok(_) => {}
            Err(error) => break reason(&error),
        }
    };
    let mut seen = seen.borrow_mut();
    seen.dropped += 1;
    *seen.reasons.entry(why).or_default() += 1;
}

/// An answer that does not end.
#[derive(Debug)]
struct Stream<S> {
    socket: S,
    /// Bytes that are no complete chunk yet.
    bytes: Vec<u8>,
    is_chunked: bool,
    words: Words,
}

/// Text of events, and the place in their order.
#[derive(Debug, Default)]
struct Words {
    room: String,
    /// Text that is no complete event yet.
    text: Vec<u8>,
    sequence: Sequence,
}

/// Connects, and reads the head of the answer.
async fn open(talker: &Talker, path: &str, room: String) -> Result<Stream<TcpStream>, String> {
    let mut socket = connect(talker.address()).await.map_err(|error| error.to_string())?;
    let request = format!("GET {path} HTTP/1.1\r\n{}accept: text/event-stream\r\n\r\n", talker.headers());
    socket.write_all(request.as_bytes()).await.map_err(|error| reason(&error))?;
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.map_err(|error| reason(&error))? == 0 {
            return Err("closed before an answer".to_owned());
        }
        if let Some((length, head)) = read_head(&bytes).map_err(|error| error.to_string())? {
            if head.status != 200 {
                return Err(format!("answered {}", head.status));
            }
            bytes.drain(..length);
            let is_chunked = head.body == Body::Chunked;
            return Ok(Stream { socket, bytes, is_chunked, words: Words { room, ..Words::default() } });
        }
        if bytes.len() > LONGEST {
            return Err("a head that is too long".to_owned());
        }
    }
}

impl<S> Stream<S> {
    /// Takes everything that is complete. An error ends the watcher.
    fn take(&mut self, seen: &mut RoomsWatch) -> Result<(), String> {
        let Self { bytes, is_chunked, words, .. } = self;
        if !*is_chunked {
            words.text.append(bytes);
            return words.take(seen);
        }
        let mut done = 0;
        while let Some((chunk, length)) = next_chunk(&bytes[done..])? {
            done += length;
            match chunk {
                Chunk::Text(text) => words.text.extend_from_slice(text),
                Chunk::Last => return words.take(seen).and(Err("ended by the server".to_owned())),
            }
        }
        bytes.drain(..done);
        words.take(seen)
    }
}

impl Words {
    fn take(&mut self, seen: &mut RoomsWatch) -> Result<(), String> {
        let mut done = 0;
        while let Some(length) = self.text[done..].windows(2).position(|pair| pair == b"\n\n") {
            let event = String::from_utf8_lossy(&self.text[done..done + length]).into_owned();
            done += length + 2;
            self.event(&event, seen)?;
        }
        self.text.drain(..done);
        if self.text.len() > LONGEST { Err("an event that is too long".to_owned()) } else { Ok(()) }
    }

    /// Takes an event of several lines.
    fn event(&mut self, lines: &str, seen: &mut RoomsWatch) -> Result<(), String> {
        let field = |name: &str| {
            lines.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_start()))
        };
        let Some(kind) = field("event") else { return Ok(()) };
        if kind == "end" {
            return Err("ended by the server".to_owned());
        }
        if !["status", "update", "resumed", "gap"].contains(&kind) {
            return Ok(());
        }
        let data: Data = serde_json::from_str(field("data").unwrap_or_default())
            .map_err(|error| format!("an event {kind} without its data: {error}"))?;
        let at = Position { life: data.life, n: data.n };
        if field("id").is_some_and(|id| id != format!("{}-{}", at.life, at.n)) {
            return Err(format!("an event {kind} whose id is not its position"));
        }
        let told = match (kind, data.from, data.to) {
            ("update", ..) => Told::Update { at },
            ("resumed", ..) => Told::Resumed { at },
            ("gap", Some(from), Some(to)) => Told::Gap { from, to, at },
            ("gap", ..) => return Err("a gap without its numbers".to_owned()),
            _ => Told::Status { at },
        };
        match told {
            Told::Update { .. } => seen.updates += 1,
            Told::Resumed { .. } => seen.resumed += 1,
            Told::Gap { from, to, .. } => {
                seen.gaps += 1;
                seen.gap_updates += (to + 1).saturating_sub(from);
            }
            Told::Status { .. } => {}
        }
        let before = self.sequence.at();
        let faults = self.sequence.take(told);
        if let Some(before) = before.filter(|_| faults != Faults::default())
            && seen.faults.len() < MOST_FAULTS
        {
            let range = match told {
                Told::Gap { from, to, .. } => format!(" of {from} to {to}"),
                _ => String::new(),
            };
            seen.faults.push(format!("{}: {kind}{range} at {at} after {before}", self.room));
        }
        seen.twice += faults.twice;
        seen.disordered += faults.disordered;
        seen.missed += faults.missed;
        seen.untold += faults.untold;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = ": hello\n\nid: 1-5\nevent: status\ndata: {\"life\":1,\"n\":5,\"status\":{}}\n\n\
        id: 1-6\nevent: update\ndata: {\"life\":1,\"n\":6,\"text\":\"x\"}\n\n\
        id: 2-6\nevent: resumed\ndata: {\"life\":2,\"n\":6}\n\n\
        id: 3-4\nevent: gap\ndata: {\"life\":3,\"n\":4,\"from\":5,\"to\":6}\n\n\
        id: 3-4\nevent: update\ndata: {\"life\":3,\"n\":4}\n\n";

    fn read(bytes: &[u8], is_chunked: bool, piece: usize) -> (RoomsWatch, Result<(), String>) {
        let mut stream = Stream { socket: (), bytes: Vec::new(), is_chunked, words: Words::default() };
        let mut seen = RoomsWatch::default();
        let mut result = Ok(());
        for piece in bytes.chunks(piece) {
            stream.bytes.extend_from_slice(piece);
            result = result.and_then(|()| stream.take(&mut seen));
        }
        (seen, result)
    }

    #[test]
    fn events_are_counted_and_checked_however_they_are_cut() {
        let chunked: String =
            TEXT.split_inclusive(' ').map(|part| format!("{:x}\r\n{part}\r\n", part.len())).collect();
        for piece in [1, 7, 4096] {
            for (text, is_chunked) in [(TEXT, false), (&chunked, true)] {
                let (seen, result) = read(text.as_bytes(), is_chunked, piece);
                assert_eq!(result, Ok(()));
                let found =
                    [seen.updates, seen.resumed, seen.gaps, seen.gap_updates, seen.twice, seen.untold];
                assert_eq!(found, [2, 1, 1, 2, 1, 0], "{seen:?}");
                assert_eq!(seen.faults, [": update at 3-4 after 3-4"]);
            }
        }
        assert_eq!(
            read(format!("{chunked}0\r\n\r\n").as_bytes(), true, 64).1,
            Err("ended by the server".into())
        );
    }

    #[test]
    fn an_event_that_contradicts_itself_ends_the_watcher() {
        for (text, says) in [
            ("event: end\ndata: {}\n\n", "ended by the server"),
            (
                "id: 1-5\nevent: update\ndata: {\"life\":1,\"n\":6}\n\n",
                "an event update whose id is not its position",
            ),
            ("event: gap\ndata: {\"life\":1,\"n\":6}\n\n", "a gap without its numbers"),
            ("event: update\n\n", "an event update without its data"),
        ] {
            let error = read(text.as_bytes(), false, 100).1.unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
