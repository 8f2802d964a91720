//! Three stages in a chain, producer, producer-consumer and consumer: events a
//! second, as a ratio to three tasks with two `mpsc` channels that move `Vec`s of
//! the same batch size, in the same run.
//!
//! The middle adds one to each event, in the allocation in which it came, on both
//! sides. The aim is ten times GenStage; a stage in the middle talks to both its
//! neighbours, so the ratio is that of producer to consumer or a little less.

mod support;

use std::time::Duration;

use tokio::sync::mpsc;
use weir::demand::Limits;
use weir::stage::{self, ProducerConsumer};

use self::support::{Count, Row, Table, Touch, timed, touch_batches};

fn main() {
    for mut table in Table::pair("chain of three") {
        for (max, events, genstage) in
            [(1000, 20_000_000, Some(22.0)), (100, 5_000_000, None), (10, 1_000_000, None)]
        {
            let limits = Limits::with_max(max).expect("at least 1");
            let row = Row::new(format!("{max}, to mpsc of Vecs of {}", limits.batch()), events, genstage);
            table.row(&row, |n| stages(n, limits), |n| tasks(n, limits.batch()));
        }
    }
}

struct AddOne;

impl ProducerConsumer for AddOne {
    type In = u64;
    type Out = u64;

    async fn process(&mut self, events: Vec<u64>) -> Vec<u64> {
        add_one(events)
    }
}

fn add_one(events: Vec<u64>) -> Vec<u64> {
    events.into_iter().map(|event| event + 1).collect()
}

async fn stages(events: u64, limits: Limits) -> Duration {
    let work = async move {
        let first = stage::producer(Count::below(events)).spawn();
        let middle = stage::producer_consumer(AddOne).subscribe_to(&first.producer(), limits).spawn();
        stage::consumer(Touch::default()).subscribe_to(&middle.producer(), limits).spawn().join().await
    };
    timed(work).await
}

async fn tasks(events: u64, size: usize) -> Duration {
    let (first, mut to_middle) = mpsc::channel(2);
    let (middle, to_last) = mpsc::channel(2);
    let work = async move {
        tokio::spawn(async move {
            let mut count = Count::below(events);
            while let Some(batch) = count.next(size) {
                first.send(batch).await.expect("the receiver lives");
            }
        });
        tokio::spawn(async move {
            while let Some(batch) = to_middle.recv().await {
                middle.send(add_one(batch)).await.expect("the receiver lives");
            }
        });
        touch_batches(to_last).await
    };
    timed(work).await
}
