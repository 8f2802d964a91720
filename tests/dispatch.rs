//! Dispatchers in running stages, under virtual time and on two threads.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::sleep;
use weir::demand::Limits;
use weir::dispatch::{BroadcastDispatcher, FairDispatcher, PartitionDispatcher};
use weir::pool::{Pool, PoolSettings};
use weir::stage::{self, ProducerRef, Reason, RunningConsumer, SubscribeOptions};

use crate::support::{Collect, Logs, Numbers, Seen};

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

fn collect(
    producer: &ProducerRef<u64>,
    options: SubscribeOptions<u64>,
) -> (Seen<Vec<u64>>, RunningConsumer<u64>) {
    let collect = Collect::slowly(MS);
    let batches = collect.batches.clone();
    (batches, stage::consumer(collect).subscribe_to(producer, options).spawn())
}

#[tokio::test(start_paused = true)]
async fn a_selector_gets_its_events_and_delays_no_other_consumer() {
    let broadcast = stage::producer(Numbers::below(100)).dispatcher(BroadcastDispatcher::new()).spawn();
    broadcast.producer().pause().await.unwrap();
    let thirds: SubscribeOptions<u64> =
        SubscribeOptions::from(limits(5, 0)).selector(|event| event % 3 == 0);
    let (some, first) = collect(&broadcast.producer(), thirds);
    let (all, second) = collect(&broadcast.producer(), limits(10, 0).into());
    broadcast.producer().resume().unwrap();
    first.join().await;
    second.join().await;
    assert_eq!(some.all().concat(), (0..100).step_by(3).collect::<Vec<_>>());
    assert_eq!(all.all().concat(), (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_without_a_partition_is_refused_with_the_reason() {
    let dispatcher = PartitionDispatcher::by_key(4, |event: &u64| *event);
    let partitioned = stage::producer(Numbers::below(10)).dispatcher(dispatcher).spawn();
    let (_, consumer) = collect(&partitioned.producer(), limits(10, 0).into());
    let expected = "refused: the subscription names no partition; there are 0 to 3";
    assert_eq!(consumer.join().await.to_string(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_keep_the_order_of_each_key_and_lose_nothing() {
    let dispatcher = PartitionDispatcher::by_key(3, |event: &u64| event % 10);
    let partitioned = stage::producer(Numbers::below(20_000)).dispatcher(dispatcher).spawn();
    let readers: Vec<_> = (0..3)
        .map(|partition| {
            let options = SubscribeOptions::from(limits(50, 20)).partition(partition);
            tokio::spawn(partitioned.producer().subscribe(options).collect::<Vec<u64>>())
        })
        .collect();
    let mut by_key: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for reader in readers {
        for event in reader.await.unwrap() {
            by_key.entry(event % 10).or_default().push(event);
        }
    }
    assert_eq!(by_key.len(), 10);
    for (key, events) in by_key {
        assert_eq!(events, (0..2000).map(|n| n * 10 + key).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_whose_consumer_dies_goes_on_where_it_was() {
    let dispatcher = PartitionDispatcher::new(2, |event: &u64| Some((event % 2) as usize));
    let partitioned = stage::producer(Numbers::below(200)).dispatcher(dispatcher).spawn();
    let of = |partition: usize| SubscribeOptions::from(limits(20, 10)).partition(partition);
    let (even, first) = collect(&partitioned.producer(), of(0));
    let doomed: Vec<u64> = partitioned.producer().subscribe(of(1)).take(7).collect().await;
    let odd: Vec<u64> = partitioned.producer().subscribe(of(1)).collect().await;
    first.join().await;
    assert_eq!([doomed, odd].concat(), (0..100).map(|n| 2 * n + 1).collect::<Vec<_>>());
    assert_eq!(even.all().concat(), (0..100).map(|n| 2 * n).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_fair_producer_shares_what_the_default_gives_to_one() {
    // They ask before the producer runs, so it knows all of them when it makes the first
    // event.
    let reserved = ProducerRef::reserve("fair");
    let consumers: Vec<_> = [1000, 300, 500].map(|max| collect(&reserved, limits(max, 0).into())).into();
    sleep(MS).await;
    stage::producer(Numbers::below(300)).dispatcher(FairDispatcher::new()).register(&reserved).spawn();
    let mut shares = Vec::new();
    for (batches, consumer) in consumers {
        consumer.join().await;
        shares.push(batches.all().concat().len());
    }
    assert_eq!(shares, [100, 100, 100]);
}

/// Sends events to consumers with these names and limits, and returns the warnings.
async fn warnings(consumers: &[(&str, usize)]) -> Vec<String> {
    let logs = Logs::capture();
    let reserved = ProducerRef::reserve("reserved");
    let consumers: Vec<_> = consumers
        .iter()
        .map(|&(name, max)| {
            let collect = stage::consumer(Collect::slowly(MS)).named(name);
            collect.subscribe_to(&reserved, limits(max, 0)).spawn()
        })
        .collect();
    sleep(MS).await;
    stage::producer(Numbers::below(300)).named("queue").register(&reserved).spawn();
    for consumer in consumers {
        consumer.join().await;
    }
    logs.take()
}

#[tokio::test(start_paused = true)]
async fn one_warning_names_the_consumer_that_gets_most_events_and_what_the_others_ask_for() {
    assert_eq!(
        warnings(&[("worker-1", 1), ("worker-2", 1), ("worker-3", 10)]).await,
        ["WARN: consumer `worker-3` asks for 10 events; the others on `queue` ask for 1, so it will get \
          most of them"]
    );
    assert_eq!(
        warnings(&[("a", 40), ("b", 2), ("c", 5)]).await,
        ["WARN: consumer `a` asks for 40 events; the others on `queue` ask for at most 5, so it will get \
          most of them"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_single_consumer_and_consumers_that_ask_alike_are_not_warned_of() {
    assert_eq!(warnings(&[("alone", 1000)]).await, Vec::<String>::new());
    assert_eq!(warnings(&[("a", 1000), ("b", 1000), ("c", 700)]).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_workers_all_come_to_ask_for_more_is_not_warned_of() {
    let logs = Logs::capture();
    let numbers = stage::producer(Numbers::below(20_000)).spawn();
    let settings = |max| PoolSettings { limits: limits(max, 0), ..PoolSettings::workers(50) };
    let pool = Pool::spawn(numbers.producer(), |_event| sleep(MS), settings(1));
    for max in [10, 1, 1000, 1] {
        sleep(5 * MS).await;
        pool.resize(settings(max)).await;
    }
    pool.ended().await;
    assert_eq!(logs.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_middle_stage_whose_dispatcher_breaks_tells_its_consumers_why_and_gives_back() {
    let numbers = stage::producer(Numbers::below(20)).spawn();
    let choose = |event: &u64| (*event < 5).then_some(0).or_else(|| panic!("no partition for {event}"));
    let middle = stage::producer_consumer_fn(std::future::ready::<Vec<u64>>)
        .subscribe_to(&numbers.producer(), limits(10, 5))
        .dispatcher(PartitionDispatcher::new(1, choose))
        .spawn();
    let (_, consumer) = collect(&middle.producer(), SubscribeOptions::from(limits(10, 5)).partition(0));
    let why = Reason::Panicked("no partition for 5".to_owned());
    assert_eq!((middle.join().await, consumer.join().await), (why.clone(), why));
    // Of two batches of five the second is lost, and what it had prefetched is not.
    let (rest, consumer) = collect(&numbers.producer(), limits(20, 0).into());
    consumer.join().await;
    assert_eq!(rest.all().concat(), (10..20).collect::<Vec<_>>());
}
