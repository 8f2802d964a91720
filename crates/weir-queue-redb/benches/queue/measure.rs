//! What is measured, and the table.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::Instant;
use weir_parts::engine::{Engine, EventId, Settle};
use weir_parts::queue::{MemoryQueue, QueueSettings, WhenFull};
use weir_queue_redb::{DiskQueue, Options};

use super::grouped::Subject;

/// Requests that wait at the same time.
pub(crate) const IN_FLIGHT: [usize; 3] = [1, 64, 512];
/// The bytes of a payload.
const BYTES: usize = 200;
/// How long each rate is measured.
const TIME: Duration = Duration::from_secs(2);
/// The rounds of a row; the median counts.
const ROUNDS: usize = 3;

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_time().build().expect("a runtime")
}

fn folder() -> tempfile::TempDir {
    // Not in the memory of a tmpfs.
    tempfile::Builder::new().prefix("weir-queue-bench").tempdir_in(".").expect("a folder")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Subject for DiskQueue {
    async fn push(&self, payload: Vec<u8>) {
        Engine::push(self, payload).await.expect("it is accepted");
    }

    async fn take(&self, most: usize) -> Vec<u64> {
        let leased = self.ask(most).await.unwrap_or_default();
        leased.into_iter().map(|leased| leased.id.0).collect()
    }

    async fn done(&self, ids: Vec<u64>) {
        let settled = ids.into_iter().map(|id| (EventId(id), Settle::Done)).collect();
        self.settle(settled).await.expect("they are settled");
    }
}

pub(crate) fn engine(file: &Path, options: Options) -> DiskQueue {
    DiskQueue::open(file, options).expect("it opens")
}

/// The rates of pushes, and of events that are taken and done.
pub(crate) struct Table;

impl Table {
    pub(crate) fn begin() -> Self {
        println!("thousand events a second, {BYTES} bytes each, the median of {ROUNDS} rounds");
        println!("{:<20} {:>9} {:>9} {:>13}", "", "in flight", "push", "take and done");
        Self
    }

    pub(crate) fn row<S: Subject>(&mut self, name: &str, in_flight: usize, open: impl Fn(&Path) -> S) {
        let (mut pushes, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let folder = folder();
            let subject = Arc::new(open(&folder.path().join("queue")));
            let (pushed, ended) = runtime().block_on(round(&subject, in_flight));
            pushes.push(pushed);
            ends.push(ended);
        }
        let (push, end) = (median(pushes) / 1e3, median(ends) / 1e3);
        println!("{name:<20} {in_flight:>9} {push:>9.2} {end:>13.2}");
    }
}

async fn round<S: Subject>(subject: &Arc<S>, in_flight: usize) -> (f64, f64) {
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let end = begun + TIME;
    let pushers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (subject, count) = (Arc::clone(subject), Arc::clone(&count));
            tokio::spawn(async move {
                while Instant::now() < end {
                    subject.push(vec![7; BYTES]).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for pusher in pushers {
        pusher.await.expect("it ends");
    }
    let pushed = count.swap(0, Ordering::Relaxed);
    let push = pushed as f64 / begun.elapsed().as_secs_f64();

    // As many leased events as there were pushes in flight.
    let (workers, most) = if in_flight < 8 { (1, in_flight) } else { (in_flight / 8, 8) };
    let begun = Instant::now();
    let end = begun + TIME;
    let left = Arc::new(AtomicU64::new(pushed));
    let takers: Vec<_> = (0..workers)
        .map(|_| {
            let (subject, count, left) = (Arc::clone(subject), Arc::clone(&count), Arc::clone(&left));
            tokio::spawn(async move {
                let claim = |left: u64| Some(left.saturating_sub(most as u64));
                while Instant::now() < end {
                    // Nothing is asked for that is not there.
                    let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim);
                    let most = before.unwrap_or_default().min(most as u64) as usize;
                    if most == 0 {
                        break;
                    }
                    let ids = subject.take(most).await;
                    count.fetch_add(ids.len() as u64, Ordering::Relaxed);
                    subject.done(ids).await;
                }
            })
        })
        .collect();
    for taker in takers {
        taker.await.expect("it ends");
    }
    (push, count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// Opens a queue and pushes this number of events.
async fn filled(file: &Path, events: usize) -> Arc<DiskQueue> {
    let queue = Arc::new(DiskQueue::open(file, Options::default()).expect("it opens"));
    for _ in 0..events.div_ceil(512) {
        let push = |_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { Subject::push(&*queue, vec![7; BYTES]).await })
        };
        for push in (0..512).map(push).collect::<Vec<_>>() {
            push.await.expect("it ends");
        }
    }
    queue
}

/// What idle askers cost: one push at a time, taken and done by one of them.
pub(crate) fn askers() {
    println!("\none event at a time, taken by one of the askers that wait");
    for askers in [1, 64, 512] {
        let folder = folder();
        let rate = runtime().block_on(async {
            let queue = filled(&folder.path().join("queue"), 0).await;
            let asker = |_| {
                let queue = Arc::clone(&queue);
                tokio::spawn(async move {
                    while let Some(leased) = queue.ask(1).await {
                        queue.done(leased.into_iter().map(|leased| leased.id.0).collect()).await;
                    }
                })
            };
            let tasks: Vec<_> = (0..askers).map(asker).collect();
            let (begun, mut pushed) = (Instant::now(), 0_u64);
            while begun.elapsed() < TIME {
                Subject::push(&*queue, vec![7; BYTES]).await;
                pushed += 1;
            }
            let rate = pushed as f64 / begun.elapsed().as_secs_f64();
            queue.close();
            for task in tasks {
                task.await.expect("it ends");
            }
            rate
        });
        println!("{askers:>4} askers: {rate:>6.0} pushes a second");
    }
}

/// The time of a lease.
pub(crate) fn leases() {
    let folder = folder();
    let times = runtime().block_on(async {
        let queue = filled(&folder.path().join("queue"), 50_000).await;
        let mut times = Vec::new();
        for _ in 0..20_000 {
            let begun = Instant::now();
            queue.ask(1).await.expect("it is there");
            times.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        times
    });
    let mut times = times;
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    println!("\nlease of one of 50,000 events: p50 {:.1} µs, p99 {:.1} µs", at(0.5), at(0.99));
}

/// The time to open a file, up to the first lease: after an orderly end and after a kill.
pub(crate) fn reopening() {
    let folder = folder();
    let file = folder.path().join("queue");
    let killed = folder.path().join("killed");
    runtime().block_on(async {
        let queue = filled(&file, 50_000).await;
        // A copy while it is open is what a kill leaves.
        std::fs::copy(&file, &killed).expect("a copy");
        queue.end().await;
    });
    let bytes = std::fs::metadata(&file).map_or(0, |metadata| metadata.len()) as f64 / 1e6;
    println!("\n50,000 events in a file of {bytes:.1} MB, opened up to the first lease");
    let original = std::fs::read(&killed).expect("it is read");
    for name in ["after an orderly end", "after a kill"] {
        let times = (0..9).map(|_| {
            if name == "after a kill" {
                std::fs::write(&file, &original).expect("it is written");
            }
            let begun = Instant::now();
            let queue = DiskQueue::open(&file, Options::default()).expect("it opens");
            let opened = begun.elapsed().as_secs_f64() * 1e3;
            runtime().block_on(queue.ask(1)).expect("it is there");
            opened
        });
        println!("{name}: {:.1} ms", median(times.collect()));
    }
}

/// The queue in memory, for comparison: its rate, and what a waiting event takes.
pub(crate) fn memory() {
    let settings = QueueSettings { capacity: 10_000_000, when_full: WhenFull::Reject };
    let queue = MemoryQueue::new(settings);
    let (rate, bytes) = runtime().block_on(async {
        let events = 1_000_000_u64;
        let before = resident();
        let begun = Instant::now();
        for event in 0..events {
            // The size of an event of the bench.
            queue.push(|_| [event; 3]).await.expect("there is room");
        }
        let bytes = resident().saturating_sub(before) as f64 / events as f64;
        let mut left = events as usize;
        while left > 0 {
            left -= queue.pop(1).await.map_or(left, |events| events.len());
        }
        (events as f64 / begun.elapsed().as_secs_f64() / 1e6, bytes)
    });
    println!("\nin memory: {rate:.1} million events a second pushed and taken one by one,");
    println!("{bytes:.0} bytes of memory for each waiting event of 24 bytes");
}

/// The resident memory of the process in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4_096
}
