//! B1, B2 and B3: what a kill loses under each backup, and what it costs others.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::support::{Command, Counting, add, house, total, until};
use crate::rooms::{
    Acknowledged, ActError, Backup, MoveId, MoveLedger, Part, Position, RoomSettings, RoomState,
};

fn at(life: u64, n: u64) -> Position {
    Position { life, n }
}

fn ledger(room: &Counting) -> (u64, u64, u64, i64) {
    let MoveLedger { acknowledged, in_state, lost, .. } = room.ledger();
    (acknowledged, in_state, lost, room.ledger().unaccounted())
}

#[tokio::test]
async fn before_a_killed_room_has_the_last_acknowledged_move() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    for life in 1..=5 {
        add(&moon, 10).await;
        let kill = moon.kill(Part::Room).await.unwrap();
        assert_eq!((kill.lost, kill.by_hand, kill.part), (None, true, Part::Room));
        assert_eq!((kill.acknowledged, kill.resumed), (at(life, 10 * life), at(life + 1, 10 * life)));
        assert_eq!(total(&moon).await, 10 * life);
    }
    let acknowledged = moon.act(Command::Add(1), None).await;
    assert_eq!(acknowledged, Ok(Acknowledged { at: at(6, 51), repeated: false }));
    assert_eq!(ledger(&moon), (51, 51, 0, 0));
    let figures = moon.figures();
    assert_eq!((figures.restarts, figures.state, figures.kills.len()), (5, RoomState::Up, 5));
    assert_eq!((figures.room, figures.backup), (at(6, 51), Some(at(6, 51))));
}

#[tokio::test(start_paused = true)]
async fn after_a_killed_room_loses_what_its_backup_has_not_taken() {
    let rooms = house(Backup::After);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 408).await;
    advance(Duration::from_millis(11)).await;
    until(|| moon.figures().backup == Some(at(1, 408))).await;
    add(&moon, 4).await;
    let kill = moon.kill(Part::Room).await.unwrap();
    assert_eq!((kill.lost, kill.lost_updates, kill.backed), (Some((409, 412)), 4, Some(at(1, 408))));
    assert_eq!((kill.acknowledged, kill.resumed), (at(1, 412), at(2, 408)));
    assert_eq!(total(&moon).await, 408);
    // The numbers are given again, in the next life.
    assert_eq!(moon.act(Command::Add(1), None).await.unwrap().at, at(2, 409));
    assert_eq!(ledger(&moon), (413, 409, 4, 0));
}

#[tokio::test]
async fn without_a_backup_a_killed_room_begins_anew() {
    let rooms = house(Backup::None);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 7).await;
    let kill = moon.kill(Part::Room).await.unwrap();
    assert_eq!((kill.lost, kill.backed, kill.resumed), (Some((1, 7)), None, at(2, 0)));
    assert_eq!(total(&moon).await, 0);
    add(&moon, 2).await;
    assert_eq!(ledger(&moon), (9, 2, 7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_killed_backup_is_given_the_state_again() {
    for backup in [Backup::Before, Backup::After] {
        let rooms = house(backup);
        let moon = rooms.create("moon").await.unwrap();
        add(&moon, 3).await;
        let kill = moon.kill(Part::Backup).await.unwrap();
        assert_eq!((kill.lost, kill.resumed), (None, at(1, 3)), "{backup:?}: the room goes on");
        assert_eq!(moon.figures().backup, Some(at(1, 3)));
        assert_eq!(moon.kill(Part::Room).await.unwrap().lost, None);
        assert_eq!((total(&moon).await, moon.figures().backup_restarts), (3, 1));
        assert_eq!(ledger(&moon), (3, 3, 0, 0));
    }
}

#[tokio::test]
async fn a_kill_of_both_begins_anew_and_says_so() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 5).await;
    let kill = moon.kill(Part::Both).await.unwrap();
    assert_eq!((kill.lost, kill.resumed), (Some((1, 5)), at(2, 0)));
    add(&moon, 1).await;
    assert_eq!((total(&moon).await, ledger(&moon)), (1, (6, 1, 5, 0)));
    assert_eq!(moon.kill(Part::Room).await.unwrap().lost, None, "the new backup has the new state");
}

