//! The measurements of a load on rooms that a run keeps.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Mark, MarkKind, Series, Timing};

/// The measurements of `weir load rooms`: what the players of many rooms sent, what was
/// acknowledged, and what the rooms still contained at the end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomsSide {
    /// From the first move to the last answer.
    pub seconds: f64,
    /// The first part of the rooms' names.
    pub prefix: String,
    /// Number of rooms.
    pub rooms: u64,
    /// Rooms among them that the load created.
    pub created: u64,
    /// Number of players, each a client with a number of its own.
    pub clients: u64,
    /// Moves per second and room that the plan asked for. `None` if each player sends its next
    /// move when the last one is acknowledged.
    pub moves_s: Option<f64>,
    /// Kills per second that the plan asked for.
    pub kills_s: f64,
    /// What the plan kills: `room`, `backup`, `both` or `alternate`.
    pub what: String,
    /// Connections for moves.
    pub connections: u64,
    /// The seed of the players, of the due times and of the kills.
    pub seed: u64,
    /// The server's `rooms.backup`: `before`, `after` or `none`. Empty if it was changed during
    /// the run.
    pub backup: String,
    /// The server's `rooms.backup_every`.
    pub backup_every_ms: f64,
    /// The account of all moves.
    pub ledger: MovesLedger,
    /// The rooms that lost acknowledged moves, with their number.
    pub lost_in: BTreeMap<String, u64>,
    /// Of these rooms and those of which a kill was said to lose something: the lost updates
    /// that the answers to the kills named.
    pub told_in: BTreeMap<String, u64>,
    /// Updates that the rooms had before the load, and that were lost as well.
    pub earlier_lost: u64,
    /// Rooms whose moves the server did not list at the end.
    pub unread: u64,
    /// Moves that were sent again because their outcome was unknown.
    pub retries: u64,
    /// Moves that were due and never sent.
    pub unsent: u64,
    /// Joins that were needed because a room had forgotten its player. They are moves too.
    pub rejoins: u64,
    /// Reasons of moves that were refused, failed or had an unknown outcome, with their number.
    pub reasons: BTreeMap<String, u64>,
    /// Acknowledgements at positions that were not after the client's last one.
    pub backwards: u64,
    /// First attempts that were answered as repeated.
    pub not_repeated: u64,
    /// The time to the acknowledgement of all moves: from the due time if the plan has a rate,
    /// and else from sending.
    pub ack: Timing,
    /// Of moves of rooms that were killed at most one second before.
    pub ack_killed: Timing,
    /// Of all other moves.
    pub ack_others: Timing,
    /// How late moves were sent. Empty without a rate.
    pub lag: Timing,
    /// The down times that the answers to the kills named.
    pub down: Timing,
    /// The kills, at most the first [`MOST_KILLS`].
    pub kills: Vec<RoomKill>,
    /// Kills that were carried out.
    pub killed: u64,
    /// Kills that were refused or not answered.
    pub kills_failed: u64,
    /// The reasons of `kills_failed`, with their number.
    pub kill_reasons: BTreeMap<String, u64>,
    /// The server's ledger during the run, where it has one.
    pub server: Option<RoomsServer>,
    /// What the watchers saw, if the load had some.
    pub watch: Option<RoomsWatch>,
    /// The share of a core that the generator used.
    pub cpu: Option<f64>,
    /// The share of the time in which the generator was runnable but had no core.
    pub starved: Option<f64>,
    /// The cores that the server used, if it is another process of this machine.
    pub server_cpu: Option<f64>,
    /// The cores that other processes used.
    pub other_cpu: Option<f64>,
    /// True if the run was stopped before its plan ended.
    pub interrupted: bool,
    /// The figures over time: `acknowledged`, `ack_p99_ms`, `kills`, `lost` and `retries`.
    pub series: Series,
}

/// The most kills that a run lists.
pub const MOST_KILLS: usize = 10_000;
/// The most kills that are marks in a picture or a report.
const MOST_MARKS: usize = 100;

/// An account of moves from the side of their clients.
///
/// `sent = acknowledged + refused + failed + unknown`, and
/// `acknowledged = in_state + lost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MovesLedger {
    /// Different moves that were sent, each counted once.
    pub sent: u64,
    /// Moves whose client has the answer that they were made.
    pub acknowledged: u64,
    /// Of `acknowledged`, those whose answer said that an earlier attempt had made the move.
    pub repeated: u64,
    /// Moves that the rules of the room refused.
    pub refused: u64,
    /// Moves that failed for another reason and were not made.
    pub failed: u64,
    /// Moves whose outcome was unknown at the end.
    pub unknown: u64,
    /// Acknowledged moves that the rooms contained at the end.
    pub in_state: u64,
    /// Acknowledged moves that the rooms did not contain at the end.
    pub lost: u64,
    /// Moves that the rooms contained at the end, and of which no client has an answer.
    pub unanswered: u64,
    /// Moves that the rooms contained at the end and no client has sent.
    pub invented: u64,
}

/// A kill, as the answer to it describes it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomKill {
    /// When it was asked for, in seconds since the beginning.
    pub t: f64,
    /// The room.
    pub room: String,
    /// `room`, `backup` or `both`.
    pub what: String,
    /// The number of lost updates.
    pub lost: u64,
    /// How long the killed process was away, in milliseconds.
    pub down_ms: f64,
    /// The time from the request to its answer, in milliseconds.
    pub answered_ms: f64,
}

