//! A player: one client with its own numbers, who joins a room and talks in its lobby.

use std::collections::VecDeque;
use std::fmt::Write;

use fastrand::Rng;

use super::account::Account;
use super::sequence::Position;
use crate::pipeline::Stamp;

/// What players say.
const PHRASES: [&str; 8] = [
    "it was not me",
    "who has not spoken yet?",
    "I trust two of you",
    "let us vote",
    "you were very quiet last night",
    "that is what a werewolf would say",
    "wait for the others",
    "good morning",
];

/// A player of the load.
#[derive(Debug)]
pub(super) struct Player {
    /// The number of its room.
    pub(super) room: usize,
    /// The client's own number.
    pub(super) id: u64,
    name: String,
    /// True once the room has let it in, until a refusal shows that the room has forgotten it.
    pub(super) is_in: bool,
    /// True while a connection works for it.
    pub(super) is_busy: bool,
    /// True if it makes no more moves: the outcome of its last one is unknown, or its room is gone.
    pub(super) is_out: bool,
    /// Moves that are due, the oldest first.
    pub(super) due: VecDeque<Stamp>,
    pub(super) account: Account,
    /// The position of its last acknowledged move.
    last: Option<Position>,
}

/// What a player does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Join,
    Say,
    /// Not numbered and in no account: the last word, which makes place for other players.
    Leave,
}

impl Player {
    /// Returns player `seat` of a room. `run` is different in each run, so that the room knows
    /// neither the name nor the client.
    pub(super) fn new(room: usize, seat: usize, id: u64, run: u64) -> Self {
        Self {
            room,
            id,
            name: format!("p{seat}-{:08x}", run & 0xffff_ffff),
            is_in: false,
            is_busy: false,
            is_out: false,
            due: VecDeque::new(),
            account: Account::default(),
            last: None,
        }
    }

    /// Begins a move, and writes its body.
    pub(super) fn begin(&mut self, what: Move, random: &mut Rng, body: &mut String) {
        let Self { id, name, account, .. } = self;
        body.clear();
        // Writing to a string cannot fail; neither names nor phrases need escapes.
        let _ = match what {
            Move::Join => write!(body, r#"{{"move":"join","player":"{name}""#),
            Move::Leave => write!(body, r#"{{"move":"leave","player":"{name}"}}"#),
            Move::Say => {
                let text = PHRASES[random.usize(..PHRASES.len())];
                write!(body, r#"{{"move":"say","player":"{name}","text":"{text}""#)
            }
        };
        if what != Move::Leave {
            account.sent += 1;
            let _ = write!(body, r#","client":"{id:x}","number":{}}}"#, account.sent);
        }
    }

    /// Notes that the last move is acknowledged at `at`. Returns whether that is after the one
    /// before.
    pub(super) fn acknowledge(&mut self, at: Position, repeated: bool) -> bool {
        self.account.acknowledged += 1;
        self.account.repeated += u64::from(repeated);
        let is_later = self.last.is_none_or(|last| at > last);
        self.last = self.last.max(Some(at));
        is_later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_those_of_the_game_with_the_numbers_of_the_client() {
        let mut player = Player::new(3, 1, 0x9f3a, 0x1234_5678_9abc);
        let (mut random, mut body) = (Rng::with_seed(1), String::new());
        player.begin(Move::Join, &mut random, &mut body);
        assert_eq!(body, r#"{"move":"join","player":"p1-56789abc","client":"9f3a","number":1}"#);
        player.begin(Move::Say, &mut random, &mut body);
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&read["move"], &read["number"]), (&"say".into(), &2.into()));
        player.begin(Move::Leave, &mut random, &mut body);
        assert_eq!(body, r#"{"move":"leave","player":"p1-56789abc"}"#);
        assert_eq!(player.account.sent, 2);
    }

    #[test]
    fn acknowledgements_go_forward() {
        let mut player = Player::new(0, 0, 1, 1);
        let at = |life, n| Position { life, n };
        assert!(player.acknowledge(at(1, 5), false) && player.acknowledge(at(2, 3), true));
        assert!(!player.acknowledge(at(2, 3), false) && !player.acknowledge(at(1, 9), false));
        assert_eq!((player.account.acknowledged, player.account.repeated), (4, 1));
    }
}
