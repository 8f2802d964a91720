//! A naive watcher: parses everything that it was sent, and knows what it should have been sent.

use std::sync::Arc;

use super::super::{MemorySink, WatcherId};

/// The frame of an event, with a body of some length.
pub(super) fn event(seq: u64, len: usize) -> Vec<u8> {
    format!("E{seq}:{}\n", "x".repeat(len)).into_bytes()
}

pub(super) fn gap(from: u64, to: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("G{from}-{to}\n").as_bytes());
}

/// What a watcher has read so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The number of the next event.
    pub(super) next: u64,
    /// The events it has whole.
    pub(super) events: u64,
    /// The events in the gaps that it has read.
    pub(super) missed: u64,
    /// Its own frames.
    pub(super) own: u64,
    /// True once it has read the last frame.
    pub(super) ended: bool,
    /// True if the last frame is cut.
    pub(super) is_cut: bool,
}

/// Reads whole frames, and panics unless each event comes once, in order, or inside a gap.
pub(super) fn read(bytes: &[u8], first: u64) -> Read {
    let mut read = Read { next: first, events: 0, missed: 0, own: 0, ended: false, is_cut: false };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            read.is_cut = true;
            break;
        };
        let (kind, rest) = std::str::from_utf8(line).unwrap().split_at(1);
        assert!(!read.ended, "{kind}{rest} comes after the last frame");
        match kind {
            "E" => {
                let (seq, body) = rest.split_once(':').unwrap();
                assert_eq!(seq.parse(), Ok(read.next), "the order of events");
                assert!(body.bytes().all(|byte| byte == b'x'), "a frame was torn: {rest}");
                read.next += 1;
                read.events += 1;
            }
            "G" => {
                let (from, to) = rest.split_once('-').unwrap();
                assert_eq!(from.parse(), Ok(read.next), "a gap begins at the next event: G{rest}");
                let to: u64 = to.parse().unwrap();
                assert!(to > read.next, "an empty gap: G{rest}");
                read.missed += to - read.next;
                read.next = to;
            }
            "O" => {
                assert_eq!(rest.parse(), Ok(read.own), "the order of its own frames");
                read.own += 1;
            }
            "S" => assert_eq!(rest.parse(), Ok(read.next), "the snapshot and the first event"),
            "Z" => read.ended = true,
            other => panic!("{other}{rest}"),
        }
    }
    read
}

/// A watcher of a script.
#[derive(Debug)]
pub(super) struct Naive {
    pub(super) id: WatcherId,
    pub(super) sink: Arc<MemorySink>,
    /// The first event that it wants.
    pub(super) first: u64,
    /// Events × this watcher at publication.
    pub(super) sent: u64,
    /// The frames of its own that it was sent.
    pub(super) said: u64,
    /// True while it is sent events.
    pub(super) receives: bool,
}

impl Naive {
    pub(super) fn read(&self) -> Read {
        read(&self.sink.taken(), self.first)
    }
}
