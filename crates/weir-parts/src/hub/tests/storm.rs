//! Joins, slow readers, resets and kills while events go out, on two threads.

use std::io::ErrorKind;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::super::{Behind, LeftReason, Settings, Since};
use super::support::{Bench, Watcher};

const ROOMY: usize = usize::MAX / 2;
const JOINERS: u64 = 8;
const EACH: usize = 25;

/// Joins watchers, lets them read in small pieces, and resets some.
async fn join_and_read(bench: &Bench, mut rng: Rng) -> Vec<Watcher> {
    let mut watchers = Vec::new();
    for _ in 0..EACH {
        let head = bench.hub.figures().next;
        let since = match rng.u8(0..3) {
            0 => Since::Snapshot,
            1 => Since::Now,
            _ => Since::Event(head.saturating_sub(rng.u64(0..30)) + rng.u64(0..5)),
        };
        let room = if rng.bool() { ROOMY } else { rng.usize(0..40) };
        watchers.push(bench.join(room, since).await);
        for _ in 0..rng.usize(0..20) {
            let watcher = &watchers[rng.usize(0..watchers.len())];
            match rng.u8(0..40) {
                0 => watcher.sink.break_with(ErrorKind::ConnectionReset),
                1 => bench.hub.leave(watcher.id),
                _ => watcher.sink.allow(rng.usize(0..60)),
            }
            yield_now().await;
        }
    }
    watchers
}

/// Publishes events, and returns how many.
async fn publish(bench: &Bench, mut rng: Rng) -> u64 {
    let mut published = 0;
    for _ in 0..300 {
        let events: Vec<usize> = (0..rng.usize(1..6)).map(|_| rng.usize(0..30)).collect();
        published += events.len() as u64;
        bench.source.producer().emit(events).await.unwrap();
        for _ in 0..rng.usize(0..8) {
            yield_now().await;
        }
    }
    published
}

async fn kill(bench: &Bench, mut rng: Rng) {
    for _ in 0..12 {
        for _ in 0..rng.usize(0..200) {
            yield_now().await;
        }
        let child = ["events", "shard-0", "shard-1", "shard-2"][rng.usize(0..4)];
        bench.hub.supervisor().kill(child).await.unwrap();
    }
}

async fn storm(behind: Behind, seed: u64) {
    let settings = Settings { behind, window: 8, ..Settings::default() };
    let bench = Bench::new(|builder| builder.shards(3).settings(settings));
    let rng = |n: u64| Rng::with_seed(seed * 100 + n);
    let joiners = (0..JOINERS).map(|n| join_and_read(&bench, rng(n)));
    let joining = futures::future::join_all(joiners);
    let (published, (), watchers) = tokio::join!(publish(&bench, rng(50)), kill(&bench, rng(51)), joining);
    let watchers: Vec<Watcher> = watchers.into_iter().flatten().collect();

    for watcher in &watchers {
        watcher.sink.allow(ROOMY);
    }
    // After a kill, the next event tells each shard what it has missed, so one must come.
    let quiet = async {
        bench.source.producer().emit(vec![6]).await.unwrap();
        while bench.hub.figures().next <= published || !bench.hub.figures().is_quiet() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), quiet).await.expect("it becomes quiet");

    let figures = bench.hub.figures();
    let ledger = figures.deliveries();
    assert_eq!(ledger.unaccounted(), 0, "{ledger:?}");
    let delivered: u64 = watchers.iter().map(|watcher| watcher.read().events).sum();
    assert_eq!(ledger.delivered, delivered, "counted by the watchers");
    let left = bench.left.lock().unwrap();
    let is_known = |reason| match reason {
        LeftReason::Left | LeftReason::Failed(ErrorKind::ConnectionReset) => true,
        LeftReason::Behind => matches!(behind, Behind::Close(_)),
        _ => false,
    };
    assert!(left.iter().all(|left| is_known(left.reason)), "{left:?}");
    assert_eq!(figures.watchers(), (watchers.len() - left.len()) as u64);
    for watcher in &watchers {
        let next = watcher.read().next;
        match left.iter().find(|left| left.id == watcher.id) {
            Some(left) => assert_eq!(next, left.next, "{left:?}"),
            // One that asked for an event that was never published still waits for it.
            None if next > figures.next => assert_eq!(watcher.read().events, 0),
            None => assert_eq!(next, figures.next),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_joins_slow_readers_resets_and_kills_leaves_the_ledger_exact() {
    for seed in 0..2 {
        for behind in [Behind::DropOldest(5), Behind::Latest, Behind::Close(6), Behind::Wait] {
            storm(behind, seed).await;
        }
    }
}
