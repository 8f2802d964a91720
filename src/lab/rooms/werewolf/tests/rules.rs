//! The rules one by one: what is refused, and with which sentence.

use super::*;

#[test]
fn joining_again_keeps_the_order_and_adds_no_player() {
    let mut village = Village::default();
    for (player, lines) in [("A", 1), ("B", 1), ("A", 0)] {
        assert_eq!(village.made(join(player)).len(), lines);
    }
    let names: Vec<_> = village.status().players.into_iter().map(|player| player.name).collect();
    assert_eq!(names, ["A".into(), "B".into()]);
}

#[test]
fn a_client_that_repeats_its_join_during_the_game_is_not_refused() {
    let (village, _) = night();
    assert_eq!(village.decide(&join("ada")), Ok(vec![]));
    assert_eq!(village.refuses(join("gus")), "the night allows no join");
}

#[test]
fn a_name_is_short_and_plain() {
    let village = Village::default();
    let longest = "x".repeat(LONGEST_NAME);
    for name in ["a", "Ada-2", "_", longest.as_str()] {
        assert!(village.decide(&join(name)).is_ok(), "{name}");
    }
    let too_long = "x".repeat(LONGEST_NAME + 1);
    for name in
        ["", " ada", "a b", "ada\n", "\u{1b}[2J", "<b>", "ädä", "a\u{202e}b", "../etc", too_long.as_str()]
    {
        let sentence = "a name has 1 to 20 letters (a-z, A-Z), digits, '-' or '_'";
        assert_eq!(village.refuses(join(name)), sentence, "{name:?}");
        // A name that cannot be one is not repeated in other sentences either.
        assert_eq!(village.refuses(end_phase(name)), sentence, "{name:?}");
    }
}

#[test]
fn the_length_of_a_text_is_counted_in_characters() {
    let village = lobby(&["ada"]);
    assert!(village.decide(&say("ada", &"é".repeat(LONGEST_TEXT))).is_ok());
    let too_long = village.refuses(say("ada", &"é".repeat(LONGEST_TEXT + 1)));
    assert_eq!(too_long, "found 281 characters; allowed: 1 to 280");
    assert_eq!(village.refuses(say("ada", "")), "found 0 characters; allowed: 1 to 280");
    assert_eq!(village.refuses(say("ada", "  ")), "found 2 characters; allowed: 1 to 280");
    for text in ["two\nlines", "\u{1b}[2J", "a\u{202e}b"] {
        let sentence = "found a control character; a text is one line of plain characters";
        assert_eq!(village.refuses(say("ada", text)), sentence, "{text:?}");
    }
}

#[test]
fn a_village_has_4_to_12_players() {
    let names: Vec<String> = (0..12).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let few = lobby(&names[..3]);
    assert_eq!(few.refuses(start("p0", 1)), "found 3 players; allowed: 4 to 12");
    assert_eq!(few.refuses(start("eve", 1)), "eve is not in the village");
    let full = lobby(&names);
    assert_eq!(full.refuses(join("p12")), "the village has 12 players, the most that are allowed");
    for (players, werewolves) in [(4, 1), (7, 1), (8, 2), (11, 2), (12, 3)] {
        let mut village = lobby(&names[..players]);
        village.made(start("p0", 1));
        assert_eq!(village.of_role(Role::Werewolf).len(), werewolves, "{players} players");
    }
}

#[test]
fn a_player_leaves_the_lobby_only() {
    let mut village = lobby(&SIX);
    assert_eq!(village.made(Command::Leave { player: "cy".into() }), ["cy left"]);
    assert_eq!(village.players(), 5);
    village.made(start("ada", 1));
    assert_eq!(village.refuses(Command::Leave { player: "ada".into() }), "the night allows no leave");
}

#[test]
fn at_night_only_werewolves_choose_and_none_of_themselves() {
    let (village, werewolf) = night();
    let villager = village.of_role(Role::Villager).remove(0);
    let asleep = format!("{villager} sleeps: only werewolves act at night");
    assert_eq!(village.refuses(choose(&villager, &werewolf)), asleep);
    assert_eq!(village.refuses(say(&villager, "help")), asleep);
    assert_eq!(village.refuses(vote(&villager, &werewolf)), "the night allows no vote");
    let oneself = format!("{werewolf} cannot choose {werewolf}");
    assert_eq!(village.refuses(choose(&werewolf, &werewolf)), oneself);
    assert_eq!(village.refuses(choose(&werewolf, "eve")), "eve is not in the village");
}

