//! A pool of no-op events against a `JoinSet` with the same limit, in both
//! modes. The budget is 80 % of its events a second, the aim ten times GenStage's
//! `ConsumerSupervisor`, which also runs one process an event.

mod support;

use std::time::Duration;

use tokio::task::JoinSet;
use weir::demand::Limits;
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage;

use self::support::{Count, Row, Table, timed};

const EVENTS: u64 = 500_000;

fn main() {
    for mut table in Table::pair("no-op events through a pool") {
        for (concurrency, spread, max_demand, name, genstage) in [
            (50, Spread::PerEvent, 1, "at most 50, one task an event", Some(0.42)),
            (50, Spread::Workers, 1, "at most 50, workers, 1", None),
            (50, Spread::Workers, 20, "at most 50, workers, 20", None),
            (1000, Spread::PerEvent, 1, "at most 1000, one task an event", Some(0.40)),
            (1000, Spread::Workers, 1, "at most 1000, workers, 1", None),
            (1000, Spread::Workers, 20, "at most 1000, workers, 20", None),
        ] {
            let limits = Limits::new(max_demand, 0).expect("valid limits");
            let settings = PoolSettings { concurrency, spread, limits, requeue: true };
            let row = Row::new(name, EVENTS, genstage);
            table.row(&row, |n| through_pool(n, settings), |n| through_join_set(n, concurrency));
        }
    }
}

async fn through_pool(events: u64, settings: PoolSettings) -> Duration {
    let work = async move {
        let producer = stage::producer(Count::below(events)).spawn();
        let handler = async |event: u64| {
            std::hint::black_box(event);
        };
        Pool::spawn(producer.producer(), handler, settings).ended().await
    };
    timed(work).await
}

async fn through_join_set(events: u64, limit: usize) -> Duration {
    let work = async move {
        let mut running = JoinSet::new();
        for event in 0..events {
            if running.len() == limit {
                running.join_next().await;
            }
            running.spawn(async move {
                std::hint::black_box(event);
            });
        }
        while running.join_next().await.is_some() {}
    };
    timed(work).await
}
