//! Watchers of the lab over real connections. Real time passes, so waits are bounded generously.

mod client;

use serde_json::{Value, json};

use self::client::{Client, Server, sent};

const GOAL: &str = "event?kind=goal&side=home&player=9";

#[tokio::test]
async fn a_watcher_is_sent_the_snapshot_and_then_each_event_over_both_transports() {
    let server = Server::start(&[]);
    server.post("/api/matches/weir-sluice/event?kind=begin&half=first").await;
    let mut watchers = [server.websocket("ada", None).await, server.events("eve", &[]).await];
    for watcher in &mut watchers {
        let (id, snapshot) = watcher.next("snapshot").await;
        assert_eq!(id, Some(0), "the last event that it then has");
        assert_eq!((&snapshot["match"], &snapshot["score"]), (&json!("weir-sluice"), &json!([0, 0])));
        assert_eq!((&snapshot["period"], &snapshot["next"]), (&json!("first half"), &json!(1)));
        assert_eq!(snapshot["home"]["players"].as_array().unwrap().len(), 16);
    }
    for seq in 1..=3_u64 {
        let answer = server.post(&format!("/api/matches/weir-sluice/{GOAL}")).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((&answer["seq"], &answer["score"]), (&json!(seq), &json!([seq, 0])), "{answer}");
        for watcher in &mut watchers {
            let (id, event) = watcher.next("event").await;
            assert_eq!((id, &event["seq"], &event["kind"]), (Some(seq), &json!(seq), &json!("goal")));
            assert!(event["at"].as_u64().unwrap() > 1_700_000_000_000_000, "microseconds since 1970");
        }
    }
    server.post("/api/matches/weir-sluice/stop").await;
    for watcher in &mut watchers {
        assert_eq!(watcher.next("event").await.1["kind"], "stop");
        assert_eq!(watcher.next("end").await.1["why"], "the match is over");
        assert_eq!(watcher.ended().await, Some(1000));
    }
}

#[tokio::test]
async fn a_match_that_has_not_begun_or_is_over_sends_its_snapshot_and_closes() {
    let server = Server::start(&[]);
    for why in ["the match has not begun", "the match is over"] {
        for mut watcher in [server.websocket("ada", None).await, server.events("eve", &[]).await] {
            watcher.next("snapshot").await;
            assert_eq!(watcher.next("end").await.1["why"], why);
            assert_eq!(watcher.ended().await, Some(1000));
        }
        if why == "the match has not begun" {
            server.post("/api/matches/weir-sluice/event?kind=begin&half=first").await;
            server.post("/api/matches/weir-sluice/stop").await;
        }
    }
}

#[tokio::test]
async fn a_stream_resumes_behind_the_last_event_and_a_client_that_has_all_is_told_to_stay_away() {
    let server = Server::start(&[]);
    server.post("/api/matches/weir-sluice/event?kind=begin&half=first").await;
    // A hub numbers events from its first watcher or event on.
    let mut first = server.events("eve", &[]).await;
    first.next("snapshot").await;
    for _ in 0..3 {
        server.post(&format!("/api/matches/weir-sluice/{GOAL}")).await;
    }
    for seq in 1..=3 {
        assert_eq!(first.next("event").await.0, Some(seq));
    }
    for mut watcher in [
        server.events("eve", &["Last-Event-ID: 1"]).await,
        server.events("eve&since=3", &["Last-Event-ID: 1"]).await,
        server.events("eve&since=2", &["Last-Event-ID:"]).await,
        server.websocket("ada", Some(2)).await,
    ] {
        assert_eq!(watcher.next("event").await.0, Some(2));
        assert_eq!(watcher.next("event").await.0, Some(3));
    }
    // An id of an earlier match under this name.
    server.events("eve", &["Last-Event-ID: 400"]).await.next("snapshot").await;
    server.post("/api/matches/weir-sluice/stop").await;
    let watch = "GET /api/matches/watch?match=weir-sluice&user=eve HTTP/1.1\r\nHost: localhost\r\n";
    let answer = server.exchange(&format!("{watch}Connection: close\r\nLast-Event-ID: 4\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 204 No Content\r\n"), "{answer}");
    let mut late = server.events("eve", &["Last-Event-ID: 2"]).await;
    while late.ended_or_next().await.is_some() {}
}

