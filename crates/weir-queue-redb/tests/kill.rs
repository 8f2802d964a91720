//! Kills the process under load, again and again, with a ledger of every answer outside of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use weir_parts::engine::{Book, Engine, Settle};
use weir_queue_redb::{DiskQueue, Exported, OpenError, Options, Sync, export, inspect, verify};

/// Names the file to the process that is killed.
const FILE: &str = "WEIR_QUEUE_FILE";
/// Says that it commits at an interval.
const EVERY: &str = "WEIR_QUEUE_EVERY";
/// Workers of the process, and the events that each leases at once.
const WORKERS: usize = 4;
const LEASED: usize = 4;

/// The process that is killed: 16 producers and 4 workers, which write what they were told. Does
/// nothing as a test of its own.
#[test]
fn the_process_that_is_killed() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    runtime.unwrap().block_on(async {
        let every = std::env::var_os(EVERY).map(|_| Sync::Every(Duration::from_millis(20)));
        let options = Options { sync: every.unwrap_or_default(), ..Options::default() };
        let queue = std::sync::Arc::new(DiskQueue::open(Path::new(&file), options).unwrap());
        say("open", 0);
        for _ in 0..16 {
            let queue = queue.clone();
            tokio::spawn(async move {
                loop {
                    let id = queue.push(b"an event".to_vec()).await.unwrap();
                    say("accepted", id.0);
                }
            });
        }
        for _ in 0..WORKERS {
            let queue = queue.clone();
            tokio::spawn(async move {
                while let Some(events) = queue.ask(LEASED).await {
                    for event in &events {
                        say(if event.recovered { "again" } else { "worked" }, event.id.0);
                    }
                    queue
                        .settle(events.iter().map(|event| (event.id, Settle::Done)).collect())
                        .await
                        .unwrap();
                }
            });
        }
        std::future::pending::<()>().await;
    });
}

/// Writes a line at once, as an answer that leaves the process would be.
fn say(what: &str, id: u64) {
    use std::io::Write;
    let mut line = format!("\n{what} {id}\n").into_bytes();
    line.push(b'\n');
    std::io::stdout().lock().write_all(&line).unwrap();
}

/// The lines of all lives.
#[derive(Default)]
struct Heard {
    accepted: HashSet<u64>,
    worked: HashSet<u64>,
    twice: usize,
}

/// Starts a life, kills it after `time`, and reads everything that it has said.
fn life(file: &Path, time: Duration, heard: &mut Heard, every: bool) {
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new(this);
    if every {
        command.env(EVERY, "1");
    }
    let mut child = command
        .args(["--exact", "the_process_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (killed, kill) = std::sync::mpsc::channel::<()>();
    let killer = std::thread::spawn(move || {
        // Waits for the time; nothing is sent.
        _ = kill.recv_timeout(time);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    for line in output.lines() {
        let line = line.unwrap();
        let Some((what, id)) = line.split_once(' ') else { continue };
        let Ok(id) = id.parse::<u64>() else { continue };
        match what {
            "accepted" => assert!(heard.accepted.insert(id), "number {id} was given twice"),
            "worked" => assert!(heard.worked.insert(id), "event {id} was worked on twice and not marked"),
            "again" => heard.twice += usize::from(!heard.worked.insert(id)),
            _ => {}
        }
    }
    drop(killed);
    killer.join().unwrap();
}

fn kills(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.redb");
    let mut heard = Heard::default();
    let mut books: Vec<Book> = Vec::new();
    for kill in 0..count {
        // Also while the file is being opened.
        let time = if kill % 5 == 4 { 5 + kill % 20 } else { 60 + 37 * (kill % 7) };
        life(&file, Duration::from_millis(time), &mut heard, false);
        if !file.exists() {
            continue;
        }
        // Opening repairs what the kill has left.
        match DiskQueue::open(&file, Options::default()) {
            Ok(queue) => books.push(queue.book()),
            Err(error) => panic!("after kill {kill}: {error}"),
        }
        let verified = verify(&file).unwrap();
        assert_eq!(verified.problems, Vec::<String>::new(), "after kill {kill}");
    }
    assert!(
        books.windows(2).all(|pair| pair[0].accepted <= pair[1].accepted && pair[0].done <= pair[1].done)
    );

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let queue = DiskQueue::open(&file, Options::default()).unwrap();
    queue.close();
    let left = runtime.block_on(async {
        let mut left = HashSet::new();
        while let Some(events) = queue.ask(100).await {
            left.extend(events.iter().map(|event| event.id.0));
            queue.settle(events.iter().map(|event| (event.id, Settle::Done)).collect()).await.unwrap();
        }
        left
    });
    let lost: Vec<_> =
        heard.accepted.iter().filter(|id| !heard.worked.contains(id) && !left.contains(id)).collect();
    let most_twice = count as usize * WORKERS * LEASED;
    println!("{count} kills, {} accepted, {} twice", heard.accepted.len(), heard.twice);
    assert!(!heard.accepted.is_empty(), "the load was too short");
    assert_eq!(lost.len(), 0, "accepted and not there: {lost:?}");
    assert!(heard.twice <= most_twice, "{} were worked on twice", heard.twice);
    assert_eq!(queue.book().held(), 0);
    assert!(queue.book().accepted >= heard.accepted.len() as u64);
}

/// The numbers of the events that a file holds.
fn held(file: &Path) -> HashSet<u64> {
    let mut held = HashSet::new();
    let exported = export::<OpenError>(file, |event| {
        if let Exported::Held { id, .. } = event {
            held.insert(id.0);
        }
        Ok(())
    });
    exported.unwrap();
    held
}

#[test]
fn with_an_interval_a_kill_takes_the_end_of_what_was_accepted_and_no_number_is_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.redb");
    // Numbers that are given twice fail in `life`.
    let (mut heard, mut lost) = (Heard::default(), 0);
    for kill in 0..8 {
        let before: HashSet<u64> = heard.accepted.clone();
        life(&file, Duration::from_millis(80 + 37 * (kill % 3)), &mut heard, true);
        assert_eq!(verify(&file).unwrap().problems, Vec::<String>::new(), "after kill {kill}");
        let (inspected, held) = (inspect(&file).unwrap(), held(&file));
        assert_eq!(inspected.book.held(), held.len() as u64, "after kill {kill}");
        let new = heard.accepted.difference(&before);
        let gone: Vec<u64> =
            new.filter(|id| !held.contains(id) && !heard.worked.contains(id)).copied().collect();
        // Whatever was accepted after an event that is lost is lost as well, or its work had begun.
        if let (Some(first), Some(last)) = (gone.iter().min(), held.iter().max()) {
            assert!(first > last, "event {first} is lost, and event {last} is not");
        }
        assert!(heard.accepted.iter().all(|id| *id < inspected.next), "a number is free again");
        lost += gone.len();
    }
    println!("{} accepted, {lost} lost, {} twice", heard.accepted.len(), heard.twice);
    assert!(!heard.accepted.is_empty(), "the load was too short");
}

#[test]
fn nothing_that_was_accepted_is_lost_in_ten_kills() {
    kills(10);
}

#[test]
#[ignore = "takes minutes: a thousand kills"]
fn nothing_that_was_accepted_is_lost_in_a_thousand_kills() {
    kills(1_000);
}
