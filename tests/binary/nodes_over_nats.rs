//! Two servers over a NATS server of the test's own.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Folder, Server, until};

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

/// Asks until an answer has a text in it. A request takes about a millisecond.
fn answers(server: &Server, request: &str, has: &str) {
    for _ in 0..60_000 {
        if server.request(request).contains(has) {
            return;
        }
    }
    panic!("{request} never answers {has}: {}", server.request(request));
}

#[test]
#[ignore = "needs nats-server"]
fn two_servers_share_matches_and_rooms_and_a_room_outlives_its_node() {
    let folder = Folder::new("nodes-nats");
    let nats = Nats::start(&folder.0.join("js"));
    until("NATS", || std::net::TcpStream::connect(nats.1.trim_start_matches("nats://")).is_ok());
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
    right.request("POST /api/rooms/moon/play?rate=50");
    answers(&right, "GET /api/rooms/moon/history", "joins");
    let history = right.request("GET /api/rooms/moon/history?most=1000");
    let first = history.split("joins").next().unwrap().rsplit('"').next().unwrap().to_owned();
    left.signal("-KILL");
    answers(&right, "GET /api/rooms/moon/where", "\"here\":true");
    answers(&right, "GET /api/rooms/moon/history?most=1000", &format!("{first}joins"));
}
