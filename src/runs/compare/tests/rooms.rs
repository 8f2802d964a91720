//! Comparisons of runs of rooms: the moves of rooms that were not killed, and the losses.

use std::time::Duration;

use super::{Difference, Origin, Run, compare};
use crate::record::{MovesLedger, RoomKill, RoomsServer, RoomsSide};
use crate::runs::{Document, Table, csv, from_json, to_json};

/// 100 rooms with 20 moves a second for 30 s, of which kills lost `lost`.
fn played(seed: u64, ack_us: u64, lost: u64) -> Run {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut slicers = [0; 3].map(|_| crate::record::Slicer::new(Duration::from_micros(15_625)));
    for n in 0..60_000 {
        let at = Duration::from_micros(n * 500);
        let time = ack_us + random.u64(0..ack_us / 5);
        slicers[0].record(at, time);
        let is_killed = n % 50 == 0;
        slicers[1 + usize::from(is_killed)].record(at, time * if is_killed { 3 } else { 1 });
    }
    let [ack, ack_others, ack_killed] = slicers.map(crate::record::Slicer::timing);
    let mut run = Run::new(Origin::Load, "rooms", crate::record::now());
    run.seconds = 30.0;
    let told =
        if lost > 0 { [("load-7".to_owned(), lost)].into() } else { std::collections::BTreeMap::new() };
    run.rooms = Some(RoomsSide {
        seconds: 30.0,
        prefix: "load".to_owned(),
        rooms: 100,
        clients: 200,
        moves_s: Some(20.0),
        kills_s: 1.0,
        what: "room".to_owned(),
        backup: "after".to_owned(),
        ledger: MovesLedger {
            sent: 60_000,
            acknowledged: 60_000,
            in_state: 60_000 - lost,
            lost,
            ..MovesLedger::default()
        },
        lost_in: told.clone(),
        told_in: told,
        killed: 29,
        kills: vec![RoomKill {
            t: 2.0,
            room: "load-7".to_owned(),
            what: "room".to_owned(),
            lost,
            ..RoomKill::default()
        }],
        server: Some(RoomsServer { acknowledged: 60_000, lost, ..RoomsServer::default() }),
        ack,
        ack_others,
        ack_killed,
        ..RoomsSide::default()
    });
    run.audited()
}

#[test]
fn slower_moves_and_more_losses_are_told_from_noise() {
    let (a, same, worse) = (played(1, 700, 0), played(2, 700, 0), played(3, 910, 600));
    let equal = compare(&a, &same);
    assert!(equal.difference < Difference::MoreThanNoise, "{}", equal.words);
    let differ = compare(&a, &worse);
    let named = |name: &str| differ.figures.iter().find(|figure| figure.name == name).unwrap();
    for name in ["move p50", "move p99", "move after a kill p50", "lost moves"] {
        assert_eq!(named(name).difference, Difference::MoreThanNoise, "{name}: {}", named(name).words);
    }
    assert!((named("move p50").relative - 0.3).abs() < 0.05);
    assert!(named("moves/s").difference < Difference::MoreThanNoise);
    let note =
        "A lost 0 of 60,000 acknowledged moves in 29 kills, B 600 of 60,000 acknowledged moves in 29";
    assert!(differ.notes.iter().any(|found| found == note), "{:?}", differ.notes);
}

#[test]
fn a_run_of_rooms_is_read_back_and_exported() {
    let run = played(1, 700, 4);
    assert_eq!(from_json(to_json(&run).unwrap().as_bytes()).unwrap(), run);
    let percentiles = csv(&run, Table::Percentiles).unwrap();
    let header = "percent,rooms_ack_ms,rooms_ack_others_ms,rooms_ack_killed_ms";
    assert_eq!(percentiles.lines().next(), Some(header));
    let report = Document::Html.write(std::slice::from_ref(&run)).unwrap();
    for expected in [
        "Acknowledgement of a move, by percentile",
        "100 rooms at 20 moves/s each, 200 players, kills of rooms at 1/s",
        "acknowledged 60000 = in the state 59996 + lost 4; 29 kills",
        "room of load-7 killed, 4 lost",
    ] {
        assert!(report.contains(expected), "{expected}");
    }
}

#[test]
fn rooms_are_compared_with_rooms_only() {
    let rooms = played(1, 700, 0);
    let mut requests = rooms.clone();
    (requests.rooms, requests.target) = (None, "serial".to_owned());
    let refused = compare(&requests, &rooms);
    assert!(refused.figures.is_empty());
    assert!(refused.words.starts_with("B is a run of rooms and A one of serial"), "{}", refused.words);
}
