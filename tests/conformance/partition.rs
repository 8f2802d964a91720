//! J: the partition dispatcher.
//!
//! Two of the errors of row 85 cannot be written down in Rust: partitions with
//! names always come with a function that answers with names, and what such a
//! function answers is checked by the compiler.

use weir::dispatch::{Dispatcher, PartitionDispatcher, SubscribeError, SubscribeRequest};
use weir::stage::Marker;

use super::Rows;
use super::bench::{Asker, Author, Bench};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (79, "the_author_is_not_asked_again_when_a_partition_changes_hands"),
    (80, "each_partition_gets_its_own_in_order"),
    (80, "equal_keys_share_a_partition_and_all_partitions_are_used"),
    (80, "events_for_an_absent_or_busy_partition_wait_inside_and_count_against_all_demand"),
    (80, "events_given_back_go_before_those_that_wait_in_their_old_order"),
    (81, "events_beyond_total_demand_are_returned_though_a_partition_is_idle"),
    (82, "an_event_of_no_partition_is_dropped_and_costs_no_demand"),
    (83, "waiting_events_stay_for_the_next_consumer"),
    (83, "waiting_events_are_discarded_on_request_and_their_demand_is_free_again"),
    (83, "the_author_is_asked_again_for_what_was_discarded"),
    (84, "a_marker_passes_when_nothing_waits"),
    (84, "a_marker_waits_for_every_partition_in_which_something_waits"),
    (84, "a_marker_is_not_overtaken_within_a_partition"),
    (84, "a_marker_waits_no_longer_for_a_partition_that_was_discarded"),
    (85, "there_has_to_be_a_partition"),
    (85, "there_has_to_be_a_name"),
    (85, "a_name_is_given_once"),
    (85, "a_subscription_needs_a_partition_that_exists_and_is_free"),
    (85, "a_route_to_nowhere_says_where_it_led"),
    (85, "a_route_to_an_unknown_name_says_which_there_are"),
];

type Parity = Bench<PartitionDispatcher<u32>>;

/// Two partitions, by parity; multiples of ten belong to none.
fn parity() -> PartitionDispatcher<u32> {
    PartitionDispatcher::new(2, |event| (event % 10 != 0).then_some((event % 2) as usize))
}

/// Subscriptions 0 and 1 to the partitions 0 and 1.
fn both(dispatcher: PartitionDispatcher<u32>) -> Parity {
    let mut bench = Bench::new(dispatcher);
    assert_eq!((bench.subscribe_to(0), bench.subscribe_to(1)), (Ok(0), Ok(1)));
    bench
}

fn mark(bench: &mut Parity) -> bool {
    bench.dispatcher.mark(Marker::new(|| {})).is_some()
}

fn due(bench: &mut Parity) -> bool {
    bench.dispatcher.take_due().is_some()
}

#[tokio::test(start_paused = true)]
async fn the_author_is_not_asked_again_when_a_partition_changes_hands() {
    let author = Author::spawn(PartitionDispatcher::new(2, |_: &u64| Some(0)));
    let first = Asker::join_partition(&author, 0).await;
    first.ask(10).await;
    first.leave().await;
    let next = Asker::join_partition(&author, 0).await;
    next.ask(5).await;
    assert_eq!(author.asked().await, [10]);
    author.answer().await;
    assert_eq!(next.got(), [0, 1, 2, 3, 4]);
    next.ask(5).await;
    assert_eq!(next.got(), (0..10).collect::<Vec<_>>());
    assert_eq!(author.asked().await, [10]);
}

#[test]
fn each_partition_gets_its_own_in_order() {
    let mut bench = both(parity());
    assert_eq!((bench.ask(0, 3), bench.ask(1, 3)), (3, 6));
    assert_eq!(bench.dispatch(1..=6), (vec![(0, vec![2, 4, 6]), (1, vec![1, 3, 5])], vec![]));
}

#[test]
fn equal_keys_share_a_partition_and_all_partitions_are_used() {
    let mut bench = Bench::new(PartitionDispatcher::by_key(4, |event: &u32| event / 10));
    (0..4).for_each(|partition| drop(bench.subscribe_to(partition)));
    bench.ask(0, 1000);
    let (mut sent, _) = bench.dispatch(0..1000);
    sent.extend((1..4).flat_map(|who| bench.ask_queued(who, 1000)));
    assert_eq!(sent.len(), 4);
    assert_eq!(sent.iter().map(|(_, events)| events.len()).sum::<usize>(), 1000);
    for (_, events) in sent {
        assert!(events.chunks(10).all(|key| key.len() == 10 && key[0] / 10 == key[9] / 10));
        assert!(events.is_sorted());
    }
}

