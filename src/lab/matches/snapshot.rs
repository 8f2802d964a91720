//! The figures of a match as JSON: the body of `GET /api/matches/ID`.

use serde::Serialize;

use super::Period;
use super::history::History;
use super::ladder::Ladder;
use super::machine::Machine;
use super::marks::Mark;
use super::nodes::MatchNodes;
use crate::config::Matches;
use crate::lab::{Percentiles, Verdict};

/// The state of a match and its watchers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchSnapshot {
    /// Milliseconds since the lab was started.
    pub at_ms: u64,
    /// Whether the server refuses changes.
    pub read_only: bool,
    /// The match.
    #[serde(rename = "match")]
    pub game: MatchFigures,
    /// The verdict, in a word and a sentence.
    pub verdict: Verdict,
    /// Current figures.
    pub now: Now,
    /// The machine's own limits, once they are measured.
    pub machine: Option<Machine>,
    /// The newest event whose way to the watchers was recorded.
    pub event: Option<EventFigures>,
    /// The times until the last watcher had an earlier event, newest first, in milliseconds.
    pub past: Vec<f64>,
    /// The newest events, newest first.
    pub feed: Vec<FeedItem>,
    /// The settings.
    pub settings: Matches,
    /// The ladder.
    pub ladder: Ladder,
    /// The connections of the server.
    pub connections: Connections,
    /// `shards` or `task`.
    pub writer: String,
    /// `drop_oldest`, `latest`, `close` or `wait`.
    pub behind: String,
    /// The nodes that share the match; null if the server is alone.
    pub nodes: Option<MatchNodes>,
    /// The ledger of deliveries since the last reset.
    pub ledger: Ledger,
    /// The curves.
    pub history: History,
    /// Marks, the oldest first.
    pub marks: Vec<Mark>,
}

/// A match in the list of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchRow {
    /// The name in paths.
    pub id: String,
    /// The home team.
    pub home: String,
    /// The away team.
    pub away: String,
    /// Goals of home and away.
    pub score: [u16; 2],
    /// The minute.
    pub minute: u16,
    /// The period.
    pub period: Period,
    /// Watchers.
    pub watchers: u64,
    /// Joins since the start.
    pub visits: u64,
    /// Whether it plays by itself.
    pub playing: bool,
}

/// A match.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchFigures {
    /// The name in paths.
    pub id: String,
    /// The home team.
    pub home: String,
    /// The away team.
    pub away: String,
    /// Goals of home and away.
    pub score: [u16; 2],
    /// The minute.
    pub minute: u16,
    /// The period.
    pub period: Period,
    /// The stadium.
    pub stadium: String,
    /// Joins since the start.
    pub visits: u64,
    /// Users that watch; each may have several watchers.
    pub users: u64,
    /// Whether it plays by itself.
    pub playing: bool,
    /// Events per second of the play.
    pub rate: f64,
    /// The number of the next event.
    pub next: u64,
}

/// Current figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Now {
    /// Watchers.
    pub watchers: u64,
    /// Watchers of the transport `ws`.
    pub ws: u64,
    /// Watchers of the transport `sse`.
    pub sse: u64,
    /// Joins per second: of the last second with a join.
    pub connects_s: f64,
    /// From when the server accepted a connection until its snapshot was written.
    pub art_ms: Option<Percentiles>,
    /// Memory of the process above its level without watchers, in bytes per watcher.
    pub rss_per_watcher: Option<u64>,
    /// The time until the last watcher had the newest event that is complete.
    pub last_ms: Option<f64>,
}

/// An event on its way to the watchers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventFigures {
    /// Its number.
    pub seq: u64,
    /// Its kind, such as `goal`.
    pub kind: String,
    /// The watchers that it was sent to.
    pub sent: u64,
    /// The watchers that have it.
    pub reached: u64,
    /// The time since it was published, at most until it was complete.
    pub elapsed_ms: f64,
    /// The time until the last watcher that takes bytes had it, once it is complete.
    pub last_ms: Option<f64>,
    /// `shards` if it reaches watchers one after the other, `tasks` if in any order.
    pub order: &'static str,
    /// At most 200 quantiles of the watchers' times, in milliseconds.
    pub curve: Vec<f64>,
    /// The shards.
    pub shards: Vec<ShardRow>,
    /// The watchers that are furthest behind, at most 20.
    pub behind: Vec<BehindRow>,
    /// How long the match has waited for a watcher (`behind = "wait"`).
    pub stalled_ms: u64,
}

/// A shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShardRow {
    /// Its name.
    pub name: String,
    /// The transport of its watchers.
    pub transport: &'static str,
    /// Its watchers.
    pub watchers: u64,
    /// Those that take no bytes at the moment.
    pub behind: u64,
}

/// A watcher that is behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BehindRow {
    /// Its user.
    pub user: String,
    /// Its place among all watchers, counted from 0 in the order of the shards.
    pub place: u64,
    /// The events that wait for it.
    pub events: u64,
    /// The events that it has lost.
    pub dropped: u64,
    /// The first and the last event of the gap that it will be sent.
    pub gap: Option<[u64; 2]>,
    /// How long it has taken no bytes.
    pub for_ms: u64,
}

/// An event in the feed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedItem {
    /// Its number.
    pub seq: u64,
    /// Its kind, such as `goal`.
    pub kind: String,
    /// Its minute.
    pub minute: u16,
    /// What happened.
    pub text: String,
    /// The time until the last watcher had it, if that was recorded.
    pub last_ms: Option<f64>,
}

/// The server's connections.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Connections {
    /// Open ones.
    pub open: u64,
    /// The most that may be open.
    pub limit: u64,
    /// Those that were refused since the start.
    pub refused: u64,
    /// Why the last one was refused.
    pub why: Option<String>,
}

/// Tells the figures of the server's connections. A face implements it.
pub trait ConnectionFigures: Send + Sync {
    /// Returns the current figures.
    fn connections(&self) -> Connections;
}

/// The ledger of deliveries: one event to one watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Ledger {
    /// Events × watchers at the time when each event was published.
    pub sent: u64,
    /// Deliveries whose last byte was written.
    pub delivered: u64,
    /// Deliveries that wait.
    pub behind: u64,
    /// Deliveries that were given up while the watcher stayed.
    pub dropped: u64,
    /// Deliveries that were open when their watcher left.
    pub closed: u64,
    /// The difference, which is 0 unless there is a bug.
    pub unaccounted: i64,
}
