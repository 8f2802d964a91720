//! `weir room` on a running server: rooms are created, played, watched and killed from the
//! command line.

use std::io::{BufRead, BufReader};
use std::process::Output;

use serde_json::{Value, json};

use super::{Folder, Server, text, words};

/// A server, and the folder of its commands.
struct House {
    folder: Folder,
    server: Server,
}

impl House {
    fn start(name: &str, config: &str) -> Self {
        let folder = Folder::new(name);
        folder.write(config);
        let server = Server::start(&folder, &[]);
        Self { folder, server }
    }

    fn run(&self, args: &[&str]) -> Output {
        self.folder.run(&[&["room"], args, &["--listen", &self.server.address]].concat())
    }

    /// Runs a verb that succeeds, and returns what it prints.
    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", words(&output.stderr));
        text(&output.stdout)
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[args, &["--json"]].concat())).unwrap()
    }

    /// Runs a verb that is refused, and returns the exit code and the words.
    fn refused(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.run(args);
        (output.status.code(), words(&output.stderr))
    }
}

#[test]
fn a_game_is_played_and_survives_a_kill_while_a_watcher_stays_connected() {
    let house = House::start("rooms-game", "");
    let mut watcher = house.folder.weir();
    let mut watcher = watcher
        .args(["room", "status", "moon", "--follow", "--listen", &house.server.address])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watcher.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("moon at #0: lobby"));
    for (number, player) in ["ada", "ben", "cy", "dot"].into_iter().enumerate() {
        let said = house.says(&["join", "moon", player]);
        assert_eq!(said, format!("acknowledged at #{}\n", number + 1));
        assert_eq!(lines.next(), Some(format!("#{}        {player} joined", number + 1)));
    }
    assert_eq!(house.says(&["join", "moon", "ada"]), "acknowledged at #4\n", "again, and nothing changes");
    house.says(&["start", "moon", "ada", "--seed", "1"]);
    assert!(lines.next().unwrap().starts_with("#5        night 1 fell on 4 players"));
    let said = house.says(&["kill", "moon"]);
    assert!(said.starts_with("moon: room killed, at 2·5 again after "), "{said}");
    assert!(words(said.as_bytes()).ends_with("nothing acknowledged is lost"), "{said}");
    assert_eq!(lines.next().as_deref(), Some("2·5       the room restarted, and nothing is lost"));
    let said = house.says(&["status", "moon"]);
    assert!(said.starts_with("moon at 2·5: night, day 1\nplayer      ada\n"), "{said}");
    let seat = house.json(&["show", "moon", "--seat", "ada"])["open"]["seat"].take();
    assert!(seat["role"] == "werewolf" || seat["role"] == "villager", "{seat}");
    let history = house.says(&["history", "moon"]);
    assert!(history.starts_with("#1        ada joined\n"), "{history}");
    assert!(history.ends_with("2·5       life 2 begins, with 5 updates in the state\n"), "{history}");
    assert_eq!(house.says(&["where", "moon"]), "moon: generation 1, up, the room at 2·5\n");
    assert!(house.says(&["remove", "moon"]).starts_with("moon is removed"));
    assert_eq!(lines.next().as_deref(), Some("end: the room has ended"));
    assert!(watcher.wait().unwrap().success());
}

#[test]
fn rooms_are_listed_created_and_refused_in_words() {
    let house = House::start("rooms-list", "");
    let said = house.says(&["list"]);
    assert!(said.contains("tinder") && said.contains("12 idle"), "{said}");
    assert!(words(said.as_bytes()).contains("acknowledged 0 = in the state 0 + lost 0"), "{said}");
    let said = house.says(&["create", "river"]);
    assert_eq!(said, "river is there, generation 13\nnext: weir room join river ada\n");
    for (args, code, why) in [
        (&["create", "river"][..], 1, "Game exists already: river (generation 13)"),
        (&["create", "River"], 2, "a name has 1 to 40 letters (a-z), digits or '-'"),
        (&["join", "nowhere", "ada"], 1, "Game does not exist: nowhere"),
        (&["status", "nowhere", "--follow"], 1, "Game does not exist: nowhere"),
        (&["start", "river", "ada"], 1, "ada is not in the village"),
        (&["play", "river", "--rate", "0"], 2, "rate = 0, expected moves per second"),
    ] {
        let (found, said) = house.refused(args);
        assert_eq!(found, Some(code), "{args:?}: {said}");
        assert!(said.starts_with(why), "{args:?}: {said}");
    }
    assert_eq!(house.says(&["dead"]), "no dead letters\n");
    assert_eq!(house.says(&["pause", "river"]), "river is paused\n");
    let said = house.says(&["play", "river", "--rate", "100"]);
    assert_eq!(said, "river plays at 100 moves/s\nnext: weir room status river --follow\n");
    let said = house.says(&["kill", "--what", "registry"]);
    assert!(words(said.as_bytes()).ends_with("its 13 names, and rooms play on"), "{said}");
    let said = house.says(&["kill"]);
    assert!(said.contains(": room killed, at 2·"), "{said}");
}

#[test]
fn a_comparison_kills_under_each_backup_and_restores_the_setting() {
    let house = House::start("rooms-compare", "[rooms]\nbackup = \"after\"\nbackup_every = \"1m\"\n");
    let kills = house.json(&["compare", "--moves", "5"])["kills"].take();
    let row = |place: usize| {
        let row = &kills[place];
        (row["backup"].clone(), row["acknowledged"].clone(), row["lost"].clone())
    };
    assert_eq!(row(0), (json!("none"), json!(5), json!(5)), "{kills}");
    // The backup takes the first update at once, or nothing within the minute.
    let (backup, acknowledged, lost) = row(1);
    assert_eq!((backup, acknowledged), (json!("after"), json!(5)), "{kills}");
    assert!(lost == 4 || lost == 5, "{kills}");
    assert_eq!(row(2), (json!("before"), json!(5), json!(0)), "{kills}");
    let figures = house.json(&["list"]);
    assert_eq!((&figures["backup"], &figures["now"]["rooms"]), (&json!("after"), &json!(12)));
}
