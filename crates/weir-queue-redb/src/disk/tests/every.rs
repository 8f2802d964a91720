//! Pushes and settlings that are answered before their commit.

use super::*;
use crate::inspect;

fn every(interval: Duration) -> Options {
    Options { sync: Sync::Every(interval), ..Options::default() }
}

/// Waits until the file, as a kill would leave it, has accepted this number of events.
async fn stored(file: &File, accepted: u64) -> Book {
    loop {
        // A copy that is made during a commit may be torn.
        if let Ok(inspected) = inspect(&file.killed().path)
            && inspected.book.accepted == accepted
        {
            return inspected.book;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_push_is_answered_and_leased_before_its_commit() {
    let file = File::new();
    let queue = file.open_with(every(HOUR));
    assert_eq!(queue.safety(), weir_parts::engine::Safety::Memory);
    assert_eq!(queue.push(b"early".to_vec()).await, Ok(EventId(0)));
    let leased = queue.ask(1).await.unwrap();
    assert_eq!((leased[0].id, leased[0].payload.as_slice()), (EventId(0), &b"early"[..]));
    assert_eq!(queue.book().accepted, 1);
    assert_eq!(inspect(&file.killed().path).unwrap().book.accepted, 0, "nothing is in the file yet");
}

#[tokio::test]
async fn the_interval_is_what_a_kill_takes_and_numbers_never_repeat() {
    let file = File::new();
    let queue = file.open_with(every(Duration::from_millis(1)));
    let kept = queue.push(b"kept".to_vec()).await.unwrap();
    stored(&file, 1).await;
    drop(queue);
    let queue = file.open_with(every(HOUR));
    let lost = queue.push(b"lost".to_vec()).await.unwrap();
    let next = file.killed();
    let queue = next.open();
    assert_eq!(queue.book(), Book { accepted: 1, ..Book::default() }, "the book counts the file");
    let new = queue.push(Vec::new()).await.unwrap();
    assert!(new > lost, "{new:?} after {lost:?}");
    assert_eq!(numbers(&queue.ask(9).await.unwrap()), [kept.0, new.0]);
    assert_eq!(queue.book().accepted, 2);
    drop(queue);
    assert_eq!(verify(&next.path).unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn an_orderly_end_stores_everything_and_leaves_no_gap() {
    let file = File::new();
    let queue = file.open_with(every(HOUR));
    for _ in 0..3 {
        queue.push(b"kept".to_vec()).await.unwrap();
    }
    let leased = queue.ask(1).await.unwrap();
    queue.settle(vec![(leased[0].id, Settle::Done)]).await.unwrap();
    drop(queue);
    let queue = file.open();
    assert_eq!(queue.book(), Book { accepted: 3, done: 1, failed: 0, dropped: 0 });
    assert_eq!(numbers(&queue.ask(9).await.unwrap()), [1, 2]);
    assert_eq!(queue.push(Vec::new()).await, Ok(EventId(3)));
}

#[tokio::test]
async fn a_settling_that_a_kill_has_taken_is_done_again() {
    let file = File::new();
    let queue = file.open();
    queue.push(b"again".to_vec()).await.unwrap();
    drop(queue);
    let queue = file.open_with(every(HOUR));
    let leased = queue.ask(1).await.unwrap();
    queue.settle(vec![(leased[0].id, Settle::Done)]).await.unwrap();
    assert_eq!(queue.book().done, 1);
    let queue = file.killed();
    let queue = queue.open();
    assert_eq!(queue.book().done, 0);
    let leased = queue.ask(1).await.unwrap();
    assert!(leased[0].recovered && leased[0].id == EventId(0));
}

#[tokio::test]
async fn what_reads_or_writes_dead_letters_is_answered_after_a_commit_of_all_that_waits() {
    let file = File::new();
    let queue = file.open_with(every(HOUR));
    for _ in 0..3 {
        queue.push(b"event".to_vec()).await.unwrap();
    }
    let leased = queue.ask(2).await.unwrap();
    queue.settle(vec![(leased[0].id, Settle::Done)]).await.unwrap();
    queue.settle(vec![(leased[1].id, Settle::Dead { why: "unreadable".to_owned() })]).await.unwrap();
    let inspected = inspect(&file.killed().path).unwrap();
    assert_eq!(inspected.book, Book { accepted: 3, done: 1, failed: 1, dropped: 0 });
    assert_eq!(queue.dead(None, 9).await.unwrap()[0].id, EventId(1));
    assert_eq!(queue.retry_dead(None).await, Ok(1));
    assert_eq!(queue.push(Vec::new()).await, Ok(EventId(4)), "after the retried one");
    assert_eq!(queue.purge().await, Ok(3), "stored and new events");
    assert_eq!(queue.book(), Book { accepted: 5, done: 1, failed: 1, dropped: 3 });
    assert_eq!(inspect(&file.killed().path).unwrap().book, queue.book());
}

#[tokio::test]
async fn more_events_than_are_reserved_are_committed_before_the_interval_is_over() {
    let file = File::new();
    let queue = std::sync::Arc::new(file.open_with(every(HOUR)));
    let most = 70_000;
    for _ in 0..most / 1_000 {
        let push = |_| {
            let queue = std::sync::Arc::clone(&queue);
            tokio::spawn(async move { queue.push(Vec::new()).await.unwrap() })
        };
        for push in (0..1_000).map(push).collect::<Vec<_>>() {
            push.await.unwrap();
        }
    }
    let next = file.killed();
    let accepted = inspect(&next.path).unwrap().book.accepted;
    assert_eq!(accepted, 65_536, "twice half of the numbers that are reserved");
    let id = next.open().push(Vec::new()).await.unwrap();
    assert!(id.0 >= most, "{id:?} was given before");
}
