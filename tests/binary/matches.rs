//! `weir match`: its requests, texts and exit codes, against a server that answers as the
//! lab does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Folder, fake, text, words};

/// The status of a match with 10,000 watchers, one of which has fallen behind.
fn snapshot() -> Value {
    json!({
        "at_ms": 60000, "read_only": false,
        "match": { "id": "weir-sluice", "home": "Weir", "away": "Sluice", "score": [2, 1], "minute": 67,
            "period": "second half", "stadium": "Lock Road", "visits": 10214, "users": 10000,
            "playing": true, "rate": 2.0, "next": 449 },
        "verdict": { "word": "GOING OUT", "tone": "ok", "text": "9,999 of 10,000 watchers have event 448" },
        "now": { "watchers": 10000, "ws": 9000, "sse": 1000, "connects_s": 30100.4,
            "art_ms": { "p50": 1.2, "p99": 3.9 }, "rss_per_watcher": 1542, "last_ms": 69.9 },
        "machine": machine(),
        "event": { "seq": 448, "kind": "goal", "sent": 10000, "reached": 9999, "elapsed_ms": 36.0,
            "last_ms": null, "order": "shards", "curve": [0.3], "shards": [],
            "behind": [{ "user": "w4711", "place": 4711, "events": 64, "dropped": 12, "gap": [437, 448],
                "for_ms": 32000.0 }], "stalled_ms": 0.0 },
        "past": [70.1], "feed": [], "settings": {}, "ladder": { "at": 7, "rungs": [] },
        "connections": { "open": 10003, "limit": 20000, "refused": 0, "why": null },
        "writer": "shards", "behind": "drop_oldest",
        "ledger": { "sent": 5125150, "delivered": 5125138, "behind": 0, "dropped": 12, "closed": 0,
            "unaccounted": 0 },
    })
}

fn machine() -> Value {
    json!({ "watchers": 19200, "watchers_why": "descriptors", "connects_s": 47000.0, "art_ms": 0.3,
        "send_us": 6.3, "measured_ms": 300 })
}

fn list() -> Value {
    json!({ "matches": [
            { "id": "weir-sluice", "home": "Weir", "away": "Sluice", "score": [2, 1], "minute": 67,
              "period": "second half", "watchers": 10000, "visits": 10214, "playing": true },
            { "id": "weir-lockgate", "home": "Weir", "away": "Lockgate", "score": [0, 0], "minute": 0,
              "period": "not begun", "watchers": 0, "visits": 0, "playing": false }],
        "settings": {}, "machine": machine(), "ladder": null, "connections": null })
}

/// A match on which nothing has happened.
fn quiet() -> Value {
    let mut quiet = snapshot();
    quiet["match"] = json!({ "id": "weir-lockgate", "home": "Weir", "away": "Lockgate", "score": [0, 0],
        "minute": 0, "period": "not begun", "stadium": "Lock Road", "visits": 0, "users": 0,
        "playing": false, "rate": 2.0, "next": 0 });
    for key in ["machine", "event"] {
        quiet[key] = Value::Null;
    }
    quiet["now"] = json!({ "watchers": 0, "ws": 0, "sse": 0, "connects_s": 0, "art_ms": null,
        "rss_per_watcher": null, "last_ms": null });
    quiet
}

fn answer(request: &str) -> fake::Answer {
    const OF: &str = "/api/matches/weir-sluice";
    let ok = |body: Value| fake::Answer { body: body.to_string(), ..fake::Answer::default() };
    let refused = |status, body: &str| fake::Answer { status, body: body.to_owned(), ..ok(Value::Null) };
    let goal = json!({ "event": { "seq": 449, "minute": 68, "kind": "goal", "side": "home", "player": 9,
        "text": "Marques, 3 : 1" } });
    match request.replace(OF, "ID").as_str() {
        "GET /api/matches" => ok(list()),
        "POST /api/matches" => ok(json!({ "id": "weir-millrace" })),
        "GET ID" => ok(snapshot()),
        "GET /api/matches/weir-lockgate" => ok(quiet()),
        "POST ID/play"
        | "POST ID/play?rate=20"
        | "POST ID/pause"
        | "POST ID/stop"
        | "POST ID/again"
        | "POST ID/crash?part=dispatcher"
        | "POST ID/crash?part=shard-0"
        | "POST /api/matches/weir-lockgate/play?rate=0.5&seed=7&events=1000"
        | "POST /api/matches/weir-lockgate/again" => {
            fake::Answer { body: "OK".to_owned(), ..ok(Value::Null) }
        }
        "POST ID/event?kind=goal&side=home&player=9&minute=68" => ok(goal),
        "POST ID/event?kind=substitution&side=away&off=4&on=12" => {
            refused(409, "substitution refused: Sluice has made all 5\n")
        }
        "POST ID/play?rate=1000000" => refused(400, "rate: 1000000 is not in 0.01..=1000\n"),
        "POST ID/crash?part=referee" => refused(404, "there is no part `referee`\n"),
        "GET /api/matches/nowhere" => refused(
            404,
            "{\"error\":{\"name\":\"unknown_match\",\"message\":\"there is no match nowhere\"}}",
        ),
        other => refused(500, &format!("unexpected: {other}\n")),
    }
}

