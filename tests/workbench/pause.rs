//! The pause, and what the components say of themselves.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir::shutdown::Drained;
use weir::workbench::{Component, Workbench};

use super::{HALF, drained, enqueue};
use crate::support::bench;

/// The history's marks as text.
fn marks(bench: &Workbench) -> Vec<String> {
    bench.recent_history().marks.into_iter().map(|mark| mark.text).collect()
}

#[tokio::test(start_paused = true)]
async fn while_paused_events_queue_up_and_a_resume_goes_on_in_order() {
    let bench = bench(&[]);
    // The consumer asks.
    sleep(HALF).await;
    bench.pause().await;
    enqueue(&bench, 10).await;
    sleep(20 * HALF).await;
    let snapshot = bench.snapshot();
    let [queue, consumers] = &snapshot.components[..] else { panic!("{:?}", snapshot.components) };
    assert!(snapshot.paused);
    assert_eq!((queue.state.as_str(), consumers.state.as_str()), ("paused", "running"));
    // One had been asked for before the pause: it has left the queue, and is
    // kept at the gate.
    assert_eq!((snapshot.queue.depth, snapshot.queue.at_gate), (10, 1));
    assert_eq!((queue.buffered, queue.events_out), (1, 0));
    assert_eq!((consumers.events_in, snapshot.resource.calls, snapshot.consumers.held), (0, 0, 0));
    assert_eq!((snapshot.ledger.held, snapshot.ledger.unaccounted), (10, 0));
    bench.resume();
    sleep(3 * HALF + HALF / 2).await;
    assert!(!bench.snapshot().paused);
    let left: Vec<_> = bench.drain(Duration::ZERO).await.left_over;
    let left: Vec<_> = left.iter().map(|left| (left.place, left.ids.as_slice())).collect();
    assert_eq!(left, [("in the queue", &[5, 6, 7, 8, 9, 10][..]), ("with consumers", &[4])]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_lets_consumers_finish_what_they_have() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    enqueue(&bench, 20).await;
    sleep(HALF / 2).await;
    bench.pause().await;
    sleep(20 * HALF).await;
    // Each had three, and of the asks since then none is answered.
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.ledger.done, snapshot.queue.depth, snapshot.consumers.busy), (6, 14, 0));
    assert_eq!((snapshot.components[0].buffered, snapshot.components[1].asked), (0, 6));
    bench.resume();
    assert_eq!(drained(&bench, HALF).await.ledger.done, 20);
}

#[tokio::test(start_paused = true)]
async fn pausing_and_resuming_twice_is_doing_it_once() {
    let bench = bench(&[]);
    sleep(HALF).await;
    bench.resume();
    bench.pause().await;
    bench.pause().await;
    enqueue(&bench, 3).await;
    sleep(HALF).await;
    bench.resume();
    bench.resume();
    // Before the stage has heard of the resume.
    bench.pause().await;
    sleep(10 * HALF).await;
    let snapshot = bench.snapshot();
    assert!(snapshot.paused);
    assert_eq!((snapshot.resource.calls, snapshot.ledger.held), (1, 2));
    bench.resume();
    assert_eq!(drained(&bench, HALF).await.ledger.done, 3);
    assert_eq!(
        marks(&bench),
        ["pipelined paused", "pipelined resumed", "pipelined paused", "pipelined resumed"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_while_paused_finishes_everything_and_cannot_be_paused() {
    let bench = bench(&[]);
    bench.pause().await;
    enqueue(&bench, 5).await;
    let draining = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.drain(100 * HALF).await })
    };
    bench.shutdown().stopping().await;
    bench.pause().await;
    let report = draining.await.unwrap();
    assert_eq!((report.drained, report.took, report.lost()), (Drained::Completely, 5 * HALF, 0));
    assert!(bench.components().iter().all(|stage| stage.state == "ended"), "{:?}", bench.components());
}

#[tokio::test(start_paused = true)]
async fn the_counts_and_busy_times_of_stages_are_exact() {
    for (mode, source) in [
        ("workers", "crates/weir-stage/src/pool/worker.rs"),
        ("per_event", "crates/weir-stage/src/pool/per_event.rs"),
    ] {
        let bench = bench(&["consumers.concurrency=2", &format!("consumers.mode={mode}")]);
        sleep(2 * HALF).await;
        enqueue(&bench, 10).await;
        // Two rounds of two are finished, and the third has begun.
        sleep(2 * HALF + HALF / 2).await;
        let figures = || -> Vec<_> {
            let of = |stage: &Component| (stage.events_in, stage.events_out, stage.held, stage.busy_s);
            bench.components().iter().map(of).collect()
        };
        // The source has waited for the first event; then it never had to.
        assert_eq!(figures(), [(0, 6, 0, 1.0), (6, 0, 2, 2.0)], "{mode}");
        drained(&bench, HALF / 2).await;
        assert_eq!(figures(), [(0, 10, 0, 1.0), (10, 0, 0, 5.0)], "{mode}");
        let [queue, consumers] = &bench.components()[..] else { panic!("there are two stages") };
        let face = |stage: &Component| (stage.name.clone(), stage.kind.clone(), stage.source.clone());
        let owned = |parts: [&str; 3]| (parts[0].into(), parts[1].into(), parts[2].into());
        assert_eq!(face(queue), owned(["queue", "producer", "crates/weir-parts/src/pipeline/source.rs"]));
        assert_eq!(face(consumers), owned(["consumers", "pool", source]));
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(root.join(&queue.source).exists() && root.join(source).exists());
        // A reset is about the modes' numbers: stages count from the start.
        bench.reset();
        assert_eq!(figures(), [(0, 10, 0, 1.0), (10, 0, 0, 5.0)], "{mode}");
    }
}
