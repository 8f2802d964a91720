//! Demand near the end of the numbers: no sum of it overflows, stops short or drifts.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::timeout;
use weir::demand::Limits;
use weir::dispatch::{
    BroadcastDispatcher, DemandDispatcher, Dispatcher, FairDispatcher, PartitionDispatcher,
    SubscribeRequest, Tag,
};
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage::{self, CancelMode, SubscribeOptions};

use crate::support::{Collect, Numbers, Seen, settled, silent};

#[derive(Debug, Clone, Copy)]
enum Op {
    Subscribe,
    Ask { who: usize, n: usize },
    Cancel { who: usize },
    Dispatch(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let amount = prop_oneof![
        Just(usize::MAX),
        Just(usize::MAX - 1),
        Just(usize::MAX / 2 + 1),
        0..5_usize,
        any::<usize>(),
    ];
    prop_oneof![
        2 => Just(Op::Subscribe),
        4 => (any::<usize>(), amount).prop_map(|(who, n)| Op::Ask { who, n }),
        2 => any::<usize>().prop_map(|who| Op::Cancel { who }),
        3 => (0..9_u32).prop_map(Op::Dispatch),
    ]
}

/// The subscriptions as the widest numbers count them.
#[derive(Default)]
struct Model(Vec<(Tag, u128)>);

impl Model {
    const MOST: u128 = usize::MAX as u128;

    fn who(&self, who: usize) -> Option<usize> {
        who.checked_rem(self.0.len())
    }

    fn total(&self) -> usize {
        self.0.iter().map(|(_, demand)| demand).sum::<u128>().min(Self::MOST) as usize
    }

