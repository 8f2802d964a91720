//! `weir load watch` beside a client in another language, which parses every message.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::{Folder, Server};

/// Watchers of each of the two clients.
const WATCHERS: u64 = 200;

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
        post("play?rate=10&seed=1&events=100");
        post("pause");
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
        let args = ["load", "watch", "-c", &watchers, "--closed", "-d", "8s", "--transport", transport];
        let ours = folder.weir().args(args).args(["--json", "-q", "--url", &url]).spawn().unwrap();
        let figures = || -> Value {
            let answer = server.request("GET /api/matches/weir-sluice");
            serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
        };
        while figures()["now"]["watchers"] != 2 * WATCHERS {
            std::thread::yield_now();
        }
        post("play?rate=20&seed=1&events=100");
        while figures()["match"]["next"].as_u64().unwrap() < 40 {
            std::thread::yield_now();
        }
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
