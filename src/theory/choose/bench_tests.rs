//! What is counted out is held against the bench itself, under virtual time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::*;
use crate::config::Sources;
use crate::record::{Profile, RequestPlan};
use crate::workbench::Workbench;

/// Predicted and measured: seconds from the first request to the last event done,
/// the mean response and its p99 in milliseconds.
async fn both(mode: Mode, clients: u64, requests: u64, flags: &[&str]) -> ([f64; 3], [f64; 3]) {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    let sources = Sources { file: None, flags };
    let config = sources.load().unwrap();
    let model = Model::Closed { clients: Profile::constant(clients as f64, None) };
    let plan = Plan { model, requests: Some(requests), request: RequestPlan::default() };
    let prediction = predict(&config.settings, mode, &plan).unwrap();
    let response = prediction.response.unwrap();
    let seconds = prediction.load_s.unwrap_or(0.0) + prediction.drain_s.unwrap_or(0.0);

    let bench = Workbench::start(config, &sources);
    let start = Instant::now();
    let left = Arc::new(Mutex::new(requests));
    let client = |_| {
        let (bench, left) = (Arc::clone(&bench), Arc::clone(&left));
        async move {
            loop {
                {
                    let mut left = left.lock().await;
                    if *left == 0 {
                        return;
                    }
                    *left -= 1;
                }
                let arrived = bench.request(mode).arrived();
                match mode {
                    Mode::Serial => drop(bench.serial(arrived).await),
                    Mode::Async => drop(bench.spawn(arrived)),
                    Mode::Pipelined => drop(bench.enqueue(arrived).await),
                }
            }
        }
    };
    futures::future::join_all((0..clients).map(client)).await;
    while bench.snapshot().ledger.held > 0 {
        // Fine enough for the tolerance below, and no finer: looking costs real time.
        tokio::time::sleep(Duration::from_secs_f64(seconds / 400.0)).await;
    }
    let snapshot = bench.snapshot();
    let measured = &snapshot.modes[mode];
    let found = [start.elapsed().as_secs_f64(), measured.response_ms.mean, measured.response_ms.p99];
    bench.abort();
    ([seconds, response.mean_ms.unwrap(), response.p99_ms.unwrap()], found)
}

/// A timer is a millisecond coarse, once a service, and a histogram has three
/// digits.
#[tokio::test(start_paused = true)]
async fn what_is_counted_out_happens() {
    let two = ["consumers.concurrency=2", "resource.latency.mean=100ms"];
    let full = [two[0], two[1], "queue.capacity=98", "queue.when_full=wait"];
    let hoard = ["consumers.concurrency=3", "consumers.max_demand=4", "consumers.min_demand=1"];
    for (mode, clients, requests, flags) in [
        (Mode::Serial, 50, 3000, &[][..]),
        (Mode::Serial, 7, 100, &["resource.max_concurrent=3"]),
        (Mode::Async, 5, 100, &["resource.max_concurrent=7"]),
        (Mode::Pipelined, 50, 1000, &["consumers.concurrency=3"]),
        (Mode::Pipelined, 10, 200, &full),
        (Mode::Pipelined, 10, 201, &two),
        (Mode::Pipelined, 5, 120, &hoard),
        (Mode::Pipelined, 5, 121, &["consumers.max_demand=4"]),
        (Mode::Pipelined, 5, 121, &["consumers.concurrency=3", "consumers.mode=per_event"]),
    ] {
        let (predicted, found) = both(mode, clients, requests, flags).await;
        for (predicted, found) in predicted.into_iter().zip(found) {
            let close = (found / predicted - 1.0).abs() < 0.015 || (found - predicted).abs() < 0.02;
            assert!(close, "{mode:?} {clients} {requests} {flags:?}: {predicted}, and {found}");
        }
    }
}
