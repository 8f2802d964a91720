//! Random moves, allowed and refused, against what must hold after each.

use proptest::prelude::*;

use super::*;

/// A player of a village that may have up to 9, or a name that is none.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        30 => (0..9).prop_map(|n| format!("p{n}")),
        1 => prop_oneof![Just(String::new()), Just("a b".to_owned()), Just("x".repeat(21)), Just("é".into())],
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => "[a-zé ]{0,12}",
        1 => (270..290_usize).prop_map(|n| "é".repeat(n)),
        1 => Just("a\u{1b}[2J".to_owned()),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let two = || (any_name(), any_name());
    prop_oneof![
        6 => any_name().prop_map(|player| Command::Join { player }),
        1 => any_name().prop_map(|player| Command::Leave { player }),
        2 => (any_name(), proptest::option::of(any::<u64>()))
            .prop_map(|(player, seed)| Command::Start { player, seed }),
        12 => two().prop_map(|(player, target)| Command::Choose { player, target }),
        12 => two().prop_map(|(player, target)| Command::Vote { player, target }),
        3 => (any_name(), any_text()).prop_map(|(player, text)| Command::Say { player, text }),
        2 => any_name().prop_map(|player| Command::EndPhase { player }),
    ]
}

/// Returns true if the phase may follow the other one within one update.
fn follows(before: Phase, after: Phase, update: &Update) -> bool {
    match update {
        Update::Started { .. } => matches!(before, Phase::Lobby | Phase::Over) && after == Phase::Night,
        Update::NightFell { .. } => before == Phase::Day && after == Phase::Night,
        Update::DayBroke { .. } => before == Phase::Night && after == Phase::Day,
        Update::Won { .. } => before == Phase::Day && after == Phase::Over,
        _ => before == after,
    }
}

/// Checks what the public may know of a village. The roles of living players do not show in it:
/// another village, in which they are dealt in another way, has the same status.
fn check_secrets(village: &Village) {
    let status = village.status();
    for (player, shown) in village.players.iter().zip(&status.players) {
        let is_known = village.phase == Phase::Over || !player.is_alive;
        assert_eq!(shown.role, is_known.then_some(player.role), "{}", player.name);
    }
    if village.phase == Phase::Over {
        return;
    }
    let mut other = village.clone();
    for player in other.players.iter_mut().filter(|player| player.is_alive) {
        player.role = if player.role == Role::Villager { Role::Werewolf } else { Role::Villager };
        if other.phase == Phase::Night {
            player.choice = None;
        }
    }
    other.log.retain(|line| !line.is_private);
    assert_eq!(other.status(), status);
    for player in &village.players {
        let seat = village.seat(&player.name);
        let is_werewolf = player.role == Role::Werewolf && village.phase != Phase::Lobby;
        for (other, shown) in village.players.iter().zip(&seat.status.players) {
            let is_own = other.name == player.name && village.phase != Phase::Lobby;
            let is_known = is_own || !other.is_alive || is_werewolf && other.role == Role::Werewolf;
            assert_eq!(shown.role.is_some(), is_known, "{} sees {}", player.name, other.name);
        }
    }
}

/// Checks an update that was decided for this village. `living` are those that were alive when
/// the move was made.
fn check_update(before: &Village, after: &Village, update: &Update) {
    assert!(
        follows(before.phase, after.phase, update),
        "{:?} to {:?}: {update:?}",
        before.phase,
        after.phase
    );
    let line = Village::text(update);
    match update {
        Update::Chose { player, .. } | Update::Said { player, to_werewolves: true, .. } => {
            assert!(!line.contains(&**player), "{line}");
        }
        _ => {}
    }
    if !matches!(update, Update::Started { .. }) {
        for player in &after.players {
            let earlier = before.players.iter().find(|earlier| earlier.name == player.name);
            let Some(earlier) = earlier else { continue };
            assert_eq!(player.role, earlier.role, "a role changed: {update:?}");
            assert!(earlier.is_alive || !player.is_alive, "a player came back: {update:?}");
        }
    }
    let living = |village: &Village, role| village.of_role(role).len();
    if let Update::Won { winner } = update {
        let (werewolves, others) = (living(before, Role::Werewolf), living(before, Role::Villager));
        let expected = if werewolves == 0 { Winner::Village } else { Winner::Werewolves };
        assert_eq!(*winner, expected);
        assert!(werewolves == 0 || werewolves >= others);
    }
}

