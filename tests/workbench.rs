//! The whole bench under virtual time: modes, drain times, ledger, reload.

mod drain;
mod engines;
mod figures;
mod in_flight;
mod kill;
mod pause;
mod purge;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use weir::record::Mode;
use weir::shutdown::Drained;
use weir::workbench::{Refusal, Snapshot, Workbench};

use crate::support::{bench, reconfigure};

const HALF: Duration = Duration::from_millis(500);

/// Sends a request as HTTP does, and says how it went.
pub(crate) async fn request(bench: &Workbench, mode: Mode) -> Result<(), Refusal> {
    let request = bench.request(mode);
    let result = match mode {
        Mode::Serial => bench.serial(request.arrived()).await.map(drop),
        Mode::Async => bench.spawn(request.arrived()).map(drop),
        Mode::Pipelined => bench.enqueue(request.arrived()).await.map(drop),
    };
    request.answered(result.is_ok());
    result
}

async fn enqueue(bench: &Workbench, n: usize) {
    for _ in 0..n {
        request(bench, Mode::Pipelined).await.unwrap();
    }
}

/// Waits until nothing is held, looking every `step`.
async fn drained(bench: &Workbench, step: Duration) -> Snapshot {
    loop {
        let snapshot = bench.snapshot();
        if snapshot.ledger.held == 0 {
            return snapshot;
        }
        sleep(step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn serial_takes_the_resource_inside_the_request() {
    let bench = bench(&[]);
    let start = Instant::now();
    let running = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { request(&bench, Mode::Serial).await })
    };
    sleep(HALF / 2).await;
    assert_eq!(bench.snapshot().resource.in_use, 1);
    running.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), HALF);
    let serial = bench.snapshot().modes.serial;
    assert_eq!((serial.requests, serial.errors, serial.http_ms.count), (1, 0, 1));
    assert!((serial.service_ms.p50 - 500.0).abs() < 0.5, "{:?}", serial.service_ms);
    assert!((serial.http_ms.p50 - 500.0).abs() < 0.5, "{:?}", serial.http_ms);
}

#[tokio::test(start_paused = true)]
async fn fifty_serial_clients_use_the_resource_fifty_times_over() {
    let bench = bench(&[]);
    let start = Instant::now();
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                for _ in 0..60 {
                    request(&bench, Mode::Serial).await.unwrap();
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(start.elapsed(), 60 * HALF);
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.resource.peak_in_use, snapshot.modes.serial.peak_in_use), (50, 50));
    assert_eq!((snapshot.ledger.done, snapshot.ledger.unaccounted), (3000, 0));
    let rate = snapshot.modes.serial.rate.unwrap();
    assert!((rate - 100.0).abs() < 0.1, "{rate}");
}