fn lab() -> (String, Arc<Mutex<Vec<String>>>) {
    fake::server(answer)
}

#[test]
fn each_verb_prints_its_outcome_and_what_to_do_next() {
    let folder = Folder::new("matches-verbs");
    let (address, _) = lab();
    let plays = "weir-sluice: Weir 2 : 1 Sluice, minute 67, second half\n\
                 plays at 2.00 events/s, 10000 watchers\n";
    for (args, says) in [
        (&["list"][..], "weir-lockgate      Weir 0 : 0 Lockgate"),
        (&["add"], "weir-millrace is ready, not begun\nnext: weir match play --match weir-millrace"),
        (&["play"], plays),
        (&["play", "--rate", "20"], "next: weir match show\n"),
        (
            &["play", "--match", "weir-lockgate", "--rate", "0.5", "--seed", "7", "--events", "1000"],
            "0 watchers\nnext: weir load watch -c 10000 --match weir-lockgate\n",
        ),
        (&["pause"], plays),
        (&["stop"], plays),
        (&["again", "--match", "weir-lockgate"], "next: weir match play --match weir-lockgate\n"),
        (
            &["event", "goal", "--side", "home", "--player", "9", "--minute", "68"],
            "event 449, minute 68: goal: Marques, 3 : 1\n",
        ),
        (&["crash"], "crashed dispatcher: it restarts, and closes its watchers; state and history stay"),
        (&["crash", "shard-0"], "crashed shard-0: it restarts, and its watchers get the gap\n"),
        (&["machine"], "watchers          19200  limit: descriptors"),
        (&["machine"], "last            63.0 ms  for an event to 10,000 watchers"),
    ] {
        let output = folder.run(&[&["match"], args, &["--url", &address]].concat());
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}{}", words(&output.stderr));
        assert!(said.contains(says.trim_start()) && output.stderr.is_empty(), "{args:?}: {said}");
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{args:?}: {said}");
    }
}

#[test]
fn a_match_is_shown_beside_the_limits_of_the_machine() {
    let folder = Folder::new("matches-show");
    let (address, _) = lab();
    let said = text(&folder.run(&["match", "show", "--url", &address]).stdout);
    for line in [
        "GOING OUT  9,999 of 10,000 watchers have event 448",
        "match       weir-sluice: Weir 2 : 1 Sluice, minute 67, second half, Lock Road",
        "play        2.00 events/s; the next event is 449",
        "watchers    9000 WebSocket, 1000 server-sent events",
        "users       10000, after 10214 visits",
        "watchers          10000       19200  limit: descriptors",
        "connects       30100 /s    47000 /s  64.0 % of it",
        "ART p50         1.20 ms    0.300 ms  4.00 times",
        "last            69.9 ms     63.0 ms  1.11 times",
        "memory          1.54 kB           –  for each watcher",
        "event       448, goal: 9999 of 10000 watchers have it, after 36.0 ms",
        "behind      w4711: 64 events, 12 dropped, gap 437 to 448, for 32.0 s",
        "connections 10003 of 20000 open, 0 refused",
        "ledger      sent 5125150 = delivered 5125138 + behind 0 + dropped 12 + closed 0",
    ] {
        assert!(said.lines().any(|found| found == line), "no {line:?} in\n{said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let said = text(&folder.run(&["match", "show", "--match", "weir-lockgate", "--url", &address]).stdout);
    assert!(said.contains("play        none; the next event is 0\n"), "{said}");
    assert!(said.lines().all(|line| line == line.trim_end() && !line.contains("NaN")), "{said}");
}

#[test]
fn a_refusal_is_said_in_the_words_of_the_server_and_told_from_wrong_arguments() {
    let folder = Folder::new("matches-refusals");
    let (address, asked) = lab();
    for (args, code, says) in [
        (
            &["event", "substitution", "--side", "away", "--off", "4", "--on", "12"][..],
            1,
            "substitution refused: Sluice has made all 5",
        ),
        (&["crash", "referee"], 1, "there is no part `referee`"),
        (&["show", "--match", "nowhere"], 1, "there is no match nowhere\n"),
        (&["play", "--rate", "1000000"], 2, "rate: 1000000 is not in 0.01..=1000"),
        (&["event", "goal", "--side", "home"], 2, "--player <N>"),
        (&["event", "own-goal"], 2, "invalid value 'own-goal' for '<KIND>'"),
        (&[], 2, "Usage: weir match"),
    ] {
        let output = folder.run(&[&["match"], args, &["--url", &address]].concat());
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says.trim()) && output.stdout.is_empty(), "{args:?}: {said}");
    }
    let asked = asked.lock().unwrap();
    assert!(!asked.iter().any(|request| request.contains("goal")), "{asked:?}");
}

