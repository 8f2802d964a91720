//! How many connections a server has, and how long each may take.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use weir::http::{self, Limits};

use super::{PATIENCE, Server};
use crate::support::bench;

impl Server {
    async fn within(limits: Limits) -> Self {
        let bench = bench(&["resource.latency.mean=1ms"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = http::router(Arc::clone(&bench));
        let shutdown = bench.shutdown().clone();
        let task = tokio::spawn(http::serve_within(listener, router, shutdown, move || limits));
        Self { bench, address, task }
    }

    /// Sends `bytes`, and reads until the server closes.
    async fn until_closed(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        rest(stream).await
    }
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_head_and_a_body_that_take_too_long_are_answered_with_408_and_a_sentence() {
    let limits = Limits { head: SHORT, body: SHORT, ..Limits::default() };
    let server = Server::within(limits).await;
    let head = server.until_closed(b"GET /healthz HTTP/1.1\r\nHos").await;
    assert!(head.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{head:?}");
    assert!(head.ends_with("head was not complete after 100ms (server.head_timeout)\n"), "{head:?}");
    let half = b"POST /async HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc";
    let body = server.until_closed(half).await;
    assert!(body.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{body:?}");
    assert!(body.ends_with("body was not complete after 100ms (server.body_timeout)\n"), "{body:?}");
    assert_eq!(server.bench.ledger().accepted, 0);
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_a_word_before_and_after_a_request() {
    let server = Server::within(Limits { idle: SHORT, ..Limits::default() }).await;
    assert_eq!(server.until_closed(b"").await, "");
    let answer = server.until_closed(b"GET /serial HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\nOK"), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let server = Server::within(Limits { write: SHORT, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    // More replies than the buffers between us take.
    let asks = "GET /page/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5000);
    let closed = timeout(PATIENCE, async { while stream.write_all(asks.as_bytes()).await.is_ok() {} });
    closed.await.expect("the server closes");
}

#[tokio::test]
async fn with_too_many_connections_a_new_one_takes_the_place_of_an_idle_one_or_is_refused() {
    let server = Server::within(Limits { max_connections: 3, ..Limits::default() }).await;
    let mut busy = server.connect().await;
    // Half a head is not idle.
    busy.write_all(b"GET /healthz HTTP/1.1\r\nHos").await.unwrap();
    let idle = [server.connect().await, server.connect().await];
    let refused = loop {
        // The first ones may not be accepted yet.
        let answer = server.until_closed(b"").await;
        if !answer.is_empty() {
            break answer;
        }
    };
    assert!(refused.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{refused:?}");
    assert!(refused.ends_with("has 3 connections already (server.max_connections)\n"), "{refused:?}");
    // Once the idle ones have been idle for a second, they make room.
    while !server.is_well().await {
        sleep(SHORT).await;
    }
    let [first, _second] = idle;
    assert_eq!(rest(first).await, "", "the longest idle one was closed");
    busy.write_all(b"t: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(busy).await.ends_with("\r\n\r\nOK"), "the one with a request was not");
}
