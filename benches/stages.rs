//! Producer to consumer, no-op work: events a second, as a ratio to bare tokio
//! channels in the same run.
//!
//! | `max_demand` | peer | budget |
//! |---|---|---|
//! | 1000 | `mpsc` moving `Vec`s of the same batch size | 0.6 |
//! | 1000 | `mpsc` moving single events | 10 |
//! | 1 | a request and a reply over two `mpsc` channels | 0.5 |

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use weir::demand::Limits;
use weir::stage::{self, Consumer, Producer};

const ROUNDS: usize = 9;

fn main() {
    for (name, runtime) in [("1 thread", threads(1)), ("2 threads", threads(2))] {
        println!("producer to consumer, {name}: million events/s, medians of {ROUNDS} rounds");
        compare("1000, to mpsc of Vecs of 500", &runtime, 40_000_000, through_stages(1000, 500), batches);
        compare("1000, to mpsc one by one", &runtime, 5_000_000, through_stages(1000, 500), singles);
        compare("100", &runtime, 10_000_000, through_stages(100, 50), singles);
        compare("10", &runtime, 2_000_000, through_stages(10, 5), singles);
        compare("1, to request and reply", &runtime, 500_000, through_stages(1, 0), ping_pong);
    }
}

fn threads(n: usize) -> Runtime {
    let mut builder = match n {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.build().expect("a runtime")
}

/// Runs the two in turn and prints both, and the median of the ratios.
fn compare<A, B>(
    name: &str,
    runtime: &Runtime,
    events: u64,
    ours: impl Fn(u64) -> A,
    theirs: impl Fn(u64) -> B,
) where
    A: Future<Output = Duration> + Send + 'static,
    B: Future<Output = Duration> + Send + 'static,
{
    let on_a_worker =
        |work: tokio::task::JoinHandle<Duration>| runtime.block_on(work).expect("no panic").as_secs_f64();
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mine = events as f64 / on_a_worker(runtime.spawn(ours(events))) / 1e6;
        let peer = events as f64 / on_a_worker(runtime.spawn(theirs(events))) / 1e6;
        a.push(mine);
        b.push(peer);
        ratios.push(mine / peer);
    }
    println!("  {name:<30} {:>9.2} of {:>9.2}   ratio {:.2}", median(a), median(b), median(ratios));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Count {
    next: u64,
    end: u64,
}

impl Producer for Count {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        let first = self.next;
        self.next = self.end.min(first + demand as u64);
        (first < self.next).then(|| (first..self.next).collect())
    }
}

struct Touch(u64);

impl Consumer for Touch {
    type Event = u64;

    async fn consume(&mut self, events: Vec<u64>) {
        self.0 = self.0.wrapping_add(events[events.len() - 1]);
    }
}

fn through_stages(
    max: usize,
    min: usize,
) -> impl Fn(u64) -> std::pin::Pin<Box<dyn Future<Output = Duration> + Send>> {
    move |events| {
        Box::pin(async move {
            let limits = Limits::new(max, min).expect("valid limits");
            let start = Instant::now();
            let producer = stage::producer(Count { next: 0, end: events }).spawn();
            stage::consumer(Touch(0)).subscribe_to(&producer.producer(), limits).spawn().join().await;
            start.elapsed()
        })
    }
}

async fn batches(events: u64) -> Duration {
    let start = Instant::now();
    let (sender, mut receiver) = mpsc::channel::<Vec<u64>>(2);
    let producer = tokio::spawn(async move {
        let mut next = 0;
        while next < events {
            let end = events.min(next + 500);
            sender.send((next..end).collect()).await.expect("the receiver lives");
            next = end;
        }
    });
    let mut touched = 0u64;
    while let Some(batch) = receiver.recv().await {
        touched = touched.wrapping_add(batch[batch.len() - 1]);
    }
    std::hint::black_box(touched);
    producer.await.expect("no panic");
    start.elapsed()
}

async fn singles(events: u64) -> Duration {
    let start = Instant::now();
    let (sender, mut receiver) = mpsc::channel::<u64>(1000);
    let producer = tokio::spawn(async move {
        for event in 0..events {
            sender.send(event).await.expect("the receiver lives");
        }
    });
    let mut touched = 0u64;
    while let Some(event) = receiver.recv().await {
        touched = touched.wrapping_add(event);
    }
    std::hint::black_box(touched);
    producer.await.expect("no panic");
    start.elapsed()
}

async fn ping_pong(events: u64) -> Duration {
    let start = Instant::now();
    let (ask, mut asked) = mpsc::channel::<usize>(1);
    let (reply, mut replies) = mpsc::channel::<u64>(1);
    let producer = tokio::spawn(async move {
        let mut next = 0;
        while asked.recv().await.is_some() && next < events {
            reply.send(next).await.expect("the consumer lives");
            next += 1;
        }
    });
    let mut touched = 0u64;
    loop {
        // The last ask finds the producer gone.
        let _ = ask.send(1).await;
        let Some(event) = replies.recv().await else { break };
        touched = touched.wrapping_add(event);
    }
    std::hint::black_box(touched);
    producer.await.expect("no panic");
    start.elapsed()
}
