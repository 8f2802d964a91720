//! Watchers of a small server of bare sockets, which does what the test says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::UNIX_EPOCH;

use super::*;

mod faults;

/// Appends a message as `transport` carries it. Of server-sent events, `per_chunk` bytes go
/// into a chunk.
pub(crate) fn framed(transport: WatchTransport, text: &str, per_chunk: usize, out: &mut Vec<u8>) {
    match transport {
        WatchTransport::Ws => {
            match text.len() {
                length @ ..126 => out.extend([0x81, length as u8]),
                length => {
                    out.extend([0x81, 126]);
                    out.extend((length as u16).to_be_bytes());
                }
            }
            out.extend_from_slice(text.as_bytes());
        }
        WatchTransport::Sse => {
            let event = format!("id: 1\nevent: event\ndata: {text}\n\n");
            for piece in event.as_bytes().chunks(per_chunk) {
                out.extend(format!("{:X}\r\n", piece.len()).bytes());
                out.extend_from_slice(piece);
                out.extend(b"\r\n");
            }
        }
    }
}

/// A server whose watchers are sockets in the hands of the test.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    transport: WatchTransport,
    arrivals: mpsc::Receiver<TcpStream>,
    /// What the server says that it delivered.
    delivered: Arc<AtomicU64>,
}

