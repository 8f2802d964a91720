use serde_json::json;

use super::*;
use crate::cli::text::assert_fits;
use crate::runs::compare;

/// A run as it stands in a file: `slices` of ten equal times and ten longer ones.
fn run(name: &str, micros: u64, slices: usize) -> Run {
    let bucket = json!([[micros, 10], [3 * micros, 10]]);
    let all = json!([[micros, 10 * (slices + 1)], [3 * micros, 10 * (slices + 1)]]);
    let times = json!({
        "buckets_us": all,
        "slices": { "seconds": 1.0, "buckets_us": vec![bucket; slices + 1] },
    });
    let empty = json!({ "buckets_us": [] });
    let series = json!({ "interval_s": 1.0, "t": [], "columns": {} });
    let run = json!({
        "format": 1, "weir": "", "id": "r1", "name": name, "origin": "load", "target": "serial",
        "began": "", "seconds": slices as f64, "audit": { "checks": [] },
        "load": { "model": "closed", "clients": [{ "from": 50.0, "to": 50.0, "seconds": null }],
            "requests": 3000, "request": { "method": "GET", "keep_alive": true, "timeout_s": 60.0 } },
        "config": { "consumers": { "concurrency": micros } },
        "client": { "sent": 20 * slices, "ok": 20 * slices, "refused": 0, "failed": 0, "aborted": 0,
            "unsent": 0, "seconds": slices as f64, "rate": 20.0, "statuses": {}, "errors": {}, "bytes": 0,
            "service": { "ok": times, "refused": empty, "failed": empty }, "in_flight": 1.0,
            "series": series },
    });
    serde_json::from_value(run).unwrap()
}

fn predicted() -> Run {
    let run = json!({
        "format": 1, "weir": "", "id": "p1", "name": "by theory", "origin": "predicted",
        "target": "serial", "began": "", "seconds": 0.0, "audit": { "checks": [] },
        "prediction": { "model": "M/M/3", "exactness": "steady", "assumptions": [], "sources": [],
            "rate": 22.0, "answer": { "mean_ms": 41.0, "p50_ms": 20.0, "p90_ms": 61.0, "p99_ms": null },
            "peak_in_use": 3.0, "depth_over_time": [] },
    });
    serde_json::from_value(run).unwrap()
}

#[test]
fn a_pair_is_a_table_and_words() {
    let long = "a name that goes on and on, as those that are generated sometimes do, and then some";
    let text = pair(&compare(&run("before", 20_000, 30), &run(long, 22_000, 30)));
    assert_fits(&text);
    let row = text.lines().find(|line| line.starts_with("answer p50")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, "answer p50 ms 20.0 22.0 +10.0 % +9.9 % to +10.1 % *".split(' ').collect::<Vec<_>>());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("more than noise: "), "{text}");
    assert!(text.contains("consumers.concurrency (20000 in A, 22000 in B)"), "{text}");
}

#[test]
fn a_pair_without_an_interval_says_so() {
    let text = pair(&compare(&predicted(), &run("measured", 20_000, 30)));
    assert_fits(&text);
    assert!(text.contains("unknown, because there is no interval: A is predicted"), "{text}");
}

#[test]
fn a_rate_of_less_than_ten_answers_or_one_second_is_not_shown() {
    let mut short = run("short", 20_000, 30);
    let client = short.client.as_mut().unwrap();
    (client.ok, client.sent, client.seconds, client.rate) = (9, 9, 3.0, 3.0);
    let text = side_by_side(&[short.clone(), short.clone()]);
    assert!(!text.contains("answers/s"), "{text}");
    let client = short.client.as_mut().unwrap();
    (client.ok, client.sent, client.seconds, client.rate) = (1000, 1000, 0.01, 1e5);
    let text = side_by_side(&[short.clone(), run("long", 20_000, 30)]);
    let row = text.lines().find(|line| line.starts_with("answers/s")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["answers/s", "–", "20.0"]);
}

#[test]
fn answers_that_a_model_leaves_out_are_no_figures() {
    let mut simulated = run("simulation", 20_000, 30);
    simulated.origin = Origin::Simulated;
    let none = json!({ "buckets_us": [[0, 16]] });
    simulated.client.as_mut().unwrap().service.ok = serde_json::from_value(none).unwrap();
    let text = side_by_side(&[simulated, run("measured", 20_000, 30)]);
    let row = text.lines().find(|line| line.starts_with("answer mean")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["answer", "mean", "ms", "–", "40.0"]);
    assert!(!text.contains("-100"), "{text}");
}

#[test]
fn times_below_the_resolution_are_shown_as_such() {
    let mut short = run("short", 20_000, 30);
    let none = json!({ "buckets_us": [[0, 16]] });
    short.client.as_mut().unwrap().service.ok = serde_json::from_value(none).unwrap();
    let text = side_by_side(&[short.clone(), run("measured", 20_000, 30), short]);
    assert_fits(&text);
    let row = text.lines().find(|line| line.starts_with("answer p99")).unwrap();
    assert_eq!(row.split_whitespace().skip(3).collect::<Vec<_>>(), ["<0.001", "60.0", "<0.001"]);
}

#[test]
fn two_to_four_columns_fit() {
    let mut runs = vec![predicted(), run("before", 20_000, 30)];
    let text = side_by_side(&runs);
    assert_fits(&text);
    let row = text.lines().find(|line| line.starts_with("answers/s")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["answers/s", "22.0", "+10.0%", "20.0"]);
    let row = text.lines().find(|line| line.starts_with("answer p99")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["answer", "p99", "ms", "–", "60.0"]);
    while runs.len() < 4 {
        runs.push(run("a run of which the name is rather long", 123_456_789, 30));
        assert_fits(&side_by_side(&runs));
    }
}
