//! Every case of the choice, those that are refused included.

use std::time::Duration;

use super::*;
use crate::config::{Shape, Sources};
use crate::record::{Profile, RequestPlan};

pub(super) fn settings(flags: &[&str]) -> Settings {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    Sources { file: None, flags }.load().unwrap().settings
}

fn closed_plan(clients: f64, requests: Option<u64>) -> Plan {
    let model = Model::Closed { clients: Profile::constant(clients, None) };
    Plan { model, requests, request: RequestPlan::default() }
}

pub(super) fn open_plan(rate: f64, seconds: f64, arrivals: Arrivals) -> Plan {
    let rate = Profile::constant(rate, Some(seconds));
    let model = Model::Open { rate, arrivals, seed: 1, connections: 1000 };
    Plan { model, requests: None, request: RequestPlan::default() }
}

pub(super) fn closed(
    mode: Mode,
    clients: f64,
    requests: u64,
    flags: &[&str],
) -> Result<Prediction, NoModel> {
    predict(&settings(flags), mode, &closed_plan(clients, Some(requests)))
}

pub(super) fn open(
    mode: Mode,
    rate: f64,
    arrivals: Arrivals,
    flags: &[&str],
) -> Result<Prediction, NoModel> {
    predict(&settings(flags), mode, &open_plan(rate, 1000.0, arrivals))
}

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1e-3), "{found} is not {expected}");
}

pub(super) fn refused(result: Result<Prediction, NoModel>, says: &str) {
    let why = result.expect_err(says).why;
    assert!(why.contains(says) && why.contains("simulation"), "{why}");
}

const QUICK: &str = "resource.latency.mean=100ms";
const EXPONENTIAL: &str = "resource.latency.distribution=exponential";
const LOGNORMAL: &str = "resource.latency.distribution=lognormal";
pub(super) const POISSON: Arrivals = Arrivals::Poisson;

#[test]
fn the_workshops_serial_part() {
    let found = closed(Mode::Serial, 50.0, 3000, &[]).unwrap();
    assert_eq!(found.exactness, Exactness::Exact);
    near(found.load_s, 30.0);
    near(found.rate, 100.0);
    near(found.peak_in_use, 50.0);
    assert_eq!(found.answer, Some(PredictedTimes::always(0.5)));
}

#[test]
fn the_workshops_queue_part() {
    let one = closed(Mode::Pipelined, 50.0, 1000, &[]).unwrap();
    near(one.drain_s, 500.0);
    near(one.response.unwrap().mean_ms, 250_250.0);
    near(one.peak_depth, 999.0);
    near(one.utilisation, 1.0);
    assert_eq!(one.depth_over_time.first(), Some(&[0.0, 999.0]));
    assert_eq!(one.depth_over_time.last(), Some(&[500.0, 0.0]));
    let three = closed(Mode::Pipelined, 50.0, 1000, &["consumers.concurrency=3"]).unwrap();
    near(three.drain_s, 167.0);
    // A resource with two places makes three consumers two.
    let flags = ["consumers.concurrency=3", "resource.max_concurrent=2"];
    near(closed(Mode::Pipelined, 50.0, 1000, &flags).unwrap().drain_s, 250.0);
}

#[test]
fn closed_loops_with_a_limit() {
    let fixed = closed(Mode::Serial, 50.0, 3000, &["resource.max_concurrent=10"]).unwrap();
    near(fixed.load_s, 150.0);
    near(fixed.response.unwrap().p50_ms, 2500.0);
    let flags = ["resource.max_concurrent=10", EXPONENTIAL];
    let random = closed(Mode::Serial, 50.0, 3000, &flags).unwrap();
    assert_eq!(random.exactness, Exactness::Steady);
    assert!((random.wait.unwrap().mean_ms.unwrap() - 2000.0).abs() < 1.0);
    let refusing = ["resource.max_concurrent=10", "resource.on_full=reject"];
    refused(closed(Mode::Serial, 50.0, 3000, &refusing), "refusals");
    assert!(closed(Mode::Serial, 10.0, 3000, &refusing).is_ok());
}

