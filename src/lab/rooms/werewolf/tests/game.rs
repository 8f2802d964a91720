//! A whole game, as its seats and its watchers see it.

use serde_json::json;

use super::*;

#[test]
fn a_game_runs_from_its_lobby_to_its_end_and_begins_again() {
    let (mut village, werewolf) = night();
    let villagers = village.of_role(Role::Villager);
    let [first, second, rest @ ..] = &villagers[..] else { panic!("{villagers:?}") };

    let lines = village.made(choose(&werewolf, first));
    assert_eq!(lines[1], format!("day 1 broke: {first} was taken, a villager"));
    assert_eq!(village.day(), 1);
    for player in rest.iter().chain([&werewolf]) {
        village.made(vote(player, second));
    }
    let lines = village.made(vote(second, &werewolf));
    assert_eq!(lines[1..], [format!("{second} was voted out, a villager"), "night 2 fell".into()]);

    let lines = village.made(choose(&werewolf, &rest[0]));
    assert_eq!(lines[1], format!("day 2 broke: {} was taken, a villager", rest[0]));
    village.made(vote(&rest[1], &werewolf));
    village.made(vote(&rest[2], &werewolf));
    let lines = village.made(vote(&werewolf, &rest[1]));
    assert_eq!(lines[1..], [format!("{werewolf} was voted out, a werewolf"), "the village won".into()]);

    let status = village.status();
    assert_eq!((status.phase, status.day, status.winner), (Phase::Over, 2, Some(Winner::Village)));
    assert!(status.players.iter().all(|player| player.role.is_some()));
    assert_eq!(status.log.len(), LINES);
    assert_eq!(village.refuses(vote(&rest[1], &rest[2])), "a game that is over allows no vote");
    village.made(say(first, "well played"));

    village.made(start(first, 9));
    let status = village.status();
    assert_eq!((status.phase, status.day, status.winner), (Phase::Night, 1, None));
    assert!(status.players.iter().all(|player| player.alive && player.role.is_none()));
}

#[test]
fn the_werewolves_win_when_the_others_are_no_more_than_they() {
    let mut village = lobby(&SIX[..4]);
    village.made(start("ada", 1));
    let werewolf = village.of_role(Role::Werewolf).remove(0);
    let villagers = village.of_role(Role::Villager);
    village.made(choose(&werewolf, &villagers[0]));
    for (player, target) in [(&villagers[1], &villagers[2]), (&werewolf, &villagers[2])] {
        village.made(vote(player, target));
    }
    let lines = village.made(vote(&villagers[2], &werewolf));
    assert_eq!(lines[2], "the werewolves won");
}

#[test]
fn the_status_and_the_seats_are_json() {
    let (mut village, werewolf) = night();
    let out = village.of_role(Role::Villager).remove(0);
    village.made(say(&werewolf, "the first one"));
    let at_night = serde_json::to_value(village.seat(&werewolf)).unwrap();
    assert_eq!(at_night["you"], json!(werewolf));
    assert_eq!(at_night["role"], "werewolf");
    assert_eq!(at_night["may"]["move"], "choose");
    assert_eq!(at_night["may"]["targets"].as_array().unwrap().len(), 5);
    assert_eq!(at_night["log"][7], json!(format!("{werewolf}: the first one")));

    village.made(choose(&werewolf, &out));
    let alive: Vec<&str> = SIX.into_iter().filter(|name| *name != out).collect();
    village.made(vote(alive[0], alive[1]));
    let status = serde_json::to_value(village.status()).unwrap();
    assert_eq!(
        (&status["phase"], &status["day"], &status["winner"]),
        (&json!("day"), &json!(1), &json!(null))
    );
    let player = |name: &str| {
        let players = status["players"].as_array().unwrap();
        players.iter().find(|player| player["name"] == name).unwrap()
    };
    assert_eq!(player(&out), &json!({"name": out, "alive": false, "role": "villager"}));
    assert_eq!(player(alive[0]), &json!({"name": alive[0], "alive": true, "voted": alive[1]}));
    let by_day = village.seat(alive[0]);
    assert_eq!(by_day.chosen.as_deref(), Some(alive[1]));
    assert_eq!(by_day.may.map(|may| may.kind), Some(MoveKind::Vote));

    // A guest sees what every watcher sees.
    let guest = village.seat("gus");
    assert_eq!((guest.status, guest.role, guest.may), (village.status(), None, None));
    assert_eq!(Village::default().seat("gus").may.map(|may| may.kind), Some(MoveKind::Join));
}

#[test]
fn whispers_push_no_public_line_out_of_the_log() {
    let (mut village, werewolf) = night();
    let before = village.status().log;
    for n in 0..100 {
        village.made(say(&werewolf, &format!("whisper {n}")));
    }
    assert_eq!(village.status().log, before);
    let log = village.seat(&werewolf).status.log;
    assert_eq!(log.len(), before.len() + LINES);
    assert_eq!(**log.last().unwrap(), format!("{werewolf}: whisper 99"));
}

#[test]
fn seeded_players_fill_a_village_and_finish_games() {
    for seed in 0..20 {
        let (mut village, mut players) = (Village::default(), Players::new(seed));
        let (mut wins, mut lines) = (0, Vec::new());
        for _ in 0..600 {
            let command = players.next(&village).expect("no other player is waited for");
            let made = village.made(command);
            wins += made.iter().filter(|line| line.ends_with(" won")).count();
            lines.extend(made);
        }
        assert!(wins >= 5, "seed {seed}: {wins} games in 600 moves");
        let (mut again, mut players) = (Village::default(), Players::new(seed));
        let mut repeated = Vec::new();
        for _ in 0..600 {
            let command = players.next(&again).unwrap();
            repeated.extend(again.made(command));
        }
        assert_eq!(lines, repeated);
    }
}