#[tokio::test(start_paused = true)]
async fn async_answers_at_once_and_everything_is_in_the_resource_together() {
    let bench = bench(&[]);
    let start = Instant::now();
    for _ in 0..300 {
        request(&bench, Mode::Async).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    let snapshot = drained(&bench, HALF).await;
    assert_eq!((snapshot.resource.peak_in_use, snapshot.modes.asynchronous.peak_in_use), (300, 300));
    assert_eq!((snapshot.ledger.done, snapshot.ledger.unaccounted), (300, 0));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_events_drain_in_five_hundred_seconds_by_one_and_a_third_of_it_by_three() {
    for (concurrency, mode, seconds) in [
        ("1", "workers", 500.0),
        ("3", "workers", 167.0),
        ("3", "per_event", 167.0),
        ("10", "per_event", 50.0),
    ] {
        let bench =
            bench(&[&format!("consumers.concurrency={concurrency}"), &format!("consumers.mode={mode}")]);
        let start = Instant::now();
        enqueue(&bench, 1000).await;
        assert_eq!(bench.snapshot().queue.peak_depth, 1000);
        sleep(HALF / 2).await;
        let snapshot = bench.snapshot();
        assert_eq!(snapshot.resource.in_use.to_string(), concurrency);
        assert_eq!(snapshot.queue.depth + snapshot.consumers.busy, 1000);
        let snapshot = drained(&bench, HALF).await;
        let took = (start.elapsed() - HALF / 2).as_secs_f64();
        assert!((took - seconds).abs() < 0.01, "{concurrency} {mode}: {took} s");
        assert_eq!((snapshot.ledger.done, snapshot.ledger.unaccounted), (1000, 0));
        assert_eq!(snapshot.resource.peak_in_use.to_string(), concurrency);
    }
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_edited_up_and_down_while_events_wait_and_nothing_is_lost() {
    let bench = bench(&[]);
    enqueue(&bench, 1000).await;
    for concurrency in [1, 3, 10, 3, 1, 10] {
        reconfigure(&bench, &[&format!("consumers.concurrency={concurrency}")]).await;
        // Those that were running at a shrink finish first.
        sleep(2 * HALF).await;
        let snapshot = bench.snapshot();
        assert_eq!(snapshot.resource.in_use, concurrency);
        assert_eq!(snapshot.consumers.concurrency as usize, concurrency);
    }
    let snapshot = drained(&bench, HALF).await;
    assert_eq!(
        (snapshot.ledger.done, snapshot.resource.calls, snapshot.ledger.unaccounted),
        (1000, 1000, 0)
    );
    assert_eq!(snapshot.config.generation, 6);
}

#[tokio::test(start_paused = true)]
async fn waits_and_responses_are_those_of_a_queue_with_one_server() {
    let bench = bench(&["resource.latency.mean=10ms"]);
    enqueue(&bench, 100).await;
    let pipelined = drained(&bench, HALF).await.modes.pipelined;
    // The k-th waits k times 10 ms and is served in 10: a mean of 495 and 505.
    for (summary, mean, max) in [(pipelined.wait_ms, 495.0, 990.0), (pipelined.response_ms, 505.0, 1000.0)]
    {
        assert!((summary.mean - mean).abs() < 0.005 * mean, "{summary:?}");
        assert!((summary.max - max).abs() < 0.005 * max, "{summary:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_policy_balances_at_ten_times_the_load() {
    for policy in ["reject", "wait", "drop_newest", "drop_oldest"] {
        let bench = bench(&[
            "queue.capacity=10",
            "resource.latency.mean=10ms",
            "queue.wait_timeout=50ms",
            &format!("queue.when_full={policy}"),
        ]);
        let clients: Vec<_> = (0..100)
            .map(|n| {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(n)).await;
                    let mut refused = 0;
                    for _ in 0..10 {
                        refused += u64::from(request(&bench, Mode::Pipelined).await.is_err());
                        sleep(Duration::from_millis(100)).await;
                    }
                    refused
                })
            })
            .collect();
        let mut refused = 0;
        for client in clients {
            refused += client.await.unwrap();
        }
        let snapshot = drained(&bench, HALF).await;
        let ledger = snapshot.ledger;
        assert_eq!(ledger.unaccounted, 0, "{policy}: {ledger:?}");
        assert_eq!(ledger.accepted + ledger.rejected, 1000, "{policy}: {ledger:?}");
        assert_eq!((ledger.rejected, snapshot.modes.pipelined.errors), (refused, refused), "{policy}");
        assert_eq!(ledger.dropped > 0, policy.starts_with("drop"), "{policy}: {ledger:?}");
        assert_eq!(snapshot.queue.peak_depth, 10, "{policy}");
        assert_eq!(snapshot.resource.peak_in_use, 1, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_resource_refuses_before_it_accepts_and_a_pool_counts_it_as_failed() {
    let bench = bench(&["resource.max_concurrent=1", "resource.on_full=reject", "consumers.concurrency=3"]);
    request(&bench, Mode::Async).await.unwrap();
    assert!(matches!(request(&bench, Mode::Async).await, Err(Refusal::ResourceFull(_))));
    assert!(matches!(request(&bench, Mode::Serial).await, Err(Refusal::ResourceFull(_))));
    enqueue(&bench, 2).await;
    let snapshot = drained(&bench, HALF).await;
    let ledger = &snapshot.ledger;
    assert_eq!((ledger.accepted, ledger.done, ledger.failed, ledger.rejected), (3, 1, 2, 2));
    assert_eq!((ledger.unaccounted, snapshot.resource.refused), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_is_told_apart_and_its_event_counted() {
    let bench = bench(&[]);
    let gone = tokio::time::timeout(HALF / 2, request(&bench, Mode::Serial)).await;
    assert!(gone.is_err());
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.modes.serial.requests, snapshot.modes.serial.aborted), (0, 1));
    assert_eq!((snapshot.ledger.accepted, snapshot.ledger.failed, snapshot.ledger.unaccounted), (1, 1, 0));
    assert_eq!((snapshot.resource.in_use, snapshot.modes.serial.in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_reset_in_the_middle_zeroes_the_numbers_and_keeps_the_balance() {
    let bench = bench(&["consumers.concurrency=2"]);
    enqueue(&bench, 10).await;
    sleep(3 * HALF / 2).await;
    bench.reset();
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.ledger.accepted, snapshot.ledger.done, snapshot.ledger.held), (8, 0, 8));
    assert_eq!((snapshot.modes.pipelined.requests, snapshot.modes.pipelined.response_ms.count), (0, 0));
    assert_eq!((snapshot.queue.peak_depth, snapshot.resource.peak_in_use), (6, 2));
    let snapshot = drained(&bench, HALF).await;
    assert_eq!((snapshot.ledger.done, snapshot.ledger.unaccounted), (8, 0));
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_that_of_the_last_burst_of_load() {
    let bench = bench(&["resource.latency.mean=100ms"]);
    for (n, pause) in [(10, 60), (40, 0)] {
        for _ in 0..n {
            request(&bench, Mode::Serial).await.unwrap();
        }
        let rate = bench.snapshot().modes.serial.rate.unwrap();
        assert!((rate - 10.0).abs() < 0.01, "{rate}");
        sleep(Duration::from_secs(pause)).await;
    }
}

#[derive(Debug, Clone)]
enum Step {
    Request(u8),
    Reset,
    Pause,
    Resume,
    Set(&'static str),
    Wait(u64),
}

const EDITS: [&str; 14] = [
    "consumers.concurrency=0",
    "consumers.concurrency=2",
    "consumers.concurrency=7",
    "consumers.mode=per_event",
    "consumers.max_demand=20",
    "consumers.recall=false",
    "queue.capacity=1",
    "queue.capacity=8",
    "queue.when_full=wait",
    "queue.when_full=drop_newest",
    "queue.when_full=drop_oldest",
    "resource.max_concurrent=2",
    "resource.on_full=reject",
    "resource.failure_rate=0.3",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u8..3).prop_map(Step::Request),
        1 => Just(Step::Reset),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        3 => prop::sample::select(EDITS.to_vec()).prop_map(Step::Set),
        4 => (0u64..30).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Requests of every mode, edits of everything, resets, pauses, in any order: once
    /// quiet, the ledger balances and nothing is held.
    #[test]
    fn any_script_balances(script in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            const BASE: [&str; 3] =
                ["resource.latency.mean=10ms", "resource.latency.distribution=exponential", "queue.wait_timeout=20ms"];
            let bench = bench(&BASE);
            let mut requests = tokio::task::JoinSet::new();
            let mut edits: Vec<&str> = BASE.to_vec();
            for step in script {
                match step {
                    Step::Request(mode) => {
                        let bench = Arc::clone(&bench);
                        requests.spawn(async move { request(&bench, Mode::ALL[usize::from(mode)]).await });
                        tokio::task::yield_now().await;
                    }
                    Step::Reset => bench.reset(),
                    Step::Pause => bench.pause().await,
                    Step::Resume => bench.resume(),
                    Step::Set(edit) => {
                        edits.push(edit);
                        reconfigure(&bench, &edits).await;
                    }
                    Step::Wait(ms) => sleep(Duration::from_millis(ms)).await,
                }
            }
            bench.resume();
            edits.push("consumers.concurrency=3");
            reconfigure(&bench, &edits).await;
            while requests.join_next().await.is_some() {}
            let snapshot = drained(&bench, Duration::from_millis(10)).await;
            assert_eq!(snapshot.ledger.unaccounted, 0, "{:?}", snapshot.ledger);
            assert_eq!((snapshot.resource.in_use, snapshot.consumers.busy, snapshot.consumers.held), (0, 0, 0));
            let report = bench.drain(Duration::from_secs(60)).await;
            assert_eq!((report.drained, report.lost()), (Drained::Completely, 0));
        });
    }
}
