//! The matches lab from the outside, over WebSocket and server-sent events: what each watcher is
//! sent, and that the server's ledger of deliveries equals what the watchers have counted.
//!
//! With `WEIR_RELEASE`, the path of a release build, that build is tested.

mod faults;
mod outside;
mod slow;

use serde_json::{Value, json};

use self::outside::{Lab, number};

const BEGIN: &str = "event?kind=begin&half=first";

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn every_watcher_of_a_played_match_is_sent_the_snapshot_and_each_event_once_and_in_order() {
    let mut lab = Lab::start("matches-play", &[]);
    lab.game(BEGIN);
    lab.open("ws", 40, "ws", &json!({}));
    lab.open("sse", 40, "sse", &json!({}));
    lab.game("play?rate=200&seed=1&events=300");
    let mut received = 0;
    for name in ["ws", "sse"] {
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert_eq!(report["snapshots"], 40);
        assert_eq!(report["whys"], json!({ "the match is over": 40 }));
        assert_eq!(report["codes"], json!({ (if name == "ws" { "1000" } else { "last chunk" }): 40 }));
        assert_eq!((number(&report, "gaps"), number(&report, "lost")), (0, 0), "{report}");
        received += number(&report, "events");
    }
    let history = lab.order("GET /api/matches/weir-sluice/history")["events"].as_array().unwrap().len();
    assert!(history > 200, "{history} events");
    // The watchers joined behind the first event.
    assert_eq!(received, 80 * (history as u64 - 1));
    let ledger = lab.ledger();
    assert_eq!((ledger.sent, ledger.delivered), (received, received), "{ledger:?}");
    // The match is over: a snapshot, then the end.
    lab.open("late", 2, "sse", &json!({}));
    let report = lab.reported("late", "the end", |report| report["open"] == 0);
    assert_eq!((number(&report, "snapshots"), number(&report, "events")), (2, 0));
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn a_silent_watcher_is_closed_and_the_last_one_takes_its_user_along_and_visits_count_up() {
    let mut lab = Lab::start("matches-silence", &["matches.silence=4s"]);
    lab.game(BEGIN);
    lab.open("mute", 3, "ws", &json!({ "mute": true }));
    lab.open("alive", 3, "ws", &json!({}));
    lab.open("sse", 3, "sse", &json!({}));
    let figures = lab.until("nine users", |figures| figures["match"]["users"] == 9);
    assert_eq!(figures["match"]["visits"], 9);
    let report = lab.reported("mute", "the close", |report| report["open"] == 0);
    assert_eq!(report["codes"], json!({ "1008": 3 }));
    lab.until("six users", |figures| figures["match"]["users"] == 6);
    // Pongs keep the others; a stream of events needs nothing from its client.
    for name in ["alive", "sse"] {
        assert_eq!(lab.report(name)["open"], 3, "{name}");
    }
    lab.client(&json!({ "close": "alive" }));
    lab.client(&json!({ "close": "sse", "reset": true }));
    let figures = lab.until("no users", |figures| figures["match"]["users"] == 0);
    assert_eq!((&figures["match"]["visits"], &figures["now"]["watchers"]), (&json!(9), &json!(0)));
    lab.open("again", 1, "sse", &json!({}));
    lab.until("ten visits", |figures| figures["match"]["visits"] == 10);
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn a_dispatcher_that_crashes_closes_its_own_watchers_and_no_others() {
    let mut lab = Lab::start("matches-crash", &[]);
    let other = lab.order("POST /api/matches")["id"].as_str().unwrap().to_owned();
    let of_other = json!({ "match": other });
    lab.game("play?rate=20&events=100000");
    lab.order(&format!("POST /api/matches/{other}/play?rate=20&events=100000"));
    lab.until("an event", |figures| figures["match"]["next"].as_u64() > Some(0));
    for (name, transport) in [("ws", "ws"), ("sse", "sse")] {
        lab.open(name, 20, transport, &json!({}));
        lab.open(&format!("other-{name}"), 20, transport, &of_other);
    }
    let visits = lab.figures()["match"]["visits"].clone();
    lab.game("crash?part=dispatcher");
    for (name, code) in [("ws", "1012"), ("sse", "last chunk")] {
        let report = lab.reported(name, "the close", |report| report["open"] == 0);
        assert_eq!(report["codes"], json!({ code: 20 }), "{report}");
        let other = lab.report(&format!("other-{name}"));
        assert_eq!((&other["open"], &other["wrong"]), (&json!(20), &json!(0)), "{other}");
        // A client resumes where it was, or learns the gap.
        lab.open("back", 5, transport_of(name), &json!({ "since": report["next"] }));
        let from = number(&report, "next");
        lab.reported("back", "events", |report| number(report, "next") > from + 10);
        lab.client(&json!({ "close": "back" }));
    }
    let figures = lab.figures();
    assert_eq!(figures["match"]["visits"].as_u64(), visits.as_u64().map(|visits| visits + 10));
    assert!(figures["marks"].as_array().unwrap().iter().any(|mark| mark["kind"] == "crash"), "{figures}");
    for name in ["other-ws", "other-sse"] {
        let before = number(&lab.report(name), "events");
        let report = lab.reported(name, "more events", |report| number(report, "events") > before + 200);
        assert_eq!((&report["open"], &report["gaps"]), (&json!(20), &json!(0)), "{report}");
    }
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn a_shard_that_crashes_tells_its_watchers_the_gap_and_the_ledger_stays_exact() {
    let mut lab = Lab::start("matches-shard", &["matches.shards=1"]);
    lab.game("play?rate=20&events=100000");
    lab.until("an event", |figures| figures["match"]["next"].as_u64() > Some(0));
    lab.open("ws", 20, "ws", &json!({}));
    lab.open("sse", 20, "sse", &json!({}));
    for _ in 0..3 {
        let before = number(&lab.report("ws"), "next");
        lab.game("crash?part=shard-0");
        lab.reported("ws", "events", |report| number(report, "next") > before + 20);
    }
    lab.game("stop");
    let mut received = 0;
    for name in ["ws", "sse"] {
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert_eq!(report["whys"], json!({ "the match is over": 20 }), "{report}");
        received += number(&report, "events");
    }
    assert_eq!(lab.ledger().delivered, received);
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn ctrl_c_sends_each_of_a_thousand_watchers_the_end_and_code_1001() {
    let mut lab = Lab::start("matches-ctrl-c", &[]);
    lab.game("play?rate=2&events=100000");
    lab.until("an event", |figures| figures["match"]["next"].as_u64() > Some(0));
    lab.open("ws", 500, "ws", &json!({}));
    lab.open("sse", 500, "sse", &json!({}));
    lab.server.signal("-INT");
    for (name, code) in [("ws", "1001"), ("sse", "last chunk")] {
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert_eq!(report["codes"], json!({ code: 500 }), "{report}");
        assert_eq!(report["whys"], json!({ "the server is shutting down": 500 }));
        assert_eq!(report["ends"], json!({ "closed": 500 }));
    }
}

fn transport_of(name: &str) -> &str {
    name
}

/// Adds the events of groups of watchers.
fn received(reports: &[Value]) -> u64 {
    reports.iter().map(|report| number(report, "events")).sum()
}
