//! Players that play by themselves: the same seed makes the same moves in the same village.

use fastrand::Rng;

use super::{Command, MoveKind, Phase, Village, Word};

/// The names of the players.
const NAMES: [&str; 6] = ["ada", "ben", "cy", "dot", "eli", "fay"];

/// What the players say.
const TEXTS: [&str; 4] = ["I slept all night", "I heard steps", "it was not me", "I trust no player"];

/// The share of moves in which a player only says something.
const CHAT: f64 = 0.2;

/// Six players of one village.
#[derive(Debug, Clone)]
pub struct Players {
    rng: Rng,
}

impl Players {
    /// Makes the players with a seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed) }
    }

    /// Returns the next move of the players; the rules allow it. `None` if the village waits for
    /// other players, or the lobby is full of them.
    pub fn next(&mut self, village: &Village) -> Option<Command> {
        let mut waiting = Vec::new();
        for name in NAMES {
            let seat = village.seat(name);
            let must = seat.may.filter(|_| seat.chosen.is_none());
            match must.as_ref().map(|may| may.kind) {
                Some(MoveKind::Join) => return Some(Command::Join { player: name.into() }),
                Some(_) => waiting.extend(must.map(|may| (name, may))),
                None => {}
            }
        }
        let is_game = matches!(village.phase(), Phase::Night | Phase::Day);
        if waiting.is_empty() || is_game && self.rng.f64() < CHAT {
            return self.speak(village);
        }
        let (name, may) = waiting.swap_remove(self.rng.usize(0..waiting.len()));
        let player = name.to_owned();
        match may.kind {
            MoveKind::Join => Some(Command::Join { player }),
            MoveKind::Start => Some(Command::Start { player, seed: Some(self.rng.u64(..)) }),
            MoveKind::Choose => self.one_of(&may.targets).map(|target| Command::Choose { player, target }),
            MoveKind::Vote => self.one_of(&may.targets).map(|target| Command::Vote { player, target }),
        }
    }

    fn speak(&mut self, village: &Village) -> Option<Command> {
        let speakers: Vec<&str> = NAMES.into_iter().filter(|name| village.seat(name).speaks).collect();
        let player = self.rng.choice(speakers)?.to_owned();
        let text = TEXTS[self.rng.usize(0..TEXTS.len())].to_owned();
        Some(Command::Say { player, text })
    }

    fn one_of(&mut self, names: &[Word]) -> Option<String> {
        self.rng.choice(names).map(|name| name.to_string())
    }
}
