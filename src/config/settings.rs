//! Every key: its type, its default, what it may be.
//!
//! The defaults are those of the `config.toml` in the repository, which explains
//! each key. Plain values only; the [`workbench`](crate::workbench) turns them
//! into what the parts want.

mod data;
mod jobs;
mod latency;
mod matches;
mod queue;
mod rooms;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

pub(super) use data::Data;
pub use jobs::{Jobs, JobsLoad};
pub use latency::{Latency, Shape};
pub use matches::{Behind, Encode, MatchLog, MatchNodes, Matches, SnapshotFrom, Writer};
pub use queue::{Queue, QueueEngine, Syncs, WhenFullWord};
pub use rooms::{Backup, RegistryKind, Rooms};

use super::reader::Reader;
use crate::demand::Limits;
use crate::duration;
use crate::pool::Spread;
use crate::record::REFUSALS;
use crate::resource::OnFull;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const SECONDS_15: Duration = Duration::from_secs(15);
/// The shortest timeout: no client could meet a shorter one.
const SHORTEST: Duration = Duration::from_millis(100);

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// `[server]`
    pub server: Server,
    /// `[resource]`
    pub resource: Resource,
    /// `[queue]`
    pub queue: Queue,
    /// `[consumers]`
    pub consumers: Consumers,
    /// `[async]`
    #[serde(rename = "async")]
    pub asynchronous: Asynchronous,
    /// `[data]`
    pub data: Data,
    /// `[jobs]`
    pub jobs: Jobs,
    /// `[matches]`
    pub matches: Matches,
    /// `[rooms]`
    pub rooms: Rooms,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Server {
    /// The address to listen on. Cannot change while running.
    pub listen: SocketAddr,
    /// Whether several processes may listen on the address. Cannot change while running.
    pub reuse_port: bool,
    /// The name among several servers; empty for the address. Cannot change while running.
    pub node: String,
    /// The time limit of a shutdown for accepted events.
    #[serde(serialize_with = "duration::serialize")]
    pub drain_timeout: Duration,
    /// Names besides those of this machine by which the server may be addressed.
    pub hosts: Vec<String>,
    /// Whether requests that change the bench are refused.
    pub read_only: bool,
    /// The largest number of open connections.
    pub max_connections: u64,
    /// The time limit for a request head.
    #[serde(serialize_with = "duration::serialize")]
    pub head_timeout: Duration,
    /// The time limit for a request body.
    #[serde(serialize_with = "duration::serialize")]
    pub body_timeout: Duration,
    /// The time limit for a connection without a request.
    #[serde(serialize_with = "duration::serialize")]
    pub idle_timeout: Duration,
    /// The time limit for a client to read a reply.
    #[serde(serialize_with = "duration::serialize")]
    pub write_timeout: Duration,
}

/// `[resource]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// What does the work.
    #[serde(serialize_with = "as_word")]
    pub kind: ResourceKind,
    /// The latency of the mock's work.
    pub latency: Latency,
    /// The concurrency limit; 0 for none.
    pub max_concurrent: u64,
    /// The policy at that limit.
    #[serde(serialize_with = "as_word")]
    pub on_full: OnFull,
    /// The HTTP status of a refusal by the resource.
    pub reject_status: u16,
    /// The share of work that fails, 0 to 1.
    pub failure_rate: f64,
    /// The interval between freezes; 0 for none.
    #[serde(serialize_with = "duration::serialize")]
    pub freeze_every: Duration,
    /// The length of a freeze.
    #[serde(serialize_with = "duration::serialize")]
    pub freeze_for: Duration,
    /// The seed of latencies and failures.
    pub seed: u64,
}

/// `resource.kind`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// The mock, which waits.
    Mock,
    /// Jobs of the jobs lab, with the number `n` of the request as their input.
    Jobs,
}

/// `[consumers]`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Consumers {
    /// The number of events that are handled at the same time.
    pub concurrency: u64,
    /// How events are spread over tasks.
    #[serde(serialize_with = "as_word")]
    pub mode: Spread,
    /// The in-flight limit of one worker.
    pub max_demand: u64,
    /// The level at which a worker asks again.
    pub min_demand: u64,
    /// Whether a resize recalls prefetched events.
    pub recall: bool,
}

/// `[async]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asynchronous {
    /// The largest number of unfinished async events; 0 for no limit.
    pub max_in_flight: u64,
}

impl Settings {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            server: Server::read(reader),
            resource: Resource::read(reader),
            queue: Queue::read(reader),
            consumers: Consumers::read(reader),
            asynchronous: Asynchronous::read(reader),
            data: Data::read(reader),
            jobs: Jobs::read(reader),
            matches: Matches::read(reader),
            rooms: Rooms::read(reader),
        }
    }

    /// The HTTP statuses with which this bench refuses requests.
    pub fn refusals(&self) -> Vec<u16> {
        REFUSALS.into_iter().chain([self.resource.reject_status]).collect()
    }

    /// Every key as a flag that sets it to its value. A maximum latency that follows
    /// from the mean is left out, so that a flag for another mean moves it too.
    pub fn as_flags(&self) -> Vec<String> {
        let follows = self.resource.latency.max_follows_mean();
        let keys = self.flat().into_iter().filter(|(key, _)| !(follows && key == "resource.latency.max"));
        keys.map(|(key, value)| format!("{key}={value}")).collect()
    }

    /// Every key with its value as it could be written, in alphabetical order.
    pub fn flat(&self) -> Vec<(String, String)> {
        flat(&serde_json::json!(self))
    }
}

