//! Events that a producer had emitted and not delivered when it was killed.

use std::sync::Mutex;

use super::*;
use crate::support::{limits, silent};

#[tokio::test(start_paused = true)]
async fn a_killed_producer_hands_over_what_it_had_not_delivered_in_order() {
    let rescued = Arc::new(Mutex::new(Vec::new()));
    for paused in [false, true] {
        let kept = Arc::clone(&rescued);
        let builder = silent::<u64>().rescue(move |events| *kept.lock().unwrap() = events);
        let source = if paused { builder.paused() } else { builder }.spawn();
        let from = source.producer();
        let (sink, _, done) = Cursor::default().sink(&from, CancelMode::Temporary, SECOND);
        let tree = patient(Strategy::OneForOne).child(sink.grace(Grace::Kill)).spawn().unwrap();
        settle().await;
        from.emit((0..20).collect()).await.unwrap();
        settle().await;
        // Unless paused, it has begun 0 to 4 and has 5 to 9 in advance, which go back.
        tree.terminate("sink").await.unwrap();
        settle().await;
        source.abort();
        settle().await;
        let first = if paused { 0 } else { 5 };
        assert_eq!(*rescued.lock().unwrap(), (first..20).collect::<Vec<_>>(), "paused: {paused}");
        assert_eq!((source.status().dropped, done.len()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn events_given_back_to_a_producer_that_is_already_killed_are_handed_over_as_well() {
    let rescued = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&rescued);
    let source = silent::<u64>().rescue(move |events| *kept.lock().unwrap() = events).spawn();
    let subscription = source.producer().subscribe(limits(4, 0));
    settle().await;
    source.producer().emit((0..10).collect()).await.unwrap();
    settle().await;
    // Both happen before the source's task runs again.
    drop(subscription);
    source.abort();
    settle().await;
    assert_eq!(*rescued.lock().unwrap(), (0..10).collect::<Vec<_>>());
}
