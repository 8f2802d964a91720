//! `weir queue` and `/api/queue`: on a running server, on the file that it has left behind, and
//! where there is neither.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use super::{Folder, Server, text, until, words};

/// A queue in a file, whose events all fail at once.
pub(crate) const FAILING: &str = "[queue]\nengine = \"disk\"\nattempts = 1\n\
                       [resource]\nfailure_rate = 1.0\nlatency.mean = \"1ms\"\n";
/// A queue in a file whose events wait.
const WAITING: &str = "[queue]\nengine = \"disk\"\n[consumers]\nconcurrency = 0\n";

/// A server, and the folder of its commands.
pub(crate) struct Bench {
    folder: Folder,
    server: Server,
}

impl Bench {
    pub(crate) fn start(name: &str, config: &str) -> Self {
        let folder = Folder::new(name);
        folder.write(config);
        let server = Server::start(&folder, &[]);
        Self { folder, server }
    }

    fn run(&self, args: &[&str]) -> Output {
        self.folder.run(&[&["queue"], args, &["--url", &self.server.address]].concat())
    }

    /// Runs a verb that succeeds on the server, and returns what it prints.
    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        succeeds(&self.run(args))
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[args, &["--json"]].concat())).unwrap()
    }

    /// Sends a request with a body, and returns the status and the body of the answer.
    pub(crate) fn send(&self, line: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.server.address).unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = text(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.send(&format!("GET {path}"), b"").1).unwrap()
    }

    /// Waits for a number of dead letters.
    #[track_caller]
    pub(crate) fn dead(&self, count: u64) {
        until("a dead letter", || self.get("/api/queue")["depth"]["dead"] == count);
    }

    /// Kills the server, and returns the folder with its file.
    fn kill(self) -> Folder {
        self.server.signal("-KILL");
        self.server.end();
        self.folder
    }
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", words(&output.stderr));
    text(&output.stdout)
}

/// The exit code and the words of a command that fails.
fn fails(folder: &Folder, args: &[&str]) -> (Option<i32>, String) {
    let output = folder.run(&[&["queue"], args].concat());
    (output.status.code(), words(&output.stderr))
}

fn file(folder: &Folder) -> PathBuf {
    folder.0.join("data/queue.redb")
}

