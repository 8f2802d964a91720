use super::*;
use crate::record::{Origin, RoomsWatch, Run, Slicer, Validity};
use std::time::Duration;

/// A run in which everything went well: 1,000 moves, two kills that lost six.
fn played() -> RoomsSide {
    let mut ack = Slicer::new(Duration::from_millis(500));
    (0..20).for_each(|n| ack.record(Duration::from_millis(500 * n), 700));
    RoomsSide {
        seconds: 10.0,
        prefix: "load".to_owned(),
        rooms: 10,
        clients: 20,
        moves_s: Some(10.0),
        kills_s: 0.2,
        what: "room".to_owned(),
        backup: "after".to_owned(),
        backup_every_ms: 10.0,
        ledger: MovesLedger {
            sent: 1000,
            acknowledged: 1000,
            in_state: 994,
            lost: 6,
            ..MovesLedger::default()
        },
        lost_in: [("load-1".to_owned(), 4), ("load-7".to_owned(), 2)].into(),
        told_in: [("load-1".to_owned(), 4), ("load-7".to_owned(), 2)].into(),
        killed: 2,
        ack: ack.timing(),
        server: Some(RoomsServer { acknowledged: 1000, unanswered: 0, lost: 6, unaccounted: 0 }),
        cpu: Some(0.2),
        starved: Some(0.01),
        ..RoomsSide::default()
    }
}

/// The word for a run, and the sentences that a reader has to know of.
fn audited(side: RoomsSide) -> (Validity, Vec<String>) {
    let mut run = Run::new(Origin::Load, "rooms", crate::record::now());
    run.rooms = Some(side);
    let audit = run.audited().audit;
    (audit.validity(), audit.remarks().map(|check| check.says.clone()).collect())
}

#[track_caller]
fn is(side: RoomsSide, validity: Validity, says: &str) {
    let (found, sentences) = audited(side);
    assert_eq!(found, validity, "{sentences:?}");
    assert!(sentences.iter().any(|sentence| sentence == says), "{sentences:?} lacks {says:?}");
}

#[test]
fn a_run_in_which_everything_agrees_is_valid_and_says_nothing() {
    assert_eq!(audited(played()), (Validity::Valid, vec![]));
}

#[test]
fn a_loss_that_the_setting_does_not_allow_makes_a_run_invalid() {
    let before = RoomsSide { backup: "before".to_owned(), ..played() };
    let says = "6 of 1,000 acknowledged moves were lost with backup = \"before\", which allows none";
    is(before.clone(), Validity::Invalid, says);
    let both = RoomsSide { what: "both".to_owned(), ..before };
    assert_eq!(audited(both), (Validity::Valid, vec![]));
    let calm = RoomsSide { killed: 0, kills_s: 0.0, ..played() };
    is(calm, Validity::Invalid, "6 of 1,000 acknowledged moves were lost without a kill");
}

#[test]
fn losses_that_a_kill_did_not_name_are_a_lie_or_the_work_of_another() {
    let told_in: BTreeMap<String, u64> = [("load-7".to_owned(), 2)].into();
    let says = "1 rooms lost more than the kills named: load-1 lost 4 and was said to lose 0";
    let other = RoomsSide { told_in, ..played() };
    is(other.clone(), Validity::Disturbed, says);
    let server = Some(RoomsServer { acknowledged: 1000, lost: 2, ..RoomsServer::default() });
    let lie = RoomsSide { server, ..other };
    is(lie.clone(), Validity::Invalid, says);
    is(lie, Validity::Invalid, "the clients count 6 moves as lost, the server 2");
}

#[test]
fn the_servers_ledger_has_to_agree_with_the_clients() {
    let server =
        |acknowledged, unaccounted| Some(RoomsServer { acknowledged, unanswered: 0, lost: 6, unaccounted });
    let says = "the clients count 1,000 moves as acknowledged, the server 990";
    is(RoomsSide { server: server(990, 0), ..played() }, Validity::Invalid, says);
    let says = "the clients count 1,000 moves as acknowledged, the server 1,010: other clients may have \
                played or killed";
    is(RoomsSide { server: server(1010, 0), ..played() }, Validity::Disturbed, says);
    // The rooms had 50 updates of another load, which a kill lost.
    let theirs = Some(RoomsServer { acknowledged: 1000, lost: 56, ..RoomsServer::default() });
    let earlier = RoomsSide { server: theirs, earlier_lost: 50, ..played() };
    assert_eq!(audited(earlier), (Validity::Valid, vec![]));
    // Ten answers got lost on their way.
    let repeated = RoomsSide { server: server(1010, 0), retries: 10, ..played() };
    assert_eq!(audited(repeated), (Validity::Valid, vec![]));
    let says = "the server's ledger leaves 3 moves unaccounted for (acknowledged \u{2212} in the state \
                \u{2212} lost)";
    is(RoomsSide { server: server(1000, 3), ..played() }, Validity::Invalid, says);
}

#[test]
fn answers_that_contradict_each_other_make_a_run_invalid() {
    let says = "1 first attempts were answered as repeated";
    is(RoomsSide { not_repeated: 1, ..played() }, Validity::Invalid, says);
    let says = "2 acknowledgements were at a position that was not after the client's last one";
    is(RoomsSide { backwards: 2, ..played() }, Validity::Invalid, says);
    let invented = MovesLedger { invented: 5, ..played().ledger };
    let says = "5 moves in the rooms were sent by no client";
    is(RoomsSide { ledger: invented, ..played() }, Validity::Invalid, says);
    is(
        RoomsSide { unread: 1, ..played() },
        Validity::Invalid,
        "1 rooms were not in the server's answer at the end",
    );
}

#[test]
fn moves_that_fail_and_kills_that_are_refused_are_told_with_their_reasons() {
    let ledger = MovesLedger { sent: 1003, failed: 3, ..played().ledger };
    let reasons: BTreeMap<String, u64> = [("422: boom".to_owned(), 3)].into();
    let says = "3 of 1,003 moves failed: 3 \u{d7} 422: boom";
    is(RoomsSide { ledger, reasons, ..played() }, Validity::Disturbed, says);
    let kill_reasons: BTreeMap<String, u64> = [("404: gone".to_owned(), 1)].into();
    let says = "1 of 3 kills failed: 1 \u{d7} 404: gone";
    is(RoomsSide { kills_failed: 1, kill_reasons, ..played() }, Validity::Valid, says);
    is(
        RoomsSide { unsent: 7, ..played() },
        Validity::Disturbed,
        "7 moves were due and never sent; the times leave them out",
    );
}

#[test]
fn watchers_that_see_a_position_twice_make_a_run_invalid() {
    let watch = RoomsWatch { watchers: 3, updates: 100, ..RoomsWatch::default() };
    let with = |watch| RoomsSide { watch: Some(watch), ..played() };
    assert_eq!(audited(with(watch.clone())), (Validity::Valid, vec![]));
    let twice = RoomsWatch { twice: 1, ..watch.clone() };
    is(with(twice), Validity::Invalid, "1 updates arrived twice; 100 arrived");
    let untold = RoomsWatch { untold: 1, ..watch };
    is(with(untold), Validity::Invalid, "1 new lives came without a word that fits; 100 arrived");
}
