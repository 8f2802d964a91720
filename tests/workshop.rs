//! The workshop in the terminal, with a set of two small exercises and a cargo that
//! only looks whether something was written.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::binary::{Folder, Server};

const SET: &str = "title = \"A set\"\nparts = [\"one\"]\nexercises = [\"told\", \"tested\"]\n";

const TOLD: &str = r#"title = "Told"
part = 1
minutes = 10
config = ["resource.latency.mean=20ms"]
hints = ["One.", "Two.", "Three."]
explanation = "Five requests, one after the other."

[[load]]
name = "a"
run = "serial -n 5 -c 1"

[[question]]
name = "sent"
ask = "How many?"
measure = "a.client.sent"
answer = 5
look = "the client"
wrong = [{ is = 1, reveals = "One is a client." }]

[[question]]
name = "peak"
ask = "How many at once?"
measure = "a.bench.peak_in_use"
answer = 1
look = "the resource"
"#;

const TESTED: &str = r#"title = "Tested"
part = 1
minutes = 10
hints = ["One.", "Two.", "Three."]
explanation = "That was it."

[code]
task = "Write it."
"#;

/// Says that it has compiled the check.
const CARGO: &str = "#!/bin/sh\n\
    printf '{\"target\":{\"name\":\"tested\"},\"profile\":{\"test\":true},\"executable\":\"%s\"}\\n' \"$PWD/check\"\n";
/// Passes when the answer says `solved`, and never ends when it says `loops`.
const CHECK: &str = "#!/bin/sh\n\
    grep -q loops set/tested/exercise.rs && echo $$ > pid.tmp && mv pid.tmp pid && while :; do :; done\n\
    grep -q solved set/tested/exercise.rs && exit 0\n\
    printf '\\n---- it_works stdout ----\\nnot yet implemented: words\\n'\nexit 101\n";

struct Workshop(Folder);