#[test]
fn werewolves_agree_or_the_plurality_and_the_seed_decide() {
    let names: Vec<String> = (0..12).map(|n| format!("p{n}")).collect();
    let mut village = lobby(&names.iter().map(String::as_str).collect::<Vec<_>>());
    village.made(start("p0", 3));
    let (wolves, others) = (village.of_role(Role::Werewolf), village.of_role(Role::Villager));
    assert_eq!(village.refuses(choose(&wolves[0], &wolves[1])), format!("{} is a werewolf too", wolves[1]));
    // A choice may be changed; the same choice again is no update.
    assert_eq!(village.made(choose(&wolves[0], &others[0])), ["a werewolf chose"]);
    assert_eq!(village.made(choose(&wolves[0], &others[1])), ["a werewolf chose"]);
    assert_eq!(village.made(choose(&wolves[0], &others[1])), [""; 0]);
    village.made(choose(&wolves[1], &others[2]));
    let mut plural = village.clone();
    let taken = format!("day 1 broke: {} was taken, a villager", others[1]);
    assert_eq!(plural.made(choose(&wolves[2], &others[1])), ["a werewolf chose".to_owned(), taken]);
    // A tie of three: the same seed takes the same player.
    let tied = village.made(choose(&wolves[2], &others[3])).remove(1);
    assert!(
        (1..=3).any(|at| tied == format!("day 1 broke: {} was taken, a villager", others[at])),
        "{tied}"
    );
}

#[test]
fn a_tie_by_day_sends_no_player_out() {
    let (mut village, werewolf) = night();
    assert_eq!(village.made(end_phase(&werewolf)), ["day 1 broke: no player was taken"]);
    for (player, target) in [("ada", "ben"), ("ben", "ada"), ("cy", "ada")] {
        assert_eq!(village.made(vote(player, target)), [format!("{player} voted for {target}")]);
    }
    // A changed vote counts once.
    village.made(vote("cy", "ben"));
    village.made(vote("cy", "eli"));
    assert_eq!(village.made(end_phase("dot")), ["no player was voted out", "night 2 fell"]);
    assert_eq!(village.alive(), 6);
}

#[test]
fn a_player_that_is_out_may_only_watch() {
    let (mut village, werewolf) = night();
    let out = village.of_role(Role::Villager).remove(0);
    village.made(choose(&werewolf, &out));
    assert_eq!(village.phase(), Phase::Day);
    let only_watches = format!("{out} is out and may only watch");
    for command in [vote(&out, &werewolf), say(&out, "it was not me"), end_phase(&out)] {
        assert_eq!(village.refuses(command), only_watches);
    }
    assert_eq!(village.refuses(vote(&werewolf, &out)), format!("{out} is out already"));
    assert_eq!((village.seat(&out).may, village.seat(&out).speaks), (None, false));
}

#[test]
fn moves_are_read_from_json() {
    let read = |json: &str| serde_json::from_str::<Command>(json);
    assert_eq!(read(r#"{"move":"join","player":"ada"}"#).unwrap(), join("ada"));
    let with_more = r#"{"move":"vote","player":"ada","target":"ben","client":"9f","number":7}"#;
    assert_eq!(read(with_more).unwrap(), vote("ada", "ben"));
    assert_eq!(read(r#"{"move":"end_phase","player":"ada"}"#).unwrap(), end_phase("ada"));
    let start_without = read(r#"{"move":"start","player":"ada"}"#).unwrap();
    assert_eq!(start_without.seeded(5), start("ada", 5));
    assert_eq!(start("ada", 1).seeded(5), start("ada", 1));
    for broken in ["{}", r#"{"move":"fly","player":"ada"}"#, r#"{"move":"vote","player":"ada"}"#] {
        assert!(read(broken).is_err(), "{broken}");
    }
}
