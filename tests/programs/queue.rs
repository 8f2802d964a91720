//! `weir serve` with its queue on the disk, killed under load. The judge is a client with a ledger of
//! its own: every 202 that it heard, with the id and the body of the event.
//!
//! Between two lives it reads the file with the library, without repairing it. So it knows what each
//! life has really stored, and holds that against the snapshots of the lives before and after.

mod client;
mod judge;

use std::time::Duration;

use tokio::time::Instant;

use self::client::Load;
use self::judge::Judge;
use crate::binary::{Folder, Server};

/// The workers of the server: at most this many events are worked on at once.
const CONCURRENCY: u64 = 8;
/// Clients that send at the same time.
const CLIENTS: usize = 16;

/// Starts a life. The work is short, so that kills meet events in every state.
fn life(folder: &Folder, more: &[&str]) -> Server {
    let concurrency = format!("consumers.concurrency={CONCURRENCY}");
    let mut args = vec!["serve", "--set", "queue.engine=disk", "--set", &concurrency];
    args.extend(["--set", "resource.latency={distribution=\"uniform\",mean=\"2ms\"}"]);
    args.extend(["--set", "queue.capacity=1000000", "--set", "queue.retry_delay=1ms"]);
    args.extend(more);
    Server::start(folder, &args)
}

/// Kills a server that works under load, again and again, and lets the last one finish.
fn kills(name: &str, count: usize, more: &[&str], attempts: u32) {
    let folder = Folder::new(name);
    let file = folder.0.join("data/queue.redb");
    let mut judge = Judge::new(attempts);
    let mut random = fastrand::Rng::with_seed(count as u64);
    for kill in 0..count {
        let server = life(&folder, more);
        judge.begun(&server.snapshot());
        let load = Load::start(&server.address, CLIENTS, kill);
        // Some lives are short, and one in four dies before its first event may be done.
        let time =
            Duration::from_millis(if kill % 4 == 3 { random.u64(0..10) } else { random.u64(30..250) });
        let end = Instant::now() + time;
        while Instant::now() < end {
            judge.saw(&server.snapshot());
        }
        server.signal("-KILL");
        drop(server.end());
        judge.killed(&file, load.end());
    }
    // The last life is not killed: it finishes what is held.
    let server = life(&folder, more);
    judge.begun(&server.snapshot());
    let patience = Instant::now() + Duration::from_secs(60);
    let last = loop {
        let snapshot = server.snapshot();
        judge.saw(&snapshot);
        if judge::held(&snapshot) == 0 {
            break snapshot;
        }
        assert!(Instant::now() < patience, "events are left: {}", snapshot["ledger"]);
    };
    server.signal("-TERM");
    assert_eq!(server.end().0, Some(0));
    judge.ended(&file, &last);
    println!("{count} kills: {judge}");
    judge.is_worth_it(count);
}

#[test]
fn a_server_that_is_killed_under_load_loses_no_event_that_it_has_accepted() {
    kills("queue-kill", 6, &["--set", "queue.attempts=1000"], 1_000);
}

#[test]
fn a_server_that_is_killed_under_load_with_failing_work_keeps_dead_letters_exactly() {
    let more = ["--set", "queue.attempts=2", "--set", "resource.failure_rate=0.3"];
    kills("queue-kill-dead", 5, &more, 2);
}

#[test]
#[ignore = "a thousand kills take about ten minutes"]
fn a_server_that_is_killed_a_thousand_times_loses_no_event_that_it_has_accepted() {
    kills("queue-kill-thousand", 1_000, &["--set", "queue.attempts=1000"], 1_000);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_one_named() {
    let folder = Folder::new("queue-second");
    let server = life(&folder, &[]);
    let output = folder.run(&["serve", "--listen", "127.0.0.1:0", "--set", "queue.engine=disk"]);
    assert_eq!(output.status.code(), Some(1));
    let said = crate::binary::words(&output.stderr);
    assert!(said.contains(&format!("in use by process {}", server.id())), "{said}");
    // The first one goes on.
    let load = Load::start(&server.address, 1, 0);
    let snapshot = loop {
        let snapshot = server.snapshot();
        if snapshot["ledger"]["done"] != 0 {
            break snapshot;
        }
    };
    judge::adds_up(&snapshot);
    drop(server);
    load.end();
}

#[test]
fn a_server_refuses_a_damaged_file_and_leaves_it_as_it_is() {
    let folder = Folder::new("queue-damaged");
    let server = life(&folder, &["--set", "consumers.concurrency=1", "--set", "resource.latency.mean=1h"]);
    let load = Load::start(&server.address, 4, 0);
    while server.snapshot()["ledger"]["accepted"].as_u64().unwrap() < 50 {}
    server.signal("-KILL");
    drop(server.end());
    load.end();
    let file = folder.0.join("data/queue.redb");
    let mut bytes = std::fs::read(&file).unwrap();
    // Everything behind the head of the file is damaged, so no page of any commit is whole.
    bytes[4_096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&file, &bytes).unwrap();
    let output = folder.run(&["serve", "--listen", "127.0.0.1:0", "--set", "queue.engine=disk"]);
    assert_eq!(output.status.code(), Some(1));
    let said = crate::binary::words(&output.stderr);
    assert!(said.contains("queue.redb is damaged"), "{said}");
    assert!(std::fs::read(&file).unwrap() == bytes, "the file was changed");
}
