//! Memory: what an event takes while it waits, measured as resident memory of the
//! whole process.
//!
//! In the workbench's queue the budget is 64 bytes, with all that the ledger knows
//! of the event. An async event has a task of its own, and 600 bytes while it is in the
//! resource or waits for it. In a stage's buffer, and in a channel that feeds a producer, the
//! peer is a `VecDeque`, which has nothing but the event: the aim is the same
//! size within an eighth, far from GenStage's 122 to 152 bytes of resident memory
//! for an integer. Sizes are not powers of two, so that spare capacity, which was
//! never touched, would show if it counted.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use weir::config::Sources;
use weir::record::Mode;
use weir::stage;
use weir::workbench::Workbench;

const EVENTS: [usize; 3] = [100_000, 600_000, 1_000_000];

const CASES: [&str; 9] = [
    "queue",
    "async, in the resource",
    "async, waiting for the resource",
    "u64, VecDeque",
    "u64, a stage's buffer",
    "u64, an mpsc that is a producer",
    "24 bytes, VecDeque",
    "24 bytes, a stage's buffer",
    "24 bytes, an mpsc that is a producer",
];

/// Each case is measured in a process of its own, or one would grow into what
/// another has left.
fn main() {
    if let Some(case) = std::env::args().find_map(|arg| arg.strip_prefix("case=").map(str::to_owned)) {
        // On two threads the resource has its own timer, and not tokio's larger one.
        let mut builder = match case.starts_with("async") {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        return runtime.block_on(measure(&case));
    }
    println!("memory of an event that waits, by the growth of resident memory");
    for case in CASES {
        let this = std::env::current_exe().expect("it runs");
        let status = std::process::Command::new(this).arg(format!("case={case}")).status();
        assert!(status.expect("it starts").success(), "{case}");
    }
}

async fn measure(case: &str) {
    match case.strip_prefix("24 bytes, ") {
        Some(place) => waiting(case, place, |n| [n as u64; 3]).await,
        None if case == "queue" => queue().await,
        None if case == "async, in the resource" => spawned(case, &["async.max_in_flight=0"]).await,
        None if case.starts_with("async") => spawned(case, &["resource.max_concurrent=1"]).await,
        None => waiting(case, &case["u64, ".len()..], |n| n as u64).await,
    }
}

/// In the queue of the workbench.
async fn queue() {
    let sources = Sources {
        file: None,
        flags: vec!["consumers.concurrency=0".into(), "queue.capacity=100000000".into()],
    };
    let bench = Workbench::start(sources.load().expect("valid settings"), &sources);
    let (before, mut waiting) = (resident(), 0);
    for events in EVENTS {
        while waiting < events {
            let request = bench.request(Mode::Pipelined);
            bench.enqueue(request.arrived()).await.expect("there is room");
            request.answered(true);
            waiting += 1;
        }
        print("the workbench's queue", events, before);
    }
}

/// In tasks of async events, none of which ends.
async fn spawned(case: &str, settings: &[&str]) {
    let mut flags = vec!["resource.latency.mean=1h".to_owned()];
    flags.extend(settings.iter().map(|&setting| setting.to_owned()));
    let sources = Sources { file: None, flags };
    let bench = Workbench::start(sources.load().expect("valid settings"), &sources);
    let (before, mut inside) = (resident(), 0);
    for events in EVENTS {
        while inside < events {
            let request = bench.request(Mode::Async);
            bench.spawn(request.arrived()).expect("there is no limit");
            request.answered(true);
            inside += 1;
            if inside % 1000 == 0 {
                tokio::task::yield_now().await;
            }
        }
        // Until each task has begun to wait.
        let begun = || {
            let resource = bench.snapshot().resource;
            resource.calls as usize + resource.waiting
        };
        while begun() < events {
            tokio::task::yield_now().await;
        }
        print(case, events, before);
    }
}

/// In a stage's buffer, in a channel that is a producer, and in the peer.
async fn waiting<T: Send + 'static>(case: &str, place: &str, event: fn(usize) -> T) {
    let events = EVENTS[EVENTS.len() - 1];
    let before = resident();
    match place {
        "VecDeque" => {
            let mut peer = VecDeque::new();
            (0..events).for_each(|n| peer.push_back(event(n)));
            print(case, events, before);
        }
        "a stage's buffer" => {
            // Without a consumer, what is emitted is buffered.
            let stage = stage::producer_fn(async |_| None).spawn();
            for first in (0..events).step_by(500) {
                let emitted = stage.producer().emit((first..first + 500).map(event).collect()).await;
                assert!(emitted.expect("it runs").is_empty(), "the buffer has no bound");
            }
            assert_eq!(stage.status().buffered, events);
            print(case, events, before);
        }
        _ => {
            let (sender, receiver) = mpsc::channel(events);
            let _stage = stage::producer(receiver).spawn();
            for n in 0..events {
                assert!(sender.try_send(event(n)).is_ok(), "there is room");
            }
            print(case, events, before);
        }
    }
}

fn print(name: &str, events: usize, before: usize) {
    let bytes = resident().saturating_sub(before) as f64 / events as f64;
    println!("  {name:<40} {events:>9} waiting   {bytes:>5.1} each");
}

/// Resident memory of this process in bytes; Linux only.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    let kib: usize = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}
