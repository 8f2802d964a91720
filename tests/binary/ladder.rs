//! `weir match ladder` on a real server: a row for each rung, and the settings of before,
//! however it ends.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Folder, Server, text, words};

/// The status of the match.
fn status(server: &Server) -> Value {
    let answer = server.request("GET /api/matches/weir-sluice");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Settings that no rung has.
const OWN: &str = "[matches]\nacceptors = 2\nsupervisors = 3\n";

#[track_caller]
fn has_its_own_settings(server: &Server) {
    let settings = &status(server)["settings"];
    assert_eq!(
        [&settings["acceptors"], &settings["supervisors"], &settings["writer"], &settings["log"]],
        [&Value::from(2), &3.into(), &"shards".into(), &"sampled".into()],
        "{settings}"
    );
}

#[test]
fn each_rung_has_a_row_is_stored_and_noted_and_the_settings_come_back() {
    let folder = Folder::new("ladder");
    folder.write(OWN);
    let server = Server::start(&folder, &[]);
    let ladder = |more: &[&str]| {
        let small = ["match", "ladder", "--url", &server.address, "-c", "20", "--seconds", "1"];
        folder.run(&[&small[..], more].concat())
    };
    let output = ladder(&["--rungs", "0,4,8", "--json"]);
    // 4: a busy machine may disturb a run beyond trust.
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", words(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rungs = json["rungs"].as_array().unwrap();
    let numbers: Vec<&Value> = rungs.iter().map(|rung| &rung["rung"]).collect();
    assert_eq!(numbers, [0, 4, 8]);
    for rung in &rungs[..2] {
        assert_eq!(rung["n"], 20.0, "{rung}");
        assert!(rung["c"].as_f64() > Some(0.0) && rung["art_ms"].as_f64() > Some(0.0), "{rung}");
        assert!(rung["last_ms"].as_f64() > Some(0.0), "{rung}");
    }
    assert!(!rungs[1]["words"].as_str().unwrap().is_empty(), "{rungs:?}");
    assert!(
        rungs[2]["n"].is_null() && rungs[2]["problems"][0].as_str().unwrap().starts_with("not measured")
    );
    let noted = &status(&server)["ladder"]["rungs"];
    assert_eq!((&noted[4]["n"], &noted[4]["run"]), (&20.0.into(), &rungs[1]["run"]));
    has_its_own_settings(&server);
    let runs = text(&folder.run(&["runs", "list"]).stdout);
    assert!(runs.contains("rung-0") && runs.contains("rung-4"), "{runs}");

    let said = text(&ladder(&["--rungs", "4", "--no-save"]).stdout);
    assert!(words(said.as_bytes()).contains(" 4 shards write 20 "), "{said}");
    assert!(said.contains("the machine alone") && said.contains("On rung 4: N is "), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let said = text(&ladder(&["--rungs", "4", "--no-save", "--markdown"]).stdout);
    assert!(said.starts_with("| rung | setting |") && said.contains("\n| 4 shards write | "), "{said}");
    let output = ladder(&["--rungs", "9"]);
    assert_eq!(
        (output.status.code(), words(&output.stderr).as_str()),
        (Some(2), "--rungs: the server has the rungs 0 to 8")
    );
}

#[test]
fn ctrl_c_once_or_twice_restores_the_settings() {
    let folder = Folder::new("ladder-interrupted");
    folder.write(OWN);
    let server = Server::start(&folder, &[]);
    for times in [1, 2] {
        let climbing = folder
            .weir()
            .args(["match", "ladder", "--url", &server.address, "-c", "5", "--seconds", "60", "--no-save"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        super::until("the first rung", || status(&server)["now"]["watchers"] == 5);
        assert_eq!(status(&server)["settings"]["writer"], "task");
        for _ in 0..times {
            let pid = climbing.id().to_string();
            assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        }
        let output = climbing.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", words(&output.stderr));
        has_its_own_settings(&server);
    }
}

#[test]
fn a_key_that_a_flag_sets_is_named_before_anything_is_changed() {
    let folder = Folder::new("ladder-flag");
    let server = Server::start(&folder, &["--set", "matches.acceptors=2"]);
    let output = folder.run(&["match", "ladder", "--url", &server.address, "-c", "5"]);
    let said = words(&output.stderr);
    assert!(said.starts_with("matches.acceptors is set by a flag"), "{said}");
    assert!(matches!(output.status.code(), Some(1 | 2)) && output.stdout.is_empty(), "{said}");
    assert_eq!(status(&server)["match"]["period"], "not begun");
}
