//! Attempts that the end of the process has cut short.

use super::*;
use crate::inspect;

/// Pushes an event, leases it, begins it if `begins`, and makes a commit that has nothing to do with
/// it.
async fn worked_on(queue: &DiskQueue, begins: bool) {
    let poison = queue.push(b"poison".to_vec()).await.unwrap();
    assert_eq!(queue.ask(1).await.unwrap()[0].id, poison);
    if begins {
        queue.begin(&[poison]);
    }
    queue.push(b"another".to_vec()).await.unwrap();
}

#[tokio::test]
async fn a_kill_counts_an_attempt_of_each_event_that_has_begun_and_the_last_one_is_a_dead_letter() {
    let file = File::new();
    let queue = file.open();
    worked_on(&queue, true).await;
    let mut file = file.killed();
    for life in 1..3 {
        assert_eq!(inspect(&file.path).unwrap().begun, 1);
        let queue = file.open();
        let leased = queue.ask(1).await.unwrap();
        assert_eq!((leased[0].id, leased[0].tries, leased[0].recovered), (EventId(0), life, true));
        queue.begin(&[leased[0].id]);
        // Any commit carries the note.
        queue.push(Vec::new()).await.unwrap();
        // The queue is dropped after this, which would take the note back.
        file = file.killed();
    }
    let queue = file.open();
    let dead = queue.dead(None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].id, dead[0].tries), (1, EventId(0), 3));
    assert_eq!(dead[0].why, "the process ended while it worked on the event");
    assert_eq!(dead[0].payload, b"poison");
    assert_eq!(queue.book(), Book { accepted: 4, done: 0, failed: 1, dropped: 0 });
    assert_eq!(numbers(&queue.ask(9).await.unwrap()), [1, 2, 3]);
    drop(queue);
    assert_eq!(verify(&file.path).unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn an_event_that_was_leased_and_not_begun_counts_no_attempt() {
    let file = File::new();
    let queue = file.open();
    worked_on(&queue, false).await;
    let next = file.killed();
    assert_eq!(next.open().ask(1).await.unwrap()[0].tries, 0);
}

#[tokio::test]
async fn a_note_that_no_commit_has_carried_counts_no_attempt() {
    let file = File::new();
    let queue = file.open();
    let id = queue.push(Vec::new()).await.unwrap();
    queue.ask(1).await.unwrap();
    queue.begin(&[id]);
    let next = file.killed();
    assert_eq!(next.open().ask(1).await.unwrap()[0].tries, 0);
}

#[tokio::test]
async fn a_crash_counts_once_however_often_the_file_is_opened() {
    let file = File::new();
    let queue = file.open();
    worked_on(&queue, true).await;
    let next = file.killed();
    // Each of these lives ends before the event is begun again.
    let mut files = vec![next];
    for _ in 0..4 {
        let file = &files[files.len() - 1];
        let queue = file.open();
        assert_eq!(queue.ask(1).await.unwrap()[0].tries, 1);
        let next = file.killed();
        files.push(next);
    }
}

#[tokio::test]
async fn an_orderly_end_counts_no_attempt() {
    let file = File::new();
    let queue = file.open();
    worked_on(&queue, true).await;
    queue.end().await;
    assert_eq!(inspect(&file.path).unwrap().begun, 0);
    assert_eq!(file.open().ask(1).await.unwrap()[0].tries, 0);
}

#[tokio::test]
async fn a_settled_event_leaves_no_note_whatever_became_of_it() {
    let settles = [
        Settle::Done,
        Settle::Back,
        Settle::Dead { why: "unreadable".to_owned() },
        Settle::Again { after: Duration::ZERO, why: "refused".to_owned() },
    ];
    for sync in [Sync::Always, Sync::Every(HOUR)] {
        let file = File::new();
        let queue = file.open_with(Options { sync, ..Options::default() });
        for _ in &settles {
            queue.push(Vec::new()).await.unwrap();
        }
        let ids: Vec<EventId> = queue.ask(4).await.unwrap().iter().map(|leased| leased.id).collect();
        queue.begin(&ids);
        // Purging nothing and retrying nothing make a commit.
        queue.retry_dead(None).await.unwrap();
        assert_eq!(inspect(&file.killed().path).unwrap().begun, 4, "{sync:?}");
        queue.settle(ids.into_iter().zip(settles.clone()).collect()).await.unwrap();
        queue.retry_dead(Some(EventId(99))).await.unwrap();
        let killed = file.killed();
        assert_eq!(inspect(&killed.path).unwrap().begun, 0, "{sync:?}");
        let tries: Vec<u32> =
            killed.open().ask(9).await.unwrap().iter().map(|leased| leased.tries).collect();
        assert_eq!(tries, [1, 0], "{sync:?}: one that has failed, and one that is back");
    }
}
