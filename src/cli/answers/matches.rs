//! The answers of the matches lab.

use serde::{Deserialize, Serialize};

use super::{Quantiles, Verdict};

/// `GET /api/matches`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct List {
    pub(in crate::cli) matches: Vec<MatchRow>,
    #[serde(default)]
    pub(in crate::cli) machine: Option<Machine>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct MatchRow {
    pub(in crate::cli) id: String,
    pub(in crate::cli) home: String,
    pub(in crate::cli) away: String,
    pub(in crate::cli) score: [u64; 2],
    pub(in crate::cli) minute: u64,
    pub(in crate::cli) period: String,
    pub(in crate::cli) watchers: u64,
    pub(in crate::cli) visits: u64,
    pub(in crate::cli) playing: bool,
}

/// `POST /api/matches`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Added {
    pub(in crate::cli) id: String,
}

/// `GET /api/matches/ID`.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Snapshot {
    #[serde(rename = "match")]
    pub(in crate::cli) of: Match,
    pub(in crate::cli) verdict: Verdict,
    pub(in crate::cli) now: Now,
    pub(in crate::cli) machine: Option<Machine>,
    pub(in crate::cli) event: Option<LastEvent>,
    pub(in crate::cli) connections: Connections,
    pub(in crate::cli) writer: String,
    pub(in crate::cli) behind: String,
    pub(in crate::cli) ledger: Ledger,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Match {
    pub(in crate::cli) id: String,
    pub(in crate::cli) home: String,
    pub(in crate::cli) away: String,
    pub(in crate::cli) score: [u64; 2],
    pub(in crate::cli) minute: u64,
    pub(in crate::cli) period: String,
    pub(in crate::cli) stadium: String,
    pub(in crate::cli) visits: u64,
    pub(in crate::cli) users: u64,
    pub(in crate::cli) playing: bool,
    /// Events per second of the play.
    pub(in crate::cli) rate: f64,
    /// The number of the next event.
    pub(in crate::cli) next: u64,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Now {
    pub(in crate::cli) watchers: u64,
    pub(in crate::cli) ws: u64,
    pub(in crate::cli) sse: u64,
    pub(in crate::cli) connects_s: f64,
    pub(in crate::cli) art_ms: Option<Quantiles>,
    /// Bytes of the server's memory.
    pub(in crate::cli) rss_per_watcher: Option<f64>,
    pub(in crate::cli) last_ms: Option<f64>,
}

/// The machine's own limits: a loop of `send` and one of `accept`, without Weir.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(in crate::cli) struct Machine {
    pub(in crate::cli) watchers: u64,
    pub(in crate::cli) watchers_why: String,
    pub(in crate::cli) connects_s: f64,
    pub(in crate::cli) art_ms: f64,
    pub(in crate::cli) send_us: f64,
    pub(in crate::cli) measured_ms: f64,
}

/// The last event, and how far it is.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct LastEvent {
    pub(in crate::cli) seq: u64,
    pub(in crate::cli) kind: String,
    pub(in crate::cli) sent: u64,
    pub(in crate::cli) reached: u64,
    pub(in crate::cli) elapsed_ms: f64,
    #[serde(default)]
    pub(in crate::cli) behind: Vec<BehindRow>,
    #[serde(default)]
    pub(in crate::cli) stalled_ms: f64,
}

/// A watcher that has not got all events.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct BehindRow {
    pub(in crate::cli) user: String,
    pub(in crate::cli) events: u64,
    pub(in crate::cli) dropped: u64,
    pub(in crate::cli) gap: Option<[u64; 2]>,
    pub(in crate::cli) for_ms: f64,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Connections {
    pub(in crate::cli) open: u64,
    pub(in crate::cli) limit: u64,
    pub(in crate::cli) refused: u64,
    #[serde(default)]
    pub(in crate::cli) why: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Ledger {
    pub(in crate::cli) sent: u64,
    pub(in crate::cli) delivered: u64,
    pub(in crate::cli) behind: u64,
    pub(in crate::cli) dropped: u64,
    pub(in crate::cli) closed: u64,
}
