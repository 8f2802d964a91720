//! NATS goes away, or loses the server that leads.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use weir_nats::{JetStreamQueue, StreamOptions};
use weir_parts::engine::{Engine, Refused, Settle};

use crate::queue::{open, options};
use crate::servers::Servers;

/// What clients and workers have seen.
#[derive(Default)]
struct Seen {
    /// The payload of each acknowledged push, and its number.
    accepted: Mutex<HashMap<u64, u64>>,
    /// How often each payload was worked on, and by which nodes.
    worked: Mutex<HashMap<u64, (u32, HashSet<usize>)>>,
    /// Payloads that one node has worked on twice.
    twice_by_one: AtomicU64,
    pushed: AtomicU64,
    refused: AtomicU64,
    last: Mutex<Option<Instant>>,
    longest: Mutex<Duration>,
    unmarked: AtomicU64,
    stop: AtomicBool,
}

impl Seen {
    /// Notes that a push was acknowledged, and the silence before it.
    fn acknowledged(&self, payload: u64, id: u64) {
        self.accepted.lock().unwrap().insert(payload, id);
        let now = Instant::now();
        if let Some(last) = self.last.lock().unwrap().replace(now) {
            let mut longest = self.longest.lock().unwrap();
            *longest = now.duration_since(last).max(*longest);
        }
    }
}

/// Eight clients that push, one event at a time each.
fn clients(queue: &Arc<JetStreamQueue>, seen: &Arc<Seen>) -> Vec<tokio::task::JoinHandle<()>> {
    let client = |_| {
        let (queue, seen) = (Arc::clone(queue), Arc::clone(seen));
        tokio::spawn(async move {
            while !seen.stop.load(Ordering::Relaxed) {
                let payload = seen.pushed.fetch_add(1, Ordering::Relaxed);
                match queue.push(payload.to_le_bytes().to_vec()).await {
                    Ok(id) => seen.acknowledged(payload, id.0),
                    Err(Refused::Away { .. }) => _ = seen.refused.fetch_add(1, Ordering::Relaxed),
                    Err(error) => panic!("{error}"),
                }
                sleep(Duration::from_millis(2)).await;
            }
        })
    };
    (0..8).map(client).collect()
}

