//! WebSockets over real connections. Real time passes, so waits are bounded generously.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::http::{Limits, listen, serve_within};
use crate::shutdown::{Drained, Shutdown};

const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(100);
const MESSAGES: MessageLimits = MessageLimits { size: 1 << 20, frames: 100 };
const HANDSHAKE: &str = "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const CLOSED: &[u8] = b"\x88\x02\x03\xe8";

struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let router = Router::new()
            .route("/echo", get(async |handshake: Handshake| handshake.upgrade(MESSAGES, echo)))
            .route("/busy", get(async |handshake: Handshake| handshake.upgrade(MESSAGES, busy)))
            .route("/give", get(async |handshake: Handshake| handshake.upgrade(MESSAGES, give)))
            .route("/flood", get(async |handshake: Handshake| handshake.upgrade(MESSAGES, flood)));
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        tokio::spawn(serve_within(listener, router, shutdown.clone(), move || limits));
        Self { address, shutdown }
    }

    /// Connects, and sends the handshake and what follows it at once.
    async fn connect(&self, behind: &[u8]) -> TcpStream {
        self.connect_to("/echo", behind).await
    }

    async fn connect_to(&self, path: &str, behind: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let handshake = HANDSHAKE.replace("/echo", path);
        stream.write_all(&[handshake.as_bytes(), behind].concat()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"), "{head:?}");
        stream
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.next().await {
        socket.answer(message.frame());
    }
}

/// Does something else and never asks for a message.
async fn busy(_socket: WebSocket) {
    pending::<()>().await;
}

/// Gives the socket away behind the first message. The new owner sends back what came early, and
/// then whatever comes.
async fn give(mut socket: WebSocket) {
    let Some(message) = socket.next().await else { return };
    socket.answer(message.frame());
    let Some(mut socket) = socket.into_taken().await else { return };
    let mut bytes = socket.early.to_vec();
    while !bytes.is_empty() {
        socket.stream.write_all(&bytes).await.unwrap();
        bytes.resize(100, 0);
        let size = socket.stream.read(&mut bytes).await.unwrap();
        bytes.truncate(size);
    }
}

/// Sends without a look at whether there is room.
async fn flood(mut socket: WebSocket) {
    let kilobyte = text_frame(&"x".repeat(1000));
    for _ in 0..1000 {
        socket.send(kilobyte.clone());
    }
    while socket.next().await.is_some() {}
}

/// A client's frame with the mask 0, which leaves the payload as it is.
fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap();
    [&[first, 0x80 | size, 0, 0, 0, 0], payload].concat()
}

async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    timeout(PATIENCE, stream.read_exact(&mut read)).await.expect("an answer in time").unwrap();
    assert_eq!(read, bytes);
}

/// Reads to the end of the stream, which is not a reset.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("an end in time").expect("no reset");
    rest
}

#[tokio::test]
async fn frames_that_were_sent_with_the_handshake_are_answered() {
    let server = Server::start(Limits::default());
    let early = [sent(0x01, b"half "), sent(0x80, b"and half"), sent(0x89, b"?")].concat();
    // A frame may also be cut behind the handshake.
    for at in [0, 1, 7, early.len()] {
        let mut stream = server.connect(&early[..at]).await;
        stream.write_all(&early[at..]).await.unwrap();
        expect(&mut stream, b"\x81\x0dhalf and half\x8a\x01?").await;
    }
}

#[tokio::test]
async fn a_socket_is_given_away_behind_a_message_with_every_byte_that_follows() {
    let server = Server::start(Limits::default());
    let fragments = [sent(0x01, b"watch "), sent(0x89, b"?"), sent(0x80, b"this")].concat();
    let more = [sent(0x82, b"more"), b"\x81\x85half".to_vec()].concat();
    let session = [&fragments[..], &more].concat();
    for at in 0..session.len() {
        // The first byte of what follows comes early, so that the new owner reads on.
        let at = if at == fragments.len() { at + 1 } else { at };
        let mut stream = server.connect_to("/give", &session[..at]).await;
        stream.write_all(&session[at..]).await.unwrap();
        expect(&mut stream, b"\x8a\x01?\x81\x0awatch this").await;
        expect(&mut stream, &more).await;
    }
}

#[tokio::test]
async fn a_close_is_answered_with_its_code_behind_all_earlier_answers() {
    let server = Server::start(Limits::default());
    for (close, answer) in [
        (sent(0x88, b"\x03\xe8bye"), CLOSED),
        (sent(0x88, b"\x0f\xa0"), b"\x88\x02\x0f\xa0"),
        (sent(0x88, b""), b"\x88\x00"),
    ] {
        let stream = server.connect(&[sent(0x81, b"last"), close].concat()).await;
        assert_eq!(rest(stream).await, [b"\x81\x04last", answer].concat());
    }
}

