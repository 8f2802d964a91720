//! The load generator: the engine of `weir load` on one thread.
//!
//! Closed: 50 clients by duration, against `wrk` with one thread where that is
//! installed, against hyper's client, and against the plainest loop over our own
//! connections, which counts and nothing more. The budget is 80 % of wrk's requests
//! a second. All of them ask the same server, with 50 connections that are kept
//! alive, and take turns; the median of the ratios counts.
//!
//! Open: how late the engine sees to a request that is due. The budget is 0.2 ms in
//! the median. Arguments as in `support`: `closed`, `open`, `rounds=31`.

mod support;

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};
use weir::config::Sources;
use weir::http;
use weir::load::{Connection, Driver, HttpTarget, Target, Time, listener};
use weir::pipeline::Clock;
use weir::record::{Arrivals, ClientSide, Model, Plan, Profile, RequestPlan};
use weir::shutdown::StopToken;
use weir::workbench::Workbench;

use self::support::{filters, median, rounds};

const CONNECTIONS: usize = 50;
const ROUND: Duration = Duration::from_secs(2);
const RATES: [f64; 2] = [1000.0, 10_000.0];

fn main() {
    let server = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let address = server.block_on(serve());
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let wanted = |name: &str| filters().all(|filter| name.contains(&filter));
    if wanted("closed") {
        closed(&client, address);
    }
    if wanted("open") {
        open(&client, address);
    }
    server.shutdown_background();
}

fn closed(client: &Runtime, address: SocketAddr) {
    let url = format!("http://{address}/healthz");
    let target = HttpTarget::new(&url, &RequestPlan::default(), &[]).expect("a target");
    let clients = Profile::constant(CONNECTIONS as f64, Some(ROUND.as_secs_f64()));
    let plan = Plan { model: Model::Closed { clients }, requests: None, request: RequestPlan::default() };
    let loops: [(&str, &dyn Fn() -> Option<f64>); 4] = [
        ("the engine", &|| Some(drive(client, &target, &plan).rate)),
        ("wrk -t1", &|| wrk(&url)),
        ("hyper, a task each", &|| Some(rate(client, |answered| hyper_client(address, answered)))),
        ("ours, only counted", &|| Some(rate(client, |answered| plain_client(target.clone(), answered)))),
    ];
    println!(
        "closed loop, {CONNECTIONS} connections, one thread: requests/s, medians of {} rounds",
        rounds()
    );
    let mut rates: [Vec<f64>; 4] = Default::default();
    drive(client, &target, &plan);
    for _ in 0..rounds() {
        for ((_, run), rates) in loops.iter().zip(&mut rates) {
            rates.extend(run());
        }
    }
    for (n, (name, _)) in loops.iter().enumerate() {
        if rates[n].is_empty() {
            println!("  {name:<22} not installed");
            continue;
        }
        let against = |peer: usize| {
            let mut ratios: Vec<_> =
                rates[n].iter().zip(&rates[peer]).map(|(rate, peer)| rate / peer).collect();
            if ratios.is_empty() { "    -".to_owned() } else { format!("{:.3}", median(&mut ratios)) }
        };
        let (to_wrk, to_hyper, to_plain) = (against(1), against(2), against(3));
        println!(
            "  {name:<22} {:>9.0}   of wrk {to_wrk}   of hyper {to_hyper}   of only counted {to_plain}",
            median(&mut rates[n].clone())
        );
    }
}

/// How late requests are seen to.
fn open(client: &Runtime, address: SocketAddr) {
    let url = format!("http://{address}/healthz");
    let target = HttpTarget::new(&url, &RequestPlan::default(), &[]).expect("a target");
    println!("open loop, evenly spaced: lateness in ms, medians of {} rounds", rounds());
    for per_second in RATES {
        let rate = Profile::constant(per_second, Some(ROUND.as_secs_f64()));
        let model = Model::Open { rate, arrivals: Arrivals::Constant, seed: 1, connections: 1000 };
        let plan = Plan { model, requests: None, request: RequestPlan::default() };
        let (mut p50, mut p99, mut core) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds() {
            let seen = drive(client, &target, &plan);
            let lag = seen.lag.as_ref().expect("an open load");
            p50.extend(lag.quantile_ms(0.5));
            p99.extend(lag.quantile_ms(0.99));
            core.extend(seen.cpu);
        }
        let cpu = if core.is_empty() { f64::NAN } else { median(&mut core) };
        println!(
            "  {per_second:>6}/s   p50 {:.3}   p99 {:.3}   of a core {cpu:.2}",
            median(&mut p50),
            median(&mut p99)
        );
    }
}

/// Makes a load like `weir load`.
fn drive(runtime: &Runtime, target: &HttpTarget, plan: &Plan) -> ClientSide {
    let driver = Driver {
        clock: Clock::start(),
        time: Time::Real,
        server: target.addresses().iter().find_map(|&address| listener(address)),
        refusals: vec![503],
        stop: StopToken::new(),
        watch: &mut |_| {},
    };
    let seen = LocalSet::new().block_on(runtime, driver.run(target.clone(), plan)).expect("a thread");
    assert_eq!((seen.ok, seen.aborted), (seen.sent, 0), "{:?}", seen.errors);
    seen
}

async fn serve() -> SocketAddr {
    let sources = Sources::default();
    let bench = Workbench::start(sources.load().expect("valid settings"), &sources);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(http::serve(listener, http::router(Arc::clone(&bench)), bench.shutdown().clone()));
    address
}

/// Requests a second of as many clients as there are connections.
fn rate<C>(runtime: &Runtime, client: impl Fn(Rc<Cell<u64>>) -> C) -> f64
where
    C: Future<Output = ()> + 'static,
{
    LocalSet::new().block_on(runtime, async {
        let answered = Rc::new(Cell::new(0_u64));
        let start = Instant::now();
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| spawn_local(client(Rc::clone(&answered)))).collect();
        sleep(ROUND).await;
        let rate = answered.get() as f64 / start.elapsed().as_secs_f64();
        assert!(!clients.iter().any(|client| client.is_finished()), "a client ended early");
        rate
    })
}

/// Requests until it is dropped.
async fn plain_client(target: HttpTarget, answered: Rc<Cell<u64>>) {
    let mut connection = target.connect().await.expect("a connection");
    loop {
        let answer = connection.exchange().await.expect("an answer");
        assert!(answer.status == 200 && answer.reusable, "{answer:?}");
        answered.set(answered.get() + 1);
    }
}

async fn hyper_client(address: SocketAddr, answered: Rc<Cell<u64>>) {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    loop {
        let request = Request::get("/healthz").header(header::HOST, "weir").body(Empty::<Bytes>::new());
        let answer = sender.send_request(request.expect("a request")).await.expect("an answer");
        answer.into_body().collect().await.expect("a body");
        answered.set(answered.get() + 1);
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