/// A worker that takes seven events at a time, until the queue is closed and empty.
fn worker(queue: &Arc<JetStreamQueue>, seen: &Arc<Seen>) -> tokio::task::JoinHandle<()> {
    let (queue, seen) = (Arc::clone(queue), Arc::clone(seen));
    tokio::spawn(async move {
        while let Some(events) = queue.ask(7).await {
            assert!((1..=7).contains(&events.len()), "{} events for an ask of 7", events.len());
            for event in &events {
                let mut worked = seen.worked.lock().unwrap();
                let payload = u64::from_le_bytes(event.payload[..].try_into().unwrap());
                let (times, nodes) = worked.entry(payload).or_default();
                *times += 1;
                let is_new = nodes.insert(Arc::as_ptr(&queue) as usize);
                seen.twice_by_one.fetch_add(u64::from(!is_new), Ordering::Relaxed);
                seen.unmarked.fetch_add(u64::from(*times > 1 && !event.recovered), Ordering::Relaxed);
            }
            let settled = || events.iter().map(|event| (event.id, Settle::Done)).collect();
            let mut result = queue.settle(settled()).await;
            while let Err(weir_parts::engine::EngineError::NotStored(_)) = result {
                result = queue.settle(settled()).await;
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server"]
async fn a_leader_that_is_killed_ten_times_under_load_loses_no_acknowledged_event() {
    const KILLS: usize = 10;
    let mut servers = Servers::start(3).await;
    let wide = || StreamOptions {
        replicas: 3,
        lease: Duration::from_secs(5),
        wait: Duration::from_secs(20),
        ..options("weir")
    };
    let a = Arc::new(open(&servers.connect("a").await, wide()).await);
    let b = Arc::new(open(&servers.connect("b").await, wide()).await);
    let seen = Arc::new(Seen::default());
    let tasks: Vec<_> = clients(&a, &seen).into_iter().chain(clients(&b, &seen)).collect();
    let workers = [worker(&a, &seen), worker(&a, &seen), worker(&b, &seen), worker(&b, &seen)];
    let mut gaps = Vec::new();
    for kill in 0..KILLS {
        let before = seen.accepted.lock().unwrap().len();
        let until = Instant::now() + Duration::from_secs(60);
        while seen.accepted.lock().unwrap().len() < before + 300 {
            assert!(Instant::now() < until, "it works between kills, before kill {kill}");
            sleep(Duration::from_millis(20)).await;
        }
        *seen.longest.lock().unwrap() = Duration::ZERO;
        let leader = loop {
            match a.leader().await {
                Ok(Some(leader)) => break leader,
                _ => sleep(Duration::from_millis(100)).await,
            }
        };
        let leader: usize = leader.trim_start_matches('n').parse().unwrap();
        servers.kill(leader);
        let at_kill = seen.accepted.lock().unwrap().len();
        while seen.accepted.lock().unwrap().len() < at_kill + 300 {
            assert!(Instant::now() < until, "it works again after kill {kill}");
            sleep(Duration::from_millis(20)).await;
        }
        gaps.push(*seen.longest.lock().unwrap());
        servers.start_again(leader).await;
    }
    seen.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let until = Instant::now() + Duration::from_secs(60);
    let missing = || {
        let (accepted, worked) = (seen.accepted.lock().unwrap(), seen.worked.lock().unwrap());
        accepted.keys().filter(|payload| !worked.contains_key(payload)).count()
    };
    while missing() > 0 {
        assert!(Instant::now() < until, "{} acknowledged events were lost", missing());
        sleep(Duration::from_millis(50)).await;
    }
    // After a change of the leader, an event that was settled may come again: it is worked on while
    // the workers are still there. The last server that was started may still be catching up.
    let until = Instant::now() + Duration::from_secs(70);
    let counts = loop {
        match a.read_counts().await {
            Ok(counts) if counts.held == 0 || Instant::now() >= until => break counts,
            _ => sleep(Duration::from_millis(100)).await,
        }
    };
    a.close();
    b.close();
    for worker in workers {
        timeout(Duration::from_secs(30), worker).await.expect("the queue is empty").unwrap();
    }
    gaps.sort();
    let (accepted, numbers) = {
        let accepted = seen.accepted.lock().unwrap();
        (accepted.len(), accepted.values().collect::<HashSet<_>>().len())
    };
    let twice = seen.worked.lock().unwrap().values().filter(|(times, _)| *times > 1).count();
    let unmarked = seen.unmarked.load(Ordering::Relaxed);
    let refused = seen.refused.load(Ordering::Relaxed);
    // A push that was refused and is stored after all is found by its id, within a minute.
    let until = Instant::now() + Duration::from_secs(70);
    let adds_up = || {
        let (accepted, done) = (a.book().accepted + b.book().accepted, a.book().done + b.book().done);
        accepted <= done && done <= accepted + twice as u64
    };
    while !adds_up() && Instant::now() < until {
        sleep(Duration::from_millis(100)).await;
    }
    let (of_a, of_b) = (a.book(), b.book());
    println!(
        "{KILLS} kills of the leader: {accepted} acknowledged, 0 lost, {numbers} numbers, {twice} worked on twice ({unmarked} not marked), {refused} refused; longest silence of each {gaps:.1?}; {of_a}; {of_b}; {counts:?}"
    );
    // A server that takes over may not know of the last deliveries. The nodes know them.
    assert_eq!(unmarked, 0, "an event that was worked on before is marked");
    assert_eq!(seen.twice_by_one.load(Ordering::Relaxed), 0, "a node knows what it has had");
    assert!(twice as u64 <= 7 * 4 * KILLS as u64, "at most what the workers held at each kill");
    assert!(adds_up(), "the books of both nodes");
    let stored = of_a.accepted + of_b.accepted;
    assert!(accepted as u64 <= stored && stored <= accepted as u64 + refused, "each push is stored once");
    assert_eq!(counts.held, 0);
}

#[tokio::test]
#[ignore = "needs nats-server"]
async fn pushes_are_refused_in_time_while_nats_is_away_and_held_events_are_kept() {
    let mut servers = Servers::start(1).await;
    let long =
        StreamOptions { lease: Duration::from_secs(30), wait: Duration::from_secs(1), ..options("weir") };
    let queue = open(&servers.connect("a").await, long.clone()).await;
    for _ in 0..10 {
        queue.push(Vec::new()).await.unwrap();
    }
    let held = queue.ask(4).await.unwrap();

    // It is gone: connections break.
    servers.kill(0);
    // And it is there, and silent.
    for is_silent in [false, true] {
        if is_silent {
            servers.pause(0);
        }
        let began = Instant::now();
        for _ in 0..3 {
            let refused = queue.push(b"refused".to_vec()).await;
            assert!(matches!(refused, Err(Refused::Away { .. })), "{refused:?}");
        }
        let each = began.elapsed() / 3;
        println!("silent {is_silent}: a push is refused after {each:?}, wait 1 s");
        assert!(each < Duration::from_millis(1_500));
        assert!(timeout(Duration::from_secs(1), queue.ask(4)).await.is_err(), "an ask waits");
        assert_eq!(queue.depth().leased, 4);
        if is_silent {
            servers.resume(0);
        } else {
            servers.start_again(0).await;
        }
        let until = Instant::now() + Duration::from_secs(10);
        while let Err(error) = queue.push(b"works again".to_vec()).await {
            assert!(Instant::now() < until, "{error}");
        }
    }
    let settled = held.iter().map(|event| (event.id, Settle::Done)).collect();
    assert_eq!(queue.settle(settled).await, Ok(()), "they were held all the time");
    let mut rest = HashSet::new();
    while let Ok(Some(events)) = timeout(Duration::from_secs(5), queue.ask(10)).await {
        rest.extend(events.iter().map(|event| event.id));
        queue.settle(events.iter().map(|event| (event.id, Settle::Done)).collect()).await.unwrap();
    }
    assert!(held.iter().all(|event| !rest.contains(&event.id)), "a held event does not come again");
    // Pushes that were sent and not answered: found by their ids, they count as accepted.
    let until = Instant::now() + Duration::from_secs(20);
    while queue.book().held() != 0 || queue.book().accepted != queue.read_counts().await.unwrap().accepted {
        assert!(Instant::now() < until, "{} and {:?}", queue.book(), queue.counts());
        sleep(Duration::from_millis(100)).await;
    }
    println!("{}, {:?}", queue.book(), queue.read_counts().await.unwrap());
}
