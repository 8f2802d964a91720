//! The load generator's HTTP client on real sockets: against a scripted
//! server with odd answers, and against our own.
//!
//! Real time passes, and waits are bounded generously; nothing is timed.

/// Answers as no good server sends them.
mod odd;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use weir::http;
use weir::load::{Answer, Connection, HttpTarget, RequestError, Target};
use weir::record::RequestPlan;

use crate::support::bench;

/// Longer than any of these tests takes; a test that reaches it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers each request on its first connection with the next of
/// the scripts, and closes after the last.
struct Scripted {
    target: HttpTarget,
    task: JoinHandle<Vec<String>>,
}

impl Scripted {
    async fn start(plan: RequestPlan, scripts: Vec<Vec<Vec<u8>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = target(&listener, &plan);
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut requests = Vec::new();
            for pieces in scripts {
                let request = read_request(&mut stream).await;
                if request.is_empty() {
                    return requests;
                }
                requests.push(request);
                for piece in pieces {
                    // The client may have had enough.
                    let _ = stream.write_all(&piece).await;
                    tokio::task::yield_now().await;
                }
            }
            requests
        });
        Self { target, task }
    }

    async fn exchange(&self, times: usize) -> Vec<Result<Answer, RequestError>> {
        let mut connection = self.target.connect().await.unwrap();
        let mut results = Vec::new();
        for _ in 0..times {
            results.push(timeout(PATIENCE, connection.exchange()).await.expect("it does not hang"));
        }
        results
    }
}

fn target(listener: &TcpListener, plan: &RequestPlan) -> HttpTarget {
    let url = format!("http://{}/path", listener.local_addr().unwrap());
    HttpTarget::new(&url, plan, &[]).unwrap()
}

/// A request's head and body; empty if the client went away.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => text.push_str(&String::from_utf8_lossy(&chunk[..count])),
            _ => return String::new(),
        }
    }
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let answer = |body: &str| {
        vec![format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()]
    };
    let scripts = vec![answer("one"), answer(""), answer(&"x".repeat(1_000_000)), answer("four")];
    let plan = RequestPlan {
        method: "POST".to_owned(),
        body: Some("the body".to_owned()),
        ..RequestPlan::default()
    };
    let server = Scripted::start(plan, scripts).await;
    let results = server.exchange(5).await;
    assert!(
        results[..4].iter().all(|result| result.as_ref().is_ok_and(|answer| answer.reusable)),
        "{results:?}"
    );
    assert!(results[2].as_ref().unwrap().bytes > 1_000_000);
    let Err(RequestError::Unanswered(reason)) = &results[4] else { panic!("{results:?}") };
    assert!(
        ["closed before an answer", "connection reset by peer", "broken pipe"].contains(&reason.as_str()),
        "{reason}"
    );
    let requests = server.task.await.unwrap();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert!(request.starts_with("POST /path HTTP/1.1\r\nhost: 127.0.0.1:"), "{request}");
        assert!(request.ends_with("\r\n\r\nthe body"), "{request}");
    }
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_whatever_it_says() {
    let plan = RequestPlan { method: "HEAD".to_owned(), ..RequestPlan::default() };
    let head = || vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".to_vec()];
    let server = Scripted::start(plan, vec![head(), head()]).await;
    for result in server.exchange(2).await {
        assert!(result.unwrap().reusable);
    }
}

#[tokio::test]
async fn without_keep_alive_no_connection_is_reusable() {
    let plan = RequestPlan { keep_alive: false, ..RequestPlan::default() };
    let answer = vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()];
    let server = Scripted::start(plan, vec![answer]).await;
    assert!(!server.exchange(1).await.remove(0).unwrap().reusable);
    assert!(server.task.await.unwrap()[0].contains("\r\nconnection: close\r\n"));
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_was_sent_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = Some("x".repeat(50_000_000));
    let target =
        target(&listener, &RequestPlan { body, method: "POST".to_owned(), ..RequestPlan::default() });
    let mut connection = target.connect().await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let answer = timeout(PATIENCE, connection.exchange()).await.expect("it does not hang").unwrap();
    assert_eq!((answer.status, answer.reusable), (413, false), "the rest of the request is still in it");
}

