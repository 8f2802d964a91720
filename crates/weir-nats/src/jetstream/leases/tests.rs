//! Decisions about deliveries.

use super::*;

fn delivery(id: u64, count: u64) -> Delivery {
    let reply = format!("$JS.ACK.weir.workers.{count}.{id}.9.1796084797517380145.2");
    Delivery::read(reply.into(), Some(&format!("x-{id}"))).unwrap()
}

fn failed(failed: u32) -> Attempts {
    Attempts { failed, ..Attempts::default() }
}

/// Leases an event.
fn lease(leases: &Leases, delivery: &Delivery) {
    assert!(matches!(leases.admit(delivery, Some(failed(0))), Admitted::Leased { .. }));
}

fn leased(attempts: Attempts, is_known: bool) -> Admitted {
    Admitted::Leased { attempts, is_known }
}

#[test]
fn an_event_that_comes_again_is_not_handed_out_while_it_is_held_or_after_it_was_settled() {
    let leases = Leases::default();
    assert_eq!(leases.admit(&delivery(7, 1), None), leased(failed(0), true));
    assert_eq!(leases.admit(&delivery(7, 2), Some(failed(1))), Admitted::Held);
    assert_eq!(leases.begin_settling(7).map(|settling| settling.delivery.count), Some(2));
    assert!(leases.begin_settling(7).is_none(), "it is being settled");
    leases.not_settled(7);
    assert!(leases.begin_settling(7).is_some());
    assert_eq!(leases.counts(), (1, 1, 0, 0));
    leases.gone(&delivery(7, 2));
    assert_eq!(leases.admit(&delivery(7, 3), None), Admitted::Settled);
    assert_eq!(leases.admit(&delivery(7, 1), None), Admitted::Settled, "a server that forgot deliveries");
    assert_eq!(leases.counts(), (0, 0, 0, 1));
    let anew = Delivery { message: "y-7".into(), ..delivery(7, 1) };
    assert_eq!(leases.admit(&anew, None), leased(failed(0), true), "a new stream");
}

#[test]
fn attempts_are_known_only_if_this_node_gave_the_event_back_last() {
    let leases = Leases::default();
    let give_back = |attempts| {
        let event = leases.begin_settling(7).unwrap();
        leases.go_back(&event, attempts);
        event.delivery
    };
    lease(&leases, &delivery(7, 1));
    leases.delay(&give_back(failed(1)), Duration::from_secs(60));
    assert_eq!(leases.counts(), (0, 0, 1, 0));
    assert_eq!(leases.admit(&delivery(7, 2), None), leased(failed(1), true));
    assert_eq!(leases.counts(), (1, 0, 0, 0));
    give_back(failed(1));
    assert_eq!(leases.admit(&delivery(7, 4), None), leased(failed(0), false), "elsewhere in between");
    give_back(failed(1));
    assert_eq!(leases.admit(&delivery(7, 1), Some(failed(2))), leased(failed(2), false), "forgotten");
    assert_eq!(leases.admit(&delivery(8, 2), None), leased(failed(0), false));
}

#[test]
fn others_are_asked_about_what_comes_again_and_about_all_that_is_in_doubt() {
    let leases = Leases::default();
    drop(leases.arrive(&[delivery(7, 1)]));
    assert_eq!(leases.highest(), 7);
    assert!(!leases.must_ask(&delivery(9, 1), false));
    assert!(leases.must_ask(&delivery(9, 1), true));
    assert!(leases.must_ask(&delivery(9, 2), false));
    leases.ask_up_to(9);
    leases.ask_up_to(8);
    assert!(leases.must_ask(&delivery(9, 1), false), "another node was given as many");
    assert!(!leases.must_ask(&delivery(10, 1), false));
    lease(&leases, &delivery(7, 1));
    assert!(!leases.must_ask(&delivery(7, 2), true), "it is not handed out again");
}

