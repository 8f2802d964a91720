//! B4 and B5: the watchers and the history.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;

use super::support::{add, house, lines, until};
use crate::hub::MemorySink;
use crate::rooms::{Backup, Part, Position};

fn sink() -> Arc<MemorySink> {
    Arc::new(MemorySink::unlimited())
}

#[tokio::test]
async fn a_watcher_gets_the_status_and_then_each_update_over_kills() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 2).await;
    let (early, late) = (sink(), sink());
    let _early = moon.watch(Arc::clone(&early), b"hello\n".to_vec(), None).await.unwrap();
    add(&moon, 1).await;
    moon.kill(Part::Room).await.unwrap();
    add(&moon, 1).await;
    until(|| lines(&early).len() == 5).await;
    assert_eq!(
        lines(&early),
        ["hello", "status 1-2: 2", "update 1-3: 3", "resumed 2-3: 3", "update 2-4: 4"]
    );
    let _late = moon.watch(Arc::clone(&late), Vec::new(), None).await.unwrap();
    add(&moon, 1).await;
    until(|| lines(&late).len() == 2).await;
    assert_eq!(lines(&late), ["status 2-4: 4", "update 2-5: 5"]);
    assert_eq!(moon.figures().watchers, 2);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_told_when_updates_are_lost() {
    let rooms = house(Backup::None);
    let moon = rooms.create("moon").await.unwrap();
    let watcher = sink();
    let _watching = moon.watch(Arc::clone(&watcher), Vec::new(), None).await.unwrap();
    add(&moon, 2).await;
    moon.kill(Part::Room).await.unwrap();
    add(&moon, 1).await;
    until(|| lines(&watcher).len() == 5).await;
    assert_eq!(lines(&watcher)[3..], ["gap 1 to 2 of life 1, 2-0: 0", "update 2-1: 1"]);

    // With `after`, watchers are behind the backup: they never saw what is lost.
    let rooms = house(Backup::After);
    let star = rooms.create("star").await.unwrap();
    let watcher = sink();
    let _watching = star.watch(Arc::clone(&watcher), Vec::new(), None).await.unwrap();
    add(&star, 2).await;
    advance(Duration::from_millis(11)).await;
    until(|| lines(&watcher).len() == 3).await;
    add(&star, 2).await;
    star.kill(Part::Room).await.unwrap();
    until(|| lines(&watcher).len() == 4).await;
    assert_eq!(lines(&watcher)[2..], ["update 1-2: 2", "gap 3 to 4 of life 1, 2-2: 2"]);
}

#[tokio::test]
async fn a_watcher_comes_back_where_it_was() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    let first = sink();
    let watching = moon.watch(Arc::clone(&first), Vec::new(), None).await.unwrap();
    add(&moon, 3).await;
    until(|| lines(&first).len() == 4).await;
    drop(watching);
    let (back, unknown) = (sink(), sink());
    let since = Position { life: 1, n: 2 };
    let _back = moon.watch(Arc::clone(&back), Vec::new(), Some(since)).await.unwrap();
    let since = Position { life: 9, n: 2 };
    let _unknown = moon.watch(Arc::clone(&unknown), Vec::new(), Some(since)).await.unwrap();
    add(&moon, 1).await;
    until(|| lines(&back).len() == 2 && lines(&unknown).len() == 2).await;
    assert_eq!(lines(&back), ["update 1-3: 3", "update 1-4: 4"]);
    assert_eq!(lines(&unknown), ["status 1-3: 3", "update 1-4: 4"]);
}

#[tokio::test]
async fn a_watcher_that_reads_nothing_holds_up_nothing() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    let (stuck, other) = (Arc::new(MemorySink::with_room(5)), sink());
    let _stuck = moon.watch(stuck, Vec::new(), None).await.unwrap();
    let _other = moon.watch(Arc::clone(&other), Vec::new(), None).await.unwrap();
    add(&moon, 1_000).await;
    until(|| lines(&other).last().is_some_and(|line| line == "update 1-1000: 1000")).await;
    assert_eq!(moon.ledger().unaccounted(), 0);
}

#[tokio::test]
async fn the_history_records_all_updates_and_its_crash_never_touches_the_room() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 2).await;
    moon.kill(Part::Room).await.unwrap();
    add(&moon, 1).await;
    let history = || moon.history().iter().map(|past| format!("{past:?}")).collect::<Vec<_>>();
    until(|| history().len() == 4).await;
    assert_eq!(history(), ["update 1-1", "update 1-2", "resumed 2-2", "update 2-3"]);
    let kill = moon.kill(Part::History).await.unwrap();
    assert_eq!((kill.resumed, moon.figures().restarts), (Position { life: 2, n: 3 }, 1));
    add(&moon, 1).await;
    until(|| history().len() == 5).await;
    assert_eq!(history()[4], "update 2-4");
    assert_eq!(moon.figures().history_restarts, 1);
}
