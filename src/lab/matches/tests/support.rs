//! A lab with a transport of lines, and its clients.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::super::*;
use crate::config::Sources;

/// Frames each message as a line: its kind, the number and the JSON.
#[derive(Debug)]
pub(super) struct Lines(pub(super) &'static str);

impl Transport for Lines {
    fn name(&self) -> &'static str {
        self.0
    }

    fn frame(&self, message: Message<'_>, out: &mut Vec<u8>) {
        let seq = message.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
        out.extend_from_slice(format!("{} {seq} {}\n", message.kind, message.json).as_bytes());
    }

    fn last(&self, why: Ending, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("last - {}\n", why.code()).as_bytes());
    }

    fn ping(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"ping - 0\n");
    }

    fn is_answered(&self) -> bool {
        self.0 == "ws"
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Orders)
    }
}

/// Understands `bye`, `ask`, `panic` and anything else, one word a packet.
struct Orders;

impl Reader for Orders {
    fn feed(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Heard {
        match bytes {
            b"bye" => {
                answers.extend_from_slice(b"last - 1000\n");
                return Heard::Ended;
            }
            b"ask" => answers.extend_from_slice(b"answer - 0\n"),
            b"panic" => panic!("a reader that panics"),
            _ => {}
        }
        Heard::Open
    }
}

/// Starts a lab with transports `ws` and `sse`, and these settings of `[matches]`.
pub(super) fn lab(settings: &[&str]) -> Arc<MatchesLab> {
    let transports: Transports = vec![Arc::new(Lines("ws")), Arc::new(Lines("sse"))];
    MatchesLab::start(&configured(settings), &Registry::default(), transports)
}

pub(super) fn configured(settings: &[&str]) -> Settings {
    let flags = settings.iter().map(|setting| format!("matches.{setting}")).collect();
    Sources { file: None, flags }.load().unwrap().settings
}

/// A client of the lab.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    read: Vec<u8>,
}

/// A line that a client has read: its kind, the number and the JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) kind: String,
    pub(super) seq: Option<u64>,
    pub(super) json: Value,
}

impl Client {
    /// Connects a client that watches a match.
    pub(super) async fn watch(live: &Arc<LiveMatch>, user: &str) -> Self {
        Self::join(live, user, 0, None).await
    }

    pub(super) async fn join(
        live: &Arc<LiveMatch>,
        user: &str,
        transport: usize,
        since: Option<u64>,
    ) -> Self {
        let (client, arrival) = Self::arrive(user, transport, since).await;
        live.watch(arrival).await.unwrap();
        client
    }

    /// Makes a client and its arrival.
    pub(super) async fn arrive(user: &str, transport: usize, since: Option<u64>) -> (Self, Arrival) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let arrival = Arrival {
            stream: server,
            early: Bytes::new(),
            transport,
            user: user.to_owned(),
            since,
            accepted: Instant::now(),
            place: Box::new(()),
        };
        (Self { stream, read: Vec::new() }, arrival)
    }

    /// Reads the next line, or `None` at the end of the stream.
    pub(super) async fn line(&mut self) -> Option<Line> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(parse(std::str::from_utf8(&line).unwrap()));
            }
            let mut buffer = [0; 4096];
            match timeout(Duration::from_secs(600), self.stream.read(&mut buffer)).await {
                Ok(Ok(n)) if n > 0 => self.read.extend_from_slice(&buffer[..n]),
                Ok(Err(error)) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
                Ok(_) => {
                    assert!(self.read.is_empty(), "a line is cut: {:?}", self.read);
                    return None;
                }
                Err(_) => panic!("nothing came"),
            }
        }
    }

    /// Reads the next line, which must be there and of this kind.
    pub(super) async fn expect(&mut self, kind: &str) -> Line {
        let line = self.line().await.unwrap_or_else(|| panic!("the end instead of {kind}"));
        assert_eq!(line.kind, kind, "{line:?}");
        line
    }

    /// Reads to the end of the stream.
    pub(super) async fn rest(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        lines
    }

    pub(super) async fn say(&mut self, word: &str) {
        self.stream.write_all(word.as_bytes()).await.unwrap();
    }
}

fn parse(line: &str) -> Line {
    let mut parts = line.trim_end().splitn(3, ' ');
    let kind = parts.next().unwrap().to_owned();
    let seq = parts.next().unwrap().parse().ok();
    Line { kind, seq, json: serde_json::from_str(parts.next().unwrap()).unwrap() }
}

/// Waits until a condition holds.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..60_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// Begins the match, and waits until it has a dispatcher.
pub(super) async fn begin(live: &Arc<LiveMatch>) {
    live.apply(Event { minute: 1, action: Action::Begin { half: Half::First } }).await.unwrap();
    until("a dispatcher", || live.life().is_some()).await;
}

/// Applies a shot, and returns its number.
pub(super) async fn shot(live: &LiveMatch, minute: u16) -> u64 {
    live.apply(Event { minute, action: Action::Shot { side: Side::Home, player: 9 } }).await.unwrap().seq
}

pub(super) fn balanced(live: &LiveMatch) -> Ledger {
    let ledger = live.ledger();
    let found = ledger.delivered + ledger.behind + ledger.dropped + ledger.closed;
    assert_eq!((ledger.unaccounted, ledger.sent), (0, found), "{ledger:?}");
    ledger
}