impl Fake {
    pub(super) fn start(transport: WatchTransport) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, arrivals) = mpsc::channel();
        let delivered = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&delivered);
        thread::spawn(move || {
            let present = AtomicU64::new(0);
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head = head(&mut stream);
                if head.starts_with("GET /api/matches/m ") {
                    let delivered = counted.load(Ordering::SeqCst);
                    let body = format!(
                        r#"{{"match":{{"playing":true}},"now":{{"watchers":{}}},"settings":{{"backlog":5}},
                            "ledger":{{"sent":{delivered},"delivered":{delivered}}}}}"#,
                        present.load(Ordering::SeqCst)
                    );
                    stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\n{body}").as_bytes()).unwrap();
                } else if head.starts_with("GET /api/matches/other ") {
                    stream.write_all(b"HTTP/1.0 404 Not Found\r\n\r\n").unwrap();
                } else if head.starts_with("GET /api/matches ") {
                    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{\"matches\":[{\"id\":\"m\"}]}").unwrap();
                } else if sender.send(stream).is_ok() {
                    present.fetch_add(1, Ordering::SeqCst);
                } else {
                    return;
                }
            }
        });
        Self { address, transport, arrivals, delivered }
    }

    /// Waits for a watcher's request.
    pub(super) fn next(&self) -> TcpStream {
        self.arrivals.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Waits for a watcher and answers its request.
    pub(super) fn accept(&self) -> TcpStream {
        let mut stream = self.next();
        let head: &[u8] = match self.transport {
            WatchTransport::Ws => {
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            }
            WatchTransport::Sse => {
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            }
        };
        stream.write_all(head).unwrap();
        stream
    }

    /// Waits for `n` watchers and sends each the snapshot, cut into two writes.
    pub(super) fn join(&self, n: usize, next: u64) -> Vec<TcpStream> {
        let join = |at: usize| {
            let mut stream = self.accept();
            let snapshot = self.bytes(&format!(r#"{{"snapshot":{{"match":"m","next":{next}}}}}"#));
            let cut = at % snapshot.len();
            stream.write_all(&snapshot[..cut]).unwrap();
            stream.write_all(&snapshot[cut..]).unwrap();
            stream
        };
        (0..n).map(join).collect()
    }

    pub(super) fn bytes(&self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        framed(self.transport, text, 1000, &mut bytes);
        bytes
    }

    pub(super) fn event(&self, seq: u64) -> Vec<u8> {
        let at = record::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        self.bytes(&format!(r#"{{"event":{{"seq":{seq},"at":{at},"minute":1,"text":"a shot"}}}}"#))
    }

    pub(super) fn send(&self, streams: &mut [TcpStream], bytes: &[u8]) {
        streams.iter_mut().for_each(|stream| stream.write_all(bytes).unwrap());
    }

    /// Ends the match for all watchers and closes their connections.
    pub(super) fn end(&self, mut streams: Vec<TcpStream>) {
        let mut end = self.bytes(r#"{"end":{"why":"the match is over"}}"#);
        match self.transport {
            WatchTransport::Ws => end.extend([0x88, 2, 3, 0xe8]),
            WatchTransport::Sse => end.extend(b"0\r\n\r\n"),
        }
        self.send(&mut streams, &end);
    }
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A plan whose run ends when the server closes the last connection.
pub(super) fn plan(transport: WatchTransport, watchers: usize) -> WatchPlan {
    let duration = Duration::from_secs(30);
    WatchPlan { transport, watchers, duration, ramp: None, ..WatchPlan::default() }
}

/// Watches on a thread of its own.
pub(super) fn watching(fake: &Fake, plan: WatchPlan) -> JoinHandle<WatchSide> {
    watching_with(fake, plan, |_| {})
}

/// Watches on a thread of its own, which calls `progress`.
pub(super) fn watching_with(
    fake: &Fake,
    plan: WatchPlan,
    mut progress: impl FnMut(&WatchProgress) + Send + 'static,
) -> JoinHandle<WatchSide> {
    let target = WatchTarget::of_match(&format!("http://{}", fake.address), "m").unwrap();
    thread::spawn(move || watch(&target, &plan, &StopToken::new(), &mut progress).unwrap().side)
}

#[test]
fn every_event_is_counted_once_for_each_watcher() {
    for transport in [WatchTransport::Ws, WatchTransport::Sse] {
        let fake = Fake::start(transport);
        let (seen, progress) = mpsc::channel();
        let note = move |progress: &WatchProgress| seen.send(progress.watchers).unwrap_or_default();
        let run = watching_with(&fake, plan(transport, 60), note);
        let mut streams = fake.join(60, 5);
        // First, median and last are those of events that came when all were there.
        while progress.recv().unwrap() < 60 {}
        for seq in 5..25 {
            let event = fake.event(seq);
            // Cut at a place that moves with each event.
            let (head, tail) = event.split_at(seq as usize % event.len());
            fake.send(&mut streams, head);
            fake.send(&mut streams, tail);
        }
        fake.end(streams);
        let side = run.join().unwrap();
        assert_eq!((side.wanted, side.watchers, side.connected), (60, 60, 60), "{transport}");
        assert_eq!((side.events, side.deliveries, side.expected), (20, 1200, 1200), "{side:?}");
        assert_eq!((side.missed, side.twice, side.disordered, side.gaps, side.pending), (0, 0, 0, 0, 0));
        assert_eq!((side.refused, side.lost, side.ended, side.slow), (0, 0, 60, 0));
        assert_eq!(side.losses["the match is over"], 60);
        assert_eq!((side.art.count(), side.latency.count()), (Some(60), Some(1200)));
        for times in [&side.first, &side.median, &side.last] {
            assert_eq!(times.count(), Some(20));
        }
        let p50 = |timing: &record::Timing| timing.quantile_ms(0.5).unwrap();
        assert!(p50(&side.first) <= p50(&side.median) && p50(&side.median) <= p50(&side.last));
        assert!(side.from_publication && side.playing == Some(true) && !side.interrupted);
    }
}

#[test]
fn the_count_of_the_server_is_read_in_a_quiet_moment() {
    let fake = Fake::start(WatchTransport::Ws);
    let stop = StopToken::new();
    let target = WatchTarget::of_match(&format!("http://{}", fake.address), "m").unwrap();
    let plan = WatchPlan { duration: Duration::from_millis(300), ..plan(WatchTransport::Ws, 10) };
    let run = thread::spawn(move || watch(&target, &plan, &stop, &mut |_| {}).unwrap());
    let mut streams = fake.join(10, 1);
    fake.send(&mut streams, &fake.event(1));
    fake.delivered.store(10, Ordering::SeqCst);
    let watched = run.join().unwrap();
    let server = watched.side.server.clone().unwrap();
    assert_eq!((server.ledger.delivered, server.compared), (10, Some(10)));
    assert_eq!(watched.side.lost, 0, "closing at the end is no loss");
    let run = watched.into_run();
    assert_eq!(
        (run.target.as_str(), run.config.unwrap()["matches"]["backlog"].as_u64()),
        ("watch", Some(5))
    );
    // Each watcher said goodbye with code 1000.
    let mut last = Vec::new();
    streams[3].read_to_end(&mut last).unwrap();
    assert_eq!(last, [0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]);
}

#[test]
fn a_server_without_matches_needs_no_snapshot() {
    let fake = Fake::start(WatchTransport::Ws);
    let target = WatchTarget::of_server(&format!("http://{}/any", fake.address)).unwrap();
    let plan = plan(WatchTransport::Ws, 3);
    let run = thread::spawn(move || watch(&target, &plan, &StopToken::new(), &mut |_| {}).unwrap().side);
    let mut streams: Vec<TcpStream> = (0..3).map(|_| fake.accept()).collect();
    for seq in [7, 8] {
        fake.send(&mut streams, &fake.bytes(&format!(r#"{{"topic":1,"seq":{seq},"at":1}}"#)));
    }
    streams.iter().for_each(|stream| stream.shutdown(Shutdown::Both).unwrap());
    let side = run.join().unwrap();
    assert_eq!((side.events, side.deliveries, side.expected, side.missed), (2, 6, 6, 0), "{side:?}");
    assert_eq!((side.lost, side.losses["closed by the server"]), (3, 3));
}

#[test]
fn with_a_ramp_the_wait_of_a_newcomer_begins_when_its_connect_was_due() {
    let fake = Fake::start(WatchTransport::Ws);
    let plan = WatchPlan { ramp: Some(100.0), ..plan(WatchTransport::Ws, 10) };
    let began = tokio::time::Instant::now();
    let run = watching(&fake, plan);
    let streams = fake.join(10, 1);
    let took = began.elapsed();
    fake.end(streams);
    let side = run.join().unwrap();
    assert!(took >= Duration::from_millis(85), "the tenth is due after 90 ms: {took:?}");
    assert!(
        (side.connects_s - 100.0).abs() < 15.0 || took > Duration::from_millis(120),
        "{}",
        side.connects_s
    );
    assert_eq!((side.ramp_s, side.watchers), (Some(100.0), 10));
}
