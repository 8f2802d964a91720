//! `weir load watch` beside a client in another language, which parses every message.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::binary::{Folder, Server};

/// Watchers of each of the two clients.
const WATCHERS: u64 = 200;

/// How long a figure may take to become as expected.
const LIMIT: Duration = Duration::from_secs(60);

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "{what} does not come");
    }
}

#[test]
#[ignore = "needs python3, and takes seconds of real time"]
fn weir_load_watch_and_an_outside_client_count_the_same_events() {
    for transport in ["ws", "sse"] {
        let folder = Folder::new(&format!("watch-{transport}"));
        let server = Server::start(&folder, &[]);
        let post = |order: &str| {
            let answer = server.request(&format!("POST /api/matches/weir-sluice/{order}"));
            assert!(answer.starts_with("HTTP/1.1 2"), "{order}: {answer}");
        };
        // The match begins, and waits until both clients watch.
        post("event?kind=begin&half=first");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/watch/count.py");
        let mut outside = Command::new("python3")
            .arg(script)
            .args([&server.address, transport, &WATCHERS.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(outside.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        let url = server.url("");
        let watchers = WATCHERS.to_string();
        let args = ["load", "watch", "-c", &watchers, "--closed", "-d", "15s", "--transport", transport];
        let mut ours = folder.weir();
        ours.args(args).args(["--json", "-q", "--url", &url]);
        let ours = ours.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let figures = || -> Value {
            let answer = server.request("GET /api/matches/weir-sluice");
            serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
        };
        until("all watch", || figures()["now"]["watchers"] == 2 * WATCHERS);
        post("play?rate=20&seed=1&events=100");
        until("40 events", || figures()["match"]["next"].as_u64().unwrap() >= 40);
        post("pause");
        let output = ours.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let run: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        let watch = &run["watch"];
        drop(outside.stdin.take());
        let theirs: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert!(outside.wait().unwrap().success());
        let number = |of: &Value, key: &str| of[key].as_u64().unwrap_or_else(|| panic!("no {key} in {of}"));
        let events = number(&theirs, "last") - number(&theirs, "first") + 1;
        assert!(events >= 20, "{theirs}");
        assert_eq!(
            (number(&theirs, "events"), number(&theirs, "wrong")),
            (events * WATCHERS, 0),
            "{theirs}"
        );
        assert_eq!(number(watch, "watchers"), WATCHERS);
        assert_eq!(
            (number(watch, "events"), number(watch, "deliveries")),
            (events, events * WATCHERS),
            "{theirs}"
        );
        assert_eq!(number(watch, "expected"), events * WATCHERS);
        for key in ["missed", "twice", "disordered", "gaps", "pending", "lost", "refused"] {
            assert_eq!(number(watch, key), 0, "{key}: {}", run["audit"]);
        }
    }
}