#[tokio::test]
async fn other_kinds_of_requests_are_answered_in_one_line() {
    let server = Server::start(&[]);
    let path = "/api/matches/watch?match=weir-sluice&user=eve";
    let old = server.exchange(&format!("GET {path} HTTP/1.0\r\n\r\n")).await;
    assert!(old.starts_with("HTTP/1.0 505 ") && old.ends_with("sent in chunks\n"), "{old}");
    let rest = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let head = server.exchange(&format!("HEAD {path} {rest}")).await;
    assert!(head.contains("content-type: text/event-stream\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let post = server.exchange(&format!("POST {path} {rest}")).await;
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
}

#[tokio::test]
async fn what_is_wrong_with_an_address_has_a_name_and_a_status() {
    let server = Server::start(&[]);
    let upgrade = "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let long = format!("match=weir-sluice&user={}", "a".repeat(65));
    for (query, status, name) in [
        ("match=nowhere&user=eve", 404, "unknown_match"),
        ("match=weir-sluice", 400, "missing_user"),
        ("user=eve", 400, "missing_match"),
        ("match=weir-sluice&user=eve&since=x", 400, "bad_since"),
        (&long, 400, "too_long"),
    ] {
        for headers in [upgrade, "Connection: close\r\n"] {
            let request =
                format!("GET /api/matches/watch?{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
            let answer = server.exchange(&request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            let json: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            assert_eq!(json["error"]["name"], name, "{answer}");
        }
    }
    let nothing =
        server.exchange("GET /api/matches/watch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(nothing.await.contains("missing_match"));
}

#[tokio::test]
async fn a_session_of_commands_that_is_cut_at_any_byte_is_answered_alike() {
    let server = Server::start(&[]);
    server.post("/api/matches/weir-sluice/event?kind=begin&half=first").await;
    let watch = r#"{"command":"watch","user":"ada","match":"weir-sluice"}"#;
    let session = [
        sent(0x82, "bytes"),
        sent(0x81, "{}"),
        sent(0x01, &watch[..20]),
        sent(0x89, "?"),
        sent(0x80, &watch[20..]),
        // From here on, the lab reads.
        sent(0x81, watch),
        sent(0x8a, ""),
        sent(0x81, r#"{"command":"dance"}"#),
        sent(0x81, r#"{"command":"leave"}"#),
    ]
    .concat();
    // One client after the other, so that all see the same match. A debug build is slow.
    for at in (0..=session.len()).step_by(3) {
        let mut client = server.unbound_websocket().await;
        client.write(&session[..at]).await;
        client.write(&session[at..]).await;
        let mut said = Vec::new();
        while let Some((name, _, value)) = client.ended_or_next().await {
            said.push(value["name"].as_str().map_or(name, str::to_owned));
        }
        let expected = ["not_json", "missing_command", "snapshot", "already_watching", "unknown_command"];
        assert_eq!(said, expected, "cut at {at}");
        assert_eq!(client.code(), Some(1000));
    }
}

#[tokio::test]
async fn a_socket_without_a_command_is_closed_after_the_silence() {
    let server = Server::start(&["matches.silence=1s"]);
    let mut client = server.unbound_websocket().await;
    client.write(&sent(0x81, r#"{"command":"watch","user":"ada","match":"nowhere"}"#)).await;
    let (name, _, value) = client.ended_or_next().await.unwrap();
    assert_eq!((name.as_str(), &value["name"]), ("error", &json!("unknown_match")));
    assert_eq!(client.ended().await, Some(1008));
    let mut client = server.unbound_websocket().await;
    client.write(&sent(0x81, r#"{"command":"leave"}"#)).await;
    assert_eq!(client.ended().await, Some(1000));
}

#[tokio::test]
async fn orders_are_answered_with_ok_or_the_rule_that_refuses_them() {
    let server = Server::start(&[]);
    let path = |rest: &str| format!("POST /api/matches/weir-sluice/{rest}");
    for (request, status, says) in [
        (path(GOAL), 409, "goal refused: the match has not begun"),
        (path("event?kind=begin&half=first"), 200, "the first half begins"),
        (path("event?kind=goal&side=home&player=99"), 409, "Weir has no player 99"),
        (path("event?kind=goal&side=up&player=9"), 400, "expected home or away"),
        (path("event"), 400, "kind is missing"),
        (path("again"), 409, "stop it first"),
        (path("play?rate=0"), 400, "allowed: 0.01 to 10000"),
        (path("play?rate=fast"), 400, "rate = \"fast\", expected events per second"),
        (path("crash"), 400, "part is missing"),
        (path("crash?part=roof"), 404, "there is no part \"roof\""),
        (path("pause"), 200, "OK"),
        (path("stop"), 200, "OK"),
        (path("again"), 200, "OK"),
        ("POST /api/matches".to_owned(), 200, "\"id\":\"weir-"),
        ("POST /api/matches/nowhere/stop".to_owned(), 404, "matches: weir-sluice, weir-"),
        ("GET /api/matches/nowhere".to_owned(), 404, "there is no match \"nowhere\""),
        ("POST /api/matches/rung?rung=5&n=10000&art_ms=1.5&run=a".to_owned(), 200, "OK"),
        ("POST /api/matches/rung?rung=99".to_owned(), 400, "found rung 99"),
        ("POST /api/matches/rung?n=1".to_owned(), 400, "rung is missing"),
        ("POST /api/matches/reset".to_owned(), 200, "OK"),
    ] {
        let rest = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = server.exchange(&format!("{request} {rest}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.contains(says), "{request}: {answer}");
    }
}

#[tokio::test]
async fn the_page_is_sent_the_figures_and_a_list_has_the_connections() {
    let server = Server::start(&[]);
    let mut page: Client = server.page_socket().await;
    for _ in 0..2 {
        let (_, figures) = page.next("match").await;
        assert_eq!(figures["match"]["id"], "weir-sluice");
        server.post("/api/matches/weir-sluice/play?rate=5").await;
    }
    let list: Value = serde_json::from_str(&server.get("/api/matches").await).unwrap();
    assert_eq!(list["matches"][0]["id"], "weir-sluice", "{list}");
    assert_eq!((&list["connections"]["open"], &list["connections"]["why"]), (&json!(2), &Value::Null));
    let history: Value =
        serde_json::from_str(&server.get("/api/matches/weir-sluice/history").await).unwrap();
    assert_eq!(history["events"][0]["seq"], 0, "{history}");
}
