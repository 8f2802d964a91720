//! The bench and a load on it under virtual time.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use weir::config::{Config, Sources};
use weir::record::{Arrivals, Mode, Model, Plan, Profile, RequestPlan, Run, TimingKind};
use weir::simulate::{SimulateError, simulate};

use crate::http;
use crate::support::bench;

pub(crate) fn config(flags: &[&str]) -> Config {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    Sources { file: None, flags }.load().unwrap()
}

pub(crate) fn closed(clients: f64, requests: u64) -> Plan {
    let clients = Profile::constant(clients, None);
    Plan { model: Model::Closed { clients }, requests: Some(requests), request: RequestPlan::default() }
}

pub(crate) fn open(rate: f64, seconds: f64, arrivals: Arrivals, seed: u64) -> Plan {
    let rate = Profile::constant(rate, Some(seconds));
    let model = Model::Open { rate, arrivals, seed, connections: 1000 };
    Plan { model, requests: None, request: RequestPlan::default() }
}

pub(crate) fn run(flags: &[&str], mode: Mode, plan: &Plan) -> Run {
    let run = simulate(config(flags), mode, plan, &mut |_| ()).unwrap();
    assert!(!run.audit.is_invalid(), "{:#?}", run.audit);
    run
}

/// Asserts that a figure is within `percent` of the expected one.
#[track_caller]
pub(crate) fn close(found: f64, expected: f64, percent: f64) {
    let off = (found / expected - 1.0).abs() * 100.0;
    assert!(off <= percent, "{found} is {off:.2} % off {expected}");
}

/// The statuses with which the server answers `clients` requests at once.
async fn served(flags: &[&str], mode: Mode, clients: usize) -> BTreeSet<String> {
    let bench = bench(flags);
    let mut requests = JoinSet::new();
    for _ in 0..clients {
        let bench = Arc::clone(&bench);
        let path = format!("/{}", mode.name());
        requests.spawn(async move { http::get(&bench, &path).await.status.as_u16().to_string() });
    }
    requests.join_all().await.into_iter().collect()
}

#[test]
fn a_simulated_refusal_has_the_status_that_the_server_answers_with() {
    let full = ["resource.max_concurrent=1", "resource.on_full=reject"];
    for (flags, mode, refusal) in [
        (vec![full[0], full[1], "resource.reject_status=500"], Mode::Serial, "500"),
        (vec![full[0], full[1], "resource.reject_status=429"], Mode::Async, "429"),
        (vec!["queue.capacity=1"], Mode::Pipelined, "503"),
        (vec!["async.max_in_flight=1"], Mode::Async, "503"),
        (vec!["resource.failure_rate=1"], Mode::Serial, "500"),
    ] {
        let run = simulate(config(&flags), mode, &closed(5.0, 5), &mut |_| ()).unwrap();
        let simulated: BTreeSet<String> = run.client.unwrap().statuses.into_keys().collect();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let served = runtime.unwrap().block_on(served(&flags, mode, 5));
        assert_eq!(simulated, served, "{flags:?}");
        assert!(served.contains(refusal), "{flags:?}: {served:?}");
    }
}

#[test]
fn a_drain_of_five_hundred_seconds_is_exact() {
    let run = run(&[], Mode::Pipelined, &closed(50.0, 1000));
    let bench = run.bench.as_ref().unwrap();
    assert!(bench.drained);
    close(bench.drain_s, 500.0, 0.001);
    // The worker takes the first while the others come.
    assert_eq!((bench.peak_depth, bench.peak_in_use), (999, 1));
    assert_eq!((bench.ledger.accepted, bench.ledger.done, bench.ledger.unaccounted), (1000, 1000, 0));
    let response = run.timing(TimingKind::Response).unwrap().summary();
    close(response.mean, 250_250.0, 0.1);
    close(response.p99, 495_000.0, 0.1);
}

#[test]
fn events_that_pass_through_the_queue_within_an_instant_are_not_its_peak() {
    // All sixteen come in one instant, in which the idle worker takes the first.
    let burst = run(&[], Mode::Pipelined, &closed(16.0, 16));
    assert_eq!(burst.bench.as_ref().unwrap().peak_depth, 15);
    assert_eq!(burst.rate(), None, "sixteen answers in no time are no rate");
    // At 10 a second each finds a worker that waits for it.
    let flags = ["resource.latency.mean=20ms"];
    let calm = run(&flags, Mode::Pipelined, &open(10.0, 10.0, Arrivals::Constant, 1));
    assert_eq!(calm.bench.as_ref().unwrap().peak_depth, 0);
}

#[test]
fn a_load_that_is_silent_for_a_minute_and_a_half_keeps_both_sides() {
    let mut plan = open(5.0, 20.0, Arrivals::Constant, 1);
    let Model::Open { rate, .. } = &mut plan.model else { unreachable!("an open plan") };
    *rate = Profile::parse("5:20s,0:90s,5:20s", None).unwrap();
    let run = run(&["resource.latency.mean=10ms"], Mode::Pipelined, &plan);
    let ledger = run.bench.as_ref().map(|bench| (bench.ledger.accepted, bench.ledger.done));
    assert_eq!(ledger, Some((200, 200)));
}

#[test]
fn the_same_seeds_give_the_same_run() {
    let flags = ["resource.latency={distribution='lognormal',mean='20ms'}", "consumers.concurrency=3"];
    let plan = open(120.0, 20.0, Arrivals::Poisson, 7);
    let (a, b) = (run(&flags, Mode::Pipelined, &plan), run(&flags, Mode::Pipelined, &plan));
    assert_eq!(Run { began: String::new(), ..a.clone() }, Run { began: String::new(), ..b });
    let other = run(&flags, Mode::Pipelined, &open(120.0, 20.0, Arrivals::Poisson, 8));
    assert_ne!(a.bench, other.bench);
}

#[test]
fn serial_clients_wait_for_the_resource() {
    let run = run(&[], Mode::Serial, &closed(50.0, 3000));
    let client = run.client.as_ref().unwrap();
    close(client.seconds, 30.0, 0.001);
    close(client.rate, 100.0, 0.001);
    close(client.in_flight, 50.0, 0.001);
    assert_eq!(run.bench.as_ref().unwrap().peak_in_use, 50);
}

#[test]
fn a_closed_loop_by_time_on_instant_answers_is_refused() {
    let clients = Profile::constant(5.0, Some(1.0));
    let plan = Plan { model: Model::Closed { clients }, requests: None, request: RequestPlan::default() };
    let result = simulate(config(&[]), Mode::Async, &plan, &mut |_| ());
    assert!(matches!(result, Err(SimulateError::Endless("async"))));
}
