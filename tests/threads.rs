//! Running stages on several threads under random scripts, with a ledger of every
//! event: nothing is lost, nothing is begun twice, and under the partition
//! dispatcher each key stays in order and is worked on by one consumer at a time.
//!
//! A script is short and the source runs dry in the middle of it, so that most of
//! what consumers do crosses with the end. `WEIR_CASES` sets how many scripts are
//! played, `WEIR_SEED` the first of their seeds; a seed fixes what is done, and not
//! how the threads interleave.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tokio::time::timeout;
use weir::demand::Limits;
use weir::dispatch::{FairDispatcher, PartitionDispatcher};
use weir::stage::{
    self, CancelMode, Consumer, Producer, ProducerRef, Reason, RunningConsumer, SubscribeOptions,
};

const PARTITIONS: usize = 3;
/// Several to a partition.
const KEYS: u64 = 12;
/// A script that takes longer hangs.
const TOO_LONG: Duration = Duration::from_secs(60);

fn partition(event: u64) -> usize {
    (event % KEYS) as usize % PARTITIONS
}

/// The history of each event.
struct Ledger {
    begun: Vec<AtomicU8>,
    /// By key: the event that was begun last, and one more.
    newest: Vec<AtomicU64>,
    /// By partition: true while a consumer works on its events.
    at_work: Vec<AtomicBool>,
    /// Whether order is promised.
    ordered: bool,
    wrong: Mutex<Vec<String>>,
}

impl Ledger {
    fn new(events: u64, ordered: bool) -> Arc<Self> {
        Arc::new(Self {
            begun: (0..events).map(|_| AtomicU8::new(0)).collect(),
            newest: (0..KEYS).map(|_| AtomicU64::new(0)).collect(),
            at_work: (0..PARTITIONS).map(|_| AtomicBool::new(false)).collect(),
            ordered,
            wrong: Mutex::new(Vec::new()),
        })
    }

    fn wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }

    fn begin(&self, event: u64) {
        self.begun[event as usize].fetch_add(1, SeqCst);
        let before = self.newest[(event % KEYS) as usize].swap(event + 1, SeqCst);
        if self.ordered && before > event {
            self.wrong(format!("{event} was begun after {}", before - 1));
        }
    }

    /// Notes that a consumer has begun an event of its partition.
    fn enter(self: &Arc<Self>, event: u64) -> Inside {
        let partition = partition(event);
        if self.at_work[partition].swap(true, SeqCst) && self.ordered {
            self.wrong(format!("two are at work on partition {partition}, one of them on {event}"));
        }
        Inside { ledger: Arc::clone(self), partition }
    }

    fn check(&self, seed: u64) {
        let not_once = |(event, begun): (usize, &AtomicU8)| match begun.load(SeqCst) {
            1 => None,
            times => Some(format!("{event} was begun {times} times")),
        };
        let mut wrong = self.wrong.lock().unwrap();
        wrong.extend(self.begun.iter().enumerate().filter_map(not_once));
        assert!(
            wrong.is_empty(),
            "WEIR_SEED={seed}: {} wrong, the first: {:?}",
            wrong.len(),
            &wrong[..wrong.len().min(9)]
        );
    }
}

struct Inside {
    ledger: Arc<Ledger>,
    partition: usize,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.ledger.at_work[self.partition].store(false, SeqCst);
    }
}

/// Produces less than it is asked for, as much, or more.
struct Bursts {
    next: u64,
    end: u64,
    rng: Rng,
}

impl Producer for Bursts {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        pause(&mut self.rng, 2).await;
        let n = match self.rng.u8(0..4) {
            0 => 1,
            1 => demand as u64 + self.rng.u64(0..20),
            _ => demand as u64,
        };
        let first = self.next;
        self.next = first.saturating_add(n).min(self.end);
        (first < self.next).then(|| (first..self.next).collect())
    }
}

/// Notes what it begins, and takes a while over it.
struct Work {
    ledger: Arc<Ledger>,
    /// Whether it takes straight from a partition.
    direct: bool,
    rng: Rng,
}

impl Consumer for Work {
    type Event = u64;

    async fn consume(&mut self, events: Vec<u64>) {
        let _inside = self.direct.then(|| self.ledger.enter(events[0]));
        events.iter().for_each(|&event| self.ledger.begin(event));
        pause(&mut self.rng, 4).await;
    }
}

async fn pause(rng: &mut Rng, most: u32) {
    for _ in 0..rng.u32(0..=most) {
        yield_now().await;
    }
}

/// A task that consumes from the source again and again, as a new consumer each time,
/// until the source has ended.
struct Lane {
    source: ProducerRef<u64>,
    partition: usize,
    ledger: Arc<Ledger>,
    rng: Rng,
    /// Those that were told to go and are not waited for yet.
    going: Vec<RunningConsumer<u64>>,
}

