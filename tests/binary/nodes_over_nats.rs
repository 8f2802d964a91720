//! Two servers over a NATS server of the test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use super::{Folder, Server};

struct Nats(Child, String);

impl Nats {
    fn start(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("nats-server")
            .args(["-js", "-a", "127.0.0.1", "-p", &free.to_string(), "-sd"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child, format!("nats://127.0.0.1:{free}"))
    }

    /// Waits until it takes connections.
    fn wait(&self) {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(self.1.trim_start_matches("nats://")).is_err() {
            assert!(Instant::now() < until, "NATS takes no connections at {}", self.1);
            std::thread::yield_now();
        }
    }

    fn node(&self, folder: &Folder, name: &str) -> Server {
        let url = format!("queue.url={}", self.1);
        let node = format!("server.node={name}");
        let data = format!("data.directory={name}");
        Server::start(
            folder,
            &[
                "--set",
                "matches.nodes=nats",
                "--set",
                "rooms.registry=jetstream",
                "--set",
                "rooms.lease=1s",
                "--set",
                &url,
                "--set",
                &node,
                "--set",
                &data,
            ],
        )
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The time limit for an answer with a text in it: a room moves after some leases of a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time limit of one request. A server waits 5 s for another node.
const REQUEST: Duration = Duration::from_secs(10);

/// Asks until an answer has a text in it.
fn answers(server: &Server, request: &str, has: &str) {
    let until = Instant::now() + PATIENCE;
    let mut last = ask(server, request);
    while !last.contains(has) {
        assert!(Instant::now() < until, "{request} does not answer {has} in {PATIENCE:?}: {last}");
        last = ask(server, request);
    }
}

/// Asks once. An error is an answer too.
fn ask(server: &Server, request: &str) -> String {
    let asked = TcpStream::connect(&server.address).and_then(|mut stream| {
        stream.set_read_timeout(Some(REQUEST))?;
        write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.unwrap_or_else(|error| error.to_string())
}

#[test]
#[ignore = "needs nats-server"]
fn two_servers_share_matches_and_rooms_and_a_room_outlives_its_node() {
    let folder = Folder::new("nodes-nats");
    let nats = Nats::start(&folder.0.join("js"));
    nats.wait();
    let left = nats.node(&folder, "left");
    let right = nats.node(&folder, "right");
    answers(&left, "GET /api/nodes", "\"name\":\"right\"");
    answers(&right, "GET /api/nodes", "\"name\":\"left\"");

    // An event at one node is in the match of the other, and an order there is carried out.
    left.request("POST /api/matches/weir-sluice/event?kind=begin&half=first");
    answers(&right, "GET /api/matches/weir-sluice/history", "the first half begins");
    let goal = right.request("POST /api/matches/weir-sluice/event?kind=goal&side=home&player=9");
    assert!(goal.contains("\"seq\":1") && goal.contains("[1,0]"), "{goal}");
    answers(&left, "GET /api/matches/weir-sluice/history", "\"seq\":1");

    // The sample rooms are at the left, which was first, and can be reached from the right.
    answers(&right, "GET /api/rooms/moon/where", "\"node\":\"left\"");
    answers(&right, "GET /api/rooms", "\"name\":\"moon\",\"node\":\"left\"");
    right.request("POST /api/rooms/moon/play?rate=50");
    answers(&right, HISTORY, "\"n\":20,");
    let before = entries(&ask(&right, HISTORY));
    left.signal("-KILL");
    answers(&right, "GET /api/rooms/moon/where", "\"here\":true");
    answers(&right, HISTORY, "\"n\":20,");
    let after = entries(&ask(&right, HISTORY));
    assert!(before.len() >= 20 && after.starts_with(&before), "{before:?} is not how {after:?} begins");
    // The room goes on at its new node, from the state that it had.
    right.request("POST /api/rooms/moon/play?rate=50");
    answers(&right, HISTORY, &format!("\"n\":{},", after.len() + 5));
}

/// The history of a room.
const HISTORY: &str = "GET /api/rooms/moon/history?most=1000";

/// The entries of an answer with a history, each as text.
fn entries(answer: &str) -> Vec<String> {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let history: serde_json::Value =
        serde_json::from_str(body).unwrap_or_else(|why| panic!("{why}: {body}"));
    history["entries"].as_array().expect("entries").iter().map(ToString::to_string).collect()
}
