//! The types of the matches lab's page against a server's answers.

use std::io::{Read as _, Write as _, copy, sink};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use super::declared::{Declared, Extra};
use crate::binary::{Folder, Server};

const LIMIT: Duration = Duration::from_secs(60);
const MATCH: &str = "GET /api/matches/weir-sluice";

/// Sends a request, and returns the JSON of its answer.
fn ask(server: &Server, line: &str) -> Value {
    let answer = server.request(line);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}: {answer}"))
}

/// Holds snapshots against the declared type until one shows something.
#[expect(clippy::disallowed_methods, reason = "a process takes real time")]
fn until(declared: &mut Declared, server: &Server, what: &str, shows: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        let snapshot = ask(server, MATCH);
        declared.check("Match", &snapshot, Extra::Refused);
        if shows(&snapshot) {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{what}: {snapshot}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Joins a watcher with a small buffer over server-sent events, and waits for its head.
fn watch(server: &Server, user: &str) -> TcpStream {
    let address = server.url("/");
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let to: std::net::SocketAddr = address.parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    socket.connect(&to.into()).unwrap();
    let mut socket = TcpStream::from(socket);
    let path = format!("/api/matches/watch?match=weir-sluice&user={user}");
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut head = [0; 12];
    socket.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    socket
}

#[test]
fn the_page_declares_the_matches_lab_as_the_server_sends_it() {
    let mut declared = Declared::read("matches/types", &[]);
    let folder = Folder::new("page-matches");
    let server =
        Server::start(&folder, &["--set", "matches.send_buffer=1KiB", "--set", "matches.behind_limit=5"]);
    until(&mut declared, &server, "the limits of the machine", |snapshot| snapshot["machine"].is_object());
    declared.check("MatchList", &ask(&server, "GET /api/matches"), Extra::Refused);
    server.request("POST /api/matches/weir-sluice/play?rate=100&events=100000");
    until(&mut declared, &server, "a match", |snapshot| snapshot["match"]["playing"] == true);
    let mut quick = watch(&server, "quick");
    std::thread::spawn(move || copy(&mut quick, &mut sink()));
    until(&mut declared, &server, "a time of an earlier event", |snapshot| {
        !snapshot["event"]["last_ms"].is_null() && !snapshot["past"][0].is_null()
    });
    // It reads nothing, so it is behind once its buffers are full.
    let _slow = watch(&server, "slow");
    until(&mut declared, &server, "a watcher with a gap", |snapshot| {
        snapshot["event"]["behind"][0]["gap"].is_array()
    });
    until(&mut declared, &server, "memory", |snapshot| !snapshot["now"]["art_ms"].is_null());
    server.request("POST /api/matches/rung?rung=0&n=9000&c=900&art_ms=310&last_ms=640&kb=137.8&run=r-1");
    server.request("POST /api/config?toml=matches.backlog=128");
    until(&mut declared, &server, "a mark", |snapshot| snapshot["marks"][0].is_object());
    // The memory of one watcher is not above the noise, and each server's last refusal is tested with the server.
    // A server that is alone has no nodes.
    let nodes = ["Match.nodes", "MatchNodes"];
    declared.end(&[&["MatchNow.rss_per_watcher", "Connections.why"], &nodes[..]].concat());
}
