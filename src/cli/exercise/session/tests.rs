use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use super::*;
use crate::exercise::{Figures, Value};

const EXERCISE: &str = r#"
title = "TITLE"
part = 1
minutes = 5
hints = ["one", "two"]
explanation = "Because of TITLE."

[[question]]
name = "count"
ask = "How many?"
unit = "events"
measure = "answer"
answer = 5
look = "the page"

[[question]]
name = "holder"
ask = "Who waits?"
measure = "answer"
choices = ["the client", "no client"]
answer = "the client"
look = "the source"
"#;

const CODE: &str = r#"
title = "Third"
part = 1
minutes = 5
hints = []
explanation = "Because of Third."
[code]
task = "Write it."
"#;

/// A set in a folder of its own, and what the session has had measured and compiled.
struct Room {
    folder: PathBuf,
    measured: Vec<String>,
    /// Whether the code passes, one check after the other.
    code: Vec<bool>,
}

impl Tools for Room {
    fn find_out(&mut self, exercise: &Exercise, _: &State) -> anyhow::Result<Findings> {
        self.measured.push(exercise.id.clone());
        Ok(Findings::of(exercise, &[]))
    }

    fn check_code(&mut self, _: &Exercise) -> anyhow::Result<CodeChecked> {
        Ok(CodeChecked { passed: self.code.remove(0), written: true })
    }
}

impl Room {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("weir-session-{}-{name}", std::process::id()));
        let first = EXERCISE.replace("TITLE", "First");
        let second = EXERCISE.replace("TITLE", "Second");
        for (id, toml) in [("first", first.as_str()), ("second", &second), ("third", CODE)] {
            fs::create_dir_all(folder.join(id)).unwrap();
            fs::write(folder.join(id).join("exercise.toml"), toml).unwrap();
            fs::write(folder.join(id).join("README.md"), format!("# The text of {id}\n")).unwrap();
        }
        let set = "title = \"A set\"\nparts = [\"one\"]\nexercises = [\"first\", \"second\", \"third\"]\n";
        fs::write(folder.join("set.toml"), set).unwrap();
        Self { folder, measured: Vec::new(), code: Vec::new() }
    }

    fn progress(&self) -> Progress {
        Progress::read(&self.folder.join("progress.json")).unwrap()
    }

    /// What a session says to these lines.
    fn walk(&mut self, lines: &str) -> String {
        let set = Set::read(&self.folder).unwrap();
        let (mut progress, mut output) = (self.progress(), Vec::new());
        let mut input = Cursor::new(lines.to_owned());
        Session { set: &set, progress: &mut progress, input: &mut input, output: &mut output, tools: self }
            .run()
            .unwrap();
        String::from_utf8(output).unwrap()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// That all of it is said, in this order.
#[track_caller]
fn in_order(said: &str, parts: &[&str]) {
    let mut rest = said;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { panic!("no {part:?} in\n{rest}") };
        rest = after;
    }
}

#[test]
fn a_session_asks_checks_explains_and_goes_on_where_it_was_left() {
    let mut room = Room::new("walk");
    let said = room.walk("5\n1\n\n");
    in_order(
        &said,
        &[
            "Exercise 1 of 3",
            "The text of first",
            "How many?",
            "count (events)> ",
            "Who waits?",
            "1  the client",
            "holder> ",
            "✓ First is finished.",
            "Because of First.",
            "Press Enter for the next exercise",
            "Exercise 2 of 3",
            "The text of second",
            "count (events)> ",
            "Continue here with: weir exercise",
        ],
    );
    assert_eq!(room.measured, ["first"]);
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    // Half an answer, then the input ends; it is kept.
    let said = room.walk("7\n");
    assert!(said.starts_with("Exercise 2 of 3"), "{said}");
    let said = room.walk("");
    in_order(&said, &["Exercise 2 of 3", "answered: count = 7", "holder> "]);
    assert!(!said.contains("How many?"), "{said}");
}

