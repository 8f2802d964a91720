//! The answers of the matches lab, as far as the command line shows them. Unknown fields are
//! ignored, since the server may be a newer version.

use serde::{Deserialize, Serialize};

/// `GET /api/matches`.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) matches: Vec<MatchRow>,
    #[serde(default)]
    pub(super) machine: Option<Machine>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MatchRow {
    pub(super) id: String,
    pub(super) home: String,
    pub(super) away: String,
    pub(super) score: [u64; 2],
    pub(super) minute: u64,
    pub(super) period: String,
    pub(super) watchers: u64,
    pub(super) visits: u64,
    pub(super) playing: bool,
}

/// `POST /api/matches`.
#[derive(Debug, Deserialize)]
pub(super) struct Added {
    pub(super) id: String,
}

/// `GET /api/matches/ID`.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot {
    #[serde(rename = "match")]
    pub(super) of: Match,
    pub(super) verdict: Verdict,
    pub(super) now: Now,
    pub(super) machine: Option<Machine>,
    pub(super) event: Option<LastEvent>,
    pub(super) connections: Connections,
    pub(super) writer: String,
    pub(super) behind: String,
    pub(super) ledger: Ledger,
}

#[derive(Debug, Deserialize)]
pub(super) struct Match {
    pub(super) id: String,
    pub(super) home: String,
    pub(super) away: String,
    pub(super) score: [u64; 2],
    pub(super) minute: u64,
    pub(super) period: String,
    pub(super) stadium: String,
    pub(super) visits: u64,
    pub(super) users: u64,
    pub(super) playing: bool,
    /// Events per second of the play.
    pub(super) rate: f64,
    /// The number of the next event.
    pub(super) next: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    pub(super) word: String,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Now {
    pub(super) watchers: u64,
    pub(super) ws: u64,
    pub(super) sse: u64,
    pub(super) connects_s: f64,
    pub(super) art_ms: Option<Quantiles>,
    /// Bytes of the server's memory.
    pub(super) rss_per_watcher: Option<f64>,
    pub(super) last_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Quantiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// The machine's own limits: a loop of `send` and one of `accept`, without Weir.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct Machine {
    pub(super) watchers: u64,
    pub(super) watchers_why: String,
    pub(super) connects_s: f64,
    pub(super) art_ms: f64,
    pub(super) send_us: f64,
    pub(super) measured_ms: f64,
}

/// The last event, and how far it is.
#[derive(Debug, Deserialize)]
pub(super) struct LastEvent {
    pub(super) seq: u64,
    pub(super) kind: String,
    pub(super) sent: u64,
    pub(super) reached: u64,
    pub(super) elapsed_ms: f64,
    #[serde(default)]
    pub(super) behind: Vec<BehindRow>,
    #[serde(default)]
    pub(super) stalled_ms: f64,
}

/// A watcher that has not got all events.
#[derive(Debug, Deserialize)]
pub(super) struct BehindRow {
    pub(super) user: String,
    pub(super) events: u64,
    pub(super) dropped: u64,
    pub(super) gap: Option<[u64; 2]>,
    pub(super) for_ms: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Connections {
    pub(super) open: u64,
    pub(super) limit: u64,
    pub(super) refused: u64,
    #[serde(default)]
    pub(super) why: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ledger {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) behind: u64,
    pub(super) dropped: u64,
    pub(super) closed: u64,
}
