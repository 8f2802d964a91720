//! The rules held against a naive account, and the seeded play against the rules.

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::*;

fn any_action() -> impl Strategy<Value = Action> {
    let side = prop_oneof![Just(Side::Home), Just(Side::Away)];
    let half = || prop_oneof![Just(Half::First), Just(Half::Second)];
    let card = prop_oneof![3 => Just(Card::Yellow), 1 => Just(Card::Red)];
    let of_player = (side, 0..19_u8, 0..19_u8, card, 0..5);
    prop_oneof![
        1 => half().prop_map(|half| Action::Begin { half }),
        1 => half().prop_map(|half| Action::End { half }),
        12 => of_player.prop_map(|(side, player, on, card, kind)| match kind {
            0 => Action::Goal { side, player },
            1 => Action::Shot { side, player },
            2 | 3 => Action::Card { side, player, card },
            _ => Action::Substitution { side, off: player, on },
        }),
    ]
}

/// The rules in their simplest form, kept in sets.
#[derive(Default)]
struct Naive {
    half: Option<Half>,
    played: Vec<Half>,
    pitch: [HashSet<u8>; 2],
    bench: [HashSet<u8>; 2],
    yellow: [Vec<u8>; 2],
    changes: [u8; 2],
    goals: [u16; 2],
}

impl Naive {
    fn new() -> Self {
        let (pitch, bench) = (HashSet::from_iter(1..=11), HashSet::from_iter(12..=16));
        Self { pitch: [pitch.clone(), pitch], bench: [bench.clone(), bench], ..Self::default() }
    }

    /// Applies the action if it is allowed, and returns whether it is.
    fn apply(&mut self, action: Action) -> bool {
        if self.pitch.iter().any(|pitch| pitch.len() < 7) {
            return false;
        }
        let is_break = self.half.is_none() && self.played == [Half::First];
        match action {
            Action::Begin { half } => {
                let is_next = if half == Half::First { self.played.is_empty() } else { is_break };
                let allowed = self.half.is_none() && is_next;
                if allowed {
                    self.half = Some(half);
                }
                allowed
            }
            Action::End { half } => {
                let allowed = self.half == Some(half);
                if allowed {
                    self.half = None;
                    self.played.push(half);
                }
                allowed
            }
            Action::Goal { side, player } => {
                let allowed = self.half.is_some() && self.pitch[side.index()].contains(&player);
                self.goals[side.index()] += u16::from(allowed);
                allowed
            }
            Action::Shot { side, player } => {
                self.half.is_some() && self.pitch[side.index()].contains(&player)
            }
            Action::Card { side, player, card } => {
                let side = side.index();
                let allowed = (self.half.is_some() || is_break) && self.pitch[side].contains(&player);
                if allowed {
                    let second = self.yellow[side].contains(&player);
                    if card == Card::Red || second {
                        self.pitch[side].remove(&player);
                    }
                    self.yellow[side].push(player);
                    if card == Card::Red {
                        self.yellow[side].pop();
                    }
                }
                allowed
            }
            Action::Substitution { side, off, on } => {
                let side = side.index();
                let allowed = (self.half.is_some() || is_break)
                    && self.changes[side] < 5
                    && self.pitch[side].contains(&off)
                    && self.bench[side].contains(&on);
                if allowed {
                    self.pitch[side].remove(&off);
                    self.bench[side].remove(&on);
                    self.pitch[side].insert(on);
                    self.changes[side] += 1;
                }
                allowed
            }
            Action::Stop => true,
        }
    }
}

