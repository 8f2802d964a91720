//! The measurements of many watchers of a match that a run keeps.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Mark, Series, Timing};

/// The measurements of `weir load watch`: what many connections that receive the events of
/// one match saw.
///
/// A *delivery* is one event to one watcher. The times of an event run from its `at`, the
/// moment when the server published it, if server and generator share a clock; see
/// [`from_publication`](Self::from_publication).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchSide {
    /// From the first connect to the last byte that was counted.
    pub seconds: f64,
    /// `ws` or `sse`.
    pub transport: String,
    /// The id of the match; empty for a server without matches.
    pub match_id: String,
    /// Watchers that the plan asked for.
    pub wanted: u64,
    /// N: the most watchers at once that were connected and had the snapshot.
    pub watchers: u64,
    /// Handshakes that the server accepted.
    pub connected: u64,
    /// Connects and handshakes that did not succeed.
    pub refused: u64,
    /// Watchers that lost their connection before the end, and were not told that the match
    /// is over.
    pub lost: u64,
    /// Watchers that were told that the match is over.
    pub ended: u64,
    /// C: handshakes per second, from the first connect to the last handshake.
    pub connects_s: f64,
    /// Connects per second that the plan asked for; `None` for a closed load, which
    /// connects as fast as the server answers.
    pub ramp_s: Option<f64>,
    /// ART: from the connect until the watcher has the snapshot. It begins when the connect
    /// was due if there is a ramp, and else when the connect began.
    pub art: Timing,
    /// Of each event that came after all were connected: until the first watcher had it.
    /// Exact.
    pub first: Timing,
    /// Until half of the watchers had it. Exact to 1 in 256 watchers.
    pub median: Timing,
    /// Until the last watcher had it. Exact.
    pub last: Timing,
    /// Of all deliveries, also while watchers still connected.
    pub latency: Timing,
    /// True if times of events run from their publication. Otherwise server and generator
    /// do not share a clock, and the times run from the first arrival.
    pub from_publication: bool,
    /// Different events that arrived.
    pub events: u64,
    /// Events that arrived, summed over the watchers.
    pub deliveries: u64,
    /// The deliveries that the watchers were entitled to: each event since a watcher joined.
    /// `expected = deliveries + gap_events + missed + pending`.
    pub expected: u64,
    /// Gaps that the server told.
    pub gaps: u64,
    /// Events in these gaps, summed over the watchers.
    pub gap_events: u64,
    /// Events that a watcher did not get and was not told of, summed over the watchers.
    pub missed: u64,
    /// Deliveries under way at the end: other watchers had the event already.
    pub pending: u64,
    /// Events that arrived again.
    pub twice: u64,
    /// Events that arrived after a later one, and gaps that did not fit.
    pub disordered: u64,
    /// Watchers that read nothing after the snapshot. They count in `watchers` and in no
    /// figure of deliveries.
    pub slow: u64,
    /// Bytes received.
    pub bytes: u64,
    /// The rung of the ladder at which the server was, if the ladder made this run.
    pub rung: Option<u64>,
    /// The server's own figures, where it has them.
    pub server: Option<WatchServer>,
    /// The share of a core that the generator used.
    pub cpu: Option<f64>,
    /// The share of the time in which the generator was runnable but had no core.
    pub starved: Option<f64>,
    /// The share of the time between first and last arrivals in which the generator did not
    /// wait for the server.
    pub busy: Option<f64>,
    /// The cores that other processes used.
    pub other_cpu: Option<f64>,
    /// True if the run was stopped before its plan ended.
    pub interrupted: bool,
    /// Whether the match was playing when the run began, where that is known.
    pub playing: Option<bool>,
    /// The reasons of `refused`, with their number.
    pub refusals: BTreeMap<String, u64>,
    /// The reasons of `lost` and `ended`, with their number.
    pub losses: BTreeMap<String, u64>,
    /// The figures over time: `watchers`, `deliveries`, `art_p99_ms`, `last_ms`.
    pub series: Series,
    /// The marks, with `t` in seconds since the beginning.
    pub marks: Vec<Mark>,
}

/// The server's figures of a run of watchers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchServer {
    /// The deliveries of the match during the run.
    pub ledger: WatchLedger,
    /// Deliveries that the watchers of this run had counted when the ledger was read. `None`
    /// if there was no quiet moment to read both, or other watchers were connected.
    pub compared: Option<u64>,
    /// Resident memory per watcher, in bytes.
    pub rss_per_watcher: Option<f64>,
    /// The cores that the server used, if it is another process of this machine.
    pub cpu: Option<f64>,
}

/// An account of deliveries: `sent = delivered + behind + dropped + closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchLedger {
    /// Events, each times the watchers at its publication.
    pub sent: u64,
    /// Deliveries written to a socket.
    pub delivered: u64,
    /// Deliveries that wait for a watcher that is behind.
    pub behind: u64,
    /// Deliveries dropped for a watcher that was behind.
    pub dropped: u64,
    /// Deliveries that were due when a watcher left or was closed.
    pub closed: u64,
}

impl WatchSide {
    /// The load in words, such as `10000 watchers over ws at 1000/s`.
    pub fn load(&self) -> String {
        let Self { wanted, transport, ramp_s, slow, .. } = self;
        let s = if *wanted == 1 { "" } else { "s" };
        let pace = match ramp_s {
            Some(ramp) => format!(" at {ramp}/s"),
            None => ", connecting as fast as the server answers".to_owned(),
        };
        let slow = if *slow > 0 { format!(", {slow} of them slow") } else { String::new() };
        format!("{wanted} watcher{s} over {transport}{pace}{slow}")
    }

    /// The account of all deliveries in one line.
    pub fn account(&self) -> String {
        let Self { expected, deliveries, gap_events, missed, pending, .. } = self;
        format!(
            "due {expected} = received {deliveries} + gaps {gap_events} + missed {missed} + under way {pending}"
        )
    }
}

impl WatchLedger {
    /// Returns true if every delivery is accounted for.
    pub fn balances(&self) -> bool {
        self.sent == self.delivered + self.behind + self.dropped + self.closed
    }

    /// Returns the account since `before`. Deliveries that were behind then count as sent
    /// anew.
    #[must_use]
    pub fn since(self, before: &Self) -> Self {
        let since = |now: u64, before: u64| now.saturating_sub(before);
        Self {
            sent: since(self.sent, before.sent - before.behind.min(before.sent)),
            delivered: since(self.delivered, before.delivered),
            behind: self.behind,
            dropped: since(self.dropped, before.dropped),
            closed: since(self.closed, before.closed),
        }
    }
}

impl fmt::Display for WatchLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, delivered, behind, dropped, closed } = self;
        write!(
            f,
            "sent {sent} = delivered {delivered} + behind {behind} + dropped {dropped} + closed {closed}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_run_balances_if_both_readings_do() {
        let before = WatchLedger { sent: 100, delivered: 90, behind: 6, dropped: 3, closed: 1 };
        let after = WatchLedger { sent: 300, delivered: 280, behind: 2, dropped: 15, closed: 3 };
        let run = after.since(&before);
        assert!(before.balances() && after.balances() && run.balances(), "{run}");
        assert_eq!(run.to_string(), "sent 206 = delivered 190 + behind 2 + dropped 12 + closed 2");
        assert!(!WatchLedger { sent: 1, ..WatchLedger::default() }.balances());
    }
}