#[test]
fn serial_at_a_rate() {
    let free = open(Mode::Serial, 20.0, POISSON, &[QUICK, LOGNORMAL]).unwrap();
    assert_eq!(free.model, "M/G/∞");
    assert!((free.in_use.unwrap() - 2.0).abs() < 1e-3);
    let flags = [QUICK, "resource.max_concurrent=3"];
    let fixed = open(Mode::Serial, 20.0, POISSON, &flags).unwrap();
    assert_eq!(fixed.model, "M/D/3");
    let random = open(Mode::Serial, 20.0, POISSON, &[QUICK, flags[1], EXPONENTIAL]).unwrap();
    assert_eq!(random.model, "M/M/3");
    // Gross and Harris's eye clinic, at ten times its pace: 8/9 wait.
    assert!((random.depth.unwrap() - 8.0 / 9.0).abs() < 1e-3);
    assert!(fixed.depth < random.depth);
    let one = open(Mode::Serial, 5.0, POISSON, &[QUICK, "resource.max_concurrent=1", LOGNORMAL]).unwrap();
    assert_eq!((one.model.as_str(), one.response.unwrap().p50_ms), ("M/G/1", None));
    refused(open(Mode::Serial, 20.0, POISSON, &[QUICK, flags[1], LOGNORMAL]), "3 places");
    let even = open(Mode::Serial, 30.0, Arrivals::Constant, &flags).unwrap();
    assert_eq!((even.model.as_str(), even.exactness), ("D/D/3", Exactness::Exact));
    assert_eq!(even.answer, Some(PredictedTimes::always(0.1)));
    refused(open(Mode::Serial, 20.0, Arrivals::Constant, &[QUICK, flags[1], EXPONENTIAL]), "evenly");
    refused(open(Mode::Serial, 20.0, Arrivals::Burst(5), &flags), "bursts");
    refused(open(Mode::Serial, 30.0, POISSON, &flags), "exactly what can be done");
}

#[test]
fn places_that_refuse() {
    let flags = [QUICK, "resource.max_concurrent=10", "resource.on_full=reject"];
    // The traffic table: 4.461 erlangs on 10 places lose 1 %, whatever the service.
    for shape in ["fixed", "exponential", "uniform"] {
        let shape = format!("resource.latency.distribution={shape}");
        let found = open(Mode::Serial, 44.61, POISSON, &[flags[0], flags[1], flags[2], &shape]).unwrap();
        assert!((found.refused_share.unwrap() - 0.01).abs() < 1e-4);
    }
    // 25 come while ten are busy, and ten of each 25 get in.
    let even = open(Mode::Async, 250.0, Arrivals::Constant, &flags).unwrap();
    near(even.refused_share, 0.6);
    near(even.done_rate, 100.0);
}

#[test]
fn async_answers_at_once() {
    let burst = closed(Mode::Async, 50.0, 1000, &[]).unwrap();
    assert_eq!(burst.answer, None);
    near(burst.peak_in_use, 1000.0);
    near(burst.drain_s, 0.5);
    let limited = closed(Mode::Async, 50.0, 1000, &["resource.max_concurrent=10"]).unwrap();
    near(limited.drain_s, 50.0);
    near(limited.peak_in_use, 10.0);
    let at_a_rate = open(Mode::Async, 20.0, POISSON, &[QUICK]).unwrap();
    assert_eq!(at_a_rate.response, Some(PredictedTimes::always(0.1)));
    let forever = predict(&settings(&[]), Mode::Async, &closed_plan(5.0, None));
    refused(forever, "speed of client and server");
}

#[test]
fn pipelined_at_a_rate() {
    let flags = [QUICK, "consumers.concurrency=3"];
    assert_eq!(open(Mode::Pipelined, 20.0, POISSON, &flags).unwrap().model, "M/D/3");
    let random = [QUICK, flags[1], EXPONENTIAL];
    assert_eq!(open(Mode::Pipelined, 20.0, POISSON, &random).unwrap().model, "M/M/3");
    let small = [QUICK, flags[1], EXPONENTIAL, "queue.capacity=5"];
    let lossy = open(Mode::Pipelined, 20.0, POISSON, &small).unwrap();
    assert_eq!(lossy.model, "M/M/3/8");
    assert!(lossy.refused_share.unwrap() > 0.01);
    let dropping = [QUICK, flags[1], EXPONENTIAL, "queue.capacity=5", "queue.when_full=drop_newest"];
    let dropping = open(Mode::Pipelined, 20.0, POISSON, &dropping).unwrap();
    assert_eq!((dropping.dropped_share, dropping.refused_share), (lossy.refused_share, None));
    refused(open(Mode::Pipelined, 20.0, POISSON, &[QUICK, flags[1], "queue.capacity=2"]), "full for");
    refused(
        open(Mode::Pipelined, 20.0, POISSON, &[QUICK, flags[1], "consumers.max_demand=2"]),
        "max_demand",
    );
    refused(open(Mode::Pipelined, 20.0, POISSON, &["consumers.concurrency=0"]), "never done");
    let rejecting = [flags[1], "resource.max_concurrent=2", "resource.on_full=reject"];
    refused(open(Mode::Pipelined, 1.0, POISSON, &rejecting), "fail at once");
}

