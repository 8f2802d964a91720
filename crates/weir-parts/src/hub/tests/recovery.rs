//! Failures of shards, of the numbering stage and of sinks.

use std::io::ErrorKind;

use tokio::time::{Duration, sleep};
use weir_stage::stage::Reason;

use super::super::{LeftReason, Since};
use super::support::{Bench, MS, POISON};

const ROOMY: usize = usize::MAX;

#[tokio::test(start_paused = true)]
async fn an_encoder_that_panics_costs_the_watchers_one_event_and_they_are_sent_a_gap() {
    let bench = Bench::new(|builder| builder);
    let watcher = bench.join(ROOMY, Since::Snapshot).await;
    let slow = bench.join(5, Since::Snapshot).await;
    bench.publish(3).await;
    bench.publish.send(POISON).await.unwrap();
    sleep(MS).await;
    bench.publish(3).await;
    slow.sink.allow(ROOMY);
    sleep(MS).await;
    for watcher in [watcher, slow] {
        let read = watcher.read();
        assert_eq!((read.events, read.missed, read.next), (6, 1, 7));
    }
    let figures = bench.hub.figures();
    assert_eq!((figures.shards[0].restarts, figures.watchers()), (1, 2));
    let ledger = figures.deliveries();
    assert_eq!((ledger.sent, ledger.delivered, ledger.dropped, ledger.unaccounted()), (14, 12, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_killed_shard_keeps_its_watchers_and_those_of_other_shards_notice_nothing() {
    let bench = Bench::new(|builder| builder.shards(2));
    let (mine, other) = (bench.join(ROOMY, Since::Now).await, bench.join(ROOMY, Since::Now).await);
    bench.publish(5).await;
    bench.hub.supervisor().kill("shard-0").await.unwrap();
    bench.publish(5).await;
    assert_eq!((other.read().events, other.read().missed), (10, 0));
    assert_eq!(mine.read().next, 10);
    assert_eq!(bench.hub.figures().deliveries().unaccounted(), 0);
    assert!(bench.left.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_fails_by_itself_closes_its_watchers_and_takes_new_ones() {
    let bench = Bench::new(|builder| builder);
    let old = bench.join(2, Since::Now).await;
    bench.publish(5).await;
    bench.hub.crash(0).unwrap();
    sleep(MS).await;
    assert!(old.sink.is_shut());
    assert_eq!(bench.reasons(), [LeftReason::Stopped]);
    let ledger = bench.hub.figures().deliveries();
    assert_eq!((ledger.sent, ledger.closed, ledger.unaccounted()), (5, 5, 0));

    let new = bench.join(ROOMY, Since::Snapshot).await;
    assert_ne!(old.id, new.id, "a name is never used again");
    bench.hub.leave(old.id);
    bench.publish(2).await;
    assert_eq!((new.read().events, new.read().missed), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_killed_numbering_stage_goes_on_with_the_next_number() {
    let bench = Bench::new(|builder| builder.shards(2));
    let watchers = [bench.join(ROOMY, Since::Now).await, bench.join(ROOMY, Since::Now).await];
    bench.publish(5).await;
    bench.hub.supervisor().kill("events").await.unwrap();
    bench.publish(5).await;
    for watcher in watchers {
        assert_eq!((watcher.read().events, watcher.read().missed), (10, 0));
    }
    assert!(bench.hub.figures().is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_hub_whose_shard_fails_too_often_closes_every_watcher() {
    let bench = Bench::new(|builder| builder.shards(2));
    let watchers = [bench.join(ROOMY, Since::Now).await, bench.join(0, Since::Now).await];
    bench.publish(1).await;
    for _ in 0..4 {
        // The supervisor may have given up already.
        _ = bench.hub.crash(0);
        sleep(MS).await;
    }
    assert!(matches!(bench.hub.ended().await, Reason::Failed(_)));
    sleep(MS).await;
    assert!(watchers.iter().all(|watcher| watcher.sink.is_shut()));
    assert_eq!(bench.hub.figures().deliveries().unaccounted(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_reported_with_the_event_to_resume_from() {
    let bench = Bench::new(|builder| builder);
    let watcher = bench.join(14, Since::Now).await;
    bench.publish(4).await;
    watcher.sink.break_with(ErrorKind::ConnectionReset);
    sleep(MS).await;
    let left = bench.left.lock().unwrap()[0];
    assert_eq!((left.reason, left.next), (LeftReason::Failed(ErrorKind::ConnectionReset), 1));
    let ledger = bench.hub.figures().deliveries();
    assert_eq!((ledger.delivered, ledger.closed, ledger.unaccounted()), (1, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_hub_lets_go_of_its_watchers_at_once() {
    let bench = Bench::new(|builder| builder);
    let watcher = bench.join(0, Since::Now).await;
    bench.publish(1).await;
    bench.hub.stop();
    let ended = tokio::time::timeout(Duration::from_secs(1), bench.hub.ended());
    assert_eq!(ended.await, Ok(Reason::Stopped));
    assert!(watcher.sink.is_shut());
    assert_eq!(bench.reasons(), [LeftReason::Stopped]);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_between_two_frames_is_sent_a_last_frame_when_the_hub_stops() {
    let bench = Bench::new(|builder| builder.shards(2));
    let (ready, cut) = (bench.join(ROOMY, Since::Now).await, bench.join(6, Since::Now).await);
    bench.publish(2).await;
    bench.hub.stop();
    bench.hub.ended().await;
    sleep(MS).await;
    assert_eq!((ready.read().events, ready.read().ended), (2, true));
    assert!(cut.read().is_cut && !cut.read().ended, "nothing may follow a frame that is cut");
}
