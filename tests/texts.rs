//! What the exercises say: every number, command and path in the workshop's texts is
//! true, and one that is not would be noticed.

use std::path::Path;

use weir::exercise::Set;

use crate::binary::Folder;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `verify --texts` says of a set.
fn verified(folder: &Folder, set: &Path) -> (Option<i32>, String) {
    let args = ["exercise", "--dir", set.to_str().unwrap(), "verify", "--texts"];
    let output = folder.run(&args);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn every_number_in_the_workshops_texts_is_what_a_simulation_comes_to() {
    let folder = Folder::new("texts");
    let (code, said) = verified(&folder, &root().join("exercises"));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 36, "{said}");
}

const README: &str = "# Twenty events\n\n20 events of 500 ms: 20 × 0.5 = 10 s.\n\n\
    ```sh\nweir simulate pipelined -n 20 -c 20\n```\n";

const EXERCISE: &str = r#"title = "Twenty events"
part = 1
minutes = 10
hints = ["One.", "Two.", "Three."]
given = ["One", "0.5"]
explanation = "They take 10 s, and the last waits 9500 ms."

[[load]]
name = "twenty"
run = "pipelined -n 20 -c 20"

[[question]]
name = "drain"
ask = "How long?"
unit = "s"
measure = "twenty.bench.drain_s"
tolerance = 0.1
answer = 10
look = "the queue"

[[fact]]
says = "500 ms"
is = "twenty.bench.modes.pipelined.service.mean_ms"

[[fact]]
says = "waits 9500 ms"
is = "twenty.bench.modes.pipelined.wait.max_ms"
"#;

/// Writes a set of one exercise, with one text replaced by another.
fn set_with(folder: &Folder, old: &str, new: &str) {
    let replaced = |text: &str| text.replacen(old, new, 1);
    assert!(README.contains(old) || EXERCISE.contains(old), "{old:?}");
    let exercise = folder.0.join("set/twenty");
    std::fs::create_dir_all(&exercise).unwrap();
    let set = "title = \"A set\"\nparts = [\"one\"]\nexercises = [\"twenty\"]\n";
    std::fs::write(folder.0.join("set/set.toml"), set).unwrap();
    std::fs::write(exercise.join("README.md"), replaced(README)).unwrap();
    std::fs::write(exercise.join("exercise.toml"), replaced(EXERCISE)).unwrap();
}

#[test]
fn a_text_that_is_not_true_is_noticed() {
    let folder = Folder::new("untrue");
    let set = folder.0.join("set");
    set_with(&folder, "20 × 0.5 = 10", "20 × 0.5 = 10");
    assert_eq!(verified(&folder, &set), (Some(0), "ok     twenty\n".to_owned()));
    for (old, new, says) in [
        ("20 × 0.5 = 10 s", "20 × 0.5 = 11 s", "\"20 × 0.5 = 11\" does not come to that"),
        ("They take 10 s", "They take 10 s, or 12", "nothing accounts for 12"),
        ("waits 9500 ms.", "waits 9000 ms.", "no text says \"waits 9500 ms\""),
        ("says = \"500 ms\"\nis = \"", "says = \"500 ms\"\nis = \"2 * ", "\"500 ms\", but it is 1000"),
        (
            "wait.max_ms",
            "wait.longest_ms",
            "in bench.modes.pipelined.wait, \"longest_ms\" is none of count, mean_ms",
        ),
        ("-n 20 -c 20\n`", "-n 20 -c 20 --clients-of\n`", "--clients-of"),
        ("weir simulate pipelined", "weir --set queue.size=1 simulate pipelined", "queue.size"),
        ("the last waits", "`src/nowhere.rs` says so, the last waits", "names src/nowhere.rs"),
    ] {
        set_with(&folder, old, new);
        let (code, said) = verified(&folder, &set);
        assert_eq!(code, Some(1), "{new}: {said}");
        assert!(said.contains(says), "{new}: {said}");
    }
}

/// The rows of the tables in a text, cell by cell.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(str::trim).collect())
}

/// The names of exercises in a cell.
fn ids(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_facilitators_minutes_are_the_exercises_own_and_fit_into_the_day() {
    let set = Set::read(&root().join("exercises")).unwrap();
    let minutes = |id: &str| set.find(id).unwrap().minutes;
    let text = std::fs::read_to_string(root().join("exercises/README.md")).unwrap();
    let (order, days) = text.split_once("### Half a day").unwrap();
    let order: Vec<(String, u32)> = rows(order)
        .filter(|row| row.len() == 4 && row[1].starts_with('`'))
        .map(|row| (ids(row[1])[0].to_owned(), row[2].parse().unwrap()))
        .collect();
    let own: Vec<(String, u32)> = set.exercises.iter().map(|e| (e.id.clone(), e.minutes)).collect();
    assert_eq!(order, own);
    let slots: Vec<(u32, &str)> = rows(days)
        .filter(|row| row.len() == 3)
        .filter_map(|row| Some((row[1].parse().ok()?, row[2])))
        .collect();
    assert!(slots.len() > 15, "{slots:?}");
    for (slot, what) in slots {
        let needed: u32 = ids(what).into_iter().map(minutes).sum();
        assert!(needed <= slot, "{what}: {needed} minutes in {slot}");
    }
}
