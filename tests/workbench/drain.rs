//! Drains: what is finished, what is left, and what an abort does.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir::queue::PushError;
use weir::record::Mode;
use weir::shutdown::Drained;
use weir::workbench::Refusal;

use super::{HALF, enqueue, request};
use crate::support::bench;

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_was_accepted_and_takes_nothing_new() {
    let bench = bench(&["consumers.concurrency=5"]);
    enqueue(&bench, 20).await;
    request(&bench, Mode::Async).await.unwrap();
    let draining = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.drain(10 * HALF).await })
    };
    bench.shutdown().stopping().await;
    assert_eq!(request(&bench, Mode::Pipelined).await, Err(Refusal::Queue(PushError::Closed)));
    assert_eq!(request(&bench, Mode::Serial).await, Err(Refusal::Stopping));
    let report = draining.await.unwrap();
    assert_eq!((report.drained, report.took, report.lost()), (Drained::Completely, 4 * HALF, 0));
    assert_eq!((report.counts.accepted, report.counts.done), (21, 21));
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_runs_out_of_time_reports_every_event_that_was_left() {
    let bench = bench(&["consumers.concurrency=2", "consumers.max_demand=3"]);
    enqueue(&bench, 100).await;
    let report = bench.drain(3 * HALF + HALF / 2).await;
    assert_eq!(report.drained, Drained::DeadlinePassed);
    // Three rounds of two were finished; two run and two are held by each.
    let left: Vec<_> = report.left_over.iter().map(|left| (left.place, left.ids.clone())).collect();
    let ids: Vec<u64> = left.iter().flat_map(|(_, ids)| ids.clone()).collect();
    assert_eq!((report.counts.done, report.counts.failed, ids.len()), (6, 0, 94));
    assert_eq!(report.counts.accepted, 100);
    assert_eq!((left[0].0, left[1].0), ("in the queue", "with consumers"));
    let text = report.to_string();
    assert!(text.contains("accepted 100 = done 6 + failed 0 + dropped 0 + left over 94"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_at_rest_has_nothing_to_wait_for() {
    for concurrency in ["consumers.concurrency=0", "consumers.concurrency=4"] {
        let bench = bench(&[concurrency]);
        let report = bench.drain(100 * HALF).await;
        assert_eq!((report.drained, report.took), (Drained::Completely, Duration::ZERO), "{concurrency}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_without_consumers_does_not_wait_and_says_why_events_are_lost() {
    let bench = bench(&["consumers.concurrency=0"]);
    enqueue(&bench, 3).await;
    let report = bench.drain(100 * HALF).await;
    assert_eq!((report.took, report.lost(), report.counts.accepted), (Duration::ZERO, 3, 3));
    assert!(report.to_string().starts_with("no consumer may work (consumers.concurrency): 3"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_during_a_drain_fails_as_at_any_other_time() {
    let bench = bench(&[]);
    let client = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { request(&bench, Mode::Serial).await })
    };
    enqueue(&bench, 2).await;
    sleep(HALF / 2).await;
    let leaves = async {
        sleep(HALF / 4).await;
        client.abort();
    };
    let (report, ()) = tokio::join!(bench.drain(100 * HALF), leaves);
    assert_eq!((report.drained, report.lost()), (Drained::Completely, 0));
    assert_eq!((report.counts.done, report.counts.failed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_drain_at_once_and_loses_nothing_silently() {
    let bench = bench(&[]);
    enqueue(&bench, 5).await;
    request(&bench, Mode::Async).await.unwrap();
    let draining = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.drain(100 * HALF).await })
    };
    sleep(HALF / 2).await;
    bench.abort();
    let report = draining.await.unwrap();
    assert_eq!((report.drained, report.lost()), (Drained::Aborted, 6));
    let places: Vec<_> = report.left_over.iter().map(|left| (left.place, left.ids.len())).collect();
    assert_eq!(places, [("in the queue", 4), ("with consumers", 1), ("in async tasks", 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_although_a_task_cannot_be_dropped() {
    let bench = bench(&["consumers.concurrency=0"]);
    enqueue(&bench, 2).await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    // Its thread is blocked, so no abort reaches it.
    bench.shutdown().spawn(async move {
        let _ = held.recv();
    });
    let draining = tokio::time::timeout(Duration::from_secs(20), bench.drain(Duration::ZERO));
    let report = draining.await.expect("it is not waited for");
    assert_eq!((report.drained, report.lost()), (Drained::DeadlinePassed, 2));
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_comes_before_the_drain_ends_counts_everything_inside_as_left() {
    let bench = bench(&["consumers.concurrency=2"]);
    enqueue(&bench, 5).await;
    request(&bench, Mode::Async).await.unwrap();
    sleep(HALF / 2).await;
    let report = bench.cut_short(HALF);
    assert_eq!((report.drained, report.lost()), (Drained::DeadlinePassed, 6));
    let places: Vec<_> = report.left_over.iter().map(|left| (left.place, left.count)).collect();
    assert_eq!(places, [("in the queue", 3), ("with consumers", 2), ("in async tasks", 1)]);
    let text = report.to_string();
    assert!(text.contains("accepted 6 = done 0 + failed 0 + dropped 0 + left over 6"), "{text}");
    assert!(text.contains("(3 without an id: too many to collect in time)"), "{text}");
}
