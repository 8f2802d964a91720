//! What every answer of the router carries: ids, advice, headers, sentences.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use tokio::time::sleep;

use crate::http::{call, get, send};
use crate::support::bench;

#[tokio::test(start_paused = true)]
async fn a_success_carries_the_id_of_its_event_and_its_body_stays_ok() {
    let bench = bench(&["queue.capacity=2", "consumers.concurrency=0"]);
    // No two events have the same id, whatever their mode.
    for (path, id) in [("/serial", "1"), ("/async", "2"), ("/pipelined", "3"), ("/part2/genstage", "4")] {
        let answer = get(&bench, path).await;
        assert_eq!((answer.text(), answer.headers["weir-event"].to_str().unwrap()), ("OK", id), "{path}");
    }
    let refused = get(&bench, "/pipelined").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!refused.headers.contains_key("weir-event"), "nothing was accepted");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_the_time_in_which_the_queue_is_worked_off() {
    let bench = bench(&["queue.capacity=20", "consumers.concurrency=2", "resource.latency.mean=2s"]);
    let advice = async || {
        let answer = loop {
            let answer = get(&bench, "/pipelined").await;
            if answer.status != StatusCode::ACCEPTED {
                break answer;
            }
        };
        answer.headers[header::RETRY_AFTER].to_str().unwrap().to_owned()
    };
    // Nothing is finished yet: two at a time, two seconds each, is one a second.
    assert_eq!(advice().await, "20");
    // The consumers become ten times as many, and the measured rate follows.
    bench.set("consumers.concurrency", "20").await.unwrap();
    for _ in 0..80 {
        sleep(Duration::from_millis(250)).await;
        bench.sample();
        while get(&bench, "/pipelined").await.status == StatusCode::ACCEPTED {}
    }
    assert_eq!(advice().await, "2");
    bench.pause().await;
    assert_eq!(advice().await, "3600", "a pause has no end that is known");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_kept_with_a_pipelined_event_within_the_limits() {
    let limits = ["consumers.concurrency=0", "queue.max_payload=8", "queue.max_bytes=20"];
    let bench = bench(&limits);
    let post = async |path: &str, body: &'static str| {
        let request = Request::builder().method(Method::POST).uri(path).body(Body::from(body));
        let answer = send(&bench, request.unwrap()).await;
        (answer.status, answer.text().to_owned())
    };
    for path in ["/pipelined", "/part2/genstage"] {
        assert_eq!(post(path, "12345678").await.0, StatusCode::ACCEPTED, "{path}");
    }
    assert_eq!(bench.snapshot().queue.payload_bytes, 16);
    let too_long = "the body has 9 bytes; at most 8 are allowed (queue.max_payload)\n";
    assert_eq!(post("/pipelined", "123456789").await, (StatusCode::PAYLOAD_TOO_LARGE, too_long.to_owned()));
    let (status, full) = post("/pipelined", "12345").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.contains("queue.max_bytes"), "{full}");
    assert_eq!(post("/pipelined", "").await.0, StatusCode::ACCEPTED, "an event without a body is free");
    let ledger = bench.ledger();
    assert_eq!((ledger.accepted, ledger.rejected, ledger.unaccounted), (3, 2, 0));
    bench.set("consumers.concurrency", "3").await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!((bench.ledger().done, bench.snapshot().queue.payload_bytes), (3, 0));
}

#[tokio::test]
async fn an_unknown_path_carries_the_headers_of_the_page() {
    let bench = bench(&["data.directory=/nonexistent/weir"]);
    for path in ["/", "/api/snapshot", "/api/history", "/api/runs", "/api/load", "/metrics", "/nothing"] {
        let headers = get(&bench, path).await.headers;
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    }
    // A file of the page has a shorter policy, which matters for a shared worker alone.
    let headers = get(&bench, "/page/live-worker.js").await.headers;
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'self'");
}

#[tokio::test]
async fn a_run_that_cannot_be_is_a_bad_request_and_one_that_is_not_there_is_not_found() {
    let bench = bench(&["data.directory=/nonexistent/weir"]);
    let long = "a".repeat(81);
    for (name, status) in [
        ("..%2f..%2fconfig", StatusCode::BAD_REQUEST),
        ("..", StatusCode::BAD_REQUEST),
        ("a%00b", StatusCode::BAD_REQUEST),
        ("%1b[31mx", StatusCode::BAD_REQUEST),
        ("last~-1", StatusCode::BAD_REQUEST),
        ("last~99999999999999999999", StatusCode::BAD_REQUEST),
        (&long, StatusCode::BAD_REQUEST),
        ("last", StatusCode::NOT_FOUND),
        ("2026-11-30-nothing", StatusCode::NOT_FOUND),
        ("a%20name", StatusCode::NOT_FOUND),
    ] {
        for (method, path) in [
            (Method::GET, format!("/api/runs/{name}")),
            (Method::POST, format!("/api/runs/{name}/delete")),
            (Method::GET, format!("/api/compare?a={name}&b=last")),
        ] {
            let answer = call(&bench, method, &path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            assert!(answer.text().ends_with('\n') && answer.text().contains("run"), "{path}");
        }
    }
    let half = get(&bench, "/api/compare?a=last").await;
    assert!(half.status == StatusCode::BAD_REQUEST && half.text().contains("missing field `b`"));
}
