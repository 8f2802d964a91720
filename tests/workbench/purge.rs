//! The purge: what waits is dropped, what has left the queue is finished, and the
//! ledger balances.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir::record::Mode;
use weir::workbench::Purged;

use super::{HALF, drained, enqueue, request};
use crate::support::bench;

#[tokio::test(start_paused = true)]
async fn a_purge_drops_what_waits_and_what_has_left_the_queue_is_finished() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    enqueue(&bench, 20).await;
    sleep(HALF / 2).await;
    assert_eq!(bench.purge().await.unwrap(), Purged { dropped: 14, held: 6 });
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.depth, snapshot.ledger.dropped, snapshot.ledger.held), (0, 14, 6));
    assert_eq!(snapshot.ledger.unaccounted, 0);
    assert_eq!(bench.purge().await.unwrap(), Purged { dropped: 0, held: 6 });
    // Requests go on to be accepted and worked on.
    enqueue(&bench, 1).await;
    let ledger = drained(&bench, HALF).await.ledger;
    assert_eq!((ledger.accepted, ledger.done, ledger.dropped, ledger.unaccounted), (21, 7, 14, 0));
    let marks = bench.recent_history().marks;
    let marks: Vec<&str> = marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(marks, ["queue emptied: 14 events dropped"], "an empty queue leaves no mark");
}

#[tokio::test(start_paused = true)]
async fn a_purge_works_while_the_pipeline_is_paused() {
    let bench = bench(&[]);
    sleep(HALF).await;
    bench.pause().await;
    enqueue(&bench, 10).await;
    sleep(HALF).await;
    // The consumer had asked for one before the pause: it waits at the gate.
    assert_eq!(bench.purge().await.unwrap(), Purged { dropped: 9, held: 1 });
    assert!(bench.snapshot().paused);
    bench.resume();
    let ledger = drained(&bench, HALF).await.ledger;
    assert_eq!((ledger.done, ledger.dropped, ledger.unaccounted), (1, 9, 0));
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_for_a_place_get_one_when_the_queue_is_purged() {
    let settings = ["queue.capacity=2", "queue.when_full=wait", "queue.wait_timeout=1h"];
    let bench = bench(&[&settings[..], &["consumers.concurrency=0"]].concat());
    enqueue(&bench, 2).await;
    let waits = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { request(&bench, Mode::Pipelined).await })
    };
    sleep(Duration::from_millis(1)).await;
    assert_eq!(bench.purge().await.unwrap(), Purged { dropped: 2, held: 0 });
    waits.await.unwrap().unwrap();
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.queue.depth, snapshot.ledger.accepted, snapshot.ledger.unaccounted), (1, 3, 0));
}

#[test]
fn a_purge_says_how_many_events_it_dropped_and_how_many_it_left() {
    let said = |dropped, held| Purged { dropped, held }.to_string();
    assert_eq!(said(0, 0), "0 waiting events dropped");
    assert_eq!(said(1, 0), "1 waiting event dropped");
    assert_eq!(said(999, 1), "999 waiting events dropped; 1 event had left the queue and will be finished");
    assert_eq!(said(9, 3), "9 waiting events dropped; 3 events had left the queue and will be finished");
}
