//! What the figures of the snapshot count, and what they leave out.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir::record::{ByMode, Mode};
use weir::workbench::Workbench;

use super::{HALF, drained, enqueue, request};
use crate::support::{bench, reconfigure};

/// Sends `n` requests at once, and lets each get as far as it can.
async fn at_once(bench: &Arc<Workbench>, mode: Mode, n: usize) -> tokio::task::JoinSet<()> {
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..n {
        let bench = Arc::clone(bench);
        requests.spawn(async move {
            let _ = request(&bench, mode).await;
        });
    }
    sleep(HALF / 5).await;
    requests
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_place_has_arrived_and_is_not_answered() {
    let bench = bench(&["queue.capacity=1", "queue.when_full=wait", "queue.wait_timeout=60s"]);
    sleep(HALF).await;
    let mut requests = at_once(&bench, Mode::Pipelined, 12).await;
    let pipelined = bench.snapshot().modes.pipelined;
    // One is with the consumer and one in the queue.
    assert_eq!((pipelined.arrived, pipelined.requests, pipelined.in_flight), (12, 2, 10));
    bench.sample();
    let point = bench.recent_history().points.pop().unwrap();
    let only = |pipelined| ByMode { pipelined, ..ByMode::default() };
    assert_eq!((point.arrived, point.requests), (only(12), only(2)));
    // A reset counts those in flight anew.
    bench.reset();
    let pipelined = bench.snapshot().modes.pipelined;
    assert_eq!((pipelined.arrived, pipelined.requests, pipelined.in_flight), (10, 0, 10));
    requests.abort_all();
    while requests.join_next().await.is_some() {}
    let pipelined = bench.snapshot().modes.pipelined;
    assert_eq!((pipelined.arrived, pipelined.aborted, pipelined.in_flight), (10, 10, 0));
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_resource_are_not_the_queues_and_not_among_the_times_of_successes() {
    let bench = bench(&["resource.max_concurrent=1", "resource.on_full=reject"]);
    let mut requests = at_once(&bench, Mode::Serial, 8).await;
    while requests.join_next().await.is_some() {}
    let snapshot = bench.snapshot();
    let (serial, resource) = (snapshot.modes.serial, snapshot.resource);
    assert_eq!((snapshot.ledger.rejected, snapshot.queue.refused, resource.refused), (7, 0, 7));
    assert_eq!((resource.calls, serial.requests, serial.errors), (8, 8, 7));
    assert_eq!((serial.http_ms.count, serial.errors_ms.count), (1, 7));
    assert!((serial.http_ms.p50 - 500.0).abs() < 0.5, "{:?}", serial.http_ms);
    assert!(serial.errors_ms.max < 1.0, "{:?}", serial.errors_ms);
    assert_eq!(bench.curves().modes.serial.count, 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_queue_are_the_queues() {
    let bench = bench(&["queue.capacity=2", "consumers.concurrency=0"]);
    at_once(&bench, Mode::Pipelined, 5).await.detach_all();
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.refused, snapshot.queue.dropped, snapshot.resource.calls), (3, 0, 0));
    reconfigure(&bench, &["queue.capacity=2", "consumers.concurrency=0", "queue.when_full=drop_oldest"])
        .await;
    request(&bench, Mode::Pipelined).await.unwrap();
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.refused, snapshot.queue.dropped), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn with_a_concurrency_of_0_every_event_is_in_a_vessel() {
    let bench = bench(&["consumers.concurrency=3"]);
    sleep(HALF).await;
    reconfigure(&bench, &["consumers.concurrency=0"]).await;
    sleep(HALF).await;
    enqueue(&bench, 3).await;
    sleep(4 * HALF).await;
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.consumers.busy, snapshot.consumers.held, snapshot.resource.in_use), (0, 0, 0));
    // The first left the queue for a consumer that is gone.
    assert_eq!((snapshot.queue.depth, snapshot.queue.at_gate, snapshot.ledger.held), (3, 1, 3));
    assert_eq!((snapshot.queue.peak_depth, snapshot.ledger.unaccounted), (3, 0));
    assert_eq!(snapshot.queue.oldest_ms, Some(2000.0));
    bench.sample();
    assert_eq!(bench.snapshot().point.depth, 3);
    reconfigure(&bench, &[]).await;
    assert_eq!(drained(&bench, HALF).await.ledger.done, 3);
}

#[tokio::test(start_paused = true)]
async fn while_the_resource_is_frozen_the_oldest_grows_older() {
    let bench = bench(&["resource.freeze_every=10s", "resource.freeze_for=5s"]);
    let at = |snapshot: &weir::workbench::Snapshot| {
        let resource = &snapshot.resource;
        (resource.frozen, resource.frozen_ms, resource.oldest_ms, snapshot.queue.oldest_ms)
    };
    assert_eq!(at(&bench.snapshot()), (false, None, None, None));
    sleep(Duration::from_millis(9900)).await;
    enqueue(&bench, 1).await;
    sleep(Duration::from_millis(50)).await;
    enqueue(&bench, 1).await;
    sleep(Duration::from_millis(1050)).await;
    assert_eq!(at(&bench.snapshot()), (true, Some(1000.0), Some(1100.0), Some(1050.0)));
    sleep(Duration::from_secs(2)).await;
    let snapshot = bench.snapshot();
    assert_eq!(at(&snapshot), (true, Some(3000.0), Some(3100.0), Some(3050.0)));
    assert_eq!(snapshot.modes.pipelined.response_ms.count, 0);
    drained(&bench, HALF).await;
    assert_eq!(at(&bench.snapshot()), (false, None, None, None));
}

#[tokio::test(start_paused = true)]
async fn a_rate_takes_ten_responses_and_a_second() {
    let bench = bench(&["resource.latency.mean=50ms"]);
    let rate = || bench.snapshot().modes.serial.rate;
    request(&bench, Mode::Serial).await.unwrap();
    assert_eq!(rate(), None);
    for _ in 1..19 {
        request(&bench, Mode::Serial).await.unwrap();
    }
    // 19 responses in 0.95 s.
    assert_eq!(rate(), None);
    request(&bench, Mode::Serial).await.unwrap();
    assert_eq!(rate(), Some(20.0));
    sleep(2 * HALF + HALF).await;
    // A new load, of nine in more than a second.
    reconfigure(&bench, &["resource.latency.mean=200ms"]).await;
    for _ in 0..9 {
        request(&bench, Mode::Serial).await.unwrap();
    }
    assert_eq!(rate(), None);
}

#[tokio::test(start_paused = true)]
async fn events_that_failed_have_times_of_their_own() {
    let bench = bench(&["resource.failure_rate=1"]);
    request(&bench, Mode::Serial).await.unwrap_err();
    let serial = bench.snapshot().modes.serial;
    assert_eq!((serial.response_ms.count, serial.failed_ms.count, serial.http_ms.count), (0, 1, 0));
    assert!((serial.failed_ms.p50 - 500.0).abs() < 0.5, "{:?}", serial.failed_ms);
}
