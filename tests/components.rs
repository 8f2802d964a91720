//! Stages and workers over HTTP: they are shown as a tree, killed, restarted and paused.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use tokio::time::sleep;

use crate::http::{call, get};
use crate::support::bench;

const HALF: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn the_tree_has_every_worker_with_its_event_and_what_it_has_prefetched() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    for _ in 0..8 {
        get(&bench, "/pipelined").await;
    }
    sleep(HALF / 2).await;
    let json = get(&bench, "/api/components").await.json();
    let stages = &json["supervisor"]["stages"];
    let names = [0, 1].map(|at| stages[at]["name"].as_str().unwrap().to_owned());
    assert_eq!(names, ["queue", "consumers"]);
    let workers = stages[1]["workers"].as_array().unwrap();
    let held: Vec<_> = workers.iter().map(|worker| (&worker["age_ms"], &worker["held"])).collect();
    assert_eq!(held, [(&250.0.into(), &2.into()); 2]);
    let mut ids: Vec<u64> = Vec::new();
    for worker in workers {
        ids.extend(worker["event"].as_u64());
        ids.extend(worker["prefetched"].as_array().unwrap().iter().filter_map(serde_json::Value::as_u64));
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    assert_eq!((&json["ledger"]["held"], &json["ledger"]["unaccounted"]), (&8.into(), &0.into()));
    assert_eq!(json["labs"], serde_json::json!([]), "a workbench without a lab");
}

#[tokio::test(start_paused = true)]
async fn a_kill_says_what_it_cost_and_leaves_a_mark() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    for _ in 0..20 {
        get(&bench, "/pipelined").await;
    }
    sleep(HALF / 2).await;
    let answer = call(&bench, Method::POST, "/api/components/consumers/kill").await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    let cost = (&json["component"], &json["failed"], &json["requeued"]);
    assert_eq!(cost, (&"consumers".into(), &2.into(), &4.into()));
    assert_eq!(
        json["said"],
        "killed consumers: 2 events in hand failed, 4 requeued; running again after 0 ms"
    );
    let worker = get(&bench, "/api/components").await.json();
    sleep(HALF / 2).await;
    let id = worker["supervisor"]["stages"][1]["workers"][0]["id"].as_u64().unwrap();
    let path = format!("/api/components/consumers/workers/{id}/kill");
    let json = call(&bench, Method::POST, &path).await.json();
    assert_eq!((&json["worker"], &json["failed"], &json["requeued"]), (&id.into(), &1.into(), &2.into()));
    let marks = get(&bench, "/api/history").await.json()["marks"].clone();
    let marks: Vec<_> = marks.as_array().unwrap().iter().map(|mark| mark["text"].clone()).collect();
    assert_eq!(marks, ["killed consumers".to_owned(), format!("killed worker {id}")]);
    let json = get(&bench, "/api/snapshot").await.json();
    assert_eq!((&json["components"][1]["restarts"], &json["ledger"]["failed"]), (&1.into(), &3.into()));
    let metrics = get(&bench, "/metrics").await;
    for line in [
        r#"weir_stage_restarts_total{stage="queue"} 0"#,
        r#"weir_stage_restarts_total{stage="consumers"} 1"#,
    ] {
        assert!(metrics.text().contains(line), "{line} is missing");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_components_and_workers_are_not_found_and_orders_take_post() {
    let bench = bench(&[]);
    for (path, says) in [
        ("/api/components/pool/kill", "there is no component \"pool\"; there are queue and consumers\n"),
        ("/api/components/pool/pause", "there is no component \"pool\"; there are queue and consumers\n"),
        (
            "/api/components/consumers/workers/x/kill",
            "consumers has no worker \"x\", or it has just ended\n",
        ),
    ] {
        let answer = call(&bench, Method::POST, path).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, says), "{path}");
    }
    for order in ["kill", "restart", "pause", "resume"] {
        let path = format!("/api/components/queue/{order}");
        assert_eq!(get(&bench, &path).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(call(&bench, Method::POST, &path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_resume_ends_the_pauses_of_both_stages() {
    let bench = bench(&[]);
    for stage in ["queue", "consumers"] {
        let json = call(&bench, Method::POST, &format!("/api/components/{stage}/pause")).await.json();
        assert_eq!(json["paused"], true, "{stage}");
    }
    let paused = async || {
        tokio::task::yield_now().await;
        let json = get(&bench, "/api/components").await.json();
        [0, 1].map(|at| json["supervisor"]["stages"][at]["paused"].as_bool().unwrap())
    };
    assert_eq!(paused().await, [true, true]);
    assert_eq!(call(&bench, Method::POST, "/api/resume").await.text(), "OK");
    assert_eq!(paused().await, [false, false]);
    assert_eq!(get(&bench, "/api/snapshot").await.json()["paused"], false);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_server_shows_the_tree_and_refuses_every_order() {
    let bench = bench(&["server.read_only=true"]);
    assert_eq!(get(&bench, "/api/components").await.status, StatusCode::OK);
    for path in [
        "/api/components/queue/kill",
        "/api/components/consumers/restart",
        "/api/components/consumers/pause",
        "/api/components/consumers/workers/1/kill",
    ] {
        let answer = call(&bench, Method::POST, path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.text().contains("read-only"), "{}", answer.text());
    }
    assert_eq!(bench.components().iter().map(|stage| stage.restarts).sum::<u64>(), 0);
}
