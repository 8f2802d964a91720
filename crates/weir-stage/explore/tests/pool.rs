//! The pool's tasks and the stages around them under thousands of schedules: no
//! event is lost, and none is begun twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::{check_pct, check_random};
use weir_explore::demand::Limits;
use weir_explore::pool::{Pool, PoolSettings, Spread};
use weir_explore::stage::{self, ProducerRef, Reason, RunningProducer};

const SCHEDULES: usize = 1000;

fn explore(scenario: fn()) {
    check_random(scenario, SCHEDULES);
    check_pct(scenario, SCHEDULES, 3);
}

/// Events whose handler was polled.
type Begun = Arc<Mutex<Vec<u32>>>;

fn settings(concurrency: usize, spread: Spread) -> PoolSettings {
    let limits = Limits::new(2, 1).unwrap();
    PoolSettings { concurrency, spread, limits, requeue: true }
}

/// Starts a source that emits on request, and a pool that records the events it begins.
fn start(settings: PoolSettings) -> (RunningProducer<u32>, Pool<u32>, Begun) {
    let silent = stage::producer_fn(|_| std::future::pending::<Option<Vec<u32>>>());
    // The explorer has no timers.
    let source = silent.finish_within(Duration::ZERO).spawn();
    let begun = Begun::default();
    let noted = Arc::clone(&begun);
    let handler = move |event| {
        let noted = Arc::clone(&noted);
        async move {
            noted.lock().unwrap().push(event);
            yield_now().await;
        }
    };
    let pool = Pool::spawn(source.producer(), handler, settings);
    (source, pool, begun)
}

async fn emit(producer: ProducerRef<u32>, events: u32) {
    for event in 0..events {
        assert_eq!(producer.emit(vec![event]).await, Ok(Vec::new()));
    }
}

/// Asserts, once the pool has ended, that every event was either begun or requeued, once.
async fn assert_each_once(source: RunningProducer<u32>, begun: &Begun, events: u32) {
    let producer = source.producer();
    source.stop();
    let rest: Vec<u32> = producer.subscribe(Limits::default()).collect().await;
    let mut all = begun.lock().unwrap().clone();
    all.extend(rest);
    all.sort_unstable();
    assert_eq!(all, (0..events).collect::<Vec<_>>());
}

fn abort(spread: Spread) {
    block_on(async move {
        let (source, pool, begun) = start(settings(2, spread));
        let emitting = spawn(emit(source.producer(), 4));
        pool.abort();
        assert_eq!(pool.ended().await, Reason::Aborted);
        emitting.await.unwrap();
        assert_each_once(source, &begun, 4).await;
    });
}

#[test]
fn an_aborted_pool_of_workers_requeues_events_it_has_not_begun() {
    explore(|| abort(Spread::Workers));
}

#[test]
fn an_aborted_per_event_pool_requeues_events_it_has_not_begun() {
    explore(|| abort(Spread::PerEvent));
}

#[test]
fn a_pool_resized_while_events_come_begins_each_once() {
    explore(|| {
        block_on(async {
            let (source, pool, begun) = start(settings(2, Spread::Workers));
            let emitting = spawn(emit(source.producer(), 4));
            for (concurrency, spread) in
                [(1, Spread::Workers), (2, Spread::PerEvent), (1, Spread::PerEvent)]
            {
                pool.resize(settings(concurrency, spread)).await;
            }
            emitting.await.unwrap();
            pool.stop();
            assert_eq!(pool.ended().await, Reason::Stopped);
            assert_each_once(source, &begun, 4).await;
        });
    });
}

#[test]
fn a_pool_stopped_and_then_aborted_loses_no_event_it_has_not_begun() {
    explore(|| {
        block_on(async {
            let (source, pool, begun) = start(settings(2, Spread::PerEvent));
            let emitting = spawn(emit(source.producer(), 3));
            pool.stop();
            yield_now().await;
            pool.abort();
            pool.ended().await;
            emitting.await.unwrap();
            assert_each_once(source, &begun, 3).await;
        });
    });
}

#[test]
fn a_worker_killed_while_events_come_is_replaced_and_each_event_is_begun_or_requeued_once() {
    explore(|| {
        block_on(async {
            let (source, pool, begun) = start(settings(2, Spread::Workers));
            let emitting = spawn(emit(source.producer(), 4));
            let workers = pool.workers();
            if let Some((worker, _)) = workers.first() {
                pool.kill(*worker).await;
                assert!(pool.workers().iter().all(|(other, _)| other != worker));
            }
            emitting.await.unwrap();
            pool.stop();
            assert_eq!(pool.ended().await, Reason::Stopped);
            assert_each_once(source, &begun, 4).await;
        });
    });
}
