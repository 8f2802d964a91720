use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::record::{
    BenchSide, ByAnswer, ClientSide, LedgerState, ModeSide, Origin, PredictedTimes, Series, Slicer, Stalls,
    now,
};

fn times(scale: u64) -> Timing {
    let mut slicer = Slicer::new(Duration::from_secs(1));
    (1..=2000).for_each(|n| slicer.record(Duration::ZERO, n * scale));
    slicer.timing()
}

/// A run in which every figure has a value of its own.
fn run() -> Run {
    let by_answer =
        |scale| ByAnswer { ok: times(scale), refused: times(scale + 1), failed: times(scale + 2) };
    let client = ClientSide {
        sent: 1,
        ok: 2,
        refused: 3,
        failed: 4,
        aborted: 5,
        unsent: 6,
        waited: 7,
        repeated: 8,
        seconds: 9.5,
        rate: 10.5,
        statuses: [("200".to_owned(), 11), ("503".to_owned(), 12)].into(),
        bytes: 13,
        service: by_answer(1),
        response: Some(by_answer(10)),
        lag: Some(times(100)),
        in_flight: 14.5,
        in_flight_due: Some(15.5),
        cpu: Some(0.16),
        starved: Some(0.17),
        server_cpu: Some(0.18),
        other_cpu: Some(0.19),
        server_starved: Some(0.20),
        stalls: Stalls { count: 21, seconds: 22.5, longest_s: 23.5 },
        interrupted: true,
        ..ClientSide::default()
    };
    let mode = ModeSide {
        requests: 31,
        errors: 32,
        aborted: 33,
        seconds: 34.5,
        rate: 35.5,
        done_rate: 36.5,
        accepted: 37,
        inside_before: Some(38),
        refused: 39,
        done: 40,
        failed: 41,
        dropped: 42,
        peak_in_use: 43,
        in_system: 44.5,
        http: times(20),
        http_errors: times(21),
        wait: times(22),
        service: times(23),
        response: times(24),
        response_failed: times(25),
    };
    let ledger = LedgerState {
        accepted: 51,
        recovered: 58,
        done: 52,
        failed: 53,
        dropped: 54,
        held: 55,
        shared: -59,
        rejected: 56,
        unaccounted: -57,
    };
    let bench = BenchSide {
        seconds: 61.5,
        drained: true,
        drain_s: 62.5,
        ledger,
        peak_in_use: 63,
        peak_depth: 64,
        modes: [("async".to_owned(), mode)].into(),
        series: Series::default(),
        marks: Vec::new(),
    };
    let mut run = Run::new(Origin::Load, "async", now());
    (run.seconds, run.client, run.bench) = (71.5, Some(client), Some(bench));
    run
}

/// The path of each number and flag below `json`, with its value.
fn leaves(json: &Value, path: &str, found: &mut Vec<(String, f64)>) {
    match json {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(field, &path, found);
            }
        }
        Value::Number(number) => found.push((path.to_owned(), number.as_f64().unwrap())),
        Value::Bool(flag) => found.push((path.to_owned(), f64::from(u8::from(*flag)))),
        _ => {}
    }
}

#[test]
fn each_number_in_the_file_is_a_figure_under_its_path_and_has_the_same_value() {
    let run = run();
    let mut found = Vec::new();
    leaves(&serde_json::to_value(&run).unwrap(), "", &mut found);
    // The version of the format and the settings of the charts do not belong to the figures.
    let drawn = |path: &str| path == "format" || path.contains("series.") || path.contains("slices.");
    found.retain(|(path, _)| !drawn(path));
    assert_eq!(found.len(), 1 + 22 + 2 + 7 * 7 + 5 + 9 + 14 + 6 * 7, "{found:?}");
    for (path, value) in found {
        let figure: Figure = path.parse().unwrap();
        assert_eq!(run.figure(figure), Some(value), "{path}");
        assert_eq!(figure.to_string(), path);
    }
}

#[test]
fn times_and_rates_are_known_by_their_units() {
    for (path, unit) in [
        ("seconds", Unit::Time),
        ("client.stalls.longest_s", Unit::Time),
        ("client.lag.max_ms", Unit::Time),
        ("client.lag.count", Unit::Count),
        ("client.cpu", Unit::Share),
        ("client.statuses.503", Unit::Count),
        ("bench.drained", Unit::Flag),
        ("bench.modes.serial.done_rate", Unit::Rate),
        ("bench.modes.serial.in_system", Unit::Count),
    ] {
        assert_eq!(path.parse::<Figure>().unwrap().unit(), unit, "{path}");
    }
}

#[test]
fn an_unknown_path_is_refused_with_what_is_allowed_there() {
    for (path, says) in [
        ("", r#""" is not a figure: "" is none of seconds, client, bench"#),
        ("config.queue", r#""config.queue" is none of seconds, client, bench"#),
        ("client", r#"in client, "" is none of sent, ok, refused"#),
        (
            "client.service.good.p50_ms",
            r#"in client.service, "good.p50_ms" is none of ok, refused, failed"#,
        ),
        ("client.lag.p95_ms", r#"in client.lag, "p95_ms" is none of count, mean_ms, p50_ms"#),
        ("client.statuses.x", r#"in client.statuses, "x" is none of 200, 503"#),
        ("bench.depth", r#"in bench, "depth" is none of seconds, drained, drain_s"#),
        ("bench.modes.queued.done", r#"in bench.modes, "queued.done" is none of serial, async, pipelined"#),
        ("bench.modes.async.wait.sum", r#"in bench.modes.async.wait, "sum" is none of count, mean_ms"#),
        ("bench.modes.async.finished", r#"in bench.modes.async, "finished" is none of requests, errors"#),
        ("bench.ledger.left", r#"in bench.ledger, "left" is none of accepted, recovered, done"#),
        ("bench.seconds.more", r#"in bench, "seconds.more" is none of seconds"#),
    ] {
        let error = path.parse::<Figure>().unwrap_err().to_string();
        assert!(error.contains(says), "{path}: {error}");
    }
}

#[test]
fn a_prediction_answers_to_the_same_names() {
    let of = |ms| {
        Some(PredictedTimes { mean_ms: Some(ms), p50_ms: Some(ms + 1.0), ..PredictedTimes::default() })
    };
    let prediction = Prediction {
        rate: Some(1.0),
        done_rate: Some(2.0),
        peak_in_use: Some(3.0),
        peak_depth: Some(4.0),
        drain_s: Some(5.0),
        load_s: Some(6.0),
        answer: of(10.0),
        wait: of(20.0),
        service: of(30.0),
        response: of(40.0),
        ..Prediction::default()
    };
    for (path, value) in [
        ("client.rate", Some(1.0)),
        ("bench.modes.async.done_rate", Some(2.0)),
        ("bench.peak_in_use", Some(3.0)),
        ("bench.peak_depth", Some(4.0)),
        ("bench.drain_s", Some(5.0)),
        ("client.seconds", Some(6.0)),
        ("bench.seconds", None),
        ("client.service.ok.mean_ms", Some(10.0)),
        ("client.service.refused.mean_ms", None),
        ("bench.modes.async.wait.p50_ms", Some(21.0)),
        ("bench.modes.async.service.mean_ms", Some(30.0)),
        ("bench.modes.async.response.p50_ms", Some(41.0)),
        ("bench.modes.async.response.p90_ms", None),
        ("bench.modes.async.response.count", None),
    ] {
        assert_eq!(prediction.figure(path.parse().unwrap()), value, "{path}");
    }
}