#[test]
fn an_event_that_the_server_takes_for_new_is_a_later_delivery_than_those_recorded() {
    let leases = Leases::default();
    let lost = Attempts { failed: 2, lost: 2, upto: 2 };
    assert_eq!(leases.admit(&delivery(7, 1), Some(lost)), leased(lost, false));
    assert_eq!(leases.begin([7].into_iter()), (true, true));
    assert_eq!(leases.note_begun(10), BTreeMap::from([(7, 3)]));
    assert_eq!(leases.admit(&delivery(7, 2), None), Admitted::Held);
    assert_eq!(leases.note_begun(10), BTreeMap::from([(7, 3)]));
}

#[test]
fn an_event_is_noted_from_its_begin_to_its_settling() {
    let leases = Leases::default();
    lease(&leases, &delivery(7, 1));
    lease(&leases, &delivery(8, 3));
    assert_eq!(leases.begin([7, 9].into_iter()), (true, false));
    assert_eq!(leases.begin([8].into_iter()), (true, true));
    assert_eq!(leases.note_begun(10), BTreeMap::from([(7, 1), (8, 3)]));
    assert_eq!(leases.note_begun(1).len(), 1);
    let (seven, eight) = (leases.begin_settling(7).unwrap(), leases.begin_settling(8).unwrap());
    assert!(seven.is_noted && eight.is_noted);
    assert_eq!(leases.note_begun(10), BTreeMap::new());
}

#[test]
fn another_node_hears_what_is_held_settled_or_given_back() {
    let leases = Leases::default();
    assert_eq!(leases.said("x-7"), None);
    let event = [delivery(7, 1)];
    let (arriving, twice) = (leases.arrive(&event), leases.arrive(&event));
    drop(twice);
    assert_eq!(leases.said("x-7"), Some(Said::Held), "or will be, or is given back");
    drop(arriving);
    assert_eq!(leases.said("x-7"), None);
    lease(&leases, &delivery(7, 1));
    assert_eq!((leases.said("x-7"), leases.said("y-7")), (Some(Said::Held), None));
    assert_eq!((leases.number_of("x-7"), leases.number_of("y-7")), (Some(7), None));
    assert!(leases.begin_settling(7).is_some());
    leases.gone(&delivery(7, 1));
    assert_eq!((leases.said("x-7"), leases.number_of("x-7")), (Some(Said::Settled), Some(7)));
    lease(&leases, &delivery(8, 1));
    let event = leases.begin_settling(8).unwrap();
    leases.go_back(&event, failed(0));
    assert_eq!((leases.said("x-8"), leases.number_of("x-8")), (Some(Said::Returned), Some(8)));
}

#[test]
fn a_copy_of_an_event_is_not_handed_out() {
    let leases = Leases::default();
    lease(&leases, &delivery(7, 1));
    let copy = Delivery { id: 9, was_sent_before: true, ..delivery(7, 1) };
    assert!(!leases.must_ask(&copy, true));
    assert_eq!(leases.admit(&copy, None), Admitted::Held);
    assert_eq!(leases.begin_settling(7).map(|settling| settling.delivery.id), Some(7));
    leases.gone(&delivery(7, 1));
    assert_eq!(leases.admit(&copy, None), Admitted::Settled);
    // Another node may have the first one.
    let other = Delivery { message: "x-3".into(), ..copy };
    assert!(leases.must_ask(&other, false));
}

#[test]
fn an_event_that_goes_back_may_come_again_before_the_answer_does() {
    let leases = Leases::default();
    lease(&leases, &delivery(7, 1));
    let event = leases.begin_settling(7).unwrap();
    leases.go_back(&event, failed(1));
    assert_eq!(leases.said("x-7"), Some(Said::Returned));
    assert_eq!(leases.admit(&delivery(7, 2), None), leased(failed(1), true));
    assert!(!leases.take_back(&event), "it was given back");
    // Without an answer it is leased as before.
    let event = leases.begin_settling(7).unwrap();
    leases.go_back(&event, failed(2));
    assert_eq!(leases.counts(), (0, 0, 0, 0));
    assert!(leases.take_back(&event));
    assert_eq!(leases.counts(), (1, 1, 0, 0));
    leases.not_settled(7);
    assert_eq!(leases.begin_settling(7).map(|event| event.attempts), Some(failed(1)));
}
