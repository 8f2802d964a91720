//! Aborts: an event whose handler was never polled is requeued.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::future::join_all;
use tokio::task::yield_now;
use tokio::time::timeout;
use weir::demand::Limits;
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage::{self, ProducerRef, RunningProducer};

use crate::support::{Seen, limits, silent};

/// More deliveries than a task's cooperative budget of 128.
const EVENTS: u64 = 300;

/// Emits every event by itself, all of them before any stage runs, like a burst from another
/// thread.
async fn burst(producer: &ProducerRef<u64>) {
    let mut emissions = pin!(join_all((0..EVENTS).map(|event| producer.emit(vec![event]))));
    poll_fn(|cx| {
        let _ = emissions.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

async fn yields(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

fn window() -> Limits {
    limits(400, 399)
}

/// Reads the requeued events, and asserts that every event was begun once.
async fn assert_none_lost(source: RunningProducer<u64>, begun: &Seen<u64>, what: &str) {
    let seen = begun.clone();
    let note = move |events: Vec<u64>| {
        events.into_iter().for_each(|event| seen.add(event));
        std::future::ready(())
    };
    let last = stage::consumer_fn(note).subscribe_to(&source.producer(), window()).spawn();
    yields(50).await;
    last.stop();
    last.join().await;
    let mut all = begun.all();
    all.sort_unstable();
    assert_eq!(all, (0..EVENTS).collect::<Vec<_>>(), "{what}");
}

#[tokio::test]
async fn a_batch_that_an_aborted_consumer_took_and_did_not_begin_is_requeued() {
    for after in 0..10 {
        let begun = Seen::nothing();
        let source = silent().spawn();
        let seen = begun.clone();
        let note = move |events: Vec<u64>| {
            let seen = seen.clone();
            async move { events.into_iter().for_each(|event| seen.add(event)) }
        };
        let consumer = stage::consumer_fn(note).subscribe_to(&source.producer(), window()).spawn();
        yields(5).await;
        burst(&source.producer()).await;
        yields(after).await;
        consumer.abort();
        consumer.join().await;
        assert_none_lost(source, &begun, &format!("aborted after {after} yields")).await;
    }
}

/// Aborts a pool at each of the first moments after a burst.
async fn abort_pools(spread: Spread, concurrency: usize) {
    for after in 0..10 {
        let begun = Seen::nothing();
        let source = silent().spawn();
        let seen = begun.clone();
        let note = move |event: u64| {
            let seen = seen.clone();
            async move { seen.add(event) }
        };
        let settings = PoolSettings { concurrency, spread, limits: window(), requeue: true };
        let pool = Pool::spawn(source.producer(), note, settings);
        yields(5).await;
        burst(&source.producer()).await;
        yields(after).await;
        pool.abort();
        let ended = timeout(Duration::from_secs(60), pool.ended()).await;
        assert!(ended.is_ok(), "the pool ends");
        assert_none_lost(source, &begun, &format!("{spread:?}, aborted after {after} yields")).await;
    }
}

#[tokio::test]
async fn an_event_that_an_aborted_worker_took_and_did_not_begin_is_requeued() {
    abort_pools(Spread::Workers, 1).await;
    abort_pools(Spread::Workers, 3).await;
}

#[tokio::test]
async fn an_event_whose_task_was_spawned_and_never_polled_is_requeued() {
    abort_pools(Spread::PerEvent, 200).await;
    abort_pools(Spread::PerEvent, 3).await;
}
