//! The types of the rooms lab's page against a server's answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::declared::{Declared, Extra};
use crate::binary::{Folder, Server};

const LIMIT: Duration = Duration::from_secs(60);
const ROOM: &str = "/api/rooms/moon?seat=ada";

/// Sends a request, with a body if it is not null, and returns the JSON of its answer.
fn ask(server: &Server, line: &str, body: &Value) -> Value {
    let address = server.url("/");
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!("Host: {host}\r\nConnection: close\r\nContent-Length: {}", body.len());
    write!(stream, "{line} HTTP/1.1\r\n{head}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}: {answer}"))
}

/// Holds snapshots against the declared type until one shows something.
#[expect(clippy::disallowed_methods, reason = "a process takes real time")]
fn until(declared: &mut Declared, server: &Server, path: &str, shows: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let snapshot = ask(server, &format!("GET {path}"), &Value::Null);
        declared.check("Rooms", &snapshot, Extra::Refused);
        if shows(&snapshot) {
            return snapshot;
        }
        assert!(began.elapsed() < LIMIT, "{path}: {snapshot}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_page_declares_the_rooms_lab_as_the_server_sends_it() {
    let mut declared = Declared::read("rooms/types", &[]);
    let folder = Folder::new("page-rooms");
    let server =
        Server::start(&folder, &["--set", "rooms.backup=after", "--set", "rooms.backup_every=200ms"]);
    let post = |path: &str, body: Value| ask(&server, &format!("POST {path}"), &body);
    if ask(&server, "GET /api/rooms/moon", &Value::Null)["error"] == "no_such_room" {
        post("/api/rooms", json!({ "name": "moon" }));
    }
    post("/api/rooms/moon/play?rate=100", Value::Null);
    // The seeded players alone: the game waits for no other player, and a side wins.
    until(&mut declared, &server, ROOM, |lab| !lab["open"]["status"]["winner"].is_null());
    until(&mut declared, &server, ROOM, |lab| !lab["now"]["ack_us"].is_null());
    until(&mut declared, &server, ROOM, |lab| !lab["open"]["seat"]["may"].is_null());
    let is_voted = |player: &Value| !player["voted"].is_null();
    until(&mut declared, &server, ROOM, |lab| {
        lab["open"]["status"]["players"].as_array().unwrap().iter().any(is_voted)
    });
    until(&mut declared, &server, "/api/rooms/moon?seat=ada", |lab| {
        !lab["open"]["seat"]["chosen"].is_null()
    });
    // A kill that loses something, with its report.
    loop {
        let report = post("/api/rooms/moon/kill", json!({ "what": "room" }));
        declared.check("KillReport", &report, Extra::Refused);
        if report["lost"].as_u64() > Some(0) {
            break;
        }
    }
    until(&mut declared, &server, ROOM, |lab| {
        !lab["open"]["kill"]["lost"].is_null() && !lab["open"]["told"][0]["from"].is_null()
    });
    let history = ask(&server, "GET /api/rooms/moon/history?most=500", &Value::Null);
    declared.check("RoomHistory", &history, Extra::Refused);
    declared.check("DeadLetters", &ask(&server, "GET /api/rooms/dead", &Value::Null), Extra::Refused);
    post("/api/rooms/many", json!({ "prefix": "r", "count": 300 }));
    post("/api/rooms/kill", json!({ "what": "random", "prefix": "r-" }));
    until(&mut declared, &server, "/api/rooms", |lab| lab["columns"].is_object());
    // A move that panics takes a fault in the rules, and the history has a gap only after its own end.
    // A server that is alone knows no other rooms.
    declared.end(&["DeadLetter", "Past.from", "Past.to", "FarRoom"]);
}