/// The server's figures of a load on rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomsServer {
    /// Moves that the server acknowledged during the run.
    pub acknowledged: u64,
    /// Moves whose clients never got the answer.
    pub unanswered: u64,
    /// Acknowledged moves that it has lost during the run.
    pub lost: u64,
    /// At the end: acknowledged − in the state − lost, since the server's beginning.
    pub unaccounted: i64,
}

/// What watchers of rooms saw over server-sent events.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomsWatch {
    /// Watchers that were connected.
    pub watchers: u64,
    /// Watchers that could not connect.
    pub refused: u64,
    /// Watchers that lost their connection before the end.
    pub dropped: u64,
    /// Updates that arrived.
    pub updates: u64,
    /// Positions that arrived again.
    pub twice: u64,
    /// Positions that arrived after a later one.
    pub disordered: u64,
    /// Updates that did not arrive and were in no gap.
    pub missed: u64,
    /// Words to watchers that nothing was lost.
    pub resumed: u64,
    /// Gaps that the server named.
    pub gaps: u64,
    /// Updates in these gaps.
    pub gap_updates: u64,
    /// New lives that began without a word.
    pub untold: u64,
    /// The reasons of `refused` and `dropped`, with their number.
    pub reasons: BTreeMap<String, u64>,
    /// The first words that did not fit, such as `load-7: resumed at 3-408 after 2-409`.
    pub faults: Vec<String>,
}

impl RoomsSide {
    /// The load in words, such as `1000 rooms at 5 moves/s each, 2000 players, kills of rooms at 1/s`.
    pub fn load(&self) -> String {
        let Self { rooms, clients, moves_s, kills_s, what, watch, .. } = self;
        let plural = |n: u64| if n == 1 { "" } else { "s" };
        let pace = match moves_s {
            Some(rate) => format!(" at {rate} moves/s each"),
            None => ", each move when the last is acknowledged".to_owned(),
        };
        let what = match what.as_str() {
            "alternate" => "rooms and backups in turn",
            "both" => "rooms with their backups",
            "backup" => "backups",
            _ => "rooms",
        };
        let kill = if *kills_s > 0.0 { format!(", kills of {what} at {kills_s}/s") } else { String::new() };
        let watchers = watch.as_ref().map_or(0, |watch| watch.watchers);
        let watchers =
            if watchers > 0 { format!(", {watchers} watcher{}", plural(watchers)) } else { String::new() };
        format!(
            "{rooms} room{}{pace}, {clients} player{}{kill}{watchers}",
            plural(*rooms),
            plural(*clients)
        )
    }

    /// Acknowledged moves per second.
    pub fn acknowledged_s(&self) -> f64 {
        // The joins before the first move are in the account and not in the times.
        let timed = self.ack.count().unwrap_or_default();
        if self.seconds > 0.0 { timed as f64 / self.seconds } else { 0.0 }
    }

    /// The first kills as marks, with `t` in seconds since the beginning.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |kill: &RoomKill| Mark {
            t: kill.t,
            kind: MarkKind::Restart,
            text: match kill.lost {
                0 => format!("{} of {} killed, nothing lost", kill.what, kill.room),
                lost => format!("{} of {} killed, {lost} lost", kill.what, kill.room),
            },
        };
        self.kills.iter().take(MOST_MARKS).map(mark).collect()
    }

    /// The lost updates that the answers to the kills named.
    pub fn told(&self) -> u64 {
        self.told_in.values().sum()
    }
}

impl MovesLedger {
    /// Returns true if every move is accounted for.
    pub fn balances(&self) -> bool {
        let Self { sent, acknowledged, refused, failed, unknown, in_state, lost, .. } = self;
        *sent == acknowledged + refused + failed + unknown && *acknowledged == in_state + lost
    }

    /// Adds the account of another client.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.repeated += other.repeated;
        self.refused += other.refused;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.in_state += other.in_state;
        self.lost += other.lost;
        self.unanswered += other.unanswered;
        self.invented += other.invented;
    }
}

/// Such as `acknowledged 3204 = in the state 3200 + lost 4`.
impl fmt::Display for MovesLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, in_state, lost, .. } = self;
        write!(f, "acknowledged {acknowledged} = in the state {in_state} + lost {lost}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_balances_only_if_every_move_is_in_it() {
        let mut ledger = MovesLedger {
            sent: 10,
            acknowledged: 7,
            repeated: 1,
            refused: 1,
            failed: 1,
            unknown: 1,
            in_state: 5,
            lost: 2,
            ..MovesLedger::default()
        };
        assert!(ledger.balances());
        assert_eq!(ledger.to_string(), "acknowledged 7 = in the state 5 + lost 2");
        ledger.add(&ledger.clone());
        assert!(ledger.balances() && (ledger.sent, ledger.lost, ledger.repeated) == (20, 4, 2));
        assert!(!MovesLedger { lost: 3, ..ledger }.balances());
        assert!(!MovesLedger { unknown: 3, ..ledger }.balances());
    }

    #[test]
    fn a_load_is_told_in_one_line() {
        let mut side = RoomsSide {
            rooms: 1000,
            clients: 2000,
            moves_s: Some(5.0),
            kills_s: 1.0,
            what: "alternate".to_owned(),
            ..RoomsSide::default()
        };
        let expected =
            "1000 rooms at 5 moves/s each, 2000 players, kills of rooms and backups in turn at 1/s";
        assert_eq!(side.load(), expected);
        (side.rooms, side.clients, side.moves_s, side.kills_s) = (1, 1, None, 0.0);
        side.watch = Some(RoomsWatch { watchers: 1, ..RoomsWatch::default() });
        assert_eq!(side.load(), "1 room, each move when the last is acknowledged, 1 player, 1 watcher");
    }
}