impl Lane {
    fn options(&mut self, cancel: CancelMode) -> SubscribeOptions<u64> {
        let max = self.rng.usize(1..20);
        let limits = Limits::new(max, self.rng.usize(0..max)).unwrap();
        SubscribeOptions::from(limits).partition(self.partition).cancel(cancel)
    }

    fn consumer(&mut self, direct: bool) -> stage::ConsumerBuilder<Work> {
        let (ledger, rng) = (Arc::clone(&self.ledger), self.rng.fork());
        stage::consumer(Work { ledger, direct, rng })
    }

    async fn run(mut self) {
        while !self.source.is_gone() {
            match self.rng.u8(0..4) {
                0 => self.through_a_middle().await,
                _ => self.straight().await,
            }
        }
        for consumer in self.going {
            consumer.join().await;
        }
    }

    /// A consumer of the source, and how it goes.
    async fn straight(&mut self) {
        let options = self.options(CancelMode::Temporary);
        let running = self.consumer(true).spawn();
        let consumer = running.consumer();
        let Ok(mut tag) = consumer.subscribe(&self.source, options).await else { return };
        pause(&mut self.rng, 12).await;
        match self.rng.u8(0..6) {
            0 => running.abort(),
            // Until its answer has come, and no longer.
            1 => drop(consumer.cancel(tag, Reason::Cancelled).await),
            2 => drop(self.source.cancel(tag, Reason::Cancelled).await),
            3 => {
                for _ in 0..self.rng.u32(1..6) {
                    let options = self.options(CancelMode::Temporary);
                    match consumer.resubscribe(tag, &self.source, options).await {
                        Ok(new) => tag = new,
                        Err(_) => break,
                    }
                    pause(&mut self.rng, 3).await;
                }
            }
            4 if self.source.pause().await.is_ok() => {
                pause(&mut self.rng, 3).await;
                drop(self.source.resume());
            }
            _ => {}
        }
        running.stop();
        self.going.push(running);
    }

    /// A middle stage between the source and one consumer after the other.
    async fn through_a_middle(&mut self) {
        let (mut rng, ledger) = (self.rng.fork(), Arc::clone(&self.ledger));
        let pass = move |events: Vec<u64>| {
            let (mut rng, inside) = (rng.fork(), ledger.enter(events[0]));
            async move {
                pause(&mut rng, 4).await;
                drop(inside);
                events
            }
        };
        let options = self.options(CancelMode::Permanent);
        let middle = stage::producer_consumer_fn(pass).subscribe_to(&self.source, options).spawn();
        for _ in 0..self.rng.u32(0..3) {
            let consumer = self.after(&middle.producer());
            pause(&mut self.rng, 8).await;
            consumer.stop();
            consumer.join().await;
        }
        middle.stop();
        // It delivers what it has before it goes.
        while !middle.producer().is_gone() {
            self.after(&middle.producer()).join().await;
        }
        middle.join().await;
    }

    fn after(&mut self, middle: &ProducerRef<u64>) -> RunningConsumer<u64> {
        let options = self.options(CancelMode::Permanent);
        self.consumer(false).subscribe_to(middle, options).spawn()
    }
}

async fn play(seed: u64, ordered: bool) {
    let mut rng = Rng::with_seed(seed);
    let end = rng.u64(1..400);
    let ledger = Ledger::new(end, ordered);
    let source = stage::producer(Bursts { next: 0, end, rng: rng.fork() });
    let source = match ordered {
        true => {
            source.dispatcher(PartitionDispatcher::new(PARTITIONS, |event| Some(partition(*event)))).spawn()
        }
        false => source.dispatcher(FairDispatcher::new()).spawn(),
    };
    let lanes: Vec<_> = (0..PARTITIONS)
        .map(|partition| {
            let (source, ledger) = (source.producer(), Arc::clone(&ledger));
            tokio::spawn(Lane { source, partition, ledger, rng: rng.fork(), going: Vec::new() }.run())
        })
        .collect();
    let all = async {
        for lane in lanes {
            lane.await.unwrap();
        }
        assert_eq!(source.join().await, Reason::Finished);
    };
    assert!(timeout(TOO_LONG, all).await.is_ok(), "WEIR_SEED={seed}: it hangs");
    ledger.check(seed);
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |number| number.parse().expect("a number"))
}

fn scripts(usual: u64, ordered: bool) {
    let (first, cases) = (number("WEIR_SEED", 0), number("WEIR_CASES", usual));
    for threads in [2, 4] {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime: Runtime = runtime.worker_threads(threads).enable_time().build().unwrap();
        for seed in first..first + cases {
            // On a worker, or each step would have to wake one.
            runtime.block_on(async { tokio::spawn(play(seed, ordered)).await }).unwrap();
        }
    }
}

#[test]
fn on_several_threads_every_event_is_begun_once_whatever_consumers_do() {
    scripts(100, false);
}

#[test]
fn on_several_threads_a_key_stays_in_order_from_one_consumer_to_the_next() {
    scripts(100, true);
}
