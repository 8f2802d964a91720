//! The messages to watchers as JSON, the same for every transport.

use serde::Serialize;

use super::{Ending, Event, MatchState, Period, Recorded, Side};

/// The status of a match, which a newcomer is sent first.
#[derive(Serialize)]
struct Status<'a> {
    #[serde(rename = "match")]
    id: &'a str,
    stadium: &'a str,
    home: TeamStatus<'a>,
    away: TeamStatus<'a>,
    score: [u16; 2],
    minute: u16,
    period: Period,
    next: u64,
}

#[derive(Serialize)]
struct TeamStatus<'a> {
    name: &'a str,
    players: Vec<PlayerStatus<'a>>,
}

#[derive(Serialize)]
struct PlayerStatus<'a> {
    number: u8,
    name: &'a str,
    on_pitch: bool,
    goals: u16,
    yellow: u8,
    sent_off: bool,
}

#[derive(Serialize)]
struct EventMessage<'a> {
    seq: u64,
    at: u64,
    #[serde(flatten)]
    event: Event,
    text: &'a str,
    score: [u16; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Envelope<'a> {
    Snapshot(Status<'a>),
    Event(EventMessage<'a>),
    Gap { from: u64, to: u64 },
    End { why: &'a str },
}

/// Returns the status of a match before event number `next`.
pub(super) fn snapshot(state: &MatchState, next: u64) -> String {
    let sheet = &state.sheet;
    let team = |side: Side| TeamStatus {
        name: &sheet.team(side).name,
        players: sheet
            .team(side)
            .players
            .iter()
            .zip(&state.players[side.index()])
            .map(|(player, state)| PlayerStatus {
                number: player.number,
                name: &player.name,
                on_pitch: state.on_pitch,
                goals: state.goals,
                yellow: state.yellow,
                sent_off: state.sent_off,
            })
            .collect(),
    };
    text(&Envelope::Snapshot(Status {
        id: &sheet.id,
        stadium: &sheet.stadium,
        home: team(Side::Home),
        away: team(Side::Away),
        score: state.score,
        minute: state.minute,
        period: state.period,
        next,
    }))
}

/// Returns the message of an event that was published at `at`, in microseconds since the epoch.
pub(super) fn event(recorded: &Recorded, at: u64) -> String {
    text(&Envelope::Event(EventMessage {
        seq: recorded.seq,
        at,
        event: recorded.event,
        text: &recorded.text,
        score: recorded.state.score,
    }))
}

/// Returns the message that the events `from..to` are lost. It names the last one, not the one
/// after it.
pub(super) fn gap(from: u64, to: u64) -> String {
    text(&Envelope::Gap { from, to: to.saturating_sub(1) })
}

/// Returns the message that the events have ended.
pub(super) fn end(why: Ending) -> String {
    text(&Envelope::End { why: &why.to_string() })
}

fn text(envelope: &Envelope<'_>) -> String {
    serde_json::to_string(envelope).expect("no key and no value of a message can fail to be JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::matches::{Action, Half, Match};
    use serde_json::{Value, json};

    #[test]
    fn messages_are_one_object_each() {
        let mut game = Match::sample(1);
        let status: Value = serde_json::from_str(&snapshot(game.state(), 0)).unwrap();
        let status = &status["snapshot"];
        assert_eq!((&status["match"], &status["next"]), (&json!("weir-sluice"), &json!(0)));
        assert_eq!(status["period"], "not begun");
        let player = json!({ "number": 1, "name": "Aldous", "on_pitch": true, "goals": 0, "yellow": 0, "sent_off": false });
        assert_eq!(status["home"]["players"][0], player);
        game.apply(Event { minute: 1, action: Action::Begin { half: Half::First } }).unwrap();
        let goal = Action::Goal { side: Side::Home, player: 9 };
        let recorded = game.apply(Event { minute: 12, action: goal }).unwrap();
        let message: Value = serde_json::from_str(&event(&recorded, 5)).unwrap();
        let expected = json!({ "event": { "seq": 1, "at": 5, "minute": 12, "kind": "goal", "side": "home", "player": 9, "text": "Marques, 1 : 0", "score": [1, 0] } });
        assert_eq!(message, expected);
        assert_eq!(gap(437, 449), r#"{"gap":{"from":437,"to":448}}"#);
        assert_eq!(end(Ending::Over), r#"{"end":{"why":"the match is over"}}"#);
    }
}
