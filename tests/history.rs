//! The history as the page asks for it: columns, marks, and the points after a moment.

use crate::http::get;
use crate::support::bench;

#[tokio::test(start_paused = true)]
async fn the_history_has_a_point_for_each_sample_and_a_mark_for_each_event() {
    let bench = bench(&["resource.latency.mean=40ms"]);
    bench.sample();
    get(&bench, "/serial").await;
    bench.sample();
    bench.reset();
    let json = get(&bench, "/api/history").await.json();
    assert_eq!((json["interval_ms"].as_u64(), json["t_ms"].as_array().unwrap().len()), (Some(250), 2));
    // Of whole numbers, the differences.
    assert_eq!(json["requests"], serde_json::json!([[0, 1], [0, 0], [0, 0]]));
    assert_eq!(json["response_ms"][0], serde_json::json!({ "p50": [null, 40], "p99": [null, 40] }));
    assert_eq!(json["marks"][0]["kind"], "reset");
    let first = json["t_ms"][0].as_f64().unwrap() / 1000.0;
    let after = get(&bench, &format!("/api/history?since={first}")).await.json();
    assert_eq!(after["requests"], serde_json::json!([[1], [0], [0]]), "the first one is the whole count");
    assert_eq!(after["marks"], json["marks"]);
    for (since, count) in [("", 400), ("yesterday", 400), ("NaN", 200), ("-inf", 200), ("1e999", 200)] {
        let answer = get(&bench, &format!("/api/history?since={since}")).await;
        assert_eq!(answer.status.as_u16(), count, "{since}: {}", answer.text());
    }
}
