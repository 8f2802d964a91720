//! What every model leaves out is said, or refused.

use super::tests::{POISSON, closed, open, open_plan, refused, settings};
use super::*;

#[test]
fn a_resource_that_freezes_has_no_model_and_the_reason_has_the_true_load() {
    // 36 a second of 100 ms on 4 places are 90 %; with a sixth of the time frozen, 108 %.
    let flags = [
        "resource.latency={distribution='exponential',mean='100ms'}",
        "resource.max_concurrent=4",
        "resource.freeze_every=6s",
        "resource.freeze_for=1s",
    ];
    let found = open(Mode::Serial, 36.0, POISSON, &flags);
    refused(found.clone(), "stands still for 1 s every 6 s");
    refused(found, "108 % of what can be done");
    refused(closed(Mode::Pipelined, 5.0, 100, &flags), "stands still");
    refused(closed(Mode::Async, 5.0, 100, &flags), "stands still");
    assert!(open(Mode::Serial, 36.0, POISSON, &flags[..2]).is_ok());
}

#[test]
fn a_load_too_short_for_a_queue_near_saturation_is_refused_or_said() {
    let flags = ["resource.latency={distribution='exponential',mean='10ms'}", "queue.capacity=1000"];
    let lasting = |seconds| predict(&settings(&flags), Mode::Pipelined, &open_plan(99.9, seconds, POISSON));
    // 1,001 places at a pace of 100/s: the queue forgets in about 990 s.
    refused(lasting(60.0), "does not reach the steady state of M/M/1/1001");
    let said = |seconds| lasting(seconds).unwrap().assumptions.join(" ");
    assert!(said(5000.0).contains("which this load does not reach: it lasts 5000.0 s"));
    assert!(said(1e6).contains("the load lasts much longer than"));
}

#[test]
fn a_closed_loop_is_bounded_by_what_a_machine_can_do() {
    refused(
        closed(Mode::Serial, 500.0, 1_000_000, &["resource.latency.mean=2ms"]),
        "250000 answers a second",
    );
    let busy = closed(Mode::Serial, 100.0, 100_000, &["resource.latency.mean=2ms"]).unwrap();
    assert!(busy.assumptions.iter().any(|said| said.contains("keeps up with 50000 answers")), "{busy:?}");
    let calm = closed(Mode::Serial, 10.0, 1000, &["resource.latency.mean=20ms"]).unwrap();
    assert!(!calm.assumptions.iter().any(|said| said.contains("keeps up")), "{calm:?}");
}

#[test]
fn at_a_millisecond_and_less_the_prediction_says_what_it_does_not_know() {
    for (mean, percent) in [("1ms", "15 %"), ("0.5ms", "30 %")] {
        let mean = format!("resource.latency.mean={mean}");
        let found = closed(Mode::Serial, 2.0, 1000, &[&mean]).unwrap();
        let says = found.assumptions.iter().find(|said| said.starts_with("Not known here"));
        assert!(says.is_some_and(|said| said.contains(percent)), "{found:?}");
    }
    let long = closed(Mode::Serial, 2.0, 1000, &["resource.latency.mean=20ms"]).unwrap();
    assert!(long.assumptions.iter().any(|said| said.contains("0.7 % of this work")), "{long:?}");
}

#[test]
fn a_limit_on_async_events_has_no_model_unless_it_is_never_met() {
    let flags = ["async.max_in_flight=100"];
    refused(open(Mode::Async, 20.0, POISSON, &flags), "async.max_in_flight = 100");
    refused(closed(Mode::Async, 5.0, 101, &flags), "async.max_in_flight");
    assert!(closed(Mode::Async, 5.0, 100, &flags).is_ok());
    assert!(open(Mode::Serial, 20.0, POISSON, &flags).is_ok());
}

#[test]
fn a_load_of_a_few_services_says_that_it_is_no_steady_state() {
    let flags = ["resource.latency={distribution='exponential',mean='2s'}"];
    let said = |seconds| {
        let found = predict(&settings(&flags), Mode::Async, &open_plan(5.0, seconds, POISSON)).unwrap();
        found.assumptions.join(" ")
    };
    assert!(said(10.0).contains("it lasts as long as 5.0 services"), "{}", said(10.0));
    assert!(!said(100.0).contains("does not reach"), "{}", said(100.0));
}