impl Workshop {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        for (file, text) in [
            ("set/set.toml", SET),
            ("set/told/exercise.toml", TOLD),
            ("set/told/README.md", "# Told\n"),
            ("set/tested/exercise.toml", TESTED),
            ("set/tested/README.md", "# Tested\n"),
            ("set/tested/exercise.rs", "todo!()"),
            ("Cargo.toml", ""),
            ("cargo", CARGO),
            ("check", CHECK),
        ] {
            let path = folder.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        for program in ["cargo", "check"] {
            fs::set_permissions(folder.0.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(folder)
    }

    fn answer(&self) -> PathBuf {
        self.0.0.join("set/tested/exercise.rs")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.0.weir();
        command.env("CARGO", self.0.0.join("cargo")).args(["exercise", "--dir", "set"]).args(args);
        command
    }

    /// The exit code, and what was said.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.command(args).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

/// The figures in a row of the verdict's table, and the mark.
fn row<'a>(said: &'a str, question: &str) -> Vec<&'a str> {
    let line = said.lines().find(|line| line.starts_with(question)).expect("a row");
    line.split_whitespace().skip(1).collect()
}

#[test]
fn figures_are_shown_only_of_what_was_predicted() {
    let workshop = Workshop::new("predicted");
    let (code, said) = workshop.run(&["check", "told"]);
    assert_eq!((code, row(&said, "sent")), (Some(1), vec!["–", "–", "–", "–", "open"]), "{said}");
    assert!(said.contains("weir exercise predict told sent=… peak=…"), "{said}");

    workshop.run(&["predict", "told", "sent=1"]);
    let (code, said) = workshop.run(&["check", "told"]);
    assert_eq!((code, row(&said, "sent")), (Some(1), vec!["1", "–", "5", "5", "✗", "-80", "%"]), "{said}");
    assert_eq!(row(&said, "peak").last(), Some(&"open"));
    assert!(said.contains("One is a client.") && said.contains("predict told peak=…"), "{said}");

    workshop.run(&["predict", "told", "sent=5", "peak=1"]);
    let (code, said) = workshop.run(&["check", "told"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Five requests") && said.contains("weir simulate serial -n 5 -c 1"), "{said}");
    assert!(workshop.run(&["list"]).1.contains("1 of 2 finished; next: weir exercise start tested"));
}

/// A question in words, whose choices are longer than any column.
const WORDS: &str = r#"
[[question]]
name = "who"
ask = "Who waits?"
measure = "answer"
choices = ["the client, for as long as its own request takes", "no client at all"]
answer = "the client, for as long as its own request takes"
look = "the source"
"#;

#[test]
fn an_honest_check_is_explained_right_or_wrong_and_its_score_is_kept() {
    let workshop = Workshop::new("honest");
    fs::write(workshop.0.0.join("set/told/exercise.toml"), format!("{TOLD}{WORDS}")).unwrap();
    workshop.run(&["predict", "told", "sent=21", "peak=1"]);
    let (_, said) = workshop.run(&["check", "told"]);
    assert!(!said.contains("Five requests") && !said.contains("first attempt"), "one is open: {said}");

    workshop.run(&["predict", "told", "who=2"]);
    let (code, said) = workshop.run(&["check", "told"]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "\nwho  ✗\n  predicted  no client at all\n  right      the client, for as long as its own request takes\n",
        "\n  4.2 times too high. Compare your number with the simulated column\n",
        "\nfirst attempt: 1 of 3 right\n",
        "\nFive requests, one after the other.\n",
        "next: weir exercise start tested",
    ] {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    workshop.run(&["predict", "told", "sent=5", "who=1"]);
    let (code, said) = workshop.run(&["check", "told"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("✓ Told is finished.") && said.contains("first attempt: 1 of 3 right"), "{said}");
}

#[test]
fn a_measurement_is_not_repeated_unless_it_is_asked_for() {
    let workshop = Workshop::new("again");
    let measured_before = |args: &[&str]| {
        let (_, said) = workshop.run(args);
        said.contains("to measure again: weir exercise check")
    };
    workshop.run(&["predict", "told", "sent=1", "peak=1"]);
    assert!(!measured_before(&["check", "told"]));
    assert!(measured_before(&["check", "told"]));
    assert!(!measured_before(&["check", "told", "--again"]));
    // Another load is another measurement.
    let toml = workshop.0.0.join("set/told/exercise.toml");
    fs::write(&toml, TOLD.replace("-n 5", "-n 6")).unwrap();
    assert!(!measured_before(&["check", "told"]));
    assert!(measured_before(&["check", "told"]));
}

#[test]
fn a_running_bench_is_asked_for_what_it_can_show() {
    let workshop = Workshop::new("running");
    let server = Server::start(&workshop.0, &["--set", "resource.latency.mean=20ms"]);
    let check = ["check", "told", "--url", &server.address];
    workshop.run(&["predict", "told", "sent=5", "peak=1"]);
    let (code, said) = workshop.run(&check);
    assert_eq!(code, Some(0), "{said}");
    let toml = workshop.0.0.join("set/told/exercise.toml");
    // A second load, with an edit: a running bench is not edited for it.
    let edited = "[[load]]\nname = \"b\"\nrun = \"serial -n 5\"\nedits = [\"1s:queue.capacity=5\"]\n";
    fs::write(&toml, TOLD.replace("a.bench.peak_in_use", "b.bench.peak_in_use") + edited).unwrap();
    let (code, said) = workshop.run(&check);
    assert_eq!(
        (code, row(&said, "sent").last(), row(&said, "peak").last()),
        (Some(1), Some(&"✓"), Some(&"?"))
    );
    assert!(said.contains("without --url"), "{said}");
    fs::write(&toml, TOLD.replace("name = \"a\"", "name = \"a\"\nconfig = [\"queue.capacity=5\"]"))
        .unwrap();
    assert_eq!(workshop.run(&check).0, Some(1), "none of its loads is for a running bench");
}

#[test]
fn an_exercise_is_found_by_enough_of_its_name_or_is_the_next() {
    let workshop = Workshop::new("found");
    assert!(workshop.run(&["start"]).1.starts_with("Told"));
    assert!(workshop.run(&["start", "te"]).1.starts_with("Tested"));
    for (id, says) in
        [("t", "several exercises begin with \"t\": told, tested"), ("x", "expected one of told, tested")]
    {
        let (code, said) = workshop.run(&["start", id]);
        assert_eq!(code, Some(2));
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_watch_checks_again_when_the_answer_is_saved_and_ends_when_it_passes() {
    let workshop = Workshop::new("watched");
    let mut watch = workshop.command(&["watch", "tested"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "set/tested/exercise.rs: still `todo!()`: line 1");
    assert!(lines.any(|line| line == "watching set/tested/exercise.rs; Ctrl-C ends it"));
    fs::write(workshop.answer(), "solved at last").unwrap();
    let rest: Vec<String> = lines.collect();
    let mut complaints = String::new();
    watch.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(0), "{complaints}");
    assert!(rest.iter().any(|line| line == "✓ Tested is finished."), "{rest:?}");
}

/// Waits for another process, for at most a minute.
#[expect(clippy::disallowed_methods, reason = "a process takes real time")]
fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{what} does not come");
}

/// Whether the check that noted its process id still runs.
fn check_runs(workshop: &Workshop) -> bool {
    let pid = fs::read_to_string(workshop.0.0.join("pid")).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
#[cfg(target_os = "linux")]
fn a_solution_that_loops_is_stopped_at_the_limit_and_leaves_no_process() {
    let workshop = Workshop::new("loops");
    fs::write(workshop.answer(), "loops").unwrap();
    fs::write(workshop.0.0.join("set/tested/exercise.toml"), format!("{TESTED}limit_s = 1\n")).unwrap();
    let (code, said) = workshop.run(&["check", "tested"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stopped after 1 s, the limit of this check: does a loop never end?"), "{said}");
    until("the end of the check", || !check_runs(&workshop));
}

#[test]
#[cfg(target_os = "linux")]
fn a_check_that_loops_ends_when_weir_is_killed() {
    let workshop = Workshop::new("orphan");
    fs::write(workshop.answer(), "loops").unwrap();
    let mut weir = workshop.command(&["check", "tested"]).spawn().unwrap();
    until("the check", || workshop.0.0.join("pid").exists());
    assert!(check_runs(&workshop));
    weir.kill().unwrap();
    weir.wait().unwrap();
    until("the end of the check", || !check_runs(&workshop));
}
