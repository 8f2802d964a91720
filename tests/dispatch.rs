//! Dispatchers in running stages, under virtual time and on two threads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::sleep;
use weir::demand::Limits;
use weir::dispatch::{BroadcastDispatcher, FairDispatcher, PartitionDispatcher};
use weir::stage::{self, ProducerRef, RunningConsumer, SubscribeOptions};

use crate::support::{Collect, Numbers, Seen};

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
async fn a_selector_gets_its_events_and_holds_nobody_up() {
    let broadcast = stage::producer(Numbers::below(100)).dispatcher(BroadcastDispatcher::new()).spawn();
    broadcast.producer().pause().await.unwrap();
    let thirds: SubscribeOptions<u64> =
        SubscribeOptions { selector: Some(Arc::new(|event| event % 3 == 0)), ..limits(5, 0).into() };
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
            let options = SubscribeOptions { partition: Some(partition.into()), ..limits(50, 20).into() };
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
    let of =
        |partition: usize| SubscribeOptions { partition: Some(partition.into()), ..limits(20, 10).into() };
    let (even, first) = collect(&partitioned.producer(), of(0));
    let doomed: Vec<u64> = partitioned.producer().subscribe(of(1)).take(7).collect().await;
    let odd: Vec<u64> = partitioned.producer().subscribe(of(1)).collect().await;
    first.join().await;
    assert_eq!([doomed, odd].concat(), (0..100).map(|n| 2 * n + 1).collect::<Vec<_>>());
    assert_eq!(even.all().concat(), (0..100).map(|n| 2 * n).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_fair_producer_shares_what_the_default_gives_to_one() {
    // They ask before there is anybody to answer, so all of them are known when
    // the first event is.
    let seat = ProducerRef::vacant("fair");
    let consumers: Vec<_> = [1000, 300, 500].map(|max| collect(&seat, limits(max, 0).into())).into();
    sleep(MS).await;
    stage::producer(Numbers::below(300)).dispatcher(FairDispatcher::new()).at(&seat).spawn();
    let mut shares = Vec::new();
    for (batches, consumer) in consumers {
        consumer.join().await;
        shares.push(batches.all().concat().len());
    }
    assert_eq!(shares, [100, 100, 100]);
}