#[test]
fn programs_get_the_json_of_each_verb() {
    let folder = Folder::new("matches-json");
    let (address, _) = lab();
    let json = |args: &[&str]| -> Value {
        let output = folder.run(&[&["match"], args, &["--json", "--url", &address]].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{args:?}: {}", text(&output.stdout)))
    };
    assert_eq!(json(&["list"]), list());
    assert_eq!(json(&["show"]), snapshot());
    assert_eq!(json(&["machine"])["machine"], machine());
    assert_eq!(json(&["add"]), json!({ "id": "weir-millrace" }));
    assert_eq!(json(&["play"]), snapshot()["match"]);
    let goal = json(&["event", "goal", "--side", "home", "--player", "9", "--minute", "68"]);
    assert_eq!(goal["event"]["seq"], 449);
}

/// A message as the server sends it.
fn message(id: &str, kind: &str, of: &Value) -> String {
    format!("{id}event: {kind}\ndata: {}\n\n", json!({ kind: of }))
}

#[test]
fn a_watcher_resumes_after_a_cut_and_ends_with_the_match() {
    let folder = Folder::new("matches-watch");
    let connections = AtomicU64::new(0);
    let (address, asked) = fake::server(move |_| {
        let shot = |seq: u64| {
            let event = json!({ "seq": seq, "at": 1, "minute": 12, "kind": "shot", "text": "Lund misses" });
            message(&format!("id: {seq}\n"), "event", &event)
        };
        let body = match connections.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let state = json!({ "match": "weir-sluice", "stadium": "Lock Road", "score": [0, 0],
                    "home": { "name": "Weir" }, "away": { "name": "Sluice" }, "minute": 12,
                    "period": "first half", "next": 17 });
                format!("retry: 1000\n\n{}{}", message("id: 16\n", "snapshot", &state), shot(17))
            }
            1 => {
                let gap = json!({ "from": 18, "to": 19 });
                let end = json!({ "why": "the match is over" });
                [": ping\n\n", &message("id: 19\n", "gap", &gap), &shot(20), &message("", "end", &end)]
                    .concat()
            }
            _ => return fake::Answer { status: 204, ..fake::Answer::default() },
        };
        let headers = "content-type: text/event-stream\r\n";
        fake::Answer { status: 200, body, headers, is_stream: true }
    });
    let output = folder.run(&["match", "watch", "--user", "ada", "--since", "17", "--url", &address]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "Weir 0 : 0 Sluice, Lock Road, minute 12, first half; the next event is 17\n    \
         17   12'  shot          Lund misses\n\
         caution: events 18 to 19 are lost (2): this watcher was behind\n    \
         20   12'  shot          Lund misses\n\
         end: the match is over\n"
    );
    assert!(words(&output.stderr).contains("trying again"), "{}", words(&output.stderr));
    let watch = "GET /api/matches/watch?match=weir-sluice&user=ada&since=17";
    assert_eq!(*asked.lock().unwrap(), [watch.to_owned(), format!("{watch} after 17")]);
    // The third connection finds nothing new.
    let output = folder.run(&["match", "watch", "--url", &address]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), ""));
    assert!(words(&output.stderr).contains("the match is over"));
}

#[test]
fn a_watcher_without_a_match_or_a_server_fails_at_once() {
    let folder = Folder::new("matches-watch-nothing");
    let (address, _) = fake::server(|_| fake::Answer {
        status: 404,
        body: r#"{"error":{"name":"unknown_match","message":"there is no match moon"}}"#.to_owned(),
        ..fake::Answer::default()
    });
    let output = folder.run(&["match", "watch", "--match", "moon", "--url", &address]);
    assert_eq!((output.status.code(), words(&output.stderr).trim()), (Some(1), "there is no match moon"));
    let output = folder.run(&["match", "watch", "--url", "127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output.stderr).contains("no server answers"), "{}", words(&output.stderr));
}
