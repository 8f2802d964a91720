//! What theory and simulation expect of a load before it is made, as the page asks for it.

use std::sync::Arc;

use serde_json::{Value, json};
use weir::record::{LoadFigures, Mode};
use weir::theory::predict;
use weir::workbench::Workbench;

use crate::http::get;
use crate::simulate::{closed, config, run};
use crate::support::bench;

async fn expected(bench: &Arc<Workbench>, path: &str) -> Value {
    let answer = get(bench, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_str(answer.text()).unwrap()
}

/// Three figures of an expectation: done per second, the deepest queue, all done after.
fn three(expected: &Value) -> [f64; 3] {
    ["done_per_s", "peak_depth", "seconds"].map(|name| expected["figures"][name].as_f64().unwrap())
}

#[tokio::test]
async fn theory_and_simulation_agree_about_a_burst_before_it_is_sent() {
    let bench = bench(&["resource.latency.mean=500ms"]);
    let load = "mode=pipelined&clients=50&requests=60";
    let predicted = expected(&bench, &format!("/api/load/predict?{load}")).await;
    let simulated = expected(&bench, &format!("/api/load/simulate?{load}")).await;
    assert_eq!(three(&predicted), [2.0, 59.0, 30.0]);
    assert_eq!(three(&simulated).map(|figure| figure.round()), [2.0, 59.0, 30.0]);
    assert_eq!(predicted["plan"], simulated["plan"]);
    assert_eq!(bench.snapshot().modes.pipelined.arrived, 0, "nothing was sent to the bench itself");
}

#[tokio::test]
async fn an_expectation_is_for_the_settings_in_force() {
    let bench = bench(&["resource.latency.mean=500ms", "consumers.concurrency=1"]);
    let path = "/api/load/predict?mode=pipelined&clients=50&requests=60";
    assert_eq!(expected(&bench, path).await["figures"]["done_per_s"], json!(2.0));
    bench.set("consumers.concurrency", "3").await.unwrap();
    assert_eq!(expected(&bench, path).await["figures"]["done_per_s"], json!(6.0));
}

#[tokio::test]
async fn a_load_beyond_theory_or_simulation_has_no_figures_and_a_reason() {
    let bench = bench(&[]);
    for (path, says) in [
        ("simulate?mode=serial&rate=100000&duration=10s", "more than 50000 requests or 3600 s"),
        ("simulate?mode=async&clients=5&duration=1s", "answered at once"),
        ("predict?mode=async&clients=5&duration=1s", ""),
    ] {
        let expected = expected(&bench, &format!("/api/load/{path}")).await;
        assert_eq!(expected["figures"], Value::Null, "{path}");
        assert!(expected["note"].as_str().unwrap().contains(says), "{path}: {expected}");
    }
}

#[tokio::test]
async fn a_load_that_cannot_be_read_is_refused_in_words() {
    let bench = bench(&[]);
    for (path, status, says) in [
        ("predict", 404, "no load has been started"),
        ("predict?clients=5", 400, "no mode"),
        ("predict?mode=%1b[31m&clients=5", 400, "expected serial, async or pipelined"),
        ("simulate?mode=serial&rate=-1&duration=1s", 400, "rate"),
    ] {
        let answer = get(&bench, &format!("/api/load/{path}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().lines().count()),
            (status, 1),
            "{path}: {}",
            answer.text()
        );
        assert!(
            answer.text().contains(says) && !answer.text().contains('\u{1b}'),
            "{path}: {}",
            answer.text()
        );
    }
}

#[test]
fn a_simulated_load_and_its_prediction_have_the_same_figures() {
    let plan = closed(5.0, 100);
    let flags = ["resource.latency.mean=20ms", "resource.latency.distribution=fixed"];
    let simulated = LoadFigures::of_run(&run(&flags, Mode::Serial, &plan), Mode::Serial);
    let prediction = predict(&config(&flags).settings, Mode::Serial, &plan).unwrap();
    let predicted = LoadFigures::of_prediction(&prediction, Mode::Serial);
    let figures = |of: LoadFigures| {
        [of.answered_per_s, of.done_per_s, of.answer_p50_ms, of.response_p99_ms, of.peak_in_use, of.seconds]
    };
    for (simulated, predicted) in figures(simulated).into_iter().zip(figures(predicted)) {
        let (simulated, predicted) = (simulated.unwrap(), predicted.unwrap());
        assert!((simulated / predicted - 1.0).abs() < 0.02, "{simulated} and {predicted}");
    }
    assert_eq!((simulated.lost_share, predicted.lost_share), (Some(0.0), None));
}
