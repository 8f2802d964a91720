use super::*;
use crate::record::{Origin, Run, Slicer, Validity, WatchLedger};
use std::time::Duration;

/// A run in which everything went well: 100 watchers, 20 events.
fn watched() -> WatchSide {
    let mut last = Slicer::new(Duration::from_millis(500));
    (0..20).for_each(|n| last.record(Duration::from_millis(500 * n), 70_000));
    WatchSide {
        seconds: 10.0,
        transport: "ws".to_owned(),
        match_id: "weir-sluice".to_owned(),
        wanted: 100,
        watchers: 100,
        connected: 100,
        events: 20,
        deliveries: 2000,
        expected: 2000,
        from_publication: true,
        playing: Some(true),
        last: last.timing(),
        cpu: Some(0.2),
        starved: Some(0.01),
        server: Some(WatchServer {
            ledger: WatchLedger { sent: 2000, delivered: 2000, ..WatchLedger::default() },
            compared: Some(2000),
            ..WatchServer::default()
        }),
        ..WatchSide::default()
    }
}

/// The word for a run, and the sentences that a reader has to know of.
fn audited(side: WatchSide) -> (Validity, Vec<String>) {
    let mut run = Run::new(Origin::Load, "watch", crate::record::now());
    run.watch = Some(side);
    let audit = run.audited().audit;
    (audit.validity(), audit.remarks().map(|check| check.says.clone()).collect())
}

fn is(side: WatchSide, validity: Validity, says: &str) {
    let (found, sentences) = audited(side);
    assert_eq!(found, validity, "{sentences:?}");
    assert!(sentences.iter().any(|sentence| sentence == says), "{sentences:?} lacks {says:?}");
}

#[test]
fn a_run_without_a_fault_is_valid_and_says_nothing() {
    assert_eq!(audited(watched()), (Validity::Valid, vec![]));
}

#[test]
fn events_that_are_missed_twice_or_out_of_order_make_a_run_invalid_and_gaps_do_not() {
    let says = "3 of 2,000 deliveries did not arrive, without a gap";
    is(WatchSide { missed: 3, ..watched() }, Validity::Invalid, says);
    is(WatchSide { twice: 1, ..watched() }, Validity::Invalid, "1 of 2,000 deliveries arrived twice");
    let says = "1 of 2,000 deliveries arrived out of order, or in a gap that did not fit";
    is(WatchSide { disordered: 1, ..watched() }, Validity::Invalid, says);
    let says = "448 of 2,000 deliveries were dropped by the server and told in 7 gaps";
    is(WatchSide { gaps: 7, gap_events: 448, ..watched() }, Validity::Valid, says);
}

#[test]
fn watchers_that_never_came_or_went_are_counted_with_their_reasons() {
    let reasons = |why: &str, n| BTreeMap::from([(why.to_owned(), n)]);
    let refusals = reasons("connect: connection refused", 5);
    let side = WatchSide { wanted: 105, refused: 5, refusals: refusals.clone(), ..watched() };
    is(side, Validity::Valid, "5 of 105 connects failed: 5 \u{d7} connect: connection refused");
    let none = WatchSide { watchers: 0, connected: 0, refused: 5, refusals, ..watched() };
    let says = "0 watchers have got a snapshot: 5 \u{d7} connect: connection refused";
    is(none, Validity::Invalid, says);
    let losses = reasons("closed by the server with code 1012", 2);
    let says = "2 watchers lost their connection: 2 \u{d7} closed by the server with code 1012";
    is(WatchSide { lost: 2, losses, ..watched() }, Validity::Invalid, says);
    let says = "100 of 300 watchers had connected when the run ended";
    is(WatchSide { wanted: 300, ..watched() }, Validity::Valid, says);
}

#[test]
fn without_a_match_there_is_nothing_to_measure() {
    let over = BTreeMap::from([("the match has not begun".to_owned(), 100)]);
    let none = WatchSide { events: 0, last: Timing::default(), ..watched() };
    let side = WatchSide { ended: 100, losses: over, ..none.clone() };
    let says =
        "0 events: weir-sluice answered that the match has not begun; start it with `weir match play`";
    is(side, Validity::Invalid, says);
    let says = "0 events arrived from weir-sluice in 10 s; start it with `weir match play`";
    is(WatchSide { playing: Some(false), ..none }, Validity::Invalid, says);
    let says = "weir-sluice ended during the run, after 20 events with all watchers";
    is(WatchSide { ended: 100, ..watched() }, Validity::Disturbed, says);
    let says = "0 events came while all watchers were connected, which are few for first, median and last; 10 \
                would do";
    is(WatchSide { last: Timing::default(), ..watched() }, Validity::Valid, says);
}

#[test]
fn a_generator_without_time_to_spare_measures_itself() {
    let says = "the generator was busy 97 % of the time (limit 95 %)";
    is(WatchSide { cpu: Some(0.93), starved: Some(0.04), ..watched() }, Validity::Invalid, says);
    let starved = WatchSide { starved: Some(0.2), other_cpu: Some(1.5), ..watched() };
    let says = "the generator was runnable but waiting for a CPU 20 % of the time (limit 5 %); the server used \
                0.00 cores and other processes 1.50";
    is(starved, Validity::Disturbed, says);
    let says = "while events were under way the generator worked 92 % of the time, so the times include its own work";
    is(WatchSide { busy: Some(0.92), ..watched() }, Validity::Valid, says);
}

#[test]
fn the_counts_of_both_sides_have_to_agree() {
    let with = |compared, delivered| {
        let ledger =
            WatchLedger { sent: 2000, delivered, dropped: 2000 - delivered, ..WatchLedger::default() };
        let server = Some(WatchServer { ledger, compared, ..WatchServer::default() });
        WatchSide { server, ..watched() }
    };
    let says = "1,999 deliveries reached the watchers, but the server counts 2,000";
    is(with(Some(1999), 2000), Validity::Invalid, says);
    let says =
        "0 quiet moments to compare the counts with the server's ledger, or other watchers were connected";
    is(with(None, 1990), Validity::Valid, says);
}
