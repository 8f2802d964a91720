//! `[queue]`: its bounds, and what keeps it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::super::reader::Reader;
use super::{HOUR, as_word, word_of};
use crate::config::bytes;
use crate::duration;
use crate::queue::WhenFull;

/// `[queue]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Queue {
    /// The largest number of waiting events.
    pub capacity: u64,
    /// The policy of a full queue.
    #[serde(serialize_with = "as_word")]
    pub when_full: WhenFullWord,
    /// The time limit of the policy `"wait"`.
    #[serde(serialize_with = "duration::serialize")]
    pub wait_timeout: Duration,
    /// What keeps the events. Cannot change while running.
    #[serde(serialize_with = "as_word")]
    pub engine: QueueEngine,
    /// When the engine `"disk"` syncs its file. Cannot change while running.
    #[serde(serialize_with = "as_word")]
    pub sync: Syncs,
    /// The largest number of events in one transaction. Cannot change while running.
    pub group: u64,
    /// The number of attempts before an event is a dead letter. Cannot change while running.
    pub attempts: u64,
    /// The delay before the second attempt.
    #[serde(serialize_with = "duration::serialize")]
    pub retry_delay: Duration,
    /// How long a node may be silent before another one gets its events. Cannot change while running.
    #[serde(serialize_with = "duration::serialize")]
    pub lease: Duration,
    /// The longest payload in bytes.
    #[serde(serialize_with = "bytes::serialize")]
    pub max_payload: u64,
    /// The largest total of payload bytes of waiting events.
    #[serde(serialize_with = "bytes::serialize")]
    pub max_bytes: u64,
    /// The NATS server. Cannot change while running.
    pub url: String,
    /// The stream that nodes share. Cannot change while running.
    pub stream: String,
}

/// `queue.when_full`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFullWord {
    /// [`WhenFull::Reject`]
    Reject,
    /// [`WhenFull::Wait`]
    Wait,
    /// [`WhenFull::DropNewest`]
    DropNewest,
    /// [`WhenFull::DropOldest`]
    DropOldest,
}

/// `queue.engine`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueEngine {
    /// Events are lost with the process.
    Memory,
    /// A file.
    Disk,
    /// A stream of NATS, which several processes share.
    JetStream,
}

/// `queue.sync`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    /// Before each 202.
    Always,
    /// At this interval. A kill or a power cut loses the events accepted since the last sync.
    Every(Duration),
}

const WHEN_FULL: [(&str, WhenFullWord); 4] = [
    ("reject", WhenFullWord::Reject),
    ("wait", WhenFullWord::Wait),
    ("drop_newest", WhenFullWord::DropNewest),
    ("drop_oldest", WhenFullWord::DropOldest),
];
const ENGINES: [(&str, QueueEngine); 3] =
    [("memory", QueueEngine::Memory), ("disk", QueueEngine::Disk), ("jetstream", QueueEngine::JetStream)];

impl Queue {
    /// The largest value of `queue.max_payload`: the server reads no longer body.
    pub const LONGEST_PAYLOAD: u64 = 1 << 20;

    pub(super) fn read(reader: &mut Reader) -> Self {
        let sync = "\"always\", or a duration from 1ms to 1h, such as \"50ms\"";
        let stream = "up to 32 letters, digits, \"-\" and \"_\"";
        let queue = Self {
            capacity: reader.integer("queue.capacity", 10_000, 1..=100_000_000),
            when_full: reader.choice("queue.when_full", WhenFullWord::Reject, &WHEN_FULL),
            wait_timeout: reader.duration(
                "queue.wait_timeout",
                Duration::from_secs(1),
                Duration::ZERO..=HOUR,
            ),
            engine: reader.choice("queue.engine", QueueEngine::Memory, &ENGINES),
            sync: reader.parsed("queue.sync", Syncs::Always, sync),
            group: reader.integer("queue.group", 512, 1..=65_536),
            attempts: reader.integer("queue.attempts", 3, 1..=1_000),
            retry_delay: reader.duration(
                "queue.retry_delay",
                Duration::from_secs(1),
                Duration::ZERO..=HOUR,
            ),
            lease: reader.duration("queue.lease", Duration::from_secs(30), Duration::from_secs(1)..=HOUR),
            max_payload: reader.bytes("queue.max_payload", 64 << 10, 0..=Self::LONGEST_PAYLOAD),
            max_bytes: reader.bytes("queue.max_bytes", 256 << 20, 0..=1 << 40),
            url: reader.parsed("queue.url", "nats://127.0.0.1:4222".to_owned(), "the URL of a NATS server"),
            stream: reader.parsed("queue.stream", StreamName("weir".to_owned()), stream).0,
        };
        let drops = matches!(queue.when_full, WhenFullWord::DropNewest | WhenFullWord::DropOldest);
        if drops && queue.engine != QueueEngine::Memory {
            let message = format!(
                "queue.when_full = \"{}\" drops events that were accepted, which queue.engine = \"{}\" \
                 promises to keep: use \"reject\" or \"wait\"",
                queue.when_full, queue.engine
            );
            reader.blame(&["queue.engine", "queue.when_full"], message);
        }
        queue
    }

    /// The policy with its timeout.
    pub fn when_full(&self) -> WhenFull {
        match self.when_full {
            WhenFullWord::Reject => WhenFull::Reject,
            WhenFullWord::Wait => WhenFull::Wait { timeout: self.wait_timeout },
            WhenFullWord::DropNewest => WhenFull::DropNewest,
            WhenFullWord::DropOldest => WhenFull::DropOldest,
        }
    }

    /// The file of the engine `"disk"` in a data folder.
    pub fn file(directory: &Path) -> PathBuf {
        directory.join("queue.redb")
    }
}

/// The name of a stream, as a NATS server takes it.
struct StreamName(String);

impl FromStr for StreamName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_name = (1..=32).contains(&text.len()) && text.chars().all(known);
        is_name.then(|| Self(text.to_owned())).ok_or(())
    }
}

impl FromStr for Syncs {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "always" {
            return Ok(Self::Always);
        }
        let allowed = Duration::from_millis(1)..=HOUR;
        duration::parse(text).filter(|every| allowed.contains(every)).map(Self::Every).ok_or(())
    }
}

impl fmt::Display for Syncs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always"),
            Self::Every(every) => f.write_str(&duration::format(*every)),
        }
    }
}

impl fmt::Display for QueueEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&ENGINES, self))
    }
}

impl fmt::Display for WhenFullWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word_of(&WHEN_FULL, self))
    }
}
