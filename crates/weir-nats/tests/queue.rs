//! The engine on one server: the contract, attempts, leases, dead letters.

use std::sync::Arc;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use tokio::time::{Instant, sleep, timeout};
use weir_nats::{JetStreamQueue, Nats, StreamOptions};
use weir_parts::engine::contract::{check_shared, script};
use weir_parts::engine::{Book, Engine, EngineError, EventId, Leased, Refused, Safety, Settle};

use crate::servers::Servers;

pub(crate) fn options(stream: &str) -> StreamOptions {
    let (stream, lease, wait) = (stream.to_owned(), Duration::from_secs(2), Duration::from_secs(2));
    StreamOptions { stream, lease, wait, ..StreamOptions::default() }
}

/// Opens a queue with a connection of its own, as a node does. A cluster takes some seconds to begin.
pub(crate) async fn open(nats: &Nats, options: StreamOptions) -> JetStreamQueue {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match JetStreamQueue::open(nats, options.clone()).await {
            Ok(queue) => return queue,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) fn ids(leased: &[Leased]) -> Vec<u64> {
    leased.iter().map(|event| event.id.0).collect()
}

pub(crate) fn all(leased: &[Leased], how: &Settle) -> Vec<(EventId, Settle)> {
    leased.iter().map(|event| (event.id, how.clone())).collect()
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn it_keeps_the_contract() {
    const SCRIPTS: usize = 40;
    let servers = Servers::start(1).await;
    let nats = servers.connect("a").await;
    let numbers = proptest::collection::vec(proptest::prelude::any::<(u8, u8)>(), 1..60);
    let mut runner = TestRunner::deterministic();
    for number in 0..SCRIPTS {
        let script = script(&numbers.new_tree(&mut runner).unwrap().current());
        let queue = open(&nats, options(&format!("contract-{number}"))).await;
        let checked = timeout(Duration::from_secs(30), check_shared(&queue, 3, &script)).await;
        assert!(checked.is_ok(), "it waits for ever in {script:?}");
        let counts = queue.read_counts().await.unwrap();
        assert_eq!((counts.accepted, counts.held), (queue.book().accepted, 0));
        queue.end().await;
        assert_eq!(queue.push(Vec::new()).await, Err(Refused::Closed));
        assert_eq!(queue.ask(1).await, None);
    }
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn two_nodes_share_one_queue_and_their_books_add_up() {
    let servers = Servers::start(1).await;
    let a = open(&servers.connect("a").await, options("weir")).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    assert!(a.is_shared() && a.safety() == Safety::Process);
    for number in 0..100_u8 {
        let queue = if number % 3 == 0 { &a } else { &b };
        assert_eq!(queue.push(vec![number]).await, Ok(EventId(u64::from(number) + 1)));
    }
    let first = a.ask(30).await.unwrap();
    assert_eq!(ids(&first), (1..=30).collect::<Vec<_>>(), "an ask takes what is ready, in order");
    let second = b.ask(100).await.unwrap();
    assert_eq!(ids(&second), (31..=100).collect::<Vec<_>>(), "each event is leased once");
    let (done, rest) = first.split_at(20);
    a.settle(all(done, &Settle::Done)).await.unwrap();
    a.settle(all(rest, &Settle::Back)).await.unwrap();
    b.settle(all(&second, &Settle::Dead { why: "unreadable\nat all".to_owned() })).await.unwrap();
    let mut third = b.ask(100).await.unwrap();
    third.sort_by_key(|event| event.id);
    assert_eq!(ids(&third), (21..=30).collect::<Vec<_>>());
    assert!(third.iter().all(|event| event.recovered && event.tries == 0), "another node had them");

    let (of_a, of_b) = (a.book(), b.book());
    assert_eq!(of_a, Book { accepted: 34, done: 20, failed: 0, dropped: 0 });
    assert_eq!(of_b, Book { accepted: 66, done: 0, failed: 70, dropped: 0 });
    let counts = a.read_counts().await.unwrap();
    assert_eq!((counts.accepted, counts.held, counts.taken, counts.dead), (100, 10, 10, 70));
    assert_eq!((a.depth().leased, b.depth().held()), (10, 10));
    let letters = a.dead(Some(EventId(40)), 2).await.unwrap();
    let found: Vec<_> = letters.iter().map(|letter| (letter.id.0, letter.tries, &*letter.why)).collect();
    assert_eq!(found, [(41, 1, "unreadable at all"), (42, 1, "unreadable at all")]);
    assert_eq!(letters[0].payload, [40]);
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn attempts_are_exact_also_when_the_event_moves_between_nodes() {
    let servers = Servers::start(1).await;
    let a = open(&servers.connect("a").await, options("weir")).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    a.push(b"poison".to_vec()).await.unwrap();
    let again = Settle::Again { after: Duration::from_millis(200), why: "refused".to_owned() };
    for (tries, queue) in [(0, &a), (1, &b), (2, &a)] {
        let began = Instant::now();
        let leased = timeout(Duration::from_secs(5), queue.ask(5)).await.unwrap().unwrap();
        assert_eq!((leased.len(), leased[0].tries), (1, tries));
        assert!(tries == 0 || began.elapsed() > Duration::from_millis(100), "the delay counts");
        queue.settle(all(&leased, &Settle::Back)).await.unwrap();
        let leased = queue.ask(1).await.unwrap();
        assert_eq!(leased[0].tries, tries, "giving it back counts no attempt");
        queue.settle(all(&leased, &again)).await.unwrap();
        assert_eq!(queue.settle(all(&leased, &again)).await, Err(EngineError::NotLeased(EventId(1))));
    }
    let letters = b.dead(None, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].tries, &*letters[0].why), (1, 3, "refused"));
    assert_eq!(b.retry_dead(Some(EventId(9))).await, Ok(0));
    assert_eq!((b.retry_dead(None).await, b.retry_dead(None).await), (Ok(1), Ok(0)));
    let leased = b.ask(1).await.unwrap();
    assert_eq!((leased[0].id, leased[0].tries, &*leased[0].payload), (EventId(2), 0, &b"poison"[..]));
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_held_event_stays_leased_and_one_of_a_dead_node_comes_again() {
    let servers = Servers::start(1).await;
    let short = || StreamOptions { lease: Duration::from_secs(1), ..options("weir") };
    let a = open(&servers.connect("a").await, short()).await;
    let b = open(&servers.connect("b").await, short()).await;
    a.push(b"long work".to_vec()).await.unwrap();
    let held = a.ask(1).await.unwrap();
    let other = timeout(Duration::from_secs(4), b.ask(1)).await;
    assert!(other.is_err(), "it is extended while it is held");
    drop(a);
    let began = Instant::now();
    let again = timeout(Duration::from_secs(5), b.ask(1)).await.unwrap().unwrap();
    println!("an event of a lost node came again after {:?}, lease 1 s", began.elapsed());
    assert_eq!(ids(&again), ids(&held));
    assert!(again[0].recovered && again[0].tries == 0);
    b.settle(all(&again, &Settle::Done)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn an_ask_that_is_dropped_leases_nothing() {
    let servers = Servers::start(1).await;
    let long = StreamOptions { lease: Duration::from_secs(60), ..options("weir") };
    let queue = open(&servers.connect("a").await, long).await;
    for round in 0..20_u64 {
        // Waits at the server while it is dropped.
        assert!(timeout(Duration::from_millis(20), queue.ask(1 + round as usize % 3)).await.is_err());
        queue.push(Vec::new()).await.unwrap();
        let leased =
            timeout(Duration::from_secs(5), queue.ask(1)).await.expect("it is ready again").unwrap();
        assert_eq!(ids(&leased), [round + 1]);
        queue.settle(all(&leased, &Settle::Done)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server"]
async fn the_end_withdraws_asks_so_that_others_get_the_events() {
    let servers = Servers::start(1).await;
    let long = || StreamOptions { lease: Duration::from_secs(60), ..options("weir") };
    let a = Arc::new(open(&servers.connect("a").await, long()).await);
    let b = open(&servers.connect("b").await, long()).await;
    let asks: Vec<_> = (0..4)
        .map(|_| {
            let a = Arc::clone(&a);
            tokio::spawn(async move { a.ask(3).await })
        })
        .collect();
    // They wait at the server.
    sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    a.end().await;
    assert!(began.elapsed() < Duration::from_millis(900), "after {:?}", began.elapsed());
    for ask in asks {
        assert_eq!(ask.await.unwrap(), None);
    }
    for _ in 0..8 {
        b.push(Vec::new()).await.unwrap();
    }
    let mut got = 0;
    while got < 8 {
        got += timeout(Duration::from_secs(5), b.ask(8)).await.expect("they are b's").unwrap().len();
    }
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn payloads_have_a_limit_and_events_of_the_last_life_are_recovered() {
    let servers = Servers::start(1).await;
    let nats = servers.connect("a").await;
    let small = StreamOptions { max_payload: 10, ..options("weir") };
    let queue = open(&nats, small.clone()).await;
    assert_eq!(queue.push(vec![0; 11]).await, Err(Refused::TooLong { bytes: 11, max: 10 }));
    queue.push(vec![7; 10]).await.unwrap();
    queue.end().await;
    let queue = open(&nats, small).await;
    queue.push(vec![8]).await.unwrap();
    let leased = queue.ask(10).await.unwrap();
    let found: Vec<_> =
        leased.iter().map(|event| (event.id.0, event.payload[0], event.recovered)).collect();
    assert_eq!(found, [(1, 7, true), (2, 8, false)]);
    assert_eq!(queue.book().accepted, 1, "the book is of this life");
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn a_purge_drops_what_any_living_node_has_delayed_and_not_what_is_leased() {
    let servers = Servers::start(1).await;
    let a = open(&servers.connect("a").await, options("weir")).await;
    let b = open(&servers.connect("b").await, options("weir")).await;
    let lost = open(&servers.connect("lost").await, options("weir")).await;
    for number in 0..8 {
        a.push(vec![number]).await.unwrap();
    }
    let hour = Settle::Again { after: Duration::from_secs(3_600), why: "refused".to_owned() };
    let (of_a, of_b, of_lost) =
        (a.ask(2).await.unwrap(), b.ask(3).await.unwrap(), lost.ask(1).await.unwrap());
    a.settle(all(&of_a, &hour)).await.unwrap();
    b.settle(all(&of_b[..2], &hour)).await.unwrap();
    lost.settle(all(&of_lost, &hour)).await.unwrap();
    drop(lost);
    assert_eq!(a.purge().await, Ok(6), "two ready ones, two of its own, two of b");
    assert_eq!(a.book(), Book { accepted: 8, done: 0, failed: 0, dropped: 6 });
    assert_eq!((b.depth().delayed, b.book().dropped), (0, 0));
    b.settle(all(&of_b[2..], &Settle::Done)).await.unwrap();
    assert_eq!(b.read_counts().await.unwrap().held, 1, "that of the lost node");
    assert_eq!(b.purge().await, Ok(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server"]
async fn an_event_that_failed_comes_again_at_once_to_any_worker() {
    const EVENTS: u64 = 600;
    let servers = Servers::start(1).await;
    let long = || StreamOptions { lease: Duration::from_secs(60), ..options("weir") };
    let a = Arc::new(open(&servers.connect("a").await, long()).await);
    let b = Arc::new(open(&servers.connect("b").await, long()).await);
    for _ in 0..EVENTS {
        a.push(Vec::new()).await.unwrap();
    }
    let worker = |queue: &Arc<JetStreamQueue>| {
        let queue = Arc::clone(queue);
        tokio::spawn(async move {
            while let Some(events) = queue.ask(3).await {
                // Each fifth event fails once.
                let how = |event: &Leased| {
                    let fails = event.id.0.is_multiple_of(5) && event.tries == 0;
                    let again = Settle::Again { after: Duration::ZERO, why: "refused".to_owned() };
                    (event.id, if fails { again } else { Settle::Done })
                };
                queue.settle(events.iter().map(how).collect()).await.unwrap();
            }
        })
    };
    let workers = [worker(&a), worker(&a), worker(&b), worker(&b)];
    let began = Instant::now();
    while a.book().done + b.book().done < EVENTS {
        assert!(began.elapsed() < Duration::from_secs(30), "{}; {}", a.book(), b.book());
        sleep(Duration::from_millis(10)).await;
    }
    println!("{EVENTS} events, of which each fifth fails once, in {:?}, lease 60 s", began.elapsed());
    assert_eq!(a.read_counts().await.unwrap().held, 0);
    a.close();
    b.close();
    for worker in workers {
        worker.await.unwrap();
    }
}
