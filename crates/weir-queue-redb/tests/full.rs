//! A disk that is full: the system refuses to make the file longer.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::Command;

use weir_parts::engine::{Book, Engine, EngineError, EventId, Refused, Settle};
use weir_queue_redb::{DiskQueue, Options, Sync, verify};

/// Names the file to the process whose files have a limit.
const FILE: &str = "WEIR_QUEUE_FILE";
/// Says that the process commits at an interval.
const EVERY: &str = "WEIR_QUEUE_EVERY";

/// What the process has seen, on a line of its own.
fn say(what: &str, count: u64) {
    println!("\n{what} {count}");
}

/// Fills the file until it cannot grow, and settles what it can. Does nothing as a test of its own.
#[tokio::test]
async fn the_process_whose_files_have_a_limit() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let is_early = std::env::var_os(EVERY).is_some();
    let sync = if is_early { Sync::Every(std::time::Duration::from_millis(1)) } else { Sync::Always };
    // The free space of the disk says nothing about this limit.
    let options = Options { reserve: 0, sync, ..Options::default() };
    let queue = DiskQueue::open(Path::new(&file), options).unwrap();
    let mut accepted = 0;
    let refused = loop {
        match queue.push(vec![7; 4_000]).await {
            Ok(EventId(id)) => {
                assert_eq!(id, accepted);
                accepted += 1;
            }
            Err(refused) => break refused,
        }
    };
    assert!(matches!(&refused, Refused::NotStored(why) if why.contains("File too large")), "{refused}");
    say("accepted", accepted);
    // The queue goes on: it leases, and each settling is stored or refused.
    let (mut done, mut failed) = (0, 0);
    for _ in 0..100 {
        let leased = queue.ask(1).await.unwrap();
        assert_eq!(leased[0].payload.len(), 4_000);
        match queue.settle(vec![(leased[0].id, Settle::Done)]).await {
            Ok(()) => done += 1,
            Err(EngineError::NotStored(_)) => {
                failed += 1;
                // It stays leased, and settles once there is space.
                assert!(queue.depth().leased > 0);
            }
            Err(other) => panic!("{other}"),
        }
    }
    say("done", done);
    say("failed", failed);
    queue.end().await;
}

/// Runs the process with a limit for its files. Returns what it has said.
fn fill(file: &Path, is_early: bool) -> [u64; 3] {
    // The signal for a file that is too long is ignored, so that the write fails instead.
    let mut command = Command::new("sh");
    command.arg("-c").arg("trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"");
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "the_process_whose_files_have_a_limit", "--nocapture"]).env(FILE, file);
    if is_early {
        command.env(EVERY, "1");
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    ["accepted ", "done ", "failed "].map(|what| {
        let line = text.lines().find_map(|line| line.strip_prefix(what));
        line.unwrap_or_else(|| panic!("{what} is missing in {text}")).parse().unwrap()
    })
}

#[test]
fn a_file_that_cannot_grow_refuses_pushes_and_loses_nothing_that_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.redb");
    let [accepted, done, failed] = fill(&file, false);
    assert!(accepted > 100, "{accepted}");
    assert_eq!(done + failed, 100);
    println!("{accepted} accepted, {done} done, {failed} not settled");
    // With space again, everything is there.
    let verified = verify(&file).unwrap();
    assert_eq!(verified.problems, Vec::<String>::new());
    assert_eq!(verified.book, Book { accepted, done, failed: 0, dropped: 0 });
    let queue = DiskQueue::open(&file, Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(queue.push(Vec::new())), Ok(EventId(accepted)));
}

#[test]
fn a_file_that_cannot_grow_takes_at_most_what_waits_for_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.redb");
    let [accepted, done, failed] = fill(&file, true);
    println!("{accepted} accepted, {done} done, {failed} not settled");
    let verified = verify(&file).unwrap();
    assert_eq!(verified.problems, Vec::<String>::new());
    assert!(verified.book.accepted <= accepted && verified.book.accepted > 100, "{}", verified.book);
    let queue = DiskQueue::open(&file, Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let EventId(next) = runtime.block_on(queue.push(Vec::new())).unwrap();
    assert!(next >= accepted, "number {next} was given before");
}