#[test]
fn overload_is_water() {
    let flags = [QUICK, "consumers.concurrency=1", "queue.capacity=1000"];
    let found = open(Mode::Pipelined, 30.0, Arrivals::Constant, &flags).unwrap();
    assert_eq!(found.exactness, Exactness::Fluid);
    // Full after 50 of 1000 s; from then on two of three are refused.
    near(found.refused_share, 0.95 * 2.0 / 3.0);
    near(found.peak_depth, 1000.0);
    near(found.drain_s, 100.1);
    near(found.utilisation, 3.0);
    let random = [QUICK, flags[1], flags[2], EXPONENTIAL];
    // Full nearly always: the steady state says more than the water, if it is random.
    let steady = open(Mode::Pipelined, 50.0, POISSON, &random).unwrap();
    assert_eq!(steady.model, "M/M/1/1001");
    assert_eq!(
        open(Mode::Pipelined, 50.0, Arrivals::Constant, &random).unwrap().exactness,
        Exactness::Fluid
    );
    let waiting = [QUICK, flags[1], flags[2], "queue.when_full=wait"];
    refused(open(Mode::Pipelined, 30.0, POISSON, &waiting), "lets clients wait");
    refused(open(Mode::Pipelined, 10.01, POISSON, &flags), "chance");
    refused(open(Mode::Serial, 50.0, POISSON, &[QUICK, "resource.max_concurrent=1"]), "longer than 60 s");
}

#[test]
fn a_burst_over_the_edge() {
    let flags = [QUICK, "consumers.concurrency=2", "queue.capacity=98"];
    let found = closed(Mode::Pipelined, 10.0, 200, &flags).unwrap();
    near(found.refused_share, 0.5);
    near(found.drain_s, 5.0);
    near(found.peak_depth, 98.0);
    let waiting = [QUICK, flags[1], flags[2], "queue.when_full=wait"];
    // The same capacity with patience: event 200 finds its place when 102 is taken,
    // in round 51, which begins after 5 s; all are done after 10 s.
    let found = closed(Mode::Pipelined, 10.0, 200, &waiting).unwrap();
    near(found.load_s, 5.0);
    near(found.drain_s, 5.0);
    // Ten clients, twenty places a second: each waits half a second.
    near(found.answer.unwrap().p99_ms, 500.0);
    refused(closed(Mode::Pipelined, 50.0, 200, &waiting), "wait_timeout");
}

#[test]
fn prefetched_shares_are_even_or_refused() {
    let flags = ["consumers.concurrency=3", "consumers.max_demand=4"];
    near(closed(Mode::Pipelined, 5.0, 120, &flags).unwrap().drain_s, 20.0);
    refused(closed(Mode::Pipelined, 5.0, 121, &flags), "max_demand");
    near(closed(Mode::Pipelined, 5.0, 121, &["consumers.max_demand=4"]).unwrap().drain_s, 60.5);
    let per_event = ["consumers.concurrency=3", "consumers.max_demand=4", "consumers.mode=per_event"];
    near(closed(Mode::Pipelined, 5.0, 121, &per_event).unwrap().drain_s, 20.5);
}

#[test]
fn what_fails_is_answered_and_not_done() {
    let found = closed(Mode::Serial, 50.0, 3000, &["resource.failure_rate=0.25"]).unwrap();
    near(found.rate, 100.0);
    near(found.done_rate, 75.0);
}

#[test]
fn loads_that_change_and_loads_without_substance_are_refused() {
    let ramp = Profile::parse("1..50", Some(Duration::from_secs(10))).unwrap();
    let plan = Plan { model: Model::Closed { clients: ramp }, ..closed_plan(1.0, None) };
    refused(predict(&settings(&[]), Mode::Serial, &plan), "changes over time");
    refused(closed(Mode::Serial, 5.0, 100, &["resource.latency.mean=0ms"]), "takes no time");
    refused(closed(Mode::Serial, 5.0, 0, &[]), "no requests");
}

#[test]
fn connections_that_would_be_the_limit_are_named() {
    refused(open(Mode::Serial, 3000.0, POISSON, &[]), "1000 connections");
    assert!(open(Mode::Async, 3000.0, POISSON, &[]).is_ok());
}

#[test]
fn every_shape_has_a_name_and_a_prediction_without_limits() {
    for shape in [Shape::Fixed, Shape::Uniform, Shape::Exponential, Shape::Lognormal] {
        let mut settings = settings(&["resource.latency.max=5s"]);
        settings.resource.latency.distribution = shape;
        for mode in Mode::ALL {
            let found = predict(&settings, mode, &closed_plan(5.0, Some(500))).unwrap();
            assert!(!found.assumptions.is_empty() && !found.sources.is_empty());
        }
    }
}