#[test]
fn dead_letters_of_a_server_are_listed_retried_and_deleted() {
    let bench = Bench::start("queue-dead", FAILING);
    for (n, body) in [&b"an order"[..], b"\xff\xfe", b""].into_iter().enumerate() {
        assert_eq!(bench.send("POST /pipelined", body).0, 202);
        bench.dead(n as u64 + 1);
    }
    let said = bench.says(&["dead", "list"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["id", "attempts", "bytes", "reason", "payload"]
    );
    assert!(lines[1].trim_start().starts_with("1  ") && lines[1].ends_with("an order"), "{said}");
    assert!(lines[2].ends_with("(not text: see --json)"), "{said}");
    let listed = bench.json(&["dead", "list", "--after", "1", "--most", "1"]);
    let why = listed["letters"][0]["why"].clone();
    let letter = json!({ "id": 2, "tries": 1, "why": why, "bytes": 2, "payload": null, "base64": "//4=" });
    assert_eq!(listed, json!({ "letters": [letter], "dead": 3 }));
    let said = bench.says(&["dead", "list", "--most", "1"]);
    assert!(said.ends_with("\n1 of 3; --after 1 lists the next ones\n"), "{said}");

    // Each retry is a new event, which fails again.
    assert_eq!(bench.says(&["dead", "retry", "2"]), "1 dead letter is accepted again, as a new event\n");
    bench.dead(3);
    let ids = |bench: &Bench| -> Vec<u64> {
        let letters = bench.get("/api/queue/dead")["letters"].take();
        letters.as_array().unwrap().iter().map(|letter| letter["id"].as_u64().unwrap()).collect()
    };
    until("a new letter", || ids(&bench) == [1, 3, 4]);
    let output = bench.run(&["dead", "retry", "2"]);
    assert_eq!(
        (output.status.code(), words(&output.stderr).as_str()),
        (Some(1), "there is no dead letter 2")
    );
    assert_eq!(bench.json(&["dead", "retry", "--all"]), json!({ "retried": 3 }));
    until("three new letters", || ids(&bench) == [5, 6, 7]);
    let said = bench.says(&["dead", "purge"]);
    assert_eq!(said, "3 dead letters deleted; the ledger still counts them as failed\n");
    assert_eq!(bench.says(&["dead", "list"]), "no dead letters\n");
    assert_eq!(bench.json(&["dead", "purge"]), json!({ "purged": 0 }));

    let report = bench.json(&["inspect"]);
    assert_eq!((&report["engine"], &report["depth"]["dead"]), (&"disk".into(), &0.into()));
    let book = json!({ "accepted": 7, "done": 0, "failed": 7, "dropped": 0, "held": 0 });
    assert_eq!(report["book"], book);
    let said = bench.says(&["inspect"]);
    assert!(said.contains("\nengine      disk, data/queue.redb\n"), "{said}");
    assert!(said.contains("book        accepted 7 = done 0 + failed 7 + dropped 0 + held 0\n"), "{said}");
    let metrics = bench.send("GET /metrics", b"").1;
    for line in ["weir_queue_dead 0", "weir_queue_trouble 0", "weir_events_recovered_total 0"] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
}

#[test]
fn the_api_of_the_queue_says_what_is_wrong_with_a_request() {
    let bench = Bench::start("queue-api", FAILING);
    for (path, found) in [
        ("after=-1", "after = \"-1\", expected a whole number from 0 to 18446744073709551615\n"),
        ("most=0", "most = \"0\", expected a whole number from 1 to 1000\n"),
        ("most=1001", "most = \"1001\", expected a whole number from 1 to 1000\n"),
        ("start=x", "start = \"x\", expected a whole number from 0 to 18446744073709551615\n"),
    ] {
        let answer = bench.send(&format!("GET /api/queue/dead?{path}"), b"");
        assert_eq!(answer, (400, found.to_owned()));
    }
    for body in ["{", "[]", "7", "{\"id\":-1}", "{\"name\":7}"] {
        let (status, said) = bench.send("POST /api/queue/dead/retry", body.as_bytes());
        assert_eq!(status, 400, "{body}");
        assert!(said.ends_with("; expected {\"id\":7}, or {} for all\n"), "{body}: {said}");
    }
    assert_eq!(
        bench.send("POST /api/queue/dead/retry", b"{\"id\":7}"),
        (404, "there is no dead letter 7\n".to_owned())
    );
    for body in [&b""[..], b" {} ", b"{\"id\":null}"] {
        assert_eq!(bench.send("POST /api/queue/dead/retry", body), (200, "{\"retried\":0}".to_owned()));
    }
    assert_eq!(bench.send("POST /api/queue/purge", b""), (200, "{\"dropped\":0,\"held\":0}".to_owned()));
    assert_eq!(bench.send("GET /api/queue/purge", b"").0, 405);
    let long = "an order ".repeat(500);
    assert_eq!(bench.send("POST /pipelined", long.as_bytes()).0, 202);
    bench.dead(1);
    let letter = bench.get("/api/queue/dead?start=8")["letters"][0].take();
    assert_eq!((&letter["payload"], &letter["bytes"]), (&"an order".into(), &4_500.into()));
}

#[test]
fn a_server_that_is_read_only_shows_its_queue_and_changes_nothing() {
    let folder = Folder::new("queue-read-only");
    folder.write(FAILING);
    let server = Server::start(&folder, &["--read-only"]);
    let bench = Bench { folder, server };
    assert_eq!(bench.says(&["dead", "list"]), "no dead letters\n");
    for verb in [&["dead", "retry", "--all"][..], &["dead", "purge"], &["purge"]] {
        let output = bench.run(verb);
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
        assert!(words(&output.stderr).contains("this server is read-only"), "{}", words(&output.stderr));
    }
}

#[test]
fn the_memory_engine_keeps_no_dead_letters_and_says_so() {
    let bench = Bench::start("queue-memory", "");
    let none = "the memory engine keeps no dead letters: a failure is final";
    assert_eq!(bench.says(&["dead", "list"]), format!("{none}\n"));
    assert_eq!(bench.json(&["dead", "list"]), json!({ "letters": [], "dead": 0 }));
    for verb in [&["dead", "retry", "7"][..], &["dead", "retry", "--all"], &["dead", "purge"]] {
        let output = bench.run(verb);
        assert_eq!((output.status.code(), words(&output.stderr).as_str()), (Some(1), none), "{verb:?}");
    }
    let said = bench.says(&["inspect"]);
    assert!(
        said.contains("\nengine      memory\n") && said.contains("dead        the memory engine"),
        "{said}"
    );
    bench.send("POST /api/pause", b"");
    for _ in 0..3 {
        bench.send("POST /pipelined", b"");
    }
    let purged = bench.json(&["purge"]);
    assert_eq!(purged["dropped"].as_u64().unwrap() + purged["held"].as_u64().unwrap(), 3);
    assert_eq!(bench.says(&["purge"]).lines().count(), 1);
}

#[test]
fn a_file_that_a_server_uses_is_refused_with_its_process_and_what_to_do_instead() {
    let bench = Bench::start("queue-held", WAITING);
    for verb in
        [&["inspect"][..], &["verify"], &["export"], &["dead", "list", "--file"], &["purge", "--file"]]
    {
        let args = [verb, &["data/queue.redb"]].concat();
        let (code, said) = fails(&bench.folder, &args);
        let pid = bench.server.id();
        let held = format!("data/queue.redb is in use by process {pid}; ");
        assert!(code == Some(1) && said.starts_with(&held), "{args:?}: {said}");
        assert!(said.contains("`weir queue inspect`"), "{said}");
    }
    // Only a file can be verified, and a place is named once.
    assert_eq!(bench.run(&["verify"]).status.code(), Some(2));
    assert_eq!(bench.run(&["export"]).status.code(), Some(2));
    assert_eq!(bench.run(&["inspect", "data/queue.redb"]).status.code(), Some(2));
    assert_eq!(bench.run(&["dead", "retry"]).status.code(), Some(2));
    assert_eq!(bench.run(&["dead", "retry", "7", "--all"]).status.code(), Some(2));
}

#[test]
fn the_file_of_a_killed_server_is_inspected_verified_exported_and_purged() {
    let bench = Bench::start("queue-file", WAITING);
    for body in [&b"one"[..], b"\xff\xfe", b""] {
        assert_eq!(bench.send("POST /pipelined", body).0, 202);
    }
    let folder = bench.kill();
    let run = |args: &[&str]| succeeds(&folder.run(&[&["queue"], args].concat()));
    let json =
        |args: &[&str]| -> Value { serde_json::from_str(&run(&[args, &["--json"]].concat())).unwrap() };
    let path = file(&folder);
    let before = std::fs::read(&path).unwrap();
    // No server: the configured file, or the one that is named.
    let free = ["--listen", "127.0.0.1:1"];
    let said = run(&[&["inspect"], &free[..]].concat());
    assert!(
        said.starts_with("data/queue.redb\nengine      disk\nheld        3 events: 3 ready\n"),
        "{said}"
    );
    assert_eq!(run(&["inspect", "data/queue.redb"]), said);
    let book = json!({ "accepted": 3, "done": 0, "failed": 0, "dropped": 0, "held": 3 });
    assert_eq!(json(&["inspect", "data/queue.redb"])["book"], book);
    let said = run(&["verify"]);
    assert!(said.starts_with("data/queue.redb is sound: "), "{said}");
    let verified = json(&["verify"]);
    assert_eq!((&verified["whole"], &verified["problems"]), (&true.into(), &json!([])));
    let said = run(&["export"]);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let held = |id, bytes, payload: Value| json!({ "id": id, "state": "held", "tries": 0, "bytes": bytes, "payload": payload, "delay_ms": null });
    let mut second = held(2, 2, Value::Null);
    second["base64"] = "//4=".into();
    assert_eq!(lines, [held(1, 3, "one".into()), second, held(3, 0, "".into())]);
    assert_eq!(run(&["dead", "list", "--file", "data/queue.redb"]), "no dead letters\n");
    assert!(std::fs::read(&path).unwrap() == before, "reading has changed the file");
    let (code, said) = fails(&folder, &["dead", "retry", "7", "--file", "data/queue.redb"]);
    assert_eq!((code, said.as_str()), (Some(1), "there is no dead letter 7"));
    assert_eq!(run(&["purge", "--file", "data/queue.redb"]), "3 waiting events dropped\n");
    assert_eq!(json(&["purge", "--file", "data/queue.redb"]), json!({ "dropped": 0, "held": 0 }));
    let book = json!({ "accepted": 3, "done": 0, "failed": 0, "dropped": 3, "held": 0 });
    assert_eq!(json(&["inspect", "data/queue.redb"])["book"], book);
}

#[test]
fn dead_letters_in_a_file_are_retried_without_a_server_and_done_by_the_next_one() {
    let bench = Bench::start("queue-file-dead", FAILING);
    for n in 0..3 {
        assert_eq!(bench.send("POST /pipelined", format!("order {n}").as_bytes()).0, 202);
        bench.dead(n + 1);
    }
    let folder = bench.kill();
    let run =
        |args: &[&str]| succeeds(&folder.run(&[&["queue"], args, &["--file", "data/queue.redb"]].concat()));
    let said = run(&["dead", "list", "--after", "1"]);
    assert!(said.lines().nth(2).is_some_and(|line| line.ends_with("order 2")), "{said}");
    assert_eq!(run(&["dead", "retry", "2"]), "1 dead letter is accepted again, as a new event\n");
    assert_eq!(run(&["dead", "retry", "--all", "--json"]), "{\"retried\":2}\n");
    assert_eq!(run(&["dead", "purge"]), "no dead letters\n");

    // The next life recovers them, says so, and does them.
    folder.write(&FAILING.replace("1.0", "0.0"));
    let mut child = folder.weir();
    child.stdout(std::process::Stdio::piped());
    let bench = Bench { server: Server::start_as(child, &[]), folder };
    until("three events done", || bench.get("/api/queue")["book"]["done"] == 3);
    assert_eq!(bench.get("/api/snapshot")["ledger"]["recovered"], 3);
    let said = bench.says(&["inspect"]);
    assert!(said.contains("recovered   3 events, held when the server started\n"), "{said}");
    let snapshot = succeeds(&bench.folder.run(&["snapshot", "--url", &bench.server.address]));
    assert!(snapshot.contains("\nengine      disk, data/queue.redb\n"), "{snapshot}");
    assert!(snapshot.contains("accepted 0 + recovered 3 = done 3"), "{snapshot}");
}

#[test]
fn a_missing_or_damaged_file_is_named_with_what_is_wrong() {
    let folder = Folder::new("queue-wrong");
    let (code, said) = fails(&folder, &["inspect", "--listen", "127.0.0.1:1"]);
    assert_eq!(code, Some(1));
    let none = "no server answers at http://127.0.0.1:1; data/queue.redb does not exist";
    assert!(said.starts_with(none), "{said}");
    let (code, said) = fails(&folder, &["verify", "elsewhere.redb"]);
    assert!(code == Some(1) && said.starts_with("elsewhere.redb does not exist"), "{said}");
    std::fs::write(folder.0.join("text.redb"), "no queue").unwrap();
    for verb in [&["inspect", "text.redb"][..], &["verify", "text.redb"], &["purge", "--file", "text.redb"]]
    {
        let (code, said) = fails(&folder, verb);
        assert!(code == Some(1) && said.starts_with("text.redb is not the file of a queue"), "{said}");
    }
    assert_eq!(std::fs::read(folder.0.join("text.redb")).unwrap(), b"no queue");
    let (code, said) = fails(&folder, &["inspect", "--url", "http://127.0.0.1:1"]);
    assert!(code == Some(1) && said.contains("no server answers at http://127.0.0.1:1"), "{said}");
}

#[test]
fn the_banner_and_the_check_name_the_engine_and_what_a_202_survives() {
    let folder = Folder::new("queue-banner");
    let check = |folder: &Folder| succeeds(&folder.run(&["check-config"]));
    folder.write("");
    assert!(!check(&folder).contains("queue: "), "nothing for the memory engine");
    folder.write(WAITING);
    let said = check(&folder);
    assert!(said.ends_with("queue: disk, data/queue.redb: events survive a power cut\n"), "{said}");
    let server = Server::start(&folder, &[]);
    let bench = Bench { folder, server };
    assert_eq!(bench.send("POST /pipelined", b"").0, 202);
    let folder = bench.kill();
    let mut child = folder.weir().args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let line =
        lines.find(|line| line.as_ref().unwrap().trim_start().starts_with("queue")).unwrap().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "  queue     disk, data/queue.redb: events survive a power cut; 1 event recovered");
}