#[test]
fn events_for_an_absent_or_busy_partition_wait_inside_and_count_against_all_demand() {
    let mut bench = Bench::new(parity());
    let even = bench.subscribe_to(0).unwrap();
    assert_eq!(bench.ask(even, 4), 4);
    assert_eq!(bench.dispatch([1, 2, 3, 5]), (vec![(even, vec![2])], vec![]));
    assert_eq!((bench.demand(), bench.dispatcher.queued()), (0, 3));
    let odd = bench.subscribe_to(1).unwrap();
    assert_eq!(bench.ask_queued(odd, 2), [(odd, vec![1, 3])]);
    assert_eq!((bench.demand(), bench.dispatcher.queued()), (2, 1));
    assert_eq!(bench.ask_queued(odd, 2), [(odd, vec![5])]);
    assert_eq!((bench.demand(), bench.dispatcher.queued()), (4, 0));
}

#[test]
fn events_given_back_go_before_those_that_wait_in_their_old_order() {
    let mut bench = both(parity());
    bench.ask(1, 2);
    bench.dispatch([1, 3]);
    bench.cancel(1);
    bench.ask(0, 3);
    bench.dispatch([5]);
    bench.dispatcher.requeue(1, [3].into());
    bench.dispatcher.requeue(0, [1].into());
    let next = bench.subscribe_to(1).unwrap();
    assert_eq!(bench.ask_queued(next, 9), [(next, vec![1, 3, 5])]);
}

#[test]
fn events_beyond_total_demand_are_returned_though_a_partition_is_idle() {
    let mut bench = both(parity());
    bench.ask(0, 3);
    // The odd ones take up what the even ones have asked for.
    assert_eq!(bench.dispatch([1, 3, 2, 4, 5, 6]), (vec![(0, vec![2])], vec![4, 5, 6]));
    assert_eq!(bench.dispatch([4]), (vec![], vec![4]));
}

#[test]
fn an_event_of_no_partition_is_dropped_and_costs_no_demand() {
    let mut bench = both(parity());
    bench.ask(0, 2);
    assert_eq!(bench.dispatch([10, 20, 2, 30]), (vec![(0, vec![2])], vec![]));
    assert_eq!((bench.demand(), bench.dispatcher.queued()), (1, 0));
    assert_eq!(bench.dispatch([40, 4, 50, 6]), (vec![(0, vec![4])], vec![50, 6]));
}

#[test]
fn waiting_events_stay_for_the_next_consumer() {
    let mut bench = both(parity());
    bench.ask(0, 4);
    bench.dispatch([1, 3]);
    assert!(bench.cancel(1).is_empty());
    assert_eq!((bench.demand(), bench.dispatcher.queued()), (2, 2));
    let next = bench.subscribe_to(1).unwrap();
    assert_eq!(bench.ask_queued(next, 5), [(next, vec![1, 3])]);
}

#[test]
fn waiting_events_are_discarded_on_request_and_their_demand_is_free_again() {
    let mut bench = both(parity().discarding());
    bench.ask(0, 4);
    bench.dispatch([1, 3]);
    assert_eq!(bench.demand(), 2);
    assert_eq!(bench.cancel(1), [1, 3]);
    assert_eq!((bench.demand(), bench.dispatcher.queued()), (4, 0));
    let next = bench.subscribe_to(1).unwrap();
    assert_eq!(bench.ask_queued(next, 5), []);
}

#[tokio::test(start_paused = true)]
async fn the_author_is_asked_again_for_what_was_discarded() {
    let first_six_to_one = |event: &u64| Some(usize::from(*event < 6));
    let author = Author::spawn(PartitionDispatcher::new(2, first_six_to_one).discarding());
    let (asks, idle) = (Asker::join_partition(&author, 0).await, Asker::join_partition(&author, 1).await);
    asks.ask(6).await;
    author.answer().await;
    // All six wait for one who asks for nothing.
    assert_eq!((author.asked().await, asks.got()), (vec![6], vec![]));
    idle.leave().await;
    assert_eq!(author.asked().await, [6, 6]);
    author.answer().await;
    assert_eq!(asks.got(), (6..12).collect::<Vec<_>>());
}

