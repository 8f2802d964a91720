//! Single events pushed from outside: how many a second, and how long each takes
//! to its handler, beside a bare `mpsc` that is received from one by one, in the
//! same run.
//!
//! Events a second: the pusher waits while the channel is full, on both sides, and
//! a channel is what the producer is made of. A ratio below 1 is the price of the
//! stages behind it; above 1, they take many at a time. The aim is ten times
//! GenStage.
//!
//! Latency, at 1,000 events a second: when a *task* pushes, a thread of the runtime
//! is awake already, and what remains is the way through the stages. When a
//! *thread* outside pushes, the runtime sleeps, and waking it takes most of the
//! time. GenStage's figures are 3.9, 35 and 77 µs, a bare `mpsc` had 1.0, 5.5 and
//! 37 there. The aim is a latency nearer to the channel's than to GenStage's.

mod support;

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::Instant;
use weir::demand::Limits;
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage;

use self::support::{Row, Table, Touch, timed, touch_singles};

const EVENTS: u64 = 1_000_000;
const CAPACITY: usize = 1000;

/// Of the latencies: how many rounds, how many pushes a round, at what distance.
const ROUNDS: usize = 4;
const A_ROUND: u32 = 500;
const EVERY: Duration = Duration::from_millis(1);

fn main() {
    for mut table in Table::pair("single events, pushed") {
        let bare = |n| pushed(n, touch_singles);
        let row = Row::new("to 1 consumer", EVENTS, 0.95);
        table.row(&row, |n| pushed(n, |receiver| to_consumers(receiver, 1)), bare);
        let row = Row::new("to 3 consumers", EVENTS, 1.05);
        table.row(&row, |n| pushed(n, |receiver| to_consumers(receiver, 3)), bare);
        // Broadway's figure, processors only.
        let row = Row::new("to a pool of 4, max_demand 100", EVENTS, 1.81);
        table.row(&row, |n| pushed(n, to_pool_of_4), bare);
    }
    for mut table in Table::pair("push to handler at 1,000 events/s") {
        latency(&mut table, "by a task", Pacer::Task);
        latency(&mut table, "by a thread outside", Pacer::Thread);
    }
}

/// The time until `sink` has taken all events from the channel.
async fn pushed<F, T>(events: u64, sink: impl FnOnce(mpsc::Receiver<u64>) -> F) -> Duration
where
    F: Future<Output = T> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let work = sink(receiver);
    tokio::spawn(async move {
        for event in 0..events {
            sender.send(event).await.expect("the receiver lives");
        }
    });
    timed(work).await
}

async fn to_consumers(receiver: mpsc::Receiver<u64>, consumers: usize) {
    let producer = stage::producer(receiver).spawn();
    let consumers = (0..consumers).map(|_| {
        stage::consumer(Touch::default()).subscribe_to(&producer.producer(), Limits::default()).spawn()
    });
    for consumer in consumers.collect::<Vec<_>>() {
        consumer.join().await;
    }
}

async fn to_pool_of_4(receiver: mpsc::Receiver<u64>) {
    let limits = Limits::with_max(100).expect("at least 1");
    let settings = PoolSettings { concurrency: 4, spread: Spread::Workers, limits, requeue: true };
    let producer = stage::producer(receiver).spawn();
    let handler = async |event: u64| {
        std::hint::black_box(event);
    };
    Pool::spawn(producer.producer(), handler, settings).ended().await;
}

/// The pusher that keeps equal distances: a task or a thread.
#[derive(Clone, Copy)]
enum Pacer {
    /// A task that yields until it is time.
    Task,
    /// A thread outside of the runtime that sleeps until it is time.
    Thread,
}

/// Latencies in ns.
type Latencies = Arc<Mutex<Histogram<u64>>>;

/// Rounds of ours and of the peer in turns, as elsewhere; of each the latencies
/// are added up.
fn latency(table: &mut Table, name: &str, pacer: Pacer) {
    if !table.wants(name) {
        return;
    }
    let [ours, peers] = [(); 2].map(|()| Latencies::new(Mutex::new(Histogram::new(3).expect("3 digits"))));
    for _ in 0..ROUNDS {
        let (ours, peers) = (Arc::clone(&ours), Arc::clone(&peers));
        table.run(paced(pacer, |receiver| to_stages(receiver, ours)));
        table.run(paced(pacer, |receiver| to_task(receiver, peers)));
    }
    let micros = |latencies: &Latencies| {
        let latencies = latencies.lock().expect("no thread has panicked");
        [50.0, 99.0, 99.9].map(|part| latencies.value_at_percentile(part) as f64 / 1e3)
    };
    let ([p50, p99, p999], [peer50, peer99, peer999]) = (micros(&ours), micros(&peers));
    println!(
        "  {name:<34} p50 {p50:>5.1} of {peer50:>5.1}   p99 {p99:>6.1} of {peer99:>6.1}   p99.9 {p999:>6.1} of {peer999:>6.1} us"
    );
}

/// A round: pushes the time, again and again.
async fn paced<F: Future + Send>(pacer: Pacer, sink: impl FnOnce(mpsc::Receiver<Instant>) -> F) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let start = Instant::now();
    let dues = (1..=A_ROUND).map(move |n| start + n * EVERY);
    let push = move || sender.try_send(Instant::now()).expect("there is room");
    match pacer {
        Pacer::Task => drop(tokio::spawn(async move {
            for due in dues {
                while Instant::now() < due {
                    yield_now().await;
                }
                push();
            }
        })),
        Pacer::Thread => drop(std::thread::spawn(move || {
            for due in dues {
                sleep_until(due);
                push();
            }
        })),
    }
    sink(receiver).await;
}

#[allow(clippy::disallowed_methods, reason = "outside of the runtime there is no other sleep")]
fn sleep_until(due: Instant) {
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
}

async fn to_stages(receiver: mpsc::Receiver<Instant>, latencies: Latencies) {
    let producer = stage::producer(receiver).spawn();
    let record = move |pushed: Vec<Instant>| {
        pushed.into_iter().for_each(|pushed| record(&latencies, pushed));
        ready(())
    };
    stage::consumer_fn(record).subscribe_to(&producer.producer(), Limits::default()).spawn().join().await;
}

async fn to_task(mut receiver: mpsc::Receiver<Instant>, latencies: Latencies) {
    let task = async move {
        while let Some(pushed) = receiver.recv().await {
            record(&latencies, pushed);
        }
    };
    tokio::spawn(task).await.expect("no panic");
}

fn record(latencies: &Latencies, pushed: Instant) {
    let took = pushed.elapsed();
    latencies.lock().expect("no thread has panicked").record(took.as_nanos() as u64).expect("it resizes");
}