    fn least(&self) -> usize {
        self.0.iter().map(|(_, demand)| *demand).min().unwrap_or(0) as usize
    }
}

/// Plays operations on a dispatcher, and expects each level to be `level`.
fn play<D: Dispatcher<u32>>(mut dispatcher: D, ops: &[Op], level: fn(&Model) -> usize) {
    let mut model = Model::default();
    for (consumer, &op) in (0..).zip(ops) {
        match op {
            Op::Subscribe => {
                let tag = Tag::unique();
                let request = SubscribeRequest::new(consumer).partition(model.0.len());
                if dispatcher.subscribe(tag, request).is_ok() {
                    model.0.push((tag, 0));
                }
            }
            Op::Ask { who, n } => {
                let Some(at) = model.who(who) else { continue };
                let (tag, demand) = &mut model.0[at];
                dispatcher.ask(*tag, n);
                *demand = (*demand + n as u128).min(Model::MOST);
            }
            Op::Cancel { who } => {
                // The last one, so that partitions stay in their order.
                let Some((tag, _)) = model.who(who).and_then(|_| model.0.pop()) else { continue };
                dispatcher.cancel(tag);
            }
            Op::Dispatch(n) => {
                let mut assignments = Vec::new();
                let wanted = level(&model).min(n as usize);
                let rest = dispatcher.dispatch((0..n).collect(), &mut assignments);
                assert_eq!(rest.len(), n as usize - wanted, "what was promised is taken");
                for assignment in assignments {
                    let (_, demand) = model.0.iter_mut().find(|(tag, _)| *tag == assignment.to).unwrap();
                    let sent = assignment.events.len() as u128;
                    assert!(sent <= *demand, "{sent} events for a demand of {demand}");
                    *demand -= sent;
                }
            }
        }
        assert_eq!(dispatcher.demand(), level(&model), "after {op:?}");
    }
}

proptest! {
    #[test]
    fn the_level_of_huge_demands_is_exact_or_the_largest_number(ops in vec(op(), 0..40)) {
        play(DemandDispatcher::new(), &ops, Model::total);
        play(FairDispatcher::new(), &ops, Model::total);
        play(BroadcastDispatcher::new(), &ops, Model::least);
    }

    #[test]
    fn a_partition_of_huge_demands_promises_what_it_takes(ops in vec(op(), 0..40)) {
        // Every event to the first partition, which is there as long as any is.
        let mut alone = Vec::new();
        for op in ops {
            // What waits for a partition without a consumer counts against the others.
            if !matches!(op, Op::Cancel { .. }) {
                alone.push(op);
            }
        }
        let asks_of_the_first = |op: Op| match op {
            Op::Ask { n, .. } => Op::Ask { who: 0, n },
            other => other,
        };
        let alone: Vec<_> = alone.into_iter().map(asks_of_the_first).collect();
        play(PartitionDispatcher::new(3, |_| Some(0)), &alone, Model::total);
    }
}

/// Two consumers that ask for all there is, beside one that asks for one event.
async fn greed(dispatcher: impl Dispatcher<u64>, what: &str, each: usize) {
    let numbers = stage::producer(Numbers::below(1000)).dispatcher(dispatcher).paused().spawn();
    let mut all = Vec::new();
    for (partition, limits) in
        [(usize::MAX, 0), (usize::MAX, usize::MAX - 1), (1, 0)].into_iter().enumerate()
    {
        let limits = Limits::new(limits.0, limits.1).unwrap();
        let collect = Collect::quickly();
        let options = SubscribeOptions::from(limits).partition(partition);
        let batches = collect.batches.clone();
        all.push((batches, stage::consumer(collect).subscribe_to(&numbers.producer(), options).spawn()));
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    numbers.producer().resume().unwrap();
    let mut events = 0;
    for (batches, consumer) in all {
        let ended = timeout(Duration::from_secs(60), consumer.join()).await;
        assert!(ended.is_ok(), "{what}: {:?}", numbers.status());
        events += batches.all().concat().len();
    }
    assert_eq!(events, each * 1000, "{what}");
}

#[tokio::test(start_paused = true)]
async fn consumers_that_ask_for_usize_max_share_a_producer_with_others() {
    greed(DemandDispatcher::new(), "demand", 1).await;
    greed(FairDispatcher::new(), "fair", 1).await;
    greed(BroadcastDispatcher::new(), "broadcast", 3).await;
    greed(PartitionDispatcher::by_key(3, |event: &u64| *event), "partition", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_asks_for_usize_max_of_two_producers_and_by_hand_counts_on() {
    let sources = [0, 1].map(|_| stage::producer(Numbers::below(100)).spawn());
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let endless = SubscribeOptions::from(Limits::new(usize::MAX, 0).unwrap()).cancel(CancelMode::Temporary);
    let mut consumer = stage::consumer(collect);
    for source in &sources {
        consumer = consumer.subscribe_to(&source.producer(), endless.clone());
    }
    let consumer = consumer.spawn();
    let manual = silent().spawn();
    let tag = consumer
        .consumer()
        .subscribe(&manual.producer(), SubscribeOptions::manual().cancel(CancelMode::Temporary))
        .await
        .unwrap();
    for _ in 0..3 {
        assert_eq!(consumer.consumer().ask(tag, usize::MAX).await, Ok(true));
    }
    manual.producer().emit((0..100).collect()).await.unwrap();
    settled().await;
    assert_eq!(batches.all().concat().len(), 300);
    let _ = consumer.status();
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_workers_ask_for_usize_max_shows_and_handles_everything() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let numbers = stage::producer(Numbers::below(100)).spawn();
        let done: Seen<u64> = Seen::nothing();
        let seen = done.clone();
        let handler = move |event| {
            seen.add(event);
            std::future::ready(())
        };
        let limits = Limits::new(usize::MAX, 0).unwrap();
        let settings = PoolSettings { concurrency: 4, spread, limits, requeue: true };
        let pool = Pool::spawn(numbers.producer(), handler, settings);
        let _ = pool.status();
        assert!(timeout(Duration::from_secs(60), pool.ended()).await.is_ok(), "{spread:?}");
        assert_eq!(done.len(), 100, "{spread:?}");
    }
}

#[tokio::test]
async fn an_endless_source_that_is_asked_for_usize_max_leaves_the_thread_to_others() {
    let source = stage::from_iter(0..u64::MAX).spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let endless = Limits::new(usize::MAX, 0).unwrap();
    let consumer = stage::consumer(collect).subscribe_to(&source.producer(), endless).spawn();
    while batches.len() == 0 {
        tokio::task::yield_now().await;
    }
    source.abort();
    consumer.abort();
    consumer.join().await;
}
