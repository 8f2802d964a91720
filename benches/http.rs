//! HTTP: a pipelined request against a handler that only says `OK`, on the same
//! server. The budget is 95 % of its requests a second.
//!
//! Rounds of the two take turns, so that a change in the machine's speed meets
//! both; the median of the ratios counts. The client has one thread and 50
//! connections that are kept alive, the server the usual number of workers. In the
//! last row the peer is the same request to a server whose runs are not recorded.
//! Arguments as in `support`: `rounds=31`.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use weir::config::Sources;
use weir::http;
use weir::workbench::Workbench;

use self::support::{median, rounds};

const CONNECTIONS: usize = 50;
const ROUND: Duration = Duration::from_millis(1000);

/// The two cases: an event that is queued, and an event that is refused.
const CASES: [(&str, &[&str]); 2] = [
    ("pushed, no consumer", &["queue.capacity=100000000", "consumers.concurrency=0"]),
    ("refused by a full queue", &["queue.capacity=1", "consumers.concurrency=0"]),
];

fn main() {
    println!(
        "HTTP, {CONNECTIONS} connections: requests/s of /pipelined and /healthz, medians of {} rounds",
        rounds()
    );
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, settings) in CASES {
        let server = runtime_with_workers();
        let address = server.block_on(serve(settings, false));
        let ours = || client.block_on(round(address, "pipelined"));
        row(name, ours, || client.block_on(round(address, "healthz")));
        server.shutdown_background();
    }
    let (name, settings) = ("pushed and recorded, or not", CASES[0].1);
    let server = runtime_with_workers();
    let [recorded, not] = [true, false].map(|recorded| server.block_on(serve(settings, recorded)));
    row(
        name,
        || client.block_on(round(recorded, "pipelined")),
        || client.block_on(round(not, "pipelined")),
    );
    server.shutdown_background();
}

/// The two take turns; both answer with requests a second.
fn row(name: &str, ours: impl Fn() -> f64, theirs: impl Fn() -> f64) {
    theirs();
    let (mut mine, mut peers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds() {
        peers.push(theirs());
        mine.push(ours());
        ratios.push(mine[mine.len() - 1] / peers[peers.len() - 1]);
    }
    let (mine, peers) = (median(&mut mine), median(&mut peers));
    println!("  {name:<28} {mine:>9.0} of {peers:>9.0}   ratio {:.3}", median(&mut ratios));
}

fn runtime_with_workers() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

async fn serve(settings: &[&str], recorded: bool) -> SocketAddr {
    let flags = settings.iter().map(|&setting| setting.to_owned()).collect();
    let sources = Sources { file: None, flags };
    let bench = Workbench::start(sources.load().expect("valid settings"), &sources);
    if recorded {
        tokio::spawn(Arc::clone(&bench).sample_forever(None));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(http::serve(listener, http::router(Arc::clone(&bench)), bench.shutdown().clone()));
    address
}

/// Requests a second over one round.
async fn round(address: SocketAddr, path: &'static str) -> f64 {
    let answered = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let answered = Arc::clone(&answered);
            tokio::spawn(async move { timeout(ROUND, client(address, path, &answered)).await })
        })
        .collect();
    for client in clients {
        // Every client runs into the end of the round.
        assert!(client.await.expect("no panic").is_err(), "the server closed a connection");
    }
    answered.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

async fn client(address: SocketAddr, path: &str, answered: &AtomicU64) -> std::io::Result<()> {
    let request = format!("GET /{path} HTTP/1.1\r\nHost: weir\r\n\r\n");
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = [0; 1024];
    loop {
        stream.write_all(request.as_bytes()).await?;
        // Answers are far smaller than a segment, and arrive whole.
        if stream.read(&mut answer).await? == 0 {
            return Ok(());
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}
