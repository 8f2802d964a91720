//! Producer to consumer, no-op work: events a second, as a ratio to bare tokio
//! channels in the same run.
//!
//! | `max_demand` | peer | budget |
//! |---|---|---|
//! | 1000 | `mpsc` moving `Vec`s of the same batch size | 0.6 |
//! | 1000 | `mpsc` moving single events | 10 |
//! | 1 | a request and a reply over two `mpsc` channels | 0.5 |
//!
//! The aim in every row is ten times GenStage. A ratio of 1 means that the demand
//! protocol costs nothing beside the channel that carries it.

mod support;

use std::time::Duration;

use tokio::sync::mpsc;
use weir::demand::Limits;
use weir::stage;

use self::support::{Count, Row, Table, Touch, timed, touch_batches, touch_singles};

fn main() {
    for mut table in Table::pair("producer to consumer") {
        let row = Row::new("1000, to mpsc of Vecs of 500", 40_000_000, 34.0);
        table.row(&row, |n| stages(n, 1000, 500), |n| batches(n, 500));
        let row = Row::new("1000, to mpsc one by one", 5_000_000, 34.0);
        table.row(&row, |n| stages(n, 1000, 500), singles);
        let row = Row::new("100, to mpsc of Vecs of 50", 10_000_000, 22.0);
        table.row(&row, |n| stages(n, 100, 50), |n| batches(n, 50));
        let row = Row::new("10, to mpsc of Vecs of 5", 2_000_000, 3.6);
        table.row(&row, |n| stages(n, 10, 5), |n| batches(n, 5));
        let row = Row::new("1, to request and reply", 500_000, 0.71);
        table.row(&row, |n| stages(n, 1, 0), ping_pong);
    }
}

async fn stages(events: u64, max: usize, min: usize) -> Duration {
    let limits = Limits::new(max, min).expect("valid limits");
    let work = async move {
        let producer = stage::producer(Count::below(events)).spawn();
        stage::consumer(Touch::default()).subscribe_to(&producer.producer(), limits).spawn().join().await
    };
    timed(work).await
}

async fn batches(events: u64, size: usize) -> Duration {
    let (sender, receiver) = mpsc::channel(2);
    let work = async move {
        let producer = tokio::spawn(async move {
            let mut count = Count::below(events);
            while let Some(batch) = count.next(size) {
                sender.send(batch).await.expect("the receiver lives");
            }
        });
        (touch_batches(receiver).await, producer.await)
    };
    timed(work).await
}

async fn singles(events: u64) -> Duration {
    let (sender, receiver) = mpsc::channel(1000);
    let work = async move {
        let producer = tokio::spawn(async move {
            for event in 0..events {
                sender.send(event).await.expect("the receiver lives");
            }
        });
        (touch_singles(receiver).await, producer.await)
    };
    timed(work).await
}

async fn ping_pong(events: u64) -> Duration {
    let (ask, mut asked) = mpsc::channel::<usize>(1);
    let (reply, mut replies) = mpsc::channel::<u64>(1);
    let work = async move {
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
        (touched, producer.await)
    };
    timed(work).await
}
