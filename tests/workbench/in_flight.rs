//! The limit on async events in flight.

use tokio::time::sleep;
use weir::record::Mode;
use weir::workbench::{Refusal, TooMany};

use super::{HALF, drained, request};
use crate::support::{bench, reconfigure};

#[tokio::test(start_paused = true)]
async fn async_refuses_the_event_after_the_limit_and_leaves_the_resource_alone() {
    let bench = bench(&["async.max_in_flight=3", "resource.max_concurrent=10", "resource.on_full=reject"]);
    for _ in 0..3 {
        request(&bench, Mode::Async).await.unwrap();
    }
    let refusal = request(&bench, Mode::Async).await.unwrap_err();
    assert_eq!(refusal, Refusal::TooMany(TooMany { limit: 3 }));
    assert_eq!(
        refusal.to_string(),
        "async is full: all 3 events that may be in flight are (async.max_in_flight)"
    );
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.modes.asynchronous.refused, snapshot.ledger.rejected), (1, 1));
    assert_eq!((snapshot.resource.refused, snapshot.resource.in_use, snapshot.queue.refused), (0, 3, 0));
    // Serial and pipelined have limits of their own.
    request(&bench, Mode::Pipelined).await.unwrap();
    sleep(2 * HALF).await;
    request(&bench, Mode::Async).await.unwrap();
    assert_eq!(drained(&bench, HALF).await.ledger.unaccounted, 0);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_async_changes_while_events_are_in_flight() {
    let bench = bench(&[]);
    for _ in 0..5 {
        request(&bench, Mode::Async).await.unwrap();
    }
    reconfigure(&bench, &["async.max_in_flight=5"]).await;
    assert_eq!(request(&bench, Mode::Async).await, Err(Refusal::TooMany(TooMany { limit: 5 })));
    reconfigure(&bench, &["async.max_in_flight=6"]).await;
    request(&bench, Mode::Async).await.unwrap();
    reconfigure(&bench, &["async.max_in_flight=1"]).await;
    assert_eq!(bench.snapshot().resource.in_use, 6);
    assert_eq!(request(&bench, Mode::Async).await, Err(Refusal::TooMany(TooMany { limit: 1 })));
    reconfigure(&bench, &[]).await;
    request(&bench, Mode::Async).await.unwrap();
    assert_eq!(drained(&bench, HALF).await.ledger.done, 7);
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_for_a_full_resource_are_in_flight_too() {
    let bench = bench(&["async.max_in_flight=3", "resource.max_concurrent=1"]);
    let mut refused = 0;
    for _ in 0..5 {
        refused += usize::from(request(&bench, Mode::Async).await.is_err());
    }
    sleep(HALF / 2).await;
    let snapshot = bench.snapshot();
    assert_eq!((refused, snapshot.resource.in_use, snapshot.resource.waiting), (2, 1, 2));
    assert_eq!(drained(&bench, HALF).await.ledger.done, 3);
}
