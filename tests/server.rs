//! A real socket: HTTP/1.0 and 1.1, hostile clients, the live stream.
//!
//! Real time passes here, so nothing is timed; waits are bounded generously.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use weir::http;
use weir::workbench::Workbench;

use crate::support::bench;

/// How many connections there may be, and how long each may take.
mod connections;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    bench: Arc<Workbench>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(settings: &[&str]) -> Self {
        let bench = bench(settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = http::router(Arc::clone(&bench));
        let task = tokio::spawn(http::serve(listener, router, bench.shutdown().clone()));
        Self { bench, address, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of its own and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn is_well(&self) -> bool {
        self.exchange(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await
            .ends_with("OK")
    }
}

/// Reads until `end` has been seen.
async fn read_past(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut chunk = [0; 4096];
    while !text.contains(end) {
        let n = timeout(PATIENCE, stream.read(&mut chunk)).await.expect("in time").unwrap();
        assert!(n > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    text
}

#[tokio::test]
async fn http_1_0_is_answered_with_and_without_keep_alive() {
    let server = Server::start(&["resource.latency.mean=1ms"]).await;
    let closed = server.exchange(b"GET /serial HTTP/1.0\r\n\r\n").await;
    assert!(closed.starts_with("HTTP/1.0 200 OK\r\n") && closed.ends_with("\r\n\r\nOK"), "{closed}");
    let mut kept = server.connect().await;
    for _ in 0..3 {
        kept.write_all(b"POST /async HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        let answer = read_past(&mut kept, "\r\n\r\nOK").await;
        assert!(answer.starts_with("HTTP/1.0 202 Accepted\r\n"), "{answer}");
        assert!(answer.to_lowercase().contains("connection: keep-alive"), "{answer}");
        assert!(answer.to_lowercase().contains("content-length: 2"), "{answer}");
    }
}

#[tokio::test]
async fn requests_may_follow_each_other_on_one_connection_without_waiting() {
    let server = Server::start(&["resource.latency.mean=1ms"]).await;
    let one = "GET /pipelined HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "GET /pipelined HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(format!("{one}{one}{last}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 202 Accepted").count(), 3, "{answer}");
}

#[tokio::test]
async fn bytes_that_are_not_http_get_a_status_with_a_sentence_and_disturb_no_other_client() {
    let server = Server::start(&[]).await;
    let huge = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(500));
    for (bytes, status, sentence) in [
        (&b"\0\0\0\0\0\0\0\0\r\n\r\n"[..], "400", "not an HTTP/1 request"),
        (b"GET / HTTP/9.9\r\n\r\n", "400", "not an HTTP/1 request"),
        (b"not http at all\r\n\r\n", "400", "not an HTTP/1 request"),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", "400", "not an HTTP/1"),
        (
            b"POST /async HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "400",
            "its chunks are malformed",
        ),
        (huge.as_bytes(), "431", "at most 32 KiB and 100 headers"),
        (many.as_bytes(), "431", "at most 32 KiB and 100 headers"),
    ] {
        let answer = server.exchange(bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer:?}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(body.contains(sentence) && body.ends_with('\n'), "{answer:?}");
        assert!(head.to_lowercase().contains(&format!("content-length: {}", body.len())), "{answer:?}");
        assert!(server.is_well().await);
    }
}

#[tokio::test]
async fn a_refusal_comes_after_the_replies_that_are_owed() {
    let server = Server::start(&["resource.latency.mean=30ms"]).await;
    let good = "GET /serial HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = server.exchange(format!("{good}{good}rubbish\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    let last = answer.rfind("HTTP/1.1 ").unwrap();
    assert!(answer[last..].starts_with("HTTP/1.1 400 Bad Request"), "{answer}");
}

#[tokio::test]
async fn a_body_is_read_and_dropped_up_to_a_megabyte() {
    let server = Server::start(&["resource.latency.mean=1ms"]).await;
    for (size, status) in [(100_000, "200 OK"), (1 << 20, "200 OK"), (2_000_000, "413 Payload Too Large")] {
        let head = format!(
            "POST /serial HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
        );
        let mut request = head.into_bytes();
        request.resize(request.len() + size, b'x');
        let answer = server.exchange(&request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(size <= 1 << 20 || answer.ends_with("larger than 1 MiB, which is the limit\n"), "{answer}");
    }
    // Nor in chunks that do not say how many follow.
    let mut request =
        b"POST /serial HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..40 {
        request.extend(b"10000\r\n");
        request.resize(request.len() + 0x10000, b'x');
        request.extend(b"\r\n");
    }
    let answer = server.exchange(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(server.is_well().await);
}

#[tokio::test]
async fn half_a_body_does_not_hold_up_the_end() {
    let server = Server::start(&[]).await;
    let mut halves = Vec::new();
    for path in ["/pipelined", "/healthz"] {
        let mut stream = server.connect().await;
        let half = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
        stream.write_all(half.as_bytes()).await.unwrap();
        halves.push(stream);
    }
    assert!(server.is_well().await);
    let report = timeout(PATIENCE, server.bench.drain(10 * PATIENCE)).await.expect("it is not waited for");
    assert_eq!((report.drained, report.lost()), (weir::shutdown::Drained::Completely, 0));
    for mut stream in halves {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("shutting down"), "{answer}");
    }
}

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let server = Server::start(&[]).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /serial HTTP/1.1\r\nHos").await.unwrap();
    assert!(server.is_well().await);
    let report = timeout(PATIENCE, server.bench.drain(10 * PATIENCE)).await.expect("it is not waited for");
    assert_eq!(report.lost(), 0);
}

#[tokio::test]
async fn a_client_that_closes_in_the_middle_leaves_the_resource() {
    let server = Server::start(&["resource.latency.mean=1h"]).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /serial HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let in_use = |expected| {
        let bench = Arc::clone(&server.bench);
        timeout(PATIENCE, async move {
            while bench.snapshot().resource.in_use != expected {
                tokio::task::yield_now().await;
            }
        })
    };
    in_use(1).await.unwrap();
    drop(stream);
    in_use(0).await.unwrap();
    let snapshot = server.bench.snapshot();
    assert_eq!(
        (snapshot.modes.serial.aborted, snapshot.ledger.failed, snapshot.ledger.unaccounted),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn the_live_stream_carries_snapshots_and_ends_when_the_server_stops() {
    let server = Server::start(&[]).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let text = read_past(&mut stream, "}\n\n").await;
    assert!(text.contains("content-type: text/event-stream"), "{text}");
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("an event");
    let snapshot: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(snapshot["ledger"]["unaccounted"], 0);

    let report =
        timeout(PATIENCE, server.bench.drain(PATIENCE)).await.expect("an open page does not hold it up");
    assert_eq!(report.drained, weir::shutdown::Drained::Completely);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream ended in order");
    server.task.await.unwrap();
}

#[tokio::test]
async fn a_request_in_progress_is_answered_before_the_server_ends() {
    let server = Server::start(&["resource.latency.mean=300ms"]).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /serial HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    while server.bench.snapshot().resource.in_use == 0 {
        tokio::task::yield_now().await;
    }
    let report = server.bench.drain(PATIENCE).await;
    assert_eq!((report.lost(), report.counts.done), (0, 1));
    assert!(read_past(&mut stream, "OK").await.starts_with("HTTP/1.1 200 OK"));
}
