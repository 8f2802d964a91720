//! `[matches]`: the matches lab.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{HOUR, as_word, word_of};
use crate::config::bytes;
use crate::config::reader::Reader;
use crate::duration;

/// `[matches]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matches {
    /// The number of tasks that accept connections, for the whole server.
    pub acceptors: u64,
    /// The length of the queue of connections that are not accepted yet.
    pub backlog: u64,
    /// What writes to a watcher's socket.
    #[serde(serialize_with = "as_word")]
    pub writer: Writer,
    /// The number of shards per transport; 0 for one per CPU.
    pub shards: u64,
    /// How often an event is encoded.
    #[serde(serialize_with = "as_word")]
    pub encode: Encode,
    /// Where a newcomer's snapshot comes from.
    #[serde(serialize_with = "as_word")]
    pub snapshot: SnapshotFrom,
    /// What happens to a watcher that reads too slowly.
    #[serde(serialize_with = "as_word")]
    pub behind: Behind,
    /// The number of events that a watcher may be behind.
    pub behind_limit: u64,
    /// The send buffer of a watcher's socket in the kernel, in bytes.
    #[serde(serialize_with = "bytes::serialize")]
    pub send_buffer: u64,
    /// The time after which a silent watcher is closed.
    #[serde(serialize_with = "duration::serialize")]
    pub silence: Duration,
    /// The number of tasks through which watchers join.
    pub supervisors: u64,
    /// Whether the matches are those of several servers.
    #[serde(serialize_with = "as_word")]
    pub nodes: MatchNodes,
    /// What is logged.
    #[serde(serialize_with = "as_word")]
    pub log: MatchLog,
}

/// `matches.writer`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A shard writes to its watchers one after the other.
    Shards,
    /// Each watcher has a task with buffers of its own.
    Task,
}

/// `matches.encode`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encode {
    /// Once for all watchers of a shard.
    Once,
    /// Again for each watcher.
    Each,
}

/// `matches.snapshot`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotFrom {
    /// The shard encodes it once per event, for all newcomers.
    Shared,
    /// The match encodes it for each newcomer, behind the events in its mailbox.
    Match,
}

/// `matches.behind`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// The watcher loses its oldest events.
    DropOldest,
    /// The watcher skips to the newest event.
    Latest,
    /// The watcher is closed.
    Close,
    /// The match waits for the watcher.
    Wait,
}

/// `matches.nodes`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchNodes {
    /// The matches are those of this server alone.
    Alone,
    /// Servers on one NATS have the same matches.
    Nats,
}

/// `matches.log`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchLog {
    /// A line a second with counts.
    Sampled,
    /// A line for each join, leave and event.
    Every,
}

const WRITERS: [(&str, Writer); 2] = [("shards", Writer::Shards), ("task", Writer::Task)];
const ENCODES: [(&str, Encode); 2] = [("once", Encode::Once), ("each", Encode::Each)];
const SNAPSHOTS: [(&str, SnapshotFrom); 2] =
    [("shared", SnapshotFrom::Shared), ("match", SnapshotFrom::Match)];
const BEHINDS: [(&str, Behind); 4] = [
    ("drop_oldest", Behind::DropOldest),
    ("latest", Behind::Latest),
    ("close", Behind::Close),
    ("wait", Behind::Wait),
];
const NODES: [(&str, MatchNodes); 2] = [("alone", MatchNodes::Alone), ("nats", MatchNodes::Nats)];
const LOGS: [(&str, MatchLog); 2] = [("sampled", MatchLog::Sampled), ("every", MatchLog::Every)];

impl Matches {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        Self {
            acceptors: reader.integer("matches.acceptors", 1, 1..=64),
            backlog: reader.integer("matches.backlog", 4096, 1..=65_535),
            writer: reader.choice("matches.writer", Writer::Shards, &WRITERS),
            shards: reader.integer("matches.shards", 0, 0..=64),
            encode: reader.choice("matches.encode", Encode::Once, &ENCODES),
            snapshot: reader.choice("matches.snapshot", SnapshotFrom::Shared, &SNAPSHOTS),
            behind: reader.choice("matches.behind", Behind::DropOldest, &BEHINDS),
            behind_limit: reader.integer("matches.behind_limit", 64, 1..=100_000),
            send_buffer: reader.bytes("matches.send_buffer", 16 << 10, 1 << 10..=16 << 20),
            silence: reader.duration("matches.silence", minute, second..=HOUR),
            supervisors: reader.integer("matches.supervisors", 1, 1..=64),
            nodes: reader.choice("matches.nodes", MatchNodes::Alone, &NODES),
            log: reader.choice("matches.log", MatchLog::Sampled, &LOGS),
        }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&WRITERS, self))
    }
}

impl fmt::Display for Encode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&ENCODES, self))
    }
}

impl fmt::Display for SnapshotFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&SNAPSHOTS, self))
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&BEHINDS, self))
    }
}

impl fmt::Display for MatchNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&NODES, self))
    }
}

impl fmt::Display for MatchLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&LOGS, self))
    }
}
