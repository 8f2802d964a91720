//! Rooms that are idle, removed or stopped, and the registry.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{advance, sleep};

use super::support::{Command, add, house, lines, total, until};
use crate::hub::MemorySink;
use crate::rooms::{ActError, Backup, CreateError, Part, Position, RoomGone, RoomSettings, RoomState};

#[tokio::test(start_paused = true)]
async fn an_idle_room_gives_its_processes_back_and_keeps_its_state() {
    for backup in [Backup::None, Backup::After, Backup::Before] {
        let rooms = house(backup);
        let moon = rooms.create("moon").await.unwrap();
        assert_eq!(moon.figures().state, RoomState::Idle);
        add(&moon, 3).await;
        assert_eq!(moon.figures().state, RoomState::Up);
        sleep(Duration::from_secs(760)).await;
        until(|| moon.figures().state == RoomState::Idle).await;
        assert_eq!(
            (total(&moon).await, moon.figures().state),
            (3, RoomState::Idle),
            "reading wakes nothing"
        );
        assert_eq!(moon.act(Command::Add(1), None).await.unwrap().at, Position { life: 1, n: 4 });
        // The backup takes the move, and the history gets it from there.
        sleep(Duration::from_millis(20)).await;
        until(|| moon.history().len() == 4).await;
        assert_eq!((moon.ledger().in_state, moon.ledger().unaccounted()), (4, 0), "{backup:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_with_a_watcher_is_not_idle() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    let sink = Arc::new(MemorySink::unlimited());
    let watching = moon.watch(Arc::clone(&sink), Vec::new(), None).await.unwrap();
    sleep(Duration::from_secs(2_000)).await;
    assert_eq!(moon.figures().state, RoomState::Up);
    drop(watching);
    sleep(Duration::from_secs(760)).await;
    until(|| moon.figures().state == RoomState::Idle).await;
}

#[tokio::test]
async fn a_removed_room_is_gone_and_its_name_is_free() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 1).await;
    let sink = Arc::new(MemorySink::unlimited());
    let _watching = moon.watch(Arc::clone(&sink), Vec::new(), None).await.unwrap();
    assert_eq!(rooms.create("moon").await.unwrap_err(), CreateError::Taken { generation: 1 });
    assert!(rooms.remove("moon").await);
    assert!(!rooms.remove("moon").await && rooms.whereis("moon").is_none());
    until(|| sink.is_shut()).await;
    assert_eq!(lines(&sink).last().unwrap(), "end");
    assert_eq!(moon.act(Command::Add(1), None).await, Err(ActError::Gone));
    assert_eq!(moon.read(|_, _| ()).await, Err(RoomGone));
    let next = rooms.create("moon").await.unwrap();
    assert_eq!((next.generation(), total(&next).await), (2, 0));
}

#[tokio::test]
async fn a_stopped_house_makes_the_moves_that_wait_and_no_more() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 1).await;
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let moon = moon.clone();
            tokio::spawn(async move { moon.act(Command::Add(1), None).await })
        })
        .collect();
    rooms.stop().await;
    let mut made = 1;
    for outcome in waiting {
        match outcome.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error, ActError::Gone),
        }
    }
    assert_eq!((total(&moon).await, moon.ledger().acknowledged), (made, made));
    assert_eq!(moon.act(Command::Add(1), None).await, Err(ActError::Gone));
    assert_eq!(rooms.create("star").await.unwrap_err(), CreateError::Stopped);
    assert_eq!(moon.kill(Part::Room).await, Err(RoomGone));
}

#[tokio::test]
async fn rooms_go_on_without_their_registry() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    rooms.kill_registry();
    add(&moon, 1).await;
    assert_eq!(rooms.whereis("moon").map(|room| room.generation()), Some(1));
    assert_eq!(rooms.create("moon").await.unwrap_err(), CreateError::Taken { generation: 1 });
    assert_eq!((rooms.registry().names, rooms.registry().restarts), (1, 1));
}

#[tokio::test]
async fn there_are_no_more_rooms_than_allowed() {
    let rooms = house(Backup::Before);
    rooms.change(RoomSettings { max_rooms: 2, ..rooms.settings() });
    let (a, b, c) = tokio::join!(rooms.create("a"), rooms.create("b"), rooms.create("c"));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(c.unwrap_err(), CreateError::TooMany { max: 2 });
    assert!(rooms.remove("a").await);
    assert!(rooms.create("c").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_setting_of_rest_is_taken_over_by_rooms_that_run() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 1).await;
    rooms.change(RoomSettings { idle_stop: Duration::from_secs(4), ..rooms.settings() });
    advance(Duration::from_secs(1)).await;
    sleep(Duration::from_secs(6)).await;
    until(|| moon.figures().state == RoomState::Idle).await;
    assert_eq!(total(&moon).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_house_that_is_dropped_ends_its_rooms() {
    let rooms = house(Backup::After);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 3).await;
    let clone = rooms.clone();
    drop(rooms);
    add(&moon, 1).await;
    drop(clone);
    until(|| moon.figures().state == RoomState::Idle).await;
    let cell = Arc::downgrade(&moon.cell);
    assert_eq!(moon.act(Command::Add(1), None).await, Err(ActError::Gone));
    drop(moon);
    until(|| cell.strong_count() == 0).await;
}

#[tokio::test]
async fn a_history_can_be_made_shorter_and_taken_away() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 5).await;
    until(|| moon.history().len() == 5).await;
    rooms.change(RoomSettings { history: 2, ..rooms.settings() });
    until(|| moon.history().len() == 2).await;
    rooms.change(RoomSettings { history: 0, ..rooms.settings() });
    until(|| moon.history().is_empty()).await;
    add(&moon, 1).await;
    assert!(moon.history().is_empty() && moon.figures().history.is_none());
    rooms.change(RoomSettings { history: 9, ..rooms.settings() });
    moon.kill(Part::History).await.unwrap();
    add(&moon, 1).await;
    let history = || moon.history().iter().map(|past| format!("{past:?}")).collect::<Vec<_>>();
    until(|| history() == ["gap 6 to 6 of life 1", "update 1-7"]).await;
}
