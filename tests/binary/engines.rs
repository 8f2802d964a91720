//! Runs of exercises that kill a process of this program and start it again.

use serde_json::Value;

use super::Folder;

const SET: &str = "title = \"A set\"\nparts = [\"one\"]\nexercises = [\"killed\"]\n";

const KILLED: &str = r#"
title = "Killed"
part = 1
minutes = 5
config = ["queue.engine=disk", "resource.latency.mean=60s"]
hints = ["one", "two", "three"]
explanation = "That is it."

[[engine]]
name = "between"
hands = { n = 20, workers = 3, rounds = 2, killed = "between" }

[[engine]]
name = "first"
hands = { n = 20, workers = 3, rounds = 2, first = "settle", killed = "between" }

[[engine]]
name = "bench"
kill = { run = "pipelined -n 30 -c 5", again = ["resource.latency.mean=1ms"] }

[[question]]
name = "twice"
ask = "How many are worked on twice?"
measure = "between.engine.twice"
answer = 3
look = "here"

[[question]]
name = "lost"
ask = "How many are never worked on?"
measure = "first.engine.lost"
answer = 3
look = "here"

[[question]]
name = "there"
ask = "How many are there?"
measure = "bench.engine.there"
answer = 30
look = "here"

[[question]]
name = "done"
ask = "How many are done?"
measure = "bench.engine.done"
answer = 30
look = "here"

[[question]]
name = "begun"
ask = "How often is work begun?"
measure = "bench.engine.begun"
answer = 31
look = "here"
"#;

#[test]
fn a_kill_repeats_what_was_in_hand_and_loses_nothing_that_was_accepted() {
    let folder = Folder::new("engines");
    let set = folder.0.join("set");
    std::fs::create_dir_all(set.join("killed")).unwrap();
    for (file, text) in
        [("set.toml", SET), ("killed/README.md", "# Killed\n"), ("killed/exercise.toml", KILLED)]
    {
        std::fs::write(set.join(file), text).unwrap();
    }
    let answers = ["twice=3", "lost=3", "there=30", "done=30", "begun=31"];
    let predict = [&["exercise", "--dir", "set", "predict", "killed"][..], &answers].concat();
    assert_eq!(folder.run(&predict).status.code(), Some(0));
    let output = folder.run(&["exercise", "--dir", "set", "check", "killed", "--json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let checked: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(checked["passed"], true, "{checked:#}");
    let theory: Vec<&Value> =
        checked["questions"].as_array().unwrap().iter().map(|question| &question["theory"]).collect();
    assert_eq!((theory[0], theory[1], theory[2]), (&3.0.into(), &3.0.into(), &Value::Null));
}