#[tokio::test]
async fn a_long_request_arrives_whole() {
    let plan = RequestPlan {
        method: "PUT".to_owned(),
        body: Some("y".repeat(5_000_000)),
        ..RequestPlan::default()
    };
    let answer = || vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()];
    let server = Scripted::start(plan, vec![answer(), answer()]).await;
    assert!(server.exchange(2).await.iter().all(|result| result.as_ref().unwrap().reusable));
    for request in server.task.await.unwrap() {
        assert!(request.len() > 5_000_000 && request.ends_with('y'));
    }
}

#[tokio::test]
async fn a_silent_server_is_waited_for_and_the_wait_can_be_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = target(&listener, &RequestPlan::default());
    let mut connection = target.connect().await.unwrap();
    let waited = timeout(Duration::from_millis(20), connection.exchange()).await;
    assert!(waited.is_err(), "{waited:?}");
}

#[tokio::test]
async fn a_connection_that_the_server_closes_between_requests_is_seen_to_be_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = target(&listener, &RequestPlan::default());
    let (connection, stream) = tokio::join!(target.connect(), listener.accept());
    let (mut connection, mut stream) = (connection.unwrap(), stream.unwrap().0);
    let answer = async {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").await.unwrap();
    };
    let (answered, ()) = tokio::join!(connection.exchange(), answer);
    assert!(answered.unwrap().reusable && connection.is_open());
    drop(stream);
    let closed = async {
        while connection.is_open() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, closed).await.expect("a closed connection is noticed");
}

#[tokio::test]
async fn a_closed_port_cannot_be_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = target(&listener, &RequestPlan::default());
    drop(listener);
    let refused = target.connect().await.err();
    assert_eq!(refused, Some(RequestError::Connect("connection refused".to_owned())));
}

async fn our_own(settings: &[&str]) -> SocketAddr {
    let bench = bench(settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = http::router(Arc::clone(&bench));
    tokio::spawn(http::serve(listener, router, bench.shutdown().clone()));
    address
}

#[tokio::test]
async fn our_own_server_is_understood() {
    let address =
        our_own(&["resource.latency.mean=1ms", "queue.capacity=1", "consumers.concurrency=0"]).await;
    for (method, path, statuses, reusable) in [
        ("GET", "serial", [200, 200], true),
        ("POST", "async", [202, 202], true),
        ("GET", "pipelined", [202, 503], true),
        ("HEAD", "healthz", [200, 200], true),
        ("GET", "nowhere", [404, 404], true),
        ("GET", "api/snapshot", [200, 200], true),
    ] {
        let plan = RequestPlan { method: method.to_owned(), ..RequestPlan::default() };
        let target = HttpTarget::new(&format!("http://{address}/{path}"), &plan, &[]).unwrap();
        let mut connection = target.connect().await.unwrap();
        for status in statuses {
            let answer = timeout(PATIENCE, connection.exchange()).await.expect("in time").unwrap();
            assert_eq!((answer.status, answer.reusable), (status, reusable), "{method} /{path}");
        }
    }
}

#[test]
fn in_the_steady_state_nothing_is_allocated() {
    let server =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let address = server.block_on(our_own(&[]));
    let target =
        HttpTarget::new(&format!("http://{address}/healthz"), &RequestPlan::default(), &[]).unwrap();
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut connection = client.block_on(target.connect()).unwrap();
    let mut exchange = |times: usize| {
        client.block_on(async {
            for _ in 0..times {
                assert_eq!(connection.exchange().await.unwrap().status, 200);
            }
        });
    };
    exchange(1);
    // This thread only; the server is on another.
    assert_eq!(allocation_counter::measure(|| exchange(1_000)).count_total, 0);
    server.shutdown_background();
}