#[test]
fn a_wrong_answer_is_explained_once_and_asked_again_with_the_first_score_kept() {
    let mut room = Room::new("wrong");
    let said = room.walk("21\n1\n\n5\n\nq\n");
    in_order(
        &said,
        &[
            "4.2 times too high",
            "first attempt: 1 of 2 right",
            "Because of First.",
            "Press Enter to try again",
            "How many?",
            "✓ First is finished.",
            "Exercise 2 of 3",
        ],
    );
    assert_eq!(said.matches("Because of First.").count(), 1, "{said}");
    assert_eq!(said.matches("Who waits?").count(), 1, "the right one is not asked again: {said}");
    let first = room.progress().of("first");
    assert_eq!(first.first.map(|score| (score.right, score.of)), Some((1, 2)));
    assert!(first.finished.is_some());
}

#[test]
fn keys_give_a_hint_the_text_the_solution_and_the_next_exercise() {
    let mut room = Room::new("keys");
    let said = room.walk("h\nh\nh\nr\ns\nx\n\n?\nn\nq\n");
    in_order(
        &said,
        &[
            "Hint 1 of 2: one",
            "Hint 2 of 2: two",
            "Hint 2 of 2: two",
            "The text of first",
            "count: 5 events",
            "expected a number such as",
            "expected a number, or a key:\nn next",
            "keys: n next",
            "Exercise 2 of 3",
            "Continue here",
        ],
    );
    assert!(room.measured.is_empty());
    // What was skipped is where one left off.
    assert!(room.walk("q\n").starts_with("Exercise 1 of 3"));
}

#[test]
fn code_is_checked_with_enter_until_it_passes_and_the_last_exercise_ends_the_session() {
    let mut room = Room::new("code");
    room.code = vec![false, true];
    let said = room.walk("n\nn\n\n\n\n\n");
    in_order(
        &said,
        &[
            "Exercise 3 of 3",
            "exercise.rs, then press Enter to check it",
            "your code does not pass yet",
            "first attempt: 0 of 1 right",
            "Press Enter to try again",
            "exercise.rs, then press Enter to check it",
            "your code passes",
            "✓ Third is finished.",
            "That was the last exercise",
        ],
    );
    for id in ["first", "second"] {
        room.progress().change(id, State::finish).unwrap();
    }
    assert!(room.walk("").starts_with("Every exercise is finished."));
}

#[test]
fn what_was_measured_before_is_not_measured_in_a_session_either() {
    let mut room = Room::new("kept");
    let set = Set::read(&room.folder).unwrap();
    let findings = Findings::of(&set.exercises[0], &[]);
    let figures = Figures { measured: Some(Value::Number(5.0)), ..Figures::default() };
    assert_eq!(findings.figures["count"], figures);
    room.progress().change("first", |state| state.findings = Some(findings)).unwrap();
    let said = room.walk("5\n1\nq\n");
    assert!(!said.contains("Measuring"), "{said}");
    assert!(said.contains("✓ First is finished."), "{said}");
}

#[test]
fn an_exercise_that_needs_what_is_not_there_is_shown_and_not_asked_or_counted() {
    let mut room = Room::new("needs");
    let needs = format!("{EXERCISE}\n[needs]\nwhat = \"a moon\"\nsentence = \"It needs a moon.\"\n");
    fs::write(room.folder.join("second").join("exercise.toml"), needs).unwrap();
    let said = room.walk("n\nn\nq\n");
    in_order(
        &said,
        &["The text of second", "It needs a moon.", "Press Enter for the next", "Exercise 3 of 3"],
    );
    assert_eq!(said.matches("How many?").count(), 1, "{said}");
    for id in ["first", "third"] {
        room.progress().change(id, State::finish).unwrap();
    }
    assert!(room.walk("").starts_with("Every exercise is finished."));
    let set = Set::read(&room.folder).unwrap();
    let list = show::list(&set, &room.progress());
    assert!(list.contains("(needs a moon)") && list.contains("2 of 2 finished"), "{list}");
    let text = show::start(&set.exercises[1]).unwrap();
    assert!(text.ends_with("It needs a moon.\n") && !text.contains("predict"), "{text}");
}
