//! The exercise `two-owners`, with a NATS server that it starts, and processes that it stops.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::Folder;

/// The exercises of this checkout.
const EXERCISES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/exercises");
/// The time limit for something that must happen. A check takes less than two seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command whose temporary files are in the folder.
fn weir(folder: &Folder, args: &[&str]) -> Command {
    let mut command = folder.weir();
    command.env("TMPDIR", &folder.0).args(["exercise", "--dir", EXERCISES]).args(args);
    command
}

/// Waits for something.
fn within_patience<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what} does not happen");
        std::thread::yield_now();
    }
}

/// The folders of runs below a folder.
fn of_runs(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("weir-engine-")).collect()
}

/// The process with these words in its command, and the letter of its state. A process that has
/// ended has no words.
fn process(words: &[&str]) -> Option<(u32, char)> {
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid = entry.file_name().to_string_lossy().parse().ok()?;
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let state = stat.rsplit(") ").next()?.chars().next()?;
        words.iter().all(|word| command.contains(word)).then_some((pid, state))
    })
}

#[test]
#[ignore = "needs nats-server"]
fn a_paused_owner_is_refused_by_the_log_with_a_token_and_not_by_the_one_without() {
    let folder = Folder::new("two-owners");
    let answers = ["without=1", "with=2", "where=3", "serves=1.1"];
    assert!(weir(&folder, &["predict", "two-owners"]).args(answers).status().unwrap().success());
    let output = weir(&folder, &["check", "two-owners", "--json"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let checked: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(checked["passed"], true, "{checked:#}");
    let questions = checked["questions"].as_array().unwrap();
    assert!(questions.iter().all(|question| question["quiz"] == false), "all are measured: {checked:#}");
    let measured =
        ["the log accepts it", "the log refuses it", "one in the log, when the write is applied"];
    assert!(
        questions.iter().zip(measured).all(|(question, text)| question["measured"] == text),
        "{checked:#}"
    );
    assert_eq!(questions[3]["theory"], 1.1);
    assert!(questions[3]["measured"].as_f64().unwrap() > 1.1, "{checked:#}");
    let observed = checked["observed"][0].as_str().unwrap();
    assert!(observed.contains("lease 1.00 s") && observed.contains("then wrote entry 41."), "{observed}");
    println!("{observed}");
    assert_eq!(of_runs(&folder.0), Vec::<PathBuf>::new());

    let verified = weir(&folder, &["verify", "two-owners"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&verified.stdout), "ok     two-owners\n");
}

#[test]
#[ignore = "needs nats-server"]
fn a_check_that_is_killed_during_the_pause_leaves_no_process() {
    let folder = Folder::new("two-owners-killed");
    let mut check = weir(&folder, &["check", "two-owners"]);
    let mut check = check.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = within_patience("a run", || of_runs(&folder.0).pop());
    let store = run.to_string_lossy().into_owned();
    let is_port = |path: &PathBuf| path.extension().is_some_and(|end| end == "ports");
    let url = within_patience("a server", || {
        let mut files = std::fs::read_dir(&run).ok()?.flatten().map(|entry| entry.path());
        let ports: Value =
            serde_json::from_str(&std::fs::read_to_string(files.find(is_port)?).ok()?).ok()?;
        Some(ports["nats"][0].as_str()?.to_owned())
    });
    let owner = ["measure-run", url.as_str()];
    within_patience("the pause", || process(&owner).filter(|(_, state)| *state == 'T'));
    check.kill().unwrap();
    check.wait().unwrap();
    within_patience("the end of the owner", || process(&owner).is_none().then_some(()));
    within_patience("the end of the server", || {
        process(&["nats-server", store.as_str()]).is_none().then_some(())
    });
}
