//! Loads on a small server of rooms that counts, loses and lies as the test says.

use std::time::Duration;

use super::*;
use crate::record::{Run, Validity};
use fake::{Fake, Lie, Nature};

mod fake;

/// Eight rooms of two players, each move when the last is acknowledged.
fn plan() -> RoomsPlan {
    RoomsPlan {
        rooms: 8,
        players: 2,
        moves: None,
        kills: 50.0,
        duration: Duration::from_millis(300),
        connections: 4,
        watchers: 4,
        ..RoomsPlan::default()
    }
}

fn played(nature: Nature, plan: &RoomsPlan) -> Run {
    let fake = Fake::start(nature);
    let target = RoomsTarget::new(&format!("http://{}", fake.address), Vec::new());
    let mut played = play(&target, plan, &StopToken::new(), &mut |_| {}).unwrap();
    // Other tests take the cores as well, which is no fault of this load.
    (played.side.cpu, played.side.starved, played.side.other_cpu) = (None, None, None);
    assert_eq!(fake.players(), 0, "players have not left");
    played.into_run().audited()
}

fn side(run: &Run) -> &RoomsSide {
    run.rooms.as_ref().unwrap()
}

/// The failed checks.
fn failures(run: &Run) -> Vec<&str> {
    let failed = run.audit.checks.iter().filter(|check| check.verdict == record::Verdict::Failed);
    failed.map(|check| check.name.as_str()).collect()
}

#[test]
fn every_acknowledged_move_is_in_the_state_or_lost_as_the_setting_says() {
    for backup in ["before", "after", "none"] {
        let run = played(Nature::of(backup), &plan());
        let RoomsSide { ledger, killed, watch, rejoins, .. } = side(&run);
        assert!(!run.audit.is_invalid(), "{backup}: {:?}", run.audit.checks);
        assert!(ledger.balances() && ledger.acknowledged > 100, "{backup}: {ledger:?}");
        assert!(*killed >= 5, "{backup}: {killed} kills");
        assert_eq!(ledger.lost, side(&run).told(), "{backup}");
        match backup {
            "before" => assert_eq!((ledger.lost, *rejoins), (0, 0)),
            // Fewer than four moves are not in the backup, so no kill can lose more.
            "after" => assert!(ledger.lost > 0 && ledger.lost <= 3 * killed, "{ledger:?}, {killed} kills"),
            _ => assert!(ledger.lost > 0 && *rejoins > 0, "{ledger:?}"),
        }
        let watch = watch.as_ref().unwrap();
        assert!(watch.watchers == 4 && watch.updates > 10, "{backup}: {watch:?}");
        assert_eq!(watch.gaps > 0, backup != "before", "{backup}: {watch:?}");
        assert_eq!(side(&run).backup, backup);
    }
}

#[test]
fn a_move_without_an_answer_is_repeated_and_counted_once() {
    let nature = Nature { unknown: 7, broken: 11, ..Nature::of("before") };
    let run = played(nature, &RoomsPlan { kills: 0.0, ..plan() });
    let RoomsSide { ledger, retries, not_repeated, server, .. } = side(&run);
    assert!(!run.audit.is_invalid(), "{:?}", run.audit.checks);
    assert!(ledger.repeated > 10 && *retries >= ledger.repeated, "{ledger:?}, {retries} retries");
    assert_eq!((ledger.lost, ledger.unknown, ledger.unanswered, *not_repeated), (0, 0, 0, 0));
    assert_eq!(server.unwrap().acknowledged, ledger.acknowledged);
    let reasons = &side(&run).reasons;
    assert!(reasons.contains_key("503: unknown"), "{reasons:?}");
    assert!(reasons.keys().any(|reason| reason.starts_with("connection broken")), "{reasons:?}");
}

#[test]
fn a_load_with_a_rate_sends_as_many_moves_as_are_due() {
    let plan = RoomsPlan { moves: Some(50.0), kills: 10.0, duration: Duration::from_secs(1), ..plan() };
    let run = played(Nature::of("before"), &plan);
    // A Poisson process of 400 a second has a standard deviation of 20.
    let acknowledged = side(&run).ack.count().unwrap();
    assert!((300..500).contains(&acknowledged), "{acknowledged}");
    assert_eq!(side(&run).unsent, 0);
    assert!(!side(&run).lag.is_empty());
    let apart = [&side(&run).ack_killed, &side(&run).ack_others].map(|timing| timing.count().unwrap());
    assert!(apart[0] > 0 && apart[1] > 0 && apart[0] + apart[1] == acknowledged, "{apart:?}");
    let again = played(Nature::of("before"), &plan);
    let rooms = |run: &Run| side(run).kills.iter().map(|kill| kill.room.clone()).collect::<Vec<_>>();
    assert_eq!(rooms(&again), rooms(&run), "the same seed kills the same rooms");
}

#[test]
fn a_server_that_lies_is_found_out() {
    for (backup, lie, found) in [
        (
            "before",
            Lie::Drops,
            vec!["nothing acknowledged was lost", "kills name their losses", "lost moves agree"],
        ),
        ("after", Lie::HidesLosses, vec!["kills name their losses", "lost moves agree"]),
        ("before", Lie::Invents, vec!["no move was invented"]),
        ("before", Lie::Repeats, vec!["only repeated moves are repeated"]),
        ("before", Lie::TellsTwice, vec!["no update came twice"]),
        ("before", Lie::TellsNothing, vec!["new lives were told"]),
    ] {
        // The load looks for a second whether the server's ledger comes to agree.
        let run = played(Nature { lie, ..Nature::of(backup) }, &plan());
        assert_eq!(run.audit.validity(), Validity::Invalid, "{lie:?}");
        let failures = failures(&run);
        assert!(found.iter().all(|name| failures.contains(name)), "{lie:?}: {:#?}", run.audit.checks);
    }
}

#[test]
fn a_room_that_takes_no_players_is_an_error_with_its_name() {
    let fake = Fake::start(Nature::of("before"));
    fake.fill("load-3");
    let target = RoomsTarget::new(&format!("http://{}", fake.address), Vec::new());
    let error = play(&target, &plan(), &StopToken::new(), &mut |_| {}).unwrap_err();
    assert!(
        error.is_usage() && error.to_string().starts_with("room load-3 takes no more players: 409"),
        "{error}"
    );
    assert_eq!(fake.players(), 12, "the players of the load have not left");
}

#[test]
fn a_server_without_rooms_is_an_error() {
    let target = RoomsTarget::new("http://127.0.0.1:1", Vec::new());
    let error = play(&target, &plan(), &StopToken::new(), &mut |_| {}).unwrap_err();
    assert!(!error.is_usage(), "{error}");
    assert_eq!(error.to_string(), "GET /api/rooms: cannot connect: connection refused");
}