proptest! {
    #[test]
    fn the_rules_allow_what_a_naive_account_allows_and_a_refusal_changes_nothing(
        actions in prop::collection::vec(any_action(), 0..200),
    ) {
        let (mut game, mut naive) = (Match::sample(1), Naive::new());
        let begin = Action::Begin { half: Half::First };
        for (minute, action) in (1..).zip([begin].into_iter().chain(actions)) {
            let before = MatchState::clone(game.state());
            let allowed = naive.apply(action);
            match game.apply(Event { minute, action }) {
                Ok(recorded) => {
                    prop_assert!(allowed, "{action:?} is allowed");
                    prop_assert_eq!(&recorded.state, game.state());
                    prop_assert!(!recorded.text.is_empty());
                }
                Err(refused) => {
                    prop_assert!(!allowed, "{refused}");
                    prop_assert_eq!(&before, game.state().as_ref());
                }
            }
            for side in Side::BOTH {
                let pitch: HashSet<u8> = game.state().on_pitch(side).collect();
                let bench: HashSet<u8> = game.state().on_bench(side).collect();
                prop_assert_eq!(&pitch, &naive.pitch[side.index()]);
                prop_assert_eq!(&bench, &naive.bench[side.index()]);
            }
            prop_assert_eq!(game.state().score, naive.goals);
        }
        prop_assert_eq!(&game.replay(), game.state().as_ref());
    }

    #[test]
    fn a_seeded_play_obeys_the_rules_ends_and_is_repeatable(seed: u64, events in 1..1500_u32) {
        let play = || {
            let (mut game, mut play) = (Match::sample(2), Play::new(seed, events));
            while let Some(event) = play.next(game.state()) {
                game.apply(event).unwrap();
            }
            game
        };
        let game = play();
        prop_assert!(game.state().is_over());
        prop_assert_eq!(&game.replay(), game.state().as_ref());
        let again = play();
        prop_assert_eq!(game.history(), again.history());
        let is_goal = |past: &&Past| matches!(past.event.action, Action::Goal { .. });
        let [home, away] = game.state().score;
        prop_assert_eq!(game.history().iter().filter(is_goal).count(), usize::from(home + away));
    }
}

fn started() -> Match {
    let mut game = Match::sample(1);
    game.apply(Event { minute: 1, action: Action::Begin { half: Half::First } }).unwrap();
    game
}

#[test]
fn a_play_has_about_the_wanted_number_of_events() {
    let count = |seed| {
        let (mut game, mut play) = (Match::sample(1), Play::new(seed, 600));
        while let Some(event) = play.next(game.state()) {
            game.apply(event).unwrap();
        }
        game.history().len()
    };
    let mean = (1..=50).map(count).sum::<usize>() / 50;
    assert!((540..720).contains(&mean), "{mean} events");
}

#[test]
fn refusals_say_what_was_found() {
    let mut game = started();
    let side = Side::Home;
    let mut refuse = |action| game.apply(Event { minute: 2, action }).unwrap_err().to_string();
    assert_eq!(refuse(Action::Goal { side, player: 40 }), "goal refused: Weir has no player 40");
    assert_eq!(
        refuse(Action::Goal { side, player: 12 }),
        "goal refused: player 12 of Weir is on the bench"
    );
    assert_eq!(
        refuse(Action::Substitution { side, off: 3, on: 4 }),
        "substitution refused: player 4 of Weir is on the pitch"
    );
    assert_eq!(
        refuse(Action::Begin { half: Half::Second }),
        "begin refused: the first half is being played"
    );
    let early = Event { minute: 0, action: Action::Stop };
    let words = game.apply(early).unwrap_err().to_string();
    assert_eq!(words, "stop refused: minute 0 is before minute 1 of the last event");
    game.apply(Event { minute: 3, action: Action::Stop }).unwrap();
    let late = game.apply(Event { minute: 4, action: Action::Stop }).unwrap_err();
    assert_eq!(late.to_string(), "stop refused: the match is over");
}

#[test]
fn the_second_yellow_card_sends_a_player_off() {
    let mut game = started();
    let card = Action::Card { side: Side::Away, player: 5, card: Card::Yellow };
    let texts = [2, 3].map(|minute| game.apply(Event { minute, action: card }).unwrap().text);
    assert_eq!(texts, ["Easton, yellow card", "Easton, second yellow card"]);
    let goal = Action::Goal { side: Side::Away, player: 5 };
    let refused = game.apply(Event { minute: 4, action: goal }).unwrap_err();
    assert_eq!(refused.to_string(), "goal refused: player 5 of Sluice was sent off");
}

#[test]
fn a_team_of_six_can_only_stop() {
    let mut game = started();
    for player in 2..=6 {
        let action = Action::Card { side: Side::Home, player, card: Card::Red };
        game.apply(Event { minute: 2, action }).unwrap();
    }
    let refused = game.apply(Event { minute: 3, action: Action::Goal { side: Side::Away, player: 9 } });
    assert!(matches!(refused, Err(Refused::TooFew { .. })), "{refused:?}");
    game.apply(Event { minute: 3, action: Action::Stop }).unwrap();
}

#[test]
fn an_event_is_one_flat_object_of_json() {
    let action = Action::Goal { side: Side::Home, player: 9 };
    let mut game = started();
    game.apply(Event { minute: 12, action }).unwrap();
    let json = serde_json::to_value(&game.history()[1]).unwrap();
    let expected = serde_json::json!({ "minute": 12, "kind": "goal", "side": "home", "player": 9, "text": "Marques, 1 : 0" });
    assert_eq!(json, expected);
}
