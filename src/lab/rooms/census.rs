//! The census: how many rooms are in which state, and a row for each of the first.
//!
//! Positions and states are counters, which are read without the rooms. The phase of a game is in
//! the room: it is asked only if the room has moved since the last census.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::join_all;
use tokio::time::{Duration, Instant, timeout};
use weir_parts::rooms::{MoveLedger, Position, RoomFigures, RoomState};

use super::open::state_word;
use super::snapshot::RoomRow;
use super::werewolf::Phase;
use super::{Core, Room, lock};

/// The most rooms that have a row.
const ROWS: usize = 2_000;

/// The most rooms of which each request takes a new census.
const SMALL: usize = 200;

/// How long a room may take to tell its phase.
const PATIENCE: Duration = Duration::from_millis(100);

/// The rooms at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Census {
    pub(super) rows: Vec<RoomRow>,
    pub(super) all: u64,
    pub(super) up: u64,
    pub(super) idle: u64,
    pub(super) restarting: u64,
    pub(super) watchers: u64,
    pub(super) ledger: MoveLedger,
    games: HashMap<Arc<str>, Game>,
}

/// A room's game, as of a position.
#[derive(Debug, Clone, Copy)]
struct Game {
    generation: u64,
    at: Position,
    phase: Phase,
    day: u32,
    alive: u64,
    players: u64,
}

impl Default for Game {
    fn default() -> Self {
        let at = Position { life: 0, n: 0 };
        Self { generation: 0, at, phase: Phase::Lobby, day: 0, alive: 0, players: 0 }
    }
}

impl Core {
    /// Returns true if there are so few rooms that a census costs next to nothing.
    pub(super) fn is_small(&self) -> bool {
        self.house.len() <= SMALL
    }

    /// Takes a census.
    pub(super) async fn refresh(&self) {
        let (before, now) = (self.census(), Instant::now());
        let rooms = self.house.list();
        let mut census = Census { all: rooms.len() as u64, ..Census::default() };
        let mut moved = Vec::new();
        for (place, room) in rooms.iter().enumerate() {
            let figures = room.figures();
            match figures.state {
                RoomState::Up => census.up += 1,
                RoomState::Restarting => census.restarting += 1,
                RoomState::Idle | RoomState::Gone => census.idle += 1,
            }
            census.watchers += figures.watchers as u64;
            let (sum, ledger) = (&mut census.ledger, figures.ledger);
            sum.acknowledged += ledger.acknowledged;
            sum.unanswered += ledger.unanswered;
            sum.in_state += ledger.in_state;
            sum.lost += ledger.lost;
            if place < ROWS {
                census.rows.push(row(room, &figures, now));
                let game = before
                    .games
                    .get(room.name())
                    .filter(|game| game.generation == room.generation() && game.at == figures.room);
                match game {
                    Some(game) => drop(census.games.insert(Arc::clone(room.name()), *game)),
                    None => moved.push(room),
                }
            }
        }
        for (room, game) in join_all(moved.into_iter().map(ask)).await {
            let old = || before.games.get(room.name()).copied();
            // A room that does not answer now keeps its last phase.
            census.games.insert(Arc::clone(room.name()), game.or_else(old).unwrap_or_default());
        }
        for row in &mut census.rows {
            let Some(game) = census.games.get(&*row.name) else { continue };
            (row.phase, row.day) = (game.phase, game.day);
            (row.alive, row.players) = (game.alive, game.players);
        }
        *lock(&self.census) = Arc::new(census);
    }
}

async fn ask(room: &Room) -> (&Room, Option<Game>) {
    let generation = room.generation();
    let read = room.read(move |village, at| Game {
        generation,
        at,
        phase: village.phase(),
        day: village.day(),
        alive: village.alive() as u64,
        players: village.players() as u64,
    });
    (room, timeout(PATIENCE, read).await.ok().and_then(Result::ok))
}

fn row(room: &Room, figures: &RoomFigures, now: Instant) -> RoomRow {
    let since = |at: Instant| u64::try_from((now - at).as_millis()).unwrap_or(u64::MAX);
    RoomRow {
        name: Arc::clone(room.name()).into(),
        phase: Phase::Lobby,
        day: 0,
        alive: 0,
        players: 0,
        life: figures.room.life,
        n: figures.room.n,
        state: state_word(figures.state),
        lost: figures.ledger.lost,
        killed_ms: figures.kills.last().map(|kill| since(kill.at)),
    }
}
