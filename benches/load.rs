//! The load generator's client: a closed loop on one thread, against `wrk` with one
//! thread where that is installed, and against hyper's client in the same loop.
//! The budget is 80 % of wrk's requests a second.
//!
//! All of them ask the same server, with 50 connections that are kept alive, and
//! take turns; the median of the ratios counts. Three ways to drive the loops are
//! compared: a task each, a task each on a `LocalSet`, and all of them in one task.
//! Arguments as in `support`: `rounds=31`.

mod support;

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::{Instant, timeout};
use weir::config::Sources;
use weir::http;
use weir::load::{Connection, HttpTarget, RequestPlan, Target};
use weir::workbench::Workbench;

use self::support::{median, rounds};

const CONNECTIONS: usize = 50;
const ROUND: Duration = Duration::from_secs(2);

fn main() {
    let server = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let address = server.block_on(serve());
    let url = format!("http://{address}/healthz");
    let target = HttpTarget::new(&url, &RequestPlan::default(), &[]).expect("a target");
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let loops: [(&str, &dyn Fn() -> Option<f64>); 5] = [
        ("ours, a task each", &|| Some(tasks(&client, &target))),
        ("ours, a task each on a LocalSet", &|| Some(local_tasks(&client, &target))),
        ("ours, all in one task", &|| Some(one_task(&client, &target))),
        ("wrk -t1", &|| wrk(&url)),
        ("hyper, a task each", &|| Some(hyper_tasks(&client, address))),
    ];
    println!(
        "closed loop, {CONNECTIONS} connections, one thread: requests/s, medians of {} rounds",
        rounds()
    );
    let mut rates: [Vec<f64>; 5] = Default::default();
    tasks(&client, &target);
    for _ in 0..rounds() {
        for ((_, run), rates) in loops.iter().zip(&mut rates) {
            rates.extend(run());
        }
    }
    for (n, (name, _)) in loops.iter().enumerate() {
        if rates[n].is_empty() {
            println!("  {name:<32} not installed");
            continue;
        }
        let against = |peer: usize| {
            let mut ratios: Vec<_> =
                rates[n].iter().zip(&rates[peer]).map(|(rate, peer)| rate / peer).collect();
            if ratios.is_empty() { "    -".to_owned() } else { format!("{:.3}", median(&mut ratios)) }
        };
        let (to_wrk, to_hyper) = (against(3), against(4));
        println!(
            "  {name:<32} {:>9.0}   of wrk {to_wrk}   of hyper {to_hyper}",
            median(&mut rates[n].clone())
        );
    }
    server.shutdown_background();
}

async fn serve() -> SocketAddr {
    let sources = Sources::default();
    let bench = Workbench::start(sources.load().expect("valid settings"), &sources);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(http::serve(listener, http::router(Arc::clone(&bench)), bench.shutdown().clone()));
    address
}

/// Requests until it is dropped.
async fn client(target: &HttpTarget, mut answered: impl FnMut()) {
    let mut connection = target.connect().await.expect("a connection");
    loop {
        let answer = connection.exchange().await.expect("an answer");
        assert!(answer.status == 200 && answer.reusable, "{answer:?}");
        answered();
    }
}

fn tasks(client_runtime: &Runtime, target: &HttpTarget) -> f64 {
    rate(client_runtime, |answered| {
        let target = target.clone();
        tokio::spawn(async move {
            let count = || _ = answered.fetch_add(1, Ordering::Relaxed);
            timeout(ROUND, client(&target, count)).await.is_err()
        })
    })
}

fn hyper_tasks(client_runtime: &Runtime, address: SocketAddr) -> f64 {
    rate(client_runtime, |answered| {
        tokio::spawn(async move { timeout(ROUND, hyper_client(address, &answered)).await.is_err() })
    })
}

/// Requests a second of as many tasks as there are connections.
fn rate(runtime: &Runtime, spawn: impl Fn(Arc<AtomicU64>) -> tokio::task::JoinHandle<bool>) -> f64 {
    runtime.block_on(async {
        let answered = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| spawn(Arc::clone(&answered))).collect();
        for client in clients {
            assert!(client.await.expect("no panic"), "a client ended early");
        }
        answered.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
    })
}

fn local_tasks(runtime: &Runtime, target: &HttpTarget) -> f64 {
    let local = tokio::task::LocalSet::new();
    local.block_on(runtime, async {
        let answered = std::rc::Rc::new(Cell::new(0_u64));
        let start = Instant::now();
        for _ in 0..CONNECTIONS {
            let (target, answered) = (target.clone(), std::rc::Rc::clone(&answered));
            tokio::task::spawn_local(async move {
                client(&target, || answered.set(answered.get() + 1)).await;
            });
        }
        tokio::time::sleep(ROUND).await;
        answered.get() as f64 / start.elapsed().as_secs_f64()
    })
}

fn one_task(runtime: &Runtime, target: &HttpTarget) -> f64 {
    runtime.block_on(async {
        let answered = Cell::new(0_u64);
        let start = Instant::now();
        let mut clients: FuturesUnordered<_> =
            (0..CONNECTIONS).map(|_| client(target, || answered.set(answered.get() + 1))).collect();
        assert!(timeout(ROUND, clients.next()).await.is_err(), "a client ended early");
        answered.get() as f64 / start.elapsed().as_secs_f64()
    })
}

async fn hyper_client(address: SocketAddr, answered: &AtomicU64) {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    loop {
        let request = Request::get("/healthz").header(header::HOST, "weir").body(Empty::<Bytes>::new());
        let answer = sender.send_request(request.expect("a request")).await.expect("an answer");
        answer.into_body().collect().await.expect("a body");
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// What wrk says; `None` if there is none.
fn wrk(url: &str) -> Option<f64> {
    let seconds = format!("-d{}s", ROUND.as_secs());
    let connections = format!("-c{CONNECTIONS}");
    let output = Command::new("wrk").args(["-t1", &connections, &seconds, url]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    Some(line.expect("wrk's summary").trim().parse().expect("a number"))
}