#[test]
fn a_marker_passes_when_nothing_waits() {
    let mut bench = both(parity());
    bench.ask(0, 1);
    bench.dispatch([2]);
    assert!(mark(&mut bench));
    assert!(!due(&mut bench));
}

#[test]
fn a_marker_waits_for_every_partition_in_which_something_waits() {
    let mut bench = Bench::new(PartitionDispatcher::new(3, |event: &u32| Some((event % 3) as usize)));
    (0..3).for_each(|partition| drop(bench.subscribe_to(partition)));
    bench.ask(0, 3);
    bench.dispatch([1, 2, 4]);
    assert!(!mark(&mut bench));
    // One in the second and none in the first: it waits for the other two.
    bench.ask_queued(1, 1);
    assert!(!due(&mut bench));
    bench.ask_queued(2, 1);
    assert!(!due(&mut bench));
    bench.ask_queued(1, 1);
    assert!(due(&mut bench));
    assert!(!due(&mut bench), "once");
}

#[test]
fn a_marker_is_not_overtaken_within_a_partition() {
    let mut bench = both(parity());
    bench.ask(0, 4);
    bench.dispatch([1]);
    assert!(!mark(&mut bench));
    bench.dispatch([3]);
    assert_eq!(bench.ask_queued(1, 2), [(1, vec![1])]);
    assert!(due(&mut bench));
    assert_eq!(bench.ask_queued(1, 0), [(1, vec![3])]);
}

#[test]
fn a_marker_waits_no_longer_for_a_partition_that_was_discarded() {
    for discards in [true, false] {
        let mut bench = both(if discards { parity().discarding() } else { parity() });
        bench.ask(0, 2);
        bench.dispatch([1]);
        assert!(!mark(&mut bench));
        bench.cancel(1);
        // What is handed over is still to be waited for.
        assert_eq!(due(&mut bench), discards);
    }
}

#[test]
#[should_panic(expected = "needs at least one partition")]
fn there_has_to_be_a_partition() {
    drop(PartitionDispatcher::new(0, |_: &u32| None));
}

#[test]
#[should_panic(expected = "needs at least one partition")]
fn there_has_to_be_a_name() {
    drop(PartitionDispatcher::named([""; 0], |_: &u32| None));
}

#[test]
#[should_panic(expected = "there are two partitions \"a\"")]
fn a_name_is_given_once() {
    drop(PartitionDispatcher::named(["a", "b", "a"], |_: &u32| None));
}

#[test]
fn a_subscription_needs_a_partition_that_exists_and_is_free() {
    let mut bench = Bench::new(parity());
    let refused = |refused: Result<usize, SubscribeError>| refused.unwrap_err().to_string();
    let missing = bench.subscribe(SubscribeRequest::new(0));
    assert_eq!(refused(missing), "the subscription names no partition; there are 0 to 1");
    assert_eq!(refused(bench.subscribe_to(2)), "there is no partition 2; there are 0 to 1");
    let first = bench.subscribe_to(1).unwrap();
    bench.ask(first, 3);
    assert_eq!(bench.subscribe_to(1), Err(SubscribeError::PartitionTaken { partition: 1.into() }));
    assert_eq!(bench.demand(), 3, "nothing has changed");
    bench.cancel(first);
    assert!(bench.subscribe_to(1).is_ok());

    let mut named = Bench::new(PartitionDispatcher::named(["odd", "even"], |_: &u32| Some("odd")));
    let request = SubscribeRequest::new(0).partition("off");
    let expected = "there is no partition \"off\"; there are \"odd\", \"even\"";
    assert_eq!(refused(named.subscribe(request)), expected);
}

#[test]
#[should_panic(expected = "routed to partition 9; there are 0 to 1")]
fn a_route_to_nowhere_says_where_it_led() {
    let mut bench = both(PartitionDispatcher::new(2, |_| Some(9)));
    bench.ask(0, 1);
    bench.dispatch([1]);
}

#[test]
#[should_panic(expected = "routed to partition \"off\"; there are [\"odd\", \"even\"]")]
fn a_route_to_an_unknown_name_says_which_there_are() {
    let mut bench = Bench::new(PartitionDispatcher::named(["odd", "even"], |_| Some("off")));
    let odd = bench.subscribe(SubscribeRequest::new(0).partition("odd")).unwrap();
    bench.ask(odd, 1);
    bench.dispatch([1]);
}
