//! The servers, each in a process of its own. They take orders from standard input: `publish N`,
//! `steady RATE SECONDS`, `memory`.

#[path = "axum.rs"]
mod axum;
#[path = "bare.rs"]
mod bare;
#[path = "weir.rs"]
mod weir;

use std::io::{BufRead, Write, stdin, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// `SO_SNDBUF` of every watcher's socket.
pub(crate) const SEND_BUFFER: usize = 16 * 1024;

/// A running server.
pub(crate) trait Server {
    /// The URL that watchers ask for.
    fn url(&self) -> String;

    /// Publishes events at once, and returns when they are taken. The times in them are those
    /// of their publication. Returns the time from the first of these to the last, or a little
    /// more.
    fn publish(&mut self, events: u32) -> Duration;
}

/// Runs a server until standard input ends.
pub(crate) fn serve(name: &str) {
    let mut server: Box<dyn Server> = match name {
        "bare" => Box::new(bare::Bare::start(false)),
        "joined" => Box::new(bare::Bare::start(true)),
        "weir-ws" | "weir-sse" => Box::new(weir::Weir::start()),
        "axum-ws" => Box::new(axum::Axum::start("/ws")),
        "axum-ws-tuned" => Box::new(axum::Axum::start("/tuned")),
        "axum-sse" => Box::new(axum::Axum::start("/sse")),
        _ => panic!("there is no server {name}"),
    };
    say(&server.url());
    for line in stdin().lock().lines() {
        let line = line.expect("the bench runs");
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<f64>().expect("a number");
        match words[0] {
            "publish" => {
                let took = server.publish(number(1) as u32);
                say(&(took.as_secs_f64() * 1e3).to_string());
            }
            "steady" => say(&steady(&mut *server, number(1), number(2))),
            "memory" => say(&resident().to_string()),
            order => panic!("there is no order {order}"),
        }
    }
    // Without destructors: thousands of sockets are closed at once.
    std::process::exit(0);
}

/// Publishes an event whenever one is due and the one before is taken. Events that are due
/// while another is being taken come later, or not at all once the time is over.
fn steady(server: &mut dyn Server, rate: f64, seconds: f64) -> String {
    let (begin, time) = (Instant::now(), Duration::from_secs_f64(seconds));
    let (mut published, mut late) = (0_u64, Duration::ZERO);
    loop {
        let due = begin + Duration::from_secs_f64(published as f64 / rate);
        if begin.elapsed() > time || due > begin + time {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        late = due.elapsed();
        server.publish(1);
        published += 1;
    }
    format!("{published} {}", late.as_secs_f64() * 1e3)
}

fn say(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the bench reads");
}

/// Returns the text of the next event, as long as that of a goal in Weir.
pub(crate) fn next_event() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let seq = NEXT.fetch_add(1, Ordering::Relaxed);
    let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_micros();
    format!(
        "{{\"event\":{{\"seq\":{seq},\"at\":{at},\"minute\":23,\"kind\":\"goal\",\"side\":\"home\",\
         \"player\":9,\"text\":\"Marques, {seq} : 0\",\"score\":[{seq},0]}}}}"
    )
}

/// A runtime with one worker thread, as the bare loop has one.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = status.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}