proptest! {
    #[test]
    fn random_moves_keep_the_rules(commands in proptest::collection::vec(any_command(), 0..400)) {
        let mut village = Village::default();
        for command in commands {
            let Ok(updates) = village.decide(&command) else { continue };
            let copy = village.clone();
            let actor = village.players.iter().find(|player| *player.name == *command.player());
            let is_game = matches!(village.phase, Phase::Night | Phase::Day);
            if let Some(actor) = actor.filter(|_| is_game && !updates.is_empty()) {
                prop_assert!(actor.is_alive, "{} is out and did {command:?}", actor.name);
            }
            for update in &updates {
                let before = village.clone();
                village.apply(update);
                check_update(&before, &village, update);
                check_secrets(&village);
            }
            // A copy that applies the same updates is equal, and the rules decide the same.
            let mut applied = copy.clone();
            updates.iter().for_each(|update| applied.apply(update));
            prop_assert_eq!(&applied, &village);
            prop_assert_eq!(copy.decide(&command), Ok(updates));
            // A game that goes on has more others than werewolves, and at least one werewolf.
            if matches!(village.phase, Phase::Night | Phase::Day) {
                let werewolves = village.of_role(Role::Werewolf).len();
                prop_assert!(0 < werewolves && werewolves < village.of_role(Role::Villager).len());
            }
            prop_assert!(village.players.len() <= MOST_PLAYERS);
            prop_assert!(village.status().log.len() <= LINES);
            prop_assert!(village.log.len() <= 2 * LINES);
            let mut names: Vec<_> = village.players.iter().map(|player| &player.name).collect();
            prop_assert!(names.iter().all(|name| is_name(name)));
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), village.players.len());
        }
    }

    #[test]
    fn the_order_of_players_is_the_order_of_their_first_join(names in proptest::collection::vec(0..12_u8, 0..40)) {
        let mut village = Village::default();
        let mut expected: Vec<String> = Vec::new();
        for name in names {
            let name = format!("p{name}");
            if !expected.contains(&name) {
                expected.push(name.clone());
            }
            village.made(join(&name));
        }
        let order: Vec<String> = village.players.iter().map(|player| player.name.to_string()).collect();
        prop_assert_eq!(order, expected);
    }

    #[test]
    fn a_game_in_which_every_player_does_what_it_may_ends(seed in any::<u64>(), players in 4..=12_usize) {
        let names: Vec<String> = (0..players).map(|n| format!("p{n}")).collect();
        let mut village = lobby(&names.iter().map(String::as_str).collect::<Vec<_>>());
        village.made(start("p0", seed));
        let mut rng = fastrand::Rng::with_seed(seed);
        // Each day and each night takes at most 12 choices. A tied vote takes no player out, but
        // each night does.
        for _ in 0..12 * 2 * players {
            if village.phase() == Phase::Over {
                break;
            }
            let seats = names.iter().map(|name| village.seat(name));
            let seat = seats.filter(|seat| seat.chosen.is_none()).find(|seat| seat.may.is_some()).unwrap();
            let may = seat.may.unwrap();
            let target = &may.targets[rng.usize(0..may.targets.len())];
            let is_vote = may.kind == MoveKind::Vote;
            village.made(if is_vote { vote(&seat.you, target) } else { choose(&seat.you, target) });
        }
        prop_assert_eq!(village.phase(), Phase::Over);
    }
}
