//! A connection that makes the moves of players, and repeats those whose outcome is unknown.

use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;

use super::house::{House, Turn};
use super::player::Move;
use super::sequence::Position;
use super::server::{code, message, move_path};
use crate::load::RequestError;
use crate::load::http::{Reply, Talk};
use crate::pipeline::Stamp;

/// The pauses before a move is sent again: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The answer to a move that was made.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Made {
    life: u64,
    n: u64,
    #[serde(default)]
    repeated: bool,
}

/// What an answer says of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Made {
        at: Position,
        repeated: bool,
    },
    /// The rules refuse it.
    Refused(String),
    /// It was not made, for another reason.
    Failed(String),
    /// There is no such room.
    Gone(String),
    /// It may have been made.
    Unknown(String),
}

impl Outcome {
    fn of(reply: Result<Reply<'_>, RequestError>) -> Self {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Self::Unknown(error.to_string()),
        };
        let says = || format!("{}: {}", reply.status, message(reply.body));
        match reply.status {
            200 => match serde_json::from_slice(reply.body) {
                Ok(Made { life, n, repeated }) => Self::Made { at: Position { life, n }, repeated },
                Err(error) => Self::Unknown(format!("200: not the answer to a move: {error}")),
            },
            404 => Self::Gone(format!("404: {}", code(reply.body))),
            409 => Self::Refused(says()),
            503 if code(reply.body) == "unknown" => Self::Unknown("503: unknown".to_owned()),
            _ => Self::Failed(says()),
        }
    }
}

/// Makes moves that are due until the load is over.
pub(super) async fn run(house: Rc<House>, mut talk: Talk) {
    let mut body = String::new();
    while let Some(turn) = house.next().await {
        turn_of(&house, &mut talk, turn, &mut body).await;
        house.give_back(turn.player);
    }
}

/// Makes the move of a turn. A player whom the room has forgotten joins again instead.
async fn turn_of(house: &House, talk: &mut Talk, turn: Turn, body: &mut String) {
    let Turn { player, due } = turn;
    let was_in = house.players.borrow()[player].is_in;
    // Without a rate, a move is due when a connection is free.
    let due = if house.plan.moves.is_some() { due } else { house.clock.now() };
    if was_in {
        let refused = make(house, talk, player, Move::Say, due, body).await;
        if !refused {
            return;
        }
        house.players.borrow_mut()[player].is_in = false;
    }
    house.tally.borrow_mut().rejoins += 1;
    make(house, talk, player, Move::Join, due, body).await;
}

/// Makes a move, and notes its outcome. Returns whether the rules refused it.
pub(super) async fn make(
    house: &House,
    talk: &mut Talk,
    number: usize,
    what: Move,
    due: Stamp,
    body: &mut String,
) -> bool {
    let room = {
        let player = &mut house.players.borrow_mut()[number];
        player.begin(what, &mut house.random.borrow_mut(), body);
        player.room
    };
    let path = move_path(&house.plan.room(room));
    let mut pause = FIRST_PAUSE;
    let mut is_first = true;
    loop {
        let outcome = Outcome::of(talk.ask("POST", &path, Some(&*body)).await);
        match note(house, number, due, outcome, is_first) {
            Noted::Ended => return false,
            Noted::Refused => return true,
            Noted::Again => {}
        }
        is_first = false;
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// What follows from an outcome.
enum Noted {
    Ended,
    Refused,
    /// The move is sent again.
    Again,
}

/// Notes the outcome of a player's move in its account and in the times.
fn note(house: &House, number: usize, due: Stamp, outcome: Outcome, is_first: bool) -> Noted {
    let now = house.clock.now();
    let player = &mut house.players.borrow_mut()[number];
    let mut tally = house.tally.borrow_mut();
    match outcome {
        Outcome::Made { at, repeated } => {
            tally.not_repeated += u64::from(repeated && is_first);
            tally.backwards += u64::from(!player.acknowledge(at, repeated));
            player.is_in = true;
            tally.acknowledged(due, now, house.kills.borrow()[player.room]);
            return Noted::Ended;
        }
        Outcome::Refused(why) => {
            player.account.refused += 1;
            tally.reason(why);
            return Noted::Refused;
        }
        Outcome::Failed(why) => {
            player.account.failed += 1;
            tally.reason(why);
        }
        Outcome::Gone(why) => {
            player.account.failed += 1;
            player.is_out = true;
            tally.reason(why);
        }
        Outcome::Unknown(why) => {
            tally.reason(why);
            if !house.is_given_up() {
                tally.retry();
                return Noted::Again;
            }
            player.account.unknown = true;
            player.is_out = true;
        }
    }
    Noted::Ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_the_move_may_have_been_made() {
        let of = |status, body: &str| Outcome::of(Ok(Reply { status, body: body.as_bytes() }));
        let at = Position { life: 1, n: 412 };
        assert_eq!(of(200, r#"{"life":1,"n":412,"repeated":true}"#), Outcome::Made { at, repeated: true });
        assert!(matches!(of(200, "OK"), Outcome::Unknown(_)));
        assert_eq!(of(503, r#"{"error":"unknown"}"#), Outcome::Unknown("503: unknown".to_owned()));
        assert!(matches!(of(503, r#"{"error":"stopping","message":"x"}"#), Outcome::Failed(_)));
        let refused = of(409, r#"{"error":"refused","message":"ada has left"}"#);
        assert_eq!(refused, Outcome::Refused("409: ada has left".to_owned()));
        assert_eq!(of(404, r#"{"error":"no_such_room"}"#), Outcome::Gone("404: no_such_room".to_owned()));
        assert_eq!(of(422, "boom"), Outcome::Failed("422: boom".to_owned()));
        let broken = Outcome::of(Err(RequestError::TimedOut));
        assert_eq!(broken, Outcome::Unknown("timed out".to_owned()));
    }
}
