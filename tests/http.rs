//! The router, called without a socket.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use weir::http::{Access, router_for};
use weir::workbench::Workbench;

use crate::support::bench;

/// An answer: status, headers, body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) async fn send(bench: &std::sync::Arc<Workbench>, request: Request<Body>) -> Answer {
    let access = Access { listen: None, token: Some("secret".parse().unwrap()) };
    let response = router_for(bench, &access.into()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) async fn call(bench: &std::sync::Arc<Workbench>, method: Method, path: &str) -> Answer {
    send(bench, Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn get(bench: &std::sync::Arc<Workbench>, path: &str) -> Answer {
    call(bench, Method::GET, path).await
}

#[tokio::test(start_paused = true)]
async fn each_endpoint_says_ok_under_both_names_and_for_both_methods() {
    let bench = bench(&[]);
    for (paths, status) in [
        (["/serial", "/part1/serial"], StatusCode::OK),
        (["/async", "/part1/async"], StatusCode::ACCEPTED),
        (["/pipelined", "/part2/genstage"], StatusCode::ACCEPTED),
    ] {
        for path in paths {
            for method in [Method::GET, Method::POST] {
                let answer = call(&bench, method, path).await;
                assert_eq!((answer.status, answer.text()), (status, "OK"), "{path}");
            }
        }
    }
    let modes = &get(&bench, "/api/snapshot").await.json()["modes"];
    for mode in ["serial", "async", "pipelined"] {
        assert_eq!((&modes[mode]["requests"], &modes[mode]["errors"]), (&4.into(), &0.into()), "{mode}");
    }
    assert_eq!(get(&bench, "/healthz").await.text(), "OK");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_status_and_one_line_that_names_the_limit() {
    let bench = bench(&[
        "queue.capacity=1",
        "consumers.concurrency=0",
        "resource.max_concurrent=1",
        "resource.on_full=reject",
        "resource.reject_status=500",
    ]);
    get(&bench, "/pipelined").await;
    get(&bench, "/async").await;
    let answer = get(&bench, "/pipelined").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    // Nothing takes events out, so the longest wait is advised.
    assert_eq!(answer.headers[header::RETRY_AFTER], "3600");
    assert_eq!(answer.text(), "the queue is full: all 1 places are taken (queue.capacity)\n");
    for path in ["/serial", "/async"] {
        let answer = get(&bench, path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            answer.text(),
            "the resource is full: all 1 places are in use (resource.max_concurrent)\n"
        );
    }
    let snapshot = get(&bench, "/api/snapshot").await.json();
    assert_eq!(
        (&snapshot["ledger"]["rejected"], &snapshot["ledger"]["unaccounted"]),
        (&3.into(), &0.into())
    );
}

#[tokio::test(start_paused = true)]
async fn work_that_fails_inside_a_request_is_an_error_of_the_server() {
    let bench = bench(&["resource.failure_rate=1"]);
    let answer = get(&bench, "/serial").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.text(), "the resource failed (resource.failure_rate)\n");
}

#[tokio::test]
async fn an_unknown_path_says_what_there_is() {
    let answer = get(&bench(&[]), "/part3/nowhere").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    for part in ["/part3/nowhere", "/serial", "/part2/genstage", "/api/snapshot", "/healthz"] {
        assert!(answer.text().contains(part), "{part} is missing");
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_the_ones_that_are_allowed() {
    let answer = call(&bench(&[]), Method::DELETE, "/serial").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD,POST");
    assert_eq!(answer.text(), "DELETE is not allowed at /serial: the Allow header names what is\n");
}

#[tokio::test]
async fn the_snapshot_has_every_promised_field() {
    let json = get(&bench(&[]), "/api/snapshot").await.json();
    let summary = ["count", "mean", "p50", "p90", "p99", "p999", "max"];
    let mut paths = vec!["/uptime_s".to_owned(), "/paused".to_owned()];
    for (part, fields) in [
        ("config", &["generation", "error", "effective"][..]),
        (
            "resource",
            &["in_use", "peak_in_use", "limit", "refused", "calls", "oldest_ms", "frozen", "frozen_ms"],
        ),
        (
            "queue",
            &["depth", "queued", "at_gate", "peak_depth", "capacity", "refused", "dropped", "oldest_ms"],
        ),
        ("consumers", &["concurrency", "busy", "held"]),
        ("ledger", &["accepted", "done", "failed", "dropped", "held", "rejected", "unaccounted"]),
        ("modes", &["serial", "async", "pipelined"]),
    ] {
        paths.extend(fields.iter().map(|field| format!("/{part}/{field}")));
    }
    for mode in ["serial", "async", "pipelined"] {
        paths.extend(
            ["arrived", "requests", "errors", "rate"].map(|field| format!("/modes/{mode}/{field}")),
        );
        for times in ["http_ms", "errors_ms", "wait_ms", "service_ms", "response_ms", "failed_ms"] {
            paths.extend(summary.map(|field| format!("/modes/{mode}/{times}/{field}")));
        }
    }
    for field in [
        "name",
        "kind",
        "state",
        "events_in",
        "events_out",
        "asked",
        "demand",
        "buffered",
        "held",
        "busy_s",
        "busy_share",
        "restarts",
        "source",
    ] {
        paths.extend([0, 1].map(|stage| format!("/components/{stage}/{field}")));
    }
    for path in paths {
        assert!(json.pointer(&path).is_some(), "{path} is missing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_zeroes_and_only_for_pages_of_our_own() {
    let bench = bench(&[]);
    get(&bench, "/async").await;
    for (name, value, status) in [
        ("origin", "http://evil.example", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("origin", "http://localhost", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-origin", StatusCode::FORBIDDEN),
        ("weir-token", "secret", StatusCode::OK),
        ("user-agent", "curl", StatusCode::OK),
    ] {
        let request = Request::post("/api/reset").header("host", "localhost").header(name, value);
        let answer = send(&bench, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    assert_eq!(get(&bench, "/api/snapshot").await.json()["modes"]["async"]["requests"], 0);
    assert_eq!(get(&bench, "/api/reset").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_a_resume_show_in_the_snapshot_and_are_for_pages_of_our_own() {
    let bench = bench(&[]);
    let seen = async || {
        // A resume is in force when the stage has heard of it.
        tokio::task::yield_now().await;
        let json = get(&bench, "/api/snapshot").await.json();
        (json["paused"].as_bool().unwrap(), json["components"][0]["state"].as_str().unwrap().to_owned())
    };
    for (path, other, before, after) in [
        ("/api/pause", "/api/resume", (false, "running"), (true, "paused")),
        ("/api/resume", "/api/pause", (true, "paused"), (false, "running")),
    ] {
        let foreign =
            Request::post(path).header("host", "localhost").header("origin", "http://evil.example");
        assert_eq!(send(&bench, foreign.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
        assert_eq!(get(&bench, path).await.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(get(&bench, other).await.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(seen().await, (before.0, before.1.to_owned()), "{path} is refused");
        let own = Request::post(path)
            .header("host", "localhost")
            .header("origin", "http://localhost")
            .header("weir-token", "secret");
        let answer = send(&bench, own.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "OK"));
        assert_eq!(seen().await, (after.0, after.1.to_owned()), "{path}");
    }
    let marks = get(&bench, "/api/history").await.json()["marks"].clone();
    let marks: Vec<_> =
        marks.as_array().unwrap().iter().map(|mark| (&mark["kind"], &mark["text"])).collect();
    let texts = ["pipelined paused", "pipelined resumed"].map(Value::from);
    assert_eq!(marks, [(&"pause".into(), &texts[0]), (&"pause".into(), &texts[1])]);
}

#[tokio::test(start_paused = true)]
async fn a_purge_says_what_it_dropped_and_is_for_pages_of_our_own() {
    let bench = bench(&["consumers.concurrency=0"]);
    for _ in 0..5 {
        get(&bench, "/pipelined").await;
    }
    let foreign =
        Request::post("/api/purge").header("host", "localhost").header("origin", "http://evil.example");
    assert_eq!(send(&bench, foreign.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&bench, "/api/purge").await.status, StatusCode::METHOD_NOT_ALLOWED);
    let answer = call(&bench, Method::POST, "/api/purge").await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, r#"{"dropped":5,"held":0}"#));
    let json = get(&bench, "/api/snapshot").await.json();
    assert_eq!((&json["ledger"]["dropped"], &json["queue"]["depth"]), (&5.into(), &0.into()));
    assert_eq!(get(&bench, "/api/history").await.json()["marks"][0]["kind"], "purge");
}

#[tokio::test(start_paused = true)]
async fn metrics_agree_with_the_snapshot() {
    let bench = bench(&["resource.latency.mean=20ms"]);
    for _ in 0..3 {
        get(&bench, "/serial").await;
    }
    get(&bench, "/pipelined").await;
    let answer = get(&bench, "/metrics").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "weir_http_arrived_total{mode=\"serial\"} 3",
        "weir_http_requests_total{mode=\"serial\",outcome=\"ok\"} 3",
        "weir_events_total{mode=\"serial\",outcome=\"done\"} 3",
        "weir_events_accepted_total{mode=\"pipelined\"} 1",
        "weir_event_service_seconds_count{mode=\"serial\",outcome=\"done\"} 3",
        "weir_event_service_seconds_bucket{mode=\"serial\",outcome=\"done\",le=\"0.01\"} 0",
        "weir_event_service_seconds_bucket{mode=\"serial\",outcome=\"done\",le=\"0.025\"} 3",
        "weir_resource_calls_total 3",
        "weir_resource_frozen 0",
        "weir_queue_at_gate 0",
        "weir_ledger_unaccounted 0",
        "weir_consumers_concurrency 1",
    ] {
        assert!(
            answer.text().lines().any(|found| found == line),
            "{line} is missing in\n{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn the_page_brings_everything_it_needs_and_nothing_from_elsewhere() {
    let bench = bench(&[]);
    let page = get(&bench, "/").await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(
        page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'")
    );
    for file in ["style.css", "app.js", "chart.js", "bench/picture.js", "bindings.js", "components.js"] {
        let answer = get(&bench, &format!("/page/{file}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(!answer.text().contains("https://"), "{file} reaches out");
    }
    assert_eq!(get(&bench, "/page/..%2F..%2FCargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn under_a_foreign_name_only_the_endpoints_and_healthz_answer() {
    let bench = bench(&["resource.latency.mean=1ms"]);
    let evil = |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).header("host", "evil.example");
        request.header("origin", "http://evil.example").body(Body::empty()).unwrap()
    };
    for path in
        ["/serial", "/async", "/pipelined", "/part1/serial", "/part1/async", "/part2/genstage", "/healthz"]
    {
        for method in [Method::GET, Method::POST] {
            let answer = send(&bench, evil(method, path)).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.status);
            let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(cors, None, "no other page may read the answer");
        }
    }
    for path in [
        "/",
        "/exercises",
        "/page/app.js",
        "/metrics",
        "/api/snapshot",
        "/api/live",
        "/api/history",
        "/api/curves",
        "/api/runs",
        "/api/runs/last",
        "/api/compare?a=a&b=b",
        "/api/runs/last/export?as=html",
        "/api/load",
        "/nothing",
    ] {
        let answer = send(&bench, evil(Method::GET, path)).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(answer.text().contains("server.hosts"), "{path}: {}", answer.text());
    }
    for path in [
        "pause",
        "resume",
        "reset",
        "purge",
        "concurrency?value=7",
        "load/start?mode=serial",
        "load/stop",
        "runs/begin",
        "runs/keep?from_s=0&to_s=5",
        "runs/take/1",
        "runs/last/rename?name=x",
        "runs/last/delete",
    ] {
        let answer = send(&bench, evil(Method::POST, &format!("/api/{path}"))).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    assert_eq!(bench.snapshot().consumers.concurrency, 1);
    assert!(!bench.snapshot().paused);
}

#[tokio::test(start_paused = true)]
async fn a_page_has_the_token_in_it_only_where_no_other_user_can_read_it() {
    let bench = bench(&[]);
    for (listen, header, expected) in [
        ("127.0.0.1:4000", "x-none", true),
        ("127.0.0.1:4000", "x-forwarded-for", false),
        ("0.0.0.0:4000", "x-none", false),
    ] {
        let access =
            Access { listen: Some(listen.parse().unwrap()), token: Some("secret".parse().unwrap()) };
        let access = access.into();
        for path in ["/", "/exercises"] {
            let request = Request::get(path).header("host", "localhost").header(header, "192.0.2.1");
            let request = request.body(Body::empty()).unwrap();
            let response = router_for(&bench, &access).oneshot(request).await.unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let page = String::from_utf8_lossy(&body);
            assert_eq!(
                page.contains("content=\"token\" data-token=\"secret\""),
                expected,
                "{listen} {path}"
            );
            assert_eq!(page.contains("content=\"bring\" data-token=\"\""), !expected, "{listen} {path}");
        }
    }
    bench.set("server.read_only", "true").await.unwrap();
    assert!(get(&bench, "/").await.text().contains("content=\"none\" data-token=\"\""));
    assert_eq!(get(&bench, "/api/snapshot").await.json()["read_only"], true);
    assert_eq!(call(&bench, Method::POST, "/api/pause").await.status, StatusCode::FORBIDDEN);
}
