//! What kills cost and lose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use weir::rooms::{Backup, MoveId, Part, RoomSettings};

use super::support::{Table, median, quantile};
use super::{BACKUPS, Counting, house, house_with, sink};

/// Rooms of which one is killed, and the moves of each per second.
const ROOMS: usize = 1_000;
const RATE: f64 = 10.0;

/// Prints the 99th percentile of the moves in rooms that are not killed, with and without kills
/// of another, in turns.
pub(super) fn others(table: &Table) {
    let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        without.push(table.run(p99(false)));
        with.push(table.run(p99(true)));
        ratios.push(with[with.len() - 1] / without[without.len() - 1]);
    }
    println!(
        "  p99 of the moves of {} others: {:.1} µs with 20 kills per second, {:.1} µs without; ratio {:.2} ({:.2}-{:.2})",
        ROOMS - 1,
        median(&mut with),
        median(&mut without),
        median(&mut ratios),
        quantile(&mut ratios, 0.25),
        quantile(&mut ratios, 0.75),
    );
}

/// Returns the 99th percentile in µs of one second of moves in all rooms but the first, which is
/// killed meanwhile or not.
async fn p99(kills: bool) -> f64 {
    let rooms = house(Backup::Before);
    let mut all = Vec::new();
    for number in 0..ROOMS {
        let room = rooms.create(&format!("r-{number}")).await.expect("the name is free");
        room.act(1, None).await.expect("the room lives");
        all.push(room);
    }
    let victim = all.remove(0);
    let killer = kills.then(|| {
        tokio::spawn(async move {
            loop {
                victim.kill(Part::Room).await.expect("the room lives");
                sleep(Duration::from_millis(50)).await;
            }
        })
    });
    let mut ticks = interval(Duration::from_secs_f64(1.0 / (RATE * ROOMS as f64)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut times = Vec::new();
    for number in 0..(RATE as usize * ROOMS) {
        ticks.tick().await;
        let began = Instant::now();
        all[number % all.len()].act(1, None).await.expect("the room lives");
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    if let Some(killer) = killer {
        killer.abort();
    }
    quantile(&mut times, 0.99)
}

/// Prints what 100 kills lose under 1,000 moves per second, for each backup.
pub(super) fn losses(table: &Table) {
    for (name, backup) in BACKUPS {
        let rooms = move || house(backup);
        let (acknowledged, lost, unaccounted) = table.run(async move {
            let rooms = rooms();
            let room = rooms.create("moon").await.expect("the name is free");
            let is_over = Arc::new(AtomicBool::new(false));
            let mover = tokio::spawn(paced(room.clone(), Arc::clone(&is_over)));
            for kill in 0..100_u64 {
                // From 40 to 59 ms, so that kills meet each part of the backup's 10 ms.
                sleep(Duration::from_micros(40_000 + 191 * kill)).await;
                room.kill(Part::Room).await.expect("the room lives");
            }
            is_over.store(true, Relaxed);
            let moves = mover.await.expect("no panic");
            let ledger = room.ledger();
            assert_eq!(ledger.acknowledged, moves, "counted by the client");
            (ledger.acknowledged, ledger.lost, ledger.unaccounted())
        });
        println!(
            "  {name:<7} 100 kills, {acknowledged} acknowledged: {lost} lost, {:.1} a kill; {unaccounted} unaccounted",
            lost as f64 / 100.0
        );
    }
}

async fn paced(room: Counting, is_over: Arc<AtomicBool>) -> u64 {
    let mut ticks = interval(Duration::from_millis(1));
    let mut moves = 0;
    while !is_over.load(Relaxed) {
        ticks.tick().await;
        room.act(1, None).await.expect("the room lives");
        moves += 1;
    }
    moves
}

/// Kills the room and its backup in turn for some time, under all the moves that 16 clients make,
/// with 3 watchers, and prints what was lost and what the watchers saw.
pub(super) fn storm(table: &Table) {
    let seconds = std::env::args().find_map(|arg| arg.strip_prefix("storm=").map(str::to_owned));
    let seconds: u64 = seconds.map_or(5, |n| n.parse().expect("storm= and a number"));
    for (name, backup) in BACKUPS {
        let parts: &[Part] =
            if backup == Backup::Before { &[Part::Room, Part::Backup] } else { &[Part::Room] };
        let rooms = move || house_with(RoomSettings { backup, ..RoomSettings::default() });
        table.run(async move {
            let rooms = rooms();
            let room = rooms.create("moon").await.expect("the name is free");
            let is_over = Arc::new(AtomicBool::new(false));
            let watchers: Vec<_> = (0..3).map(|_| tokio::spawn(watch(room.clone(), Arc::clone(&is_over)))).collect();
            let clients: Vec<JoinHandle<u64>> =
                (1..=16).map(|id| tokio::spawn(client(room.clone(), id, Arc::clone(&is_over)))).collect();
            let (end, mut kills) = (Instant::now() + Duration::from_secs(seconds), 0_usize);
            while Instant::now() < end {
                sleep(Duration::from_micros(500 + 137 * (kills as u64 % 40))).await;
                room.kill(parts[kills % parts.len()]).await.expect("the room lives");
                kills += 1;
            }
            is_over.store(true, Relaxed);
            let mut acknowledged = Vec::new();
            for client in clients {
                acknowledged.push(client.await.expect("no panic"));
            }
            let mut seen = Vec::new();
            for watcher in watchers {
                seen.push(watcher.await.expect("no panic"));
            }
            let in_state: Vec<u64> =
                room.clients().await.expect("the room lives").1.into_iter().map(|(_, moves)| moves.moves).collect();
            let (all, ledger) = (acknowledged.iter().sum::<u64>(), room.ledger());
            let missing = if backup == Backup::Before {
                acknowledged.iter().zip(&in_state).map(|(sent, kept)| sent.abs_diff(*kept)).sum()
            } else {
                all - ledger.in_state
            };
            let updates: u64 = seen.iter().map(|seen| seen.updates).sum();
            let wrong: u64 = seen.iter().map(|seen| seen.wrong).sum();
            let gaps: u64 = seen.iter().map(|seen| seen.gaps).sum();
            println!("  {name:<7} {seconds} s, {kills} kills, {all} moves acknowledged; {missing} of them not in the state, {} lost by the ledger, {} unaccounted", ledger.lost, ledger.unaccounted());
            println!("          watchers: {updates} updates, {wrong} twice or out of order, {gaps} gaps told");
        });
    }
}

async fn client(room: Counting, client: u64, is_over: Arc<AtomicBool>) -> u64 {
    let mut number = 0;
    while !is_over.load(Relaxed) {
        room.act(1, Some(MoveId { client, number: number + 1 })).await.expect("the room lives");
        number += 1;
    }
    number
}

#[derive(Default)]
struct Seen {
    updates: u64,
    wrong: u64,
    gaps: u64,
}

/// Watches until the end, through one sink after the other, so that memory stays bounded.
async fn watch(room: Counting, is_over: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !is_over.load(Relaxed) {
        let sink = sink();
        let watching = room.watch(Arc::clone(&sink), Vec::new(), None).await.expect("the room lives");
        sleep(Duration::from_millis(500)).await;
        drop(watching);
        let mut last = (0, 0);
        for line in String::from_utf8_lossy(&sink.taken()).lines() {
            seen.gaps += u64::from(line.starts_with("gap") || line.starts_with("behind"));
            let Some(at) = line.strip_prefix("update ") else { continue };
            let position =
                at.split_once('-').and_then(|(life, n)| Some((life.parse().ok()?, n.parse().ok()?)));
            let position: (u64, u64) = position.expect("a position");
            seen.updates += 1;
            seen.wrong += u64::from(position <= last);
            last = position;
        }
    }
    seen
}
