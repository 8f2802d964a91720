//! Kills in a storm of moves: nothing that was acknowledged is lost, and watchers see each
//! position once.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::support::{Command, Counting, house, lines};
use crate::hub::MemorySink;
use crate::rooms::{Backup, MoveId, Part};

/// The moves of a client until `is_over`. Returns how many were acknowledged.
async fn client(room: Counting, client: u64, is_over: Arc<AtomicBool>) -> u64 {
    let mut number = 0;
    while !is_over.load(Relaxed) {
        let id = MoveId { client, number: number + 1 };
        room.act(Command::Add(1), Some(id)).await.unwrap();
        number += 1;
    }
    number
}

/// The positions of a watcher's updates, in their order, and the number of its gaps.
fn told(sink: &MemorySink) -> (Vec<(u64, u64)>, usize) {
    let mut gaps = 0;
    let mut positions = Vec::new();
    for line in lines(sink) {
        gaps += usize::from(line.starts_with("gap") || line.starts_with("behind"));
        if let Some(at) = line.strip_prefix("update ") {
            let (life, n) = at.split(':').next().unwrap().split_once('-').unwrap();
            positions.push((life.parse().unwrap(), n.parse().unwrap()));
        }
    }
    (positions, gaps)
}

/// Kills `parts` in turn, this many times, while eight clients move. Returns the acknowledged
/// moves of each client, and the room.
async fn storm(backup: Backup, parts: &[Part], kills: usize) -> (Vec<u64>, Counting) {
    let rooms = house(backup);
    let room = rooms.create("moon").await.unwrap();
    let watcher = Arc::new(MemorySink::unlimited());
    let watching = room.watch(Arc::clone(&watcher), Vec::new(), None).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> =
        (1..=8).map(|id| tokio::spawn(client(room.clone(), id, Arc::clone(&is_over)))).collect();
    for part in parts.iter().cycle().take(kills) {
        let before = room.ledger().acknowledged;
        while room.ledger().acknowledged < before + 50 {
            tokio::task::yield_now().await;
        }
        room.kill(*part).await.unwrap();
    }
    is_over.store(true, Relaxed);
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.push(client.await.unwrap());
    }
    drop(watching);
    let (positions, _) = told(&watcher);
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "in order, and none twice");
    assert_eq!(positions.iter().collect::<HashSet<_>>().len(), positions.len());
    (acknowledged, room)
}

async fn moves_in_state(room: &Counting) -> Vec<u64> {
    room.clients().await.unwrap().1.into_iter().map(|(_, moves)| moves.moves).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_nothing_acknowledged_is_lost_in_a_hundred_kills_of_the_room() {
    let (acknowledged, room) = storm(Backup::Before, &[Part::Room], 100).await;
    assert_eq!(moves_in_state(&room).await, acknowledged);
    assert_eq!((room.ledger().lost, room.ledger().unaccounted()), (0, 0));
    assert_eq!(room.figures().restarts, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_nothing_acknowledged_is_lost_when_room_and_backup_are_killed_in_turn() {
    let (acknowledged, room) = storm(Backup::Before, &[Part::Room, Part::Backup], 100).await;
    assert_eq!(moves_in_state(&room).await, acknowledged);
    let ledger = room.ledger();
    assert_eq!((ledger.lost, ledger.unaccounted()), (0, 0), "{ledger:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_exactly_what_the_backup_had_not_taken_is_lost() {
    let (acknowledged, room) = storm(Backup::After, &[Part::Room], 40).await;
    let (all, ledger) = (acknowledged.iter().sum::<u64>(), room.ledger());
    let in_state: u64 = room.figures().room.n;
    assert_eq!((ledger.acknowledged, ledger.in_state, ledger.lost), (all, in_state, all - in_state));
    assert!(ledger.lost > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_backup_only_the_last_life_is_left() {
    let (acknowledged, room) = storm(Backup::None, &[Part::Room], 40).await;
    let (all, ledger) = (acknowledged.iter().sum::<u64>(), room.ledger());
    assert_eq!((ledger.acknowledged, ledger.unaccounted()), (all, 0));
    assert_eq!(ledger.in_state, room.figures().room.n);
}