#[tokio::test]
async fn a_move_with_a_number_is_made_once() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    let id = |number| Some(MoveId { client: 7, number });
    let first = moon.act(Command::Add(5), id(1)).await.unwrap();
    assert_eq!(first, Acknowledged { at: at(1, 1), repeated: false });
    moon.kill(Part::Room).await.unwrap();
    let again = moon.act(Command::Add(5), id(1)).await.unwrap();
    assert_eq!(again, Acknowledged { at: at(1, 1), repeated: true });
    moon.act(Command::Add(1), id(2)).await.unwrap();
    assert_eq!(total(&moon).await, 6);
    let (position, clients) = moon.clients().await.unwrap();
    assert_eq!((position, clients[0].0, clients[0].1.moves, clients[0].1.last), (at(2, 2), 7, 2, 2));
}

#[tokio::test]
async fn a_refusal_and_a_move_without_effect_change_nothing() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 1).await;
    assert_eq!(moon.act(Command::Refuse, None).await, Err(ActError::Refused("refused")));
    let nothing = moon.act(Command::Nothing, None).await.unwrap();
    assert_eq!((nothing.at, ledger(&moon)), (at(1, 1), (1, 1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_move_is_tried_three_times_and_harms_no_other() {
    let rooms = house(Backup::Before);
    let moon = rooms.create("moon").await.unwrap();
    add(&moon, 2).await;
    for _ in 0..5 {
        let poison = ActError::Poison { attempts: 3, panic: "poison".to_owned() };
        assert_eq!(moon.act(Command::Panic, None).await, Err(poison));
        add(&moon, 1).await;
    }
    assert_eq!((total(&moon).await, moon.figures().restarts), (7, 15));
    let letters = rooms.dead_letters();
    assert_eq!((letters.len(), letters[0].attempts, &*letters[0].room), (5, 3, "moon"));
    assert_eq!((letters[0].command.as_str(), letters[0].panic.as_str()), ("Panic", "poison"));
}

#[tokio::test]
async fn a_kill_of_one_of_a_thousand_rooms_leaves_the_others_alone() {
    let rooms = house(Backup::Before);
    let mut all = Vec::new();
    for number in 0..1_000 {
        all.push(rooms.create(&format!("r-{number}")).await.unwrap());
    }
    for room in &all {
        add(room, 1).await;
    }
    all[500].kill(Part::Room).await.unwrap();
    for (number, room) in all.iter().enumerate() {
        assert_eq!(room.act(Command::Add(1), None).await.unwrap().at, at(1 + u64::from(number == 500), 2));
        assert_eq!(room.figures().restarts, u64::from(number == 500));
    }
    assert_eq!(rooms.ledger().unaccounted(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_waits_before_its_restart_does_not_delay_others() {
    let rooms = house(Backup::Before);
    let (slow, quick) = (rooms.create("slow").await.unwrap(), rooms.create("quick").await.unwrap());
    // More panics in a row than are restarted at once.
    let poisoned = tokio::spawn({
        let slow = slow.clone();
        async move {
            for _ in 0..6 {
                assert!(slow.act(Command::Panic, None).await.is_err());
            }
        }
    });
    until(|| slow.figures().restarts > 10).await;
    let began = Instant::now();
    add(&quick, 10).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    poisoned.await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_change_of_the_backup_moves_a_room_into_a_new_life_with_nothing_lost() {
    let rooms = house(Backup::None);
    let moon = rooms.create("moon").await.unwrap();
    let mut life = 1;
    for backup in [Backup::Before, Backup::After, Backup::Before, Backup::None, Backup::After] {
        add(&moon, 2).await;
        rooms.change(RoomSettings { backup, ..rooms.settings() });
        life += 1;
        until(|| moon.figures().room.life == life).await;
        assert_eq!(total(&moon).await, 2 * (life - 1), "{backup:?}");
        assert_eq!(moon.figures().backup.is_some(), backup != Backup::None);
        assert_eq!(ledger(&moon), (2 * (life - 1), 2 * (life - 1), 0, 0));
    }
}
