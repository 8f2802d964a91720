//! How a pool subscribes: once on a broadcast or a partition, and with its options.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};
use weir::dispatch::{
    BroadcastDispatcher, Dispatcher, FairDispatcher, PartitionDispatcher, SubscribeError,
};
use weir::pool::{self, Pool, PoolSettings, Spread};
use weir::stage::{self, CancelMode, Producer, ProducerRef, Reason, RunningProducer, SubscribeOptions};

use crate::support::{Logs, Numbers, Seen, collecting, limits};

const MS: Duration = Duration::from_millis(1);

fn settings(concurrency: usize, spread: Spread) -> PoolSettings {
    PoolSettings { concurrency, spread, limits: limits(3, 1), requeue: true }
}

/// The events that handlers have done, and the largest number that ran at the same time.
#[derive(Clone)]
struct Work {
    done: Seen<u64>,
    inside: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
}

impl Work {
    fn new() -> Self {
        Self { done: Seen::nothing(), inside: Arc::default(), peak: Arc::default() }
    }

    fn handler(&self) -> impl Fn(u64) -> BoxFuture<'static, ()> + Send + Sync + use<> {
        let work = self.clone();
        move |event| {
            let work = work.clone();
            Box::pin(async move {
                let now = work.inside.fetch_add(1, Ordering::SeqCst) + 1;
                work.peak.fetch_max(now, Ordering::SeqCst);
                sleep(MS).await;
                work.inside.fetch_sub(1, Ordering::SeqCst);
                work.done.add(event);
            })
        }
    }

    fn sorted(&self) -> Vec<u64> {
        let mut done = self.done.all();
        done.sort_unstable();
        done
    }
}

fn paused(events: u64, dispatcher: impl Dispatcher<u64>) -> RunningProducer<u64> {
    stage::producer(Numbers::below(events)).dispatcher(dispatcher).paused().spawn()
}

async fn end_of(pool: &Pool<u64>) -> Reason {
    timeout(Duration::from_secs(600), pool.ended()).await.expect("the pool ends with its producer")
}

