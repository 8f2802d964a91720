//! Memory: what an event takes while it waits in the queue. The budget is 64
//! bytes, measured as resident memory of the whole process.

use weir::config::Sources;
use weir::workbench::{Mode, Workbench};

const EVENTS: [usize; 3] = [100_000, 600_000, 1_000_000];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("memory of an event that waits in the queue, by the growth of resident memory");
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
        let bytes = resident().saturating_sub(before) as f64 / events as f64;
        println!("  {events:>9} waiting   {bytes:>5.1} bytes each");
    }
}

/// Resident memory of this process in bytes; Linux only.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    let kib: usize = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}
