//! Hostile and unlucky clients, and a server without descriptors.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::BEGIN;
use super::outside::{Lab, PATIENCE, number, pause};

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn thousands_of_connections_that_are_reset_leave_nothing_behind() {
    let mut lab = Lab::start("matches-storm", &[]);
    lab.game("play?rate=20&events=100000");
    lab.until("an event", |figures| figures["match"]["next"].as_u64() > Some(0));
    lab.open("ws", 20, "ws", &json!({}));
    lab.open("sse", 20, "sse", &json!({}));
    lab.client(&json!({ "storm": 500 }));
    let before = lab.memory();
    assert_eq!(lab.client(&json!({ "storm": 4000 })), json!({ "failed": 0 }));
    let figures = lab.until("only those that stayed", |figures| {
        figures["now"]["watchers"] == 40 && figures["connections"]["open"].as_u64() < Some(50)
    });
    assert_eq!(figures["ledger"]["unaccounted"], 0, "{}", figures["ledger"]);
    let more = lab.memory().saturating_sub(before);
    assert!(more < 20_000, "{more} kB more");
    lab.game("stop");
    for name in ["ws", "sse"] {
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert_eq!((&report["gaps"], &report["whys"]), (&json!(0), &json!({ "the match is over": 20 })));
    }
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn without_descriptors_the_server_backs_off_says_so_and_recovers() {
    let mut lab = Lab::with_descriptors("matches-descriptors", 100);
    lab.game(BEGIN);
    // The figures come over a connection that was open before.
    let early = Early::connect(&lab);
    lab.client(&json!({ "open": "many", "count": 200 }));
    let refused = early.connections();
    assert_eq!(refused["why"], "descriptors", "{refused}");
    assert!(number(&refused, "refused") > 50 && number(&refused, "limit") < 100, "{refused}");
    let before = lab.cpu();
    pause(Duration::from_secs(2));
    let used = lab.cpu() - before;
    assert!(used < 40, "{used} hundredths of a second of CPU in 2 s");
    let report = lab.report("many");
    assert!(number(&report, "open") > 20, "those that were taken watch on: {report}");
    lab.client(&json!({ "close": "many" }));
    lab.until("recovery", |figures| figures["connections"]["why"] == Value::Null);
    lab.open("few", 20, "ws", &json!({}));
    lab.game("event?kind=goal&side=home&player=9");
    lab.reported("few", "the event", |report| number(report, "events") == 20);
}

/// A connection with half a request, so that it is not idle and keeps its place.
struct Early(TcpStream);

impl Early {
    fn connect(lab: &Lab) -> Self {
        let mut stream = TcpStream::connect(&lab.server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET /api/matches HTTP/1.1\r\nHost: localhost\r\n").unwrap();
        Self(stream)
    }

    /// Completes the request, and returns the figures of the connections.
    fn connections(mut self) -> Value {
        write!(self.0, "Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}")).1;
        serde_json::from_str::<Value>(body).unwrap()["connections"].clone()
    }
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn garbage_in_commands_is_answered_or_closes_the_socket_and_disturbs_no_watcher() {
    let mut lab = Lab::start("matches-garbage", &[]);
    lab.game(BEGIN);
    lab.open("ws", 10, "ws", &json!({}));
    let ends = lab.client(&json!({ "garbage": 500, "seed": 7 }));
    // None is left open, and none sees a reset in place of its answer.
    assert_eq!(ends, json!({ "closed": 500 }));
    lab.game("event?kind=goal&side=home&player=9");
    lab.reported("ws", "the event", |report| number(report, "events") == 10);
    lab.until("only the watchers", |figures| figures["connections"]["open"].as_u64() < Some(15));
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn the_settings_change_while_watchers_are_connected_and_no_event_is_lost() {
    let mut lab = Lab::start("matches-live", &[]);
    lab.game("play?rate=50&events=100000");
    lab.until("an event", |figures| figures["match"]["next"].as_u64() > Some(0));
    let changes = [
        "matches.acceptors=4",
        "matches.backlog=128",
        "matches.writer=\"task\"",
        "matches.encode=\"each\"",
        "matches.snapshot=\"match\"",
        "matches.supervisors=8",
        "matches.log=\"every\"",
        "matches.writer=\"shards\"",
        "matches.encode=\"once\"",
        "matches.snapshot=\"shared\"",
        "matches.acceptors=1",
        "matches.log=\"sampled\"",
    ];
    for (number_of_change, toml) in changes.into_iter().enumerate() {
        lab.set(toml);
        for transport in ["ws", "sse"] {
            let name = format!("{transport}-{number_of_change}");
            lab.open(&name, 4, transport, &json!({}));
            lab.reported(&name, "events", |report| number(report, "events") > 40);
        }
    }
    lab.until("all watchers", |figures| figures["now"]["ws"] == 48 && figures["now"]["sse"] == 48);
    lab.game("stop");
    let figures = lab.until("the end", |figures| figures["now"]["watchers"] == 0);
    assert_eq!((&figures["ledger"]["dropped"], &figures["ledger"]["closed"]), (&json!(0), &json!(0)));
    lab.ledger();
}
