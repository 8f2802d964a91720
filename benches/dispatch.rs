//! Dispatch to four consumers: source events a second, as a ratio to bare tokio
//! channels that do the same by hand in the same run.
//!
//! | dispatcher | peer |
//! |---|---|
//! | demand, fair | `Vec`s over four `mpsc`, in turns |
//! | broadcast | `Arc<[u64]>`s over four `mpsc`; `tokio::sync::broadcast` one by one |
//! | partition | `Vec`s over four `mpsc`, filled by the hash of each event |
//!
//! The batches of the peers are as large as ours. The aim is ten times GenStage in
//! every row, and a ratio that shows what is left to gain: a hand-made fan-out
//! keeps no account of who wants how much. Broadcast copies events where its peer
//! shares them, so its ratio falls with the size of the batch.

mod support;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{broadcast, mpsc};
use tokio::task::yield_now;
use weir::demand::Limits;
use weir::dispatch::{
    BroadcastDispatcher, DemandDispatcher, Dispatcher, FairDispatcher, PartitionDispatcher,
};
use weir::stage::{self, SubscribeOptions};

use self::support::{Count, Row, Table, Touch, timed, touch_batches};

const CONSUMERS: usize = 4;

fn main() {
    for mut table in Table::pair("dispatch to four") {
        // With GenStage's figures, where it was measured.
        for (max, events, [demand, all, keys]) in [
            (1000, 20_000_000, [Some(47.0), Some(19.0), Some(9.8)]),
            (10, 1_000_000, [Some(5.2), None, None]),
        ] {
            let limits = Limits::with_max(max).expect("at least 1");
            let size = limits.batch();
            let row = |what: &str, genstage| Row::new(format!("{max}, {what}"), events, genstage);
            let batches = |n| in_turns(n, size);
            table.row(&row("demand", demand), |n| stages(n, limits, DemandDispatcher::new()), batches);
            table.row(&row("fair", None), |n| stages(n, limits, FairDispatcher::new()), batches);
            let broadcast = |n| stages(n, limits, BroadcastDispatcher::new());
            table.row(&row("broadcast", all), broadcast, |n| shared(n, size));
            // One by one takes its time, so let it take fewer.
            let row_singly = Row::new(format!("{max}, broadcast one by one"), 500_000, all);
            table.row(&row_singly, broadcast, broadcast_singly);
            let by_hash =
                |n| stages(n, limits, PartitionDispatcher::by_key(CONSUMERS, |event: &u64| *event));
            table.row(&row("partition", keys), by_hash, |n| by_hand(n, size));
        }
    }
}

/// One producer and four consumers; the partition matters to one dispatcher only.
async fn stages(events: u64, limits: Limits, dispatcher: impl Dispatcher<u64>) -> Duration {
    let work = async move {
        // Started when all are there: a broadcast reaches who is subscribed, and
        // the last to come would miss some.
        let producer = stage::producer(Count::below(events)).dispatcher(dispatcher).paused().spawn();
        let consumers = (0..CONSUMERS).map(|partition| {
            let options = SubscribeOptions::from(limits).partition(partition);
            stage::consumer(Touch::default()).subscribe_to(&producer.producer(), options).spawn()
        });
        let consumers: Vec<_> = consumers.collect();
        producer.producer().resume().expect("it runs");
        join_all(consumers.into_iter().map(|consumer| consumer.join())).await
    };
    timed(work).await
}

/// Four tasks, each with a channel of its own.
fn four_tasks<B, F>(task: impl Fn(mpsc::Receiver<B>) -> F) -> (Vec<mpsc::Sender<B>>, impl Future)
where
    F: Future<Output = u64> + Send + 'static,
{
    let (senders, tasks): (Vec<_>, Vec<_>) = (0..CONSUMERS)
        .map(|_| {
            let (sender, receiver) = mpsc::channel(2);
            (sender, tokio::spawn(task(receiver)))
        })
        .unzip();
    (senders, join_all(tasks))
}

async fn in_turns(events: u64, size: usize) -> Duration {
    let work = async move {
        let (senders, done) = four_tasks(touch_batches);
        let mut count = Count::below(events);
        for sender in senders.iter().cycle() {
            let Some(batch) = count.next(size) else { break };
            sender.send(batch).await.expect("the receiver lives");
        }
        drop(senders);
        done.await
    };
    timed(work).await
}

async fn shared(events: u64, size: usize) -> Duration {
    let work = async move {
        let (senders, done) = four_tasks(|mut receiver: mpsc::Receiver<Arc<[u64]>>| async move {
            let mut touch = Touch::default();
            while let Some(batch) = receiver.recv().await {
                touch.touch(&batch);
            }
            touch.sum()
        });
        let mut count = Count::below(events);
        while let Some(batch) = count.next(size) {
            let batch: Arc<[u64]> = batch.into();
            for sender in &senders {
                sender.send(Arc::clone(&batch)).await.expect("the receiver lives");
            }
        }
        drop(senders);
        done.await
    };
    timed(work).await
}

async fn broadcast_singly(events: u64) -> Duration {
    const CAPACITY: usize = 1024;
    let work = async move {
        let (sender, _) = broadcast::channel(CAPACITY);
        let tasks: Vec<_> = (0..CONSUMERS)
            .map(|_| {
                let mut receiver = sender.subscribe();
                tokio::spawn(async move {
                    let mut touched = 0u64;
                    for _ in 0..events {
                        touched = touched.wrapping_add(receiver.recv().await.expect("no receiver lags"));
                    }
                    touched
                })
            })
            .collect();
        for event in 0..events {
            // It overwrites what is slow to be read, so the sender must look.
            while sender.len() == CAPACITY {
                yield_now().await;
            }
            sender.send(event).expect("the receivers live");
        }
        join_all(tasks).await
    };
    timed(work).await
}

async fn by_hand(events: u64, size: usize) -> Duration {
    let work = async move {
        let (senders, done) = four_tasks(touch_batches);
        let mut parts: Vec<Vec<u64>> = (0..CONSUMERS).map(|_| Vec::with_capacity(size)).collect();
        for event in 0..events {
            let mut hasher = DefaultHasher::new();
            event.hash(&mut hasher);
            let at = (hasher.finish() % CONSUMERS as u64) as usize;
            parts[at].push(event);
            if parts[at].len() == size {
                let full = std::mem::replace(&mut parts[at], Vec::with_capacity(size));
                senders[at].send(full).await.expect("the receiver lives");
            }
        }
        for (sender, rest) in senders.iter().zip(parts).filter(|(_, rest)| !rest.is_empty()) {
            sender.send(rest).await.expect("the receiver lives");
        }
        drop(senders);
        done.await
    };
    timed(work).await
}