#[tokio::test]
async fn a_violation_is_answered_with_its_code_although_the_client_still_sends() {
    let server = Server::start(Limits::default());
    for (bytes, code) in [
        (&b"\x81\x05hello"[..], 1002_u16),
        (&sent(0x81, b"\xff"), 1007),
        // A second beginning of a message.
        (&sent(0x01, b"").repeat(2), 1002),
        (b"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1009),
    ] {
        // More than the server reads at once: if it closed with some of it unread, the client's
        // system would see a reset.
        let more = sent(0x81, b"more").repeat(10_000);
        let stream = server.connect(&[bytes, &more].concat()).await;
        assert_eq!(rest(stream).await, [&[0x88, 2], &code.to_be_bytes()[..]].concat());
    }
}

#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_dropped_and_disturbs_no_other() {
    let server = Server::start(Limits { write: SHORT, ..Limits::default() });
    let mut stream = server.connect(b"").await;
    let pings = sent(0x89, &[b'?'; 125]).repeat(100);
    let dropped = async { while stream.write_all(&pings).await.is_ok() {} };
    let other = async {
        let mut stream = server.connect(&sent(0x81, b"a")).await;
        expect(&mut stream, b"\x81\x01a").await;
    };
    let both = async { tokio::join!(dropped, other) };
    timeout(PATIENCE, both).await.expect("the server drops it");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_from_and_gets_every_answer_once_it_reads() {
    let server = Server::start(Limits { write: PATIENCE, ..Limits::default() });
    let mut stream = server.connect(b"").await;
    let ping = sent(0x89, &[b'?'; 125]);
    let (pings, mut written) = (ping.repeat(1000), 0);
    // The buffers of the system take some megabytes.
    while let Ok(size) = timeout(5 * SHORT, stream.write(&pings[written % ping.len()..])).await {
        written += size.unwrap();
        assert!(written < 64 << 20, "the server reads on");
    }
    let mut pongs = vec![0; written / ping.len() * 127];
    timeout(PATIENCE, stream.read_exact(&mut pongs)).await.expect("all answers").unwrap();
    assert!(pongs.chunks(127).all(|pong| pong.starts_with(b"\x8a\x7d????")));
}

#[tokio::test]
async fn a_handler_that_sends_without_room_closes_the_socket() {
    let server = Server::start(Limits::default());
    // The reply to the close frame, ahead of it.
    let stream = server.connect_to("/flood", CLOSED).await;
    let all = rest(stream).await;
    assert!(all.ends_with(b"\x88\x02\x03\xf0"), "closed with 1008");
    assert!((ROOM..ROOM + 3000).contains(&all.len()), "{} bytes", all.len());
}

#[tokio::test]
async fn a_drain_closes_with_1001_and_waits_a_moment_at_most() {
    let server = Server::start(Limits::default());
    let (mut polite, mut silent) = (server.connect(b"").await, server.connect(b"").await);
    let busy = server.connect_to("/busy", b"").await;
    let drained = tokio::spawn(async move { server.shutdown.drain(PATIENCE).await });
    expect(&mut polite, b"\x88\x02\x03\xe9").await;
    polite.write_all(&sent(0x88, b"\x03\xe9")).await.unwrap();
    assert_eq!(rest(polite).await, b"");
    assert_eq!(timeout(PATIENCE / 2, drained).await.unwrap().unwrap(), Drained::Completely);
    expect(&mut silent, b"\x88\x02\x03\xe9").await;
    assert_eq!(rest(busy).await, b"");
}

#[tokio::test]
async fn a_websocket_counts_as_a_connection_and_is_not_closed_as_idle() {
    let server = Server::start(Limits { max_connections: 1, ..Limits::default() });
    let mut first = server.connect(b"").await;
    // An idle connection makes room for another after a second.
    let begun = Instant::now();
    while begun.elapsed() < 15 * SHORT {
        let refused = rest(TcpStream::connect(server.address).await.unwrap()).await;
        assert!(refused.starts_with(b"HTTP/1.1 503 "), "{refused:?}");
    }
    first.write_all(&sent(0x81, b"a")).await.unwrap();
    expect(&mut first, b"\x81\x01a").await;
    drop(first);
    let again = async {
        loop {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let mut status = [0; 12];
            if stream.write_all(HANDSHAKE.as_bytes()).await.is_ok()
                && stream.read_exact(&mut status).await.is_ok()
                && &status == b"HTTP/1.1 101"
            {
                return;
            }
        }
    };
    timeout(PATIENCE, again).await.expect("its place is free again");
}
