//! The view of one room: its status, a seat, its log, its thread of updates, the last kill and
//! what its watchers know of it.

use std::sync::Arc;

use serde::Serialize;
use tokio::time::{Duration, Instant, timeout};
use weir_parts::rooms::{Kill, Part, Past, Position, Room as _, RoomFigures, RoomState};

use super::thread::{ThreadUpdate, is_lost, thread};
use super::watching::Watcher;
use super::werewolf::{SeatView, Status, Village, Word};
use super::{Core, Room, millis};

/// The most lines of the log.
const LINES: usize = 20;

/// How long a room may take to tell its state.
const PATIENCE: Duration = Duration::from_secs(1);

/// A room.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenRoom {
    /// The name.
    pub name: Word,
    /// The generation of the claim of its name: over all nodes, if they share their rooms.
    pub generation: u64,
    /// The life of the room.
    pub life: u64,
    /// The number of its updates.
    pub n: u64,
    /// `up`, `restarting` or `idle`.
    pub state: &'static str,
    /// What every watcher may see.
    pub status: Status,
    /// What the player may see that was asked for.
    pub seat: Option<SeatView>,
    /// The last lines, newest first.
    pub log: Vec<LogLine>,
    /// The last updates, oldest first, and which processes have them.
    pub thread: Vec<ThreadUpdate>,
    /// The last end of a process.
    pub kill: Option<LastKill>,
    /// The watchers, and the last message of each.
    pub told: Vec<ToldRow>,
}

/// A line of the log of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The life.
    pub life: u64,
    /// The number of the update.
    pub n: u64,
    /// The public line of the update.
    pub text: String,
    /// Whether the update is lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
}

/// The last end of a process of a room.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastKill {
    /// `room`, `backup`, `both` or `history`.
    pub what: String,
    /// Whether it was killed by hand; false after a panic.
    pub by_hand: bool,
    /// Milliseconds since then.
    pub ago_ms: u64,
    /// The number of the last acknowledged update.
    pub acked: u64,
    /// The number of the last update that the backup had.
    pub backed: Option<u64>,
    /// The numbers of the first and the last acknowledged update that is lost.
    pub lost: Option<[u64; 2]>,
    /// The number of acknowledged updates that are lost.
    pub lost_updates: u64,
    /// The time until the process was there again, in milliseconds.
    pub down_ms: f64,
    /// The life that began.
    pub life: u64,
}

/// A watcher of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldRow {
    /// The name that it gave.
    pub who: String,
    /// `browser`, `program` or `subscriber`.
    pub how: &'static str,
    /// The life of its last message.
    pub life: u64,
    /// The update of its last message.
    pub n: u64,
    /// `current`, `resumed` or `gap`.
    pub word: &'static str,
    /// The first update of the gap.
    pub from: Option<u64>,
    /// The last update of the gap.
    pub to: Option<u64>,
}

impl Core {
    /// Returns the view of a room, and with `seat` what that player may see. `None` if there is no
    /// such room, or it does not answer.
    pub(super) async fn open(&self, name: &str, seat: Option<&str>) -> Option<OpenRoom> {
        let room = self.house.whereis(name)?;
        let seat = seat.map(str::to_owned);
        let read = room
            .read(move |village, at| (village.status(), seat.as_ref().map(|seat| village.seat(seat)), at));
        let (status, seat, seen) = timeout(PATIENCE, read).await.ok()?.ok()?;
        let (figures, history) = (room.figures(), room.history());
        // With other nodes, the claims of all of them count.
        let shared = self.shared.get().and_then(|shared| shared.generation(name));
        Some(OpenRoom {
            name: Arc::clone(room.name()).into(),
            generation: shared.unwrap_or_else(|| room.generation()),
            life: figures.room.life,
            n: figures.room.n,
            state: state_word(figures.state),
            status,
            seat,
            log: log(&history, &figures.kills),
            thread: thread(&history, &figures),
            kill: figures.kills.last().map(last_kill),
            told: self.told(&room, &figures, seen),
        })
    }

    fn told(&self, room: &Room, figures: &RoomFigures, seen: Position) -> Vec<ToldRow> {
        // Watchers get no message about a kill of the history or the backup.
        let of_room = |kill: &&Kill| matches!(kill.part, Part::Room | Part::Both);
        let kill = figures.kills.iter().rev().find(of_room);
        let row = |who: String, how, since: Option<Instant>, at: Position| {
            let kill = kill.filter(|kill| since.is_none_or(|since| since < kill.at));
            let (word, lost) = match kill {
                None => ("current", None),
                Some(Kill { lost: None, .. }) => ("resumed", None),
                Some(Kill { lost, .. }) => ("gap", *lost),
            };
            let (from, to) = (lost.map(|lost| lost.0), lost.map(|lost| lost.1));
            ToldRow { who, how, life: at.life, n: at.n, word, from, to }
        };
        let watcher =
            |watcher: &Arc<Watcher>| row(watcher.who.clone(), watcher.how, Some(watcher.since), seen);
        let mut told: Vec<ToldRow> = self.watchers.of(room.name()).iter().map(watcher).collect();
        told.extend(figures.history.map(|at| row("history".to_owned(), "subscriber", None, at)));
        told
    }
}

fn log(history: &[Past<Village>], kills: &[Kill]) -> Vec<LogLine> {
    let line = |past: &Past<Village>| match past {
        Past::Update { at, event } => {
            LogLine { life: at.life, n: at.n, text: Village::text(event), lost: is_lost(kills, *at) }
        }
        Past::Gap { life, from, to } => {
            let lost = is_lost(kills, Position { life: *life, n: *to });
            let fate = if lost { "lost" } else { "not recorded" };
            let text = match from == to {
                true => format!("update {from} is {fate}"),
                false => format!("updates {from} to {to} are {fate}"),
            };
            LogLine { life: *life, n: *to, text, lost }
        }
        Past::Resumed { at } => {
            LogLine { life: at.life, n: at.n, text: format!("life {} begins", at.life), lost: false }
        }
    };
    history.iter().rev().take(LINES).map(line).collect()
}

fn last_kill(kill: &Kill) -> LastKill {
    LastKill {
        what: kill.part.to_string(),
        by_hand: kill.by_hand,
        ago_ms: u64::try_from(kill.at.elapsed().as_millis()).unwrap_or(u64::MAX),
        acked: kill.acknowledged.n,
        backed: kill.backed.map(|backed| backed.n),
        lost: kill.lost.map(|(from, to)| [from, to]),
        lost_updates: kill.lost_updates,
        down_ms: millis(kill.down),
        life: kill.resumed.life,
    }
}

/// The word of a state.
pub(super) fn state_word(state: RoomState) -> &'static str {
    match state {
        RoomState::Up => "up",
        RoomState::Restarting => "restarting",
        RoomState::Idle | RoomState::Gone => "idle",
    }
}
