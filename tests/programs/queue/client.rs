//! Clients that send events and keep a ledger of what they were told.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// An event that was answered with 202.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) id: u64,
    pub(super) body: String,
}

/// What the clients of one life have done.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) heard: Vec<Heard>,
    /// Requests that were sent, whatever became of them.
    pub(super) sent: u64,
}

/// Clients that send until their server ends.
pub(super) struct Load {
    clients: Vec<JoinHandle<Told>>,
    stops: Arc<AtomicBool>,
}

impl Load {
    pub(super) fn start(address: &str, clients: usize, life: usize) -> Self {
        let stops = Arc::new(AtomicBool::new(false));
        let client = |n| {
            let (address, stops) = (address.to_owned(), Arc::clone(&stops));
            std::thread::spawn(move || send(&address, &format!("life {life}, client {n}"), &stops))
        };
        Self { clients: (0..clients).map(client).collect(), stops }
    }

    /// Waits for the clients, and returns what they were told.
    pub(super) fn end(self) -> Told {
        self.stops.store(true, Ordering::Relaxed);
        let mut all = Told::default();
        for client in self.clients {
            let told = client.join().unwrap();
            all.heard.extend(told.heard);
            all.sent += told.sent;
        }
        all
    }
}

/// Sends one event after the other on one connection until it breaks.
fn send(address: &str, name: &str, stops: &AtomicBool) -> Told {
    let mut told = Told::default();
    let Ok(stream) = TcpStream::connect(address) else { return told };
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut requests = stream;
    while !stops.load(Ordering::Relaxed) {
        let body = format!("{name}, event {}", told.sent);
        let length = body.len();
        let head =
            format!("POST /pipelined HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        // It may arrive in part: the server knows nothing of it then.
        told.sent += 1;
        if requests.write_all(format!("{head}{body}").as_bytes()).is_err() {
            break;
        }
        match answer(&mut answers) {
            Some((202, Some(id))) => told.heard.push(Heard { id, body }),
            Some((status, _)) => panic!("{body} was answered with {status}"),
            None => break,
        }
    }
    told
}

/// Reads an answer: its status and its `weir-event`. `None` if the connection breaks before its end.
fn answer(answers: &mut impl BufRead) -> Option<(u16, Option<u64>)> {
    let mut line = String::new();
    let mut next = |answers: &mut dyn BufRead| {
        line.clear();
        answers.read_line(&mut line).ok().filter(|_| line.ends_with("\r\n"))?;
        Some(line.trim_end().to_ascii_lowercase())
    };
    let status = next(answers)?.split(' ').nth(1)?.parse().ok()?;
    let (mut id, mut length) = (None, 0);
    loop {
        let header = next(answers)?;
        match header.split_once(": ") {
            Some(("weir-event", value)) => id = value.parse().ok(),
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body).ok()?;
    Some((status, id))
}
