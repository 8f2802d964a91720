//! Watchers that read nothing or slowly, for each policy, and a publisher faster than the wire.

use serde_json::{Value, json};

use super::outside::{Lab, number};
use super::{BEGIN, received};

/// The most memory that a thousand watchers that read nothing may add, in kB.
const MOST_MORE: u64 = 40_000;

/// Plays to 100 watchers that read and 1,000 that read nothing, and returns the report of the
/// first.
fn beside_slow_ones(policy: &str, more: &[&str]) -> (Lab, Value) {
    let (name, policy) = (format!("matches-{policy}"), format!("matches.behind={policy}"));
    let settings = [&[&*policy, "matches.send_buffer=4KiB"], more].concat();
    let mut lab = Lab::start(&name, &settings);
    lab.game(BEGIN);
    for transport in ["ws", "sse"] {
        lab.open(transport, 50, transport, &json!({}));
        let slow = json!({ "deaf": true, "rcvbuf": 4096 });
        lab.open(&format!("slow-{transport}"), 500, transport, &slow);
    }
    let before = lab.memory();
    lab.game("play?rate=40&events=100000");
    let report = lab.reported("ws", "300 events", |report| number(report, "events") >= 50 * 300);
    let more = lab.memory().saturating_sub(before);
    assert!(more < MOST_MORE, "{more} kB more");
    lab.game("stop");
    (lab, report)
}

/// The ends of those that read; they must have every event.
fn all_received(lab: &mut Lab) -> u64 {
    let reports = ["ws", "sse"].map(|name| {
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert_eq!(report["whys"], json!({ "the match is over": 50 }), "{report}");
        assert_eq!(report["gaps"], 0, "{report}");
        report
    });
    received(&reports)
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn with_drop_oldest_slow_watchers_lose_events_learn_the_gap_and_disturb_no_other() {
    let (mut lab, _) = beside_slow_ones("drop_oldest", &[]);
    let mut all = all_received(&mut lab);
    let mut lost = 0;
    for name in ["slow-ws", "slow-sse"] {
        lab.client(&json!({ "read": name }));
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert!(number(&report, "lost") > 500, "each has lost events: {report}");
        all += number(&report, "events");
        lost += number(&report, "lost");
    }
    let ledger = lab.ledger();
    assert_eq!((ledger.delivered, ledger.dropped, ledger.closed), (all, lost, 0), "{ledger:?}");
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn with_latest_slow_watchers_are_sent_the_newest_event_behind_a_gap() {
    let (mut lab, _) = beside_slow_ones("latest", &[]);
    let mut all = all_received(&mut lab);
    for name in ["slow-ws", "slow-sse"] {
        lab.client(&json!({ "read": name }));
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert!(number(&report, "gaps") >= 500, "{report}");
        all += number(&report, "events");
    }
    assert_eq!(lab.ledger().delivered, all);
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn with_close_slow_watchers_are_closed_and_disturb_no_other() {
    let (mut lab, _) = beside_slow_ones("close", &[]);
    let mut all = all_received(&mut lab);
    for name in ["slow-ws", "slow-sse"] {
        lab.client(&json!({ "read": name }));
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        assert_eq!(report["lost"], 0, "{report}");
        all += number(&report, "events");
    }
    let ledger = lab.ledger();
    assert_eq!(ledger.dropped, 0);
    assert!(ledger.closed > 0 && ledger.delivered <= all, "{ledger:?}, received {all}");
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn with_wait_all_stop_until_the_slow_watchers_are_closed_as_silent() {
    let (mut lab, _) = beside_slow_ones("wait", &["matches.silence=5s"]);
    all_received(&mut lab);
    assert!(lab.ledger().closed > 0);
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn clients_that_are_stopped_are_closed_although_their_sockets_stay_open() {
    let mut lab = Lab::start("matches-half-open", &["matches.silence=5s", "matches.send_buffer=4KiB"]);
    lab.game("play?rate=100&events=100000");
    lab.until("an event", |figures| figures["match"]["next"].as_u64() > Some(0));
    for transport in ["ws", "sse"] {
        let stopped = json!({ "deaf": true, "rcvbuf": 4096 });
        lab.open(&format!("stopped-{transport}"), 50, transport, &stopped);
    }
    lab.open("alive", 5, "ws", &json!({}));
    // The client still holds all sockets.
    lab.until("only the living", |figures| figures["now"]["watchers"] == 5);
    lab.until("their connections", |figures| figures["connections"]["open"].as_u64() < Some(20));
    assert_eq!(lab.report("alive")["open"], 5);
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn a_publisher_faster_than_the_wire_leaves_the_memory_flat_and_the_ledger_exact() {
    let mut lab = Lab::start("matches-flood", &[]);
    lab.game(BEGIN);
    lab.open("ws", 100, "ws", &json!({}));
    lab.open("sse", 100, "sse", &json!({}));
    let before = lab.memory();
    lab.game("play?rate=10000&events=3000");
    let mut most = 0;
    lab.until("the end of the match", |figures| {
        most = most.max(lab.memory());
        figures["match"]["period"] == "over"
    });
    let mut all = 0;
    let mut lost = 0;
    for name in ["ws", "sse"] {
        let report = lab.reported(name, "the end", |report| report["open"] == 0);
        all += number(&report, "events");
        lost += number(&report, "lost");
    }
    assert!(most < before + MOST_MORE, "from {before} to {most} kB");
    let ledger = lab.ledger();
    assert_eq!((ledger.delivered, ledger.dropped, ledger.closed), (all, lost, 0), "{ledger:?}");
}