#[tokio::test(start_paused = true)]
async fn a_pool_on_a_broadcast_handles_each_event_once_beside_other_consumers() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let (source, work) = (paused(200, BroadcastDispatcher::new()), Work::new());
        let pool = Pool::spawn(source.producer(), work.handler(), settings(4, spread));
        let (other, consumer) = collecting(Duration::ZERO, &source.producer(), limits(10, 5));
        sleep(MS).await;
        assert_eq!(source.status().consumers, 2, "{spread:?}");
        source.producer().resume().unwrap();
        assert_eq!(end_of(&pool).await, Reason::Finished, "{spread:?}");
        consumer.join().await;
        assert_eq!(work.sorted(), (0..200).collect::<Vec<_>>(), "{spread:?}");
        assert_eq!(other.all().concat().len(), 200, "{spread:?}");
        assert_eq!(work.peak.load(Ordering::SeqCst), 4, "{spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn resizing_a_pool_on_a_broadcast_discards_no_copy() {
    let logs = Logs::capture();
    for spread in [Spread::Workers, Spread::PerEvent] {
        let (source, work) = (paused(400, BroadcastDispatcher::new()), Work::new());
        let pool = Pool::spawn(source.producer(), work.handler(), settings(4, spread));
        sleep(MS).await;
        source.producer().resume().unwrap();
        for (concurrency, spread) in
            [(1, spread), (7, Spread::PerEvent), (0, spread), (2, Spread::Workers), (5, spread)]
        {
            sleep(5 * MS).await;
            pool.resize(settings(concurrency, spread)).await;
            sleep(5 * MS).await;
            work.peak.store(0, Ordering::SeqCst);
            sleep(5 * MS).await;
            assert_eq!(work.peak.load(Ordering::SeqCst), concurrency, "{spread:?}");
        }
        assert_eq!(end_of(&pool).await, Reason::Finished);
        assert_eq!(work.sorted(), (0..400).collect::<Vec<_>>());
    }
    assert_eq!(logs.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_pool_gets_the_events_of_the_partition_it_names_in_order() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let dispatcher = PartitionDispatcher::new(2, |event: &u64| Some((event % 2) as usize));
        let (source, work) = (paused(100, dispatcher), Work::new());
        let odd = SubscribeOptions::default().partition(1);
        let pool =
            pool::builder(work.handler(), settings(1, spread)).options(odd).spawn(&source.producer());
        let even = SubscribeOptions::from(limits(10, 5)).partition(0);
        let (other, consumer) = collecting(Duration::ZERO, &source.producer(), even);
        sleep(MS).await;
        source.producer().resume().unwrap();
        assert_eq!(end_of(&pool).await, Reason::Finished, "{spread:?}");
        consumer.join().await;
        assert_eq!(work.done.all(), (0..50).map(|n| 2 * n + 1).collect::<Vec<_>>(), "{spread:?}");
        assert_eq!(other.all().concat().len(), 50, "{spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_workers_shares_one_partition() {
    let dispatcher = PartitionDispatcher::new(1, |_: &u64| Some(0));
    let (source, work) = (paused(100, dispatcher), Work::new());
    let options = SubscribeOptions::default().partition(0);
    let builder = pool::builder(work.handler(), settings(4, Spread::Workers)).options(options);
    let pool = builder.spawn(&source.producer());
    source.producer().resume().unwrap();
    assert_eq!(end_of(&pool).await, Reason::Finished);
    assert_eq!(work.sorted(), (0..100).collect::<Vec<_>>());
    assert_eq!(work.peak.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_names_no_partition_ends_with_an_error_that_lists_them() {
    let source = paused(100, PartitionDispatcher::by_key(4, |event: &u64| *event));
    let pool = Pool::spawn(source.producer(), Work::new().handler(), settings(4, Spread::Workers));
    let reason = end_of(&pool).await;
    assert_eq!(reason, Reason::Refused(SubscribeError::NoPartition { partitions: "0 to 3".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn a_pool_with_a_selector_handles_only_the_events_it_selects() {
    let (source, work) = (paused(90, BroadcastDispatcher::new()), Work::new());
    let thirds = SubscribeOptions::default().selector(|event: &u64| event.is_multiple_of(3));
    let builder = pool::builder(work.handler(), settings(4, Spread::Workers)).options(thirds);
    let pool = builder.spawn(&source.producer());
    sleep(MS).await;
    source.producer().resume().unwrap();
    assert_eq!(end_of(&pool).await, Reason::Finished);
    assert_eq!(work.sorted(), (0..90).step_by(3).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_pool_with_a_weight_gets_as_many_events_a_turn() {
    // Both ask before there is a producer, so it knows both when events come.
    let (reserved, work) = (ProducerRef::reserve("reserved"), Work::new());
    let settings = PoolSettings { limits: limits(100, 0), ..PoolSettings::workers(1) };
    let heavy = SubscribeOptions::default().weight(3);
    let pool = pool::builder(work.handler(), settings).options(heavy).spawn(&reserved);
    let (other, consumer) = collecting(Duration::ZERO, &reserved, limits(100, 0));
    sleep(MS).await;
    stage::producer(Numbers::below(40)).dispatcher(FairDispatcher::new()).register(&reserved).spawn();
    end_of(&pool).await;
    consumer.join().await;
    assert_eq!((work.done.len(), other.all().concat().len()), (30, 10));
}

/// Fails after one event.
struct Breaks(bool);

impl Producer for Breaks {
    type Event = u64;

    async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
        std::mem::replace(&mut self.0, false).then(|| vec![7])
    }

    fn exit_reason(&mut self) -> Reason {
        Reason::failed("the disk is full")
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_waits_for_a_successor_unless_its_cancel_mode_ends_it_with_its_producer() {
    let modes =
        [(None, false), (Some(CancelMode::Permanent), true), (Some(CancelMode::Resubscribe), false)];
    for (cancel, ends) in modes {
        let (reserved, work) = (ProducerRef::reserve("reserved"), Work::new());
        let mut builder = pool::builder(work.handler(), settings(2, Spread::Workers));
        if let Some(cancel) = cancel {
            builder = builder.options(SubscribeOptions::default().cancel(cancel));
        }
        let pool = builder.spawn(&reserved);
        stage::producer(Breaks(true)).register(&reserved).spawn();
        sleep(10 * MS).await;
        let second = stage::producer(Numbers::below(10)).register(&reserved).spawn();
        if ends {
            assert_eq!(end_of(&pool).await, Reason::failed("the disk is full"));
            second.stop();
            assert_eq!(work.sorted(), [7]);
        } else {
            assert_eq!(end_of(&pool).await, Reason::Finished);
            assert_eq!(work.sorted(), [0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9], "{cancel:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_next_producer_broadcasts_still_handles_each_event_once() {
    let (reserved, work) = (ProducerRef::reserve("reserved"), Work::new());
    let pool = Pool::spawn(reserved.clone(), work.handler(), settings(4, Spread::Workers));
    stage::producer(Breaks(true)).register(&reserved).spawn();
    sleep(10 * MS).await;
    let second =
        stage::producer(Numbers::below(100)).dispatcher(BroadcastDispatcher::new()).register(&reserved);
    second.spawn();
    assert_eq!(end_of(&pool).await, Reason::Finished);
    assert_eq!(work.sorted().len(), 101);
}