/// Dotted keys with their values, in alphabetical order.
pub(super) fn flat(settings: &serde_json::Value) -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &serde_json::Value, flat: &mut Vec<(String, String)>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&dotted, value, flat);
                }
            }
            single => flat.push((prefix.to_owned(), single.to_string())),
        }
    }
    let mut flat = Vec::new();
    walk("", settings, &mut flat);
    flat
}

impl Default for Settings {
    fn default() -> Self {
        Self::read(&mut Reader::default())
    }
}

impl Server {
    fn read(reader: &mut Reader) -> Self {
        let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 4000));
        let allowed = "an address and a port, such as \"127.0.0.1:4000\"";
        Self {
            listen: reader.parsed("server.listen", default, allowed),
            reuse_port: reader.boolean("server.reuse_port", false),
            node: reader.node("server.node"),
            drain_timeout: reader.duration(
                "server.drain_timeout",
                Duration::from_secs(10),
                Duration::ZERO..=HOUR,
            ),
            hosts: reader.hosts("server.hosts"),
            read_only: reader.boolean("server.read_only", false),
            max_connections: reader.integer("server.max_connections", 20_000, 1..=1_000_000),
            head_timeout: reader.duration("server.head_timeout", SECONDS_15, SHORTEST..=HOUR),
            body_timeout: reader.duration("server.body_timeout", SECONDS_15, SHORTEST..=HOUR),
            idle_timeout: reader.duration("server.idle_timeout", Duration::from_secs(60), SHORTEST..=DAY),
            write_timeout: reader.duration(
                "server.write_timeout",
                Duration::from_secs(10),
                SHORTEST..=HOUR,
            ),
        }
    }
}

impl Resource {
    fn read(reader: &mut Reader) -> Self {
        let on_full = [("wait", OnFull::Wait), ("reject", OnFull::Reject)];
        let kinds = [("mock", ResourceKind::Mock), ("jobs", ResourceKind::Jobs)];
        let resource = Self {
            kind: reader.choice("resource.kind", ResourceKind::Mock, &kinds),
            latency: Latency::read(reader),
            max_concurrent: reader.integer("resource.max_concurrent", 0, 0..=1_000_000),
            on_full: reader.choice("resource.on_full", OnFull::Wait, &on_full),
            reject_status: reader.integer("resource.reject_status", 503, 400..=599) as u16,
            failure_rate: reader.number("resource.failure_rate", 0.0, 0.0..=1.0),
            freeze_every: reader.duration("resource.freeze_every", Duration::ZERO, Duration::ZERO..=HOUR),
            freeze_for: reader.duration(
                "resource.freeze_for",
                Duration::from_secs(1),
                Duration::ZERO..=HOUR,
            ),
            seed: reader.integer("resource.seed", 1, 0..=u64::MAX),
        };
        if !resource.freeze_every.is_zero() && resource.freeze_for >= resource.freeze_every {
            let message = format!(
                "resource.freeze_for = {} must be shorter than resource.freeze_every = {}",
                duration::format(resource.freeze_for),
                duration::format(resource.freeze_every)
            );
            reader.blame(&["resource.freeze_for", "resource.freeze_every"], message);
        }
        resource
    }
}

impl Consumers {
    fn read(reader: &mut Reader) -> Self {
        let modes = [("workers", Spread::Workers), ("per_event", Spread::PerEvent)];
        let consumers = Self {
            concurrency: reader.integer("consumers.concurrency", 1, 0..=10_000),
            mode: reader.choice("consumers.mode", Spread::Workers, &modes),
            max_demand: reader.integer("consumers.max_demand", 1, 1..=1_000_000),
            min_demand: reader.integer("consumers.min_demand", 0, 0..=999_999),
            recall: reader.boolean("consumers.recall", true),
        };
        if consumers.min_demand >= consumers.max_demand {
            let message = format!(
                "consumers.min_demand = {} must be below consumers.max_demand = {}",
                consumers.min_demand, consumers.max_demand
            );
            reader.blame(&["consumers.max_demand", "consumers.min_demand"], message);
        }
        consumers
    }

    /// Both limits, which were checked when they were read. The mode `per_event` always asks
    /// for one event at a time.
    pub fn limits(&self) -> Limits {
        if self.mode == Spread::PerEvent {
            return Limits::ONE;
        }
        Limits::new(self.max_demand as usize, self.min_demand as usize).unwrap_or_default()
    }
}

impl Asynchronous {
    fn read(reader: &mut Reader) -> Self {
        Self { max_in_flight: reader.integer("async.max_in_flight", 0, 0..=100_000_000) }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mock => "mock",
            Self::Jobs => "jobs",
        })
    }
}

/// Returns the word that a table of choices has for a value.
fn word_of<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, found)| found == value).map_or("", |(word, _)| word)
}

/// Writes what displays as the word in the file.
fn as_word<W: fmt::Display, S: serde::Serializer>(word: &W, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(word)
}
