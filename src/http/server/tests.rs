//! Acceptors and streams over real connections. Real time passes, so waits are bounded
//! generously.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::http::listen;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends back what came behind the request, as a chunk, and ends.
async fn stream() -> Response {
    let mut response = (StatusCode::OK, endless(Bytes::from_static(b"first"))).into_response();
    response.extensions_mut().insert(Takeover::by(async |mut socket: TakenSocket| {
        let chunk = [format!("{:x}\r\n", socket.early.len()).as_bytes(), &socket.early].concat();
        socket.stream.write_all(&[&chunk[..], b"\r\n0\r\n\r\n"].concat()).await.unwrap();
    }));
    response
}

async fn not_found() -> Response {
    let mut response = StatusCode::NOT_FOUND.into_response();
    response.extensions_mut().insert(Takeover::by(async |_| panic!("a 404 has no owner")));
    response
}

fn start(
    limits: impl Fn() -> Limits + Clone + Send + Sync + 'static,
) -> (SocketAddr, Arc<Acceptors<impl Fn() -> Limits + Clone + Send + Sync + 'static>>, JoinHandle<()>) {
    let router = Router::new()
        .route("/", get(async || "OK"))
        .route("/stream", get(stream))
        .route("/missing", get(not_found));
    let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let acceptors = Acceptors::new(listener, router, Shutdown::new(), limits, Arc::default());
    let task = tokio::spawn(Arc::clone(&acceptors).run());
    (address, acceptors, task)
}

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end in time").unwrap();
    answer
}

#[tokio::test]
async fn a_stream_is_taken_behind_its_head_with_what_came_behind_the_request() {
    let (address, acceptors, _task) = start(Limits::default);
    for early in ["", "x", "GET / HTTP/1.1\r\n\r\n"] {
        // After another request, or as the first.
        for before in ["", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let request = format!("{before}GET /stream HTTP/1.1\r\nHost: a\r\n\r\n{early}");
            let answer = exchange(address, &request).await;
            let answer =
                if before.is_empty() { &answer } else { answer.split_once("\r\n\r\nOK").unwrap().1 };
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
            assert!(head.contains("transfer-encoding: chunked"), "{answer:?}");
            assert_eq!(body, format!("5\r\nfirst\r\n{:x}\r\n{early}\r\n0\r\n\r\n", early.len()));
        }
    }
    while acceptors.counts().open() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn another_status_has_no_owner_and_a_head_has_none() {
    let (address, ..) = start(Limits::default);
    let answer = exchange(address, "HEAD /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"), "{answer:?}");
    let answer = exchange(address, "GET /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptors_come_and_go_and_no_connection_is_lost() {
    let wanted = Arc::new(std::sync::atomic::AtomicUsize::new(1));
    let read = Arc::clone(&wanted);
    let (address, acceptors, _task) =
        start(move || Limits { acceptors: read.load(Ordering::Relaxed), ..Limits::default() });
    for number in [1, 8, 3, 1, 5] {
        wanted.store(number, Ordering::Relaxed);
        let clients = (0..200).map(|_| {
            tokio::spawn(exchange(address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        });
        for client in clients.collect::<Vec<_>>() {
            assert!(client.await.unwrap().ends_with("\r\n\r\nOK"));
        }
        let settled = async {
            while acceptors.running() != number {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, settled).await.unwrap_or_else(|_| panic!("{number} acceptors"));
    }
    assert_eq!(acceptors.counts().refused(), 0);
}

#[tokio::test]
async fn the_backlog_of_a_listener_changes_while_connections_wait() {
    let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let acceptors =
        Acceptors::new(listener, Router::new(), Shutdown::new(), Limits::default, Arc::default());
    acceptors.apply(&Limits { backlog: 2, ..Limits::default() });
    let connect = || timeout(Duration::from_millis(200), TcpStream::connect(address));
    let mut waiting = Vec::new();
    while let Ok(stream) = connect().await {
        waiting.push(stream.unwrap());
    }
    // The system adds one to the backlog.
    assert_eq!(waiting.len(), 3);
    acceptors.apply(&Limits { backlog: 10, ..Limits::default() });
    while let Ok(stream) = connect().await {
        waiting.push(stream.unwrap());
    }
    assert_eq!(waiting.len(), 11);
}
