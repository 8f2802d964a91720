//! Events whose work ends the process, and deliveries that are no attempt.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep, timeout};
use weir_nats::{JetStreamQueue, Nats, StreamOptions};
use weir_parts::engine::{Book, Engine, EngineError, EventId, Leased, Settle};

use crate::queue::{all, ids, open, options};
use crate::servers::Servers;

/// Tells the process what to do: address, and how many milliseconds its work takes.
const WORKER: &str = "WEIR_NATS_WORKER";
const LEASE: Duration = Duration::from_secs(1);

fn short() -> StreamOptions {
    StreamOptions { lease: LEASE, ..options("weir") }
}

/// Waits for events.
async fn asked(queue: &JetStreamQueue, demand: usize) -> Vec<Leased> {
    timeout(Duration::from_secs(15), queue.ask(demand)).await.expect("an event comes").unwrap()
}

/// Waits until the notes of all nodes in the stream are as expected, one line per event.
pub(crate) async fn noted(servers: &Servers, expected: &[&str]) {
    let client = async_nats::connect(servers.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("weir-begun").await.unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let mut lines = Vec::new();
        for sequence in 1..=stream.get_info().await.unwrap().state.last_sequence {
            if let Ok(message) = stream.get_raw_message(sequence).await {
                lines.extend(String::from_utf8_lossy(&message.payload).lines().map(str::to_owned));
            }
        }
        lines.sort();
        if lines == expected {
            return;
        }
        assert!(Instant::now() < until, "{lines:?} is noted, and not {expected:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// The process: it takes two events, and begins with the first. That is poison and aborts it; what
/// begins with `slow` takes a minute. Does nothing as a test of its own.
#[test]
fn the_process_that_works() {
    let Ok(what) = std::env::var(WORKER) else { return };
    let (url, millis) = what.split_once(' ').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let queue = open(&Nats::connect(url, "worker").await.unwrap(), short()).await;
        let poison = loop {
            let events = queue.ask(2).await.unwrap();
            if let Some(poison) = events.into_iter().find(|event| event.payload == b"poison") {
                break poison;
            }
        };
        queue.begin(&[poison.id]);
        sleep(Duration::from_millis(millis.parse().unwrap())).await;
        std::process::abort();
    });
}

struct Worker(Child);

impl Worker {
    fn start(servers: &Servers, millis: u64) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "poison::the_process_that_works", "--nocapture", "--test-threads=1"])
            .env(WORKER, format!("{} {millis}", servers.url()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// Returns whether it has aborted by now.
    fn has_aborted(&mut self) -> bool {
        let status = self.0.try_wait().unwrap();
        let aborted = status.is_some_and(|status| status.signal() == Some(Signal::ABORT.as_raw()));
        assert!(aborted || status.is_none(), "it ends by its poison, and not with {status:?}");
        aborted
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Starts processes one after the other until the event is a dead letter. Returns how many of them
/// it has ended.
async fn kills(servers: &Servers, queue: &JetStreamQueue, millis: u64, most: usize) -> usize {
    let mut kills = 0;
    let mut worker = Worker::start(servers, millis);
    let until = Instant::now() + Duration::from_secs(60);
    while queue.dead(None, 1).await.unwrap().is_empty() {
        if worker.has_aborted() {
            kills += 1;
            assert!(kills <= most, "it has ended {kills} processes");
            worker = Worker::start(servers, millis);
        }
        assert!(Instant::now() < until, "it has ended {kills} processes in a minute");
        sleep(Duration::from_millis(20)).await;
    }
    kills
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_event_that_kills_its_process_becomes_a_dead_letter_after_its_attempts() {
    let servers = Servers::start(1).await;
    let queue = open(&servers.connect("a").await, short()).await;
    let poison = queue.push(b"poison".to_vec()).await.unwrap();
    queue.push(b"beside it".to_vec()).await.unwrap();
    assert_eq!(kills(&servers, &queue, 200, 3).await, 3, "each process has counted one attempt");
    let letters = queue.dead(None, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].id, letters[0].tries), (1, poison, 3));
    assert_eq!(letters[0].why, "its node was lost 3 times while it worked on it");
    assert_eq!(letters[0].payload, b"poison");
    // It was leased beside the poison each time, and never begun.
    let beside = asked(&queue, 5).await;
    assert_eq!((ids(&beside), beside[0].tries, beside[0].recovered), (vec![2], 0, true));
    queue.settle(all(&beside, &Settle::Done)).await.unwrap();
    let counts = queue.read_counts().await.unwrap();
    assert_eq!((counts.accepted, counts.held, counts.dead), (2, 0, 1));
    // Retried, it has all its attempts again.
    assert_eq!(queue.retry_dead(None).await, Ok(1));
    let again = asked(&queue, 5).await;
    assert_eq!((again[0].id, again[0].tries), (EventId(3), 0));
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_event_that_kills_its_process_at_once_becomes_a_dead_letter_too() {
    let servers = Servers::start(1).await;
    let queue = open(&servers.connect("a").await, short()).await;
    queue.push(b"poison".to_vec()).await.unwrap();
    // Two milliseconds are enough for a note, unless the system gives the thread no time.
    let kills = kills(&servers, &queue, 2, 8).await;
    println!("work that aborts after 2 ms: a dead letter after {kills} processes, 3 attempts");
    let letters = queue.dead(None, 10).await.unwrap();
    assert_eq!(letters[0].tries, 3);
    assert!(letters[0].why.starts_with("its node was lost 3 times"), "{}", letters[0].why);
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_node_that_is_stopped_past_its_lease_counts_one_attempt() {
    let servers = Servers::start(1).await;
    let queue = open(&servers.connect("a").await, short()).await;
    queue.push(b"poison".to_vec()).await.unwrap();
    let mut worker = Worker::start(&servers, 60_000);
    noted(&servers, &["1 1"]).await;
    worker.signal(Signal::STOP);
    let again = asked(&queue, 1).await;
    assert_eq!((ids(&again), again[0].tries, again[0].recovered), (vec![1], 1, true));
    worker.signal(Signal::CONT);
    queue.settle(all(&again, &Settle::Done)).await.unwrap();
    assert!(!worker.has_aborted());
    assert_eq!(queue.book(), Book { accepted: 1, done: 1, failed: 0, dropped: 0 });
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn deliveries_that_were_given_back_or_never_begun_are_no_attempts() {
    let servers = Servers::start(1).await;
    let twice = || StreamOptions { attempts: 2, ..short() };
    let a = open(&servers.connect("a").await, twice()).await;
    let b = open(&servers.connect("b").await, twice()).await;
    a.push(b"patient".to_vec()).await.unwrap();
    // Given back by turns, with and without a begin that was noted.
    for round in 0..6 {
        let holder = if round % 2 == 0 { &a } else { &b };
        let held = asked(holder, 3).await;
        assert_eq!((ids(&held), held[0].tries), (vec![1], 0), "round {round}");
        if round % 3 == 0 {
            holder.begin(&[EventId(1)]);
            let line = format!("1 {}", round + 1);
            noted(&servers, &[&line]).await;
        }
        holder.settle(all(&held, &Settle::Back)).await.unwrap();
    }
    noted(&servers, &[]).await;
    // Leased by a node that is lost and has not begun.
    let c = open(&servers.connect("c").await, twice()).await;
    assert_eq!(asked(&c, 1).await[0].tries, 0);
    drop(c);
    let held = asked(&a, 1).await;
    assert_eq!(held[0].tries, 0);
    // An orderly end counts none, although it was begun.
    a.begin(&[EventId(1)]);
    sleep(Duration::from_millis(50)).await;
    a.end().await;
    let held = asked(&b, 1).await;
    assert_eq!((held[0].tries, held[0].recovered), (0, true));
    // A failure and a loss are two attempts.
    let again = Settle::Again { after: Duration::ZERO, why: "refused".to_owned() };
    b.settle(all(&held, &again)).await.unwrap();
    let held = asked(&b, 1).await;
    assert_eq!(held[0].tries, 1);
    b.begin(&[EventId(1)]);
    let last = b.read_counts().await.unwrap();
    assert_eq!((last.held, last.dead), (1, 0));
    noted(&servers, &["1 10"]).await;
    drop(b);
    let d = open(&servers.connect("d").await, twice()).await;
    assert!(timeout(LEASE * 4, d.ask(1)).await.is_err(), "it is a dead letter");
    let letters = d.dead(None, 10).await.unwrap();
    assert_eq!((letters[0].tries, &*letters[0].why), (2, "its node was lost while it worked on it"));
    assert_eq!((d.book().failed, d.given_up()), (1, 1));
    noted(&servers, &[]).await;
    assert_eq!(d.settle(all(&held, &Settle::Done)).await, Err(EngineError::NotLeased(EventId(1))));
}
