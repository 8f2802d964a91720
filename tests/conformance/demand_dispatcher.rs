//! H: the demand dispatcher.
//!
//! GenStage's rows speak of *pending* demand: demand that was sent upstream for
//! a consumer that then left. Ours has a level instead, so the same promise reads: the
//! author is not asked again for events it still owes.

use weir::dispatch::{DemandDispatcher, Dispatcher, SubscribeRequest, Tag};
use weir::stage::Marker;

use super::Rows;
use super::bench::{Asker, Author, Bench};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (61, "subscribing_creates_no_demand_and_leaving_without_any_leaves_nothing_behind"),
    (62, "the_demand_of_one_who_left_is_forgotten"),
    (62, "the_author_is_not_asked_again_for_a_newcomer_and_what_is_over_serves_its_next_ask"),
    (63, "without_consumers_everything_is_returned_and_the_level_stays_at_zero"),
    (63, "events_without_a_consumer_lower_what_the_author_is_asked_for_next"),
    (64, "of_two_asks_of_three_one_left_five_events_deliver_three_and_return_two"),
    (64, "of_an_answer_for_two_the_half_of_the_one_who_left_waits_for_the_next_ask"),
    (65, "without_demand_everything_is_returned_and_nothing_is_sent"),
    (66, "the_largest_demand_is_served_first_and_equals_in_the_order_of_their_asks"),
    (66, "each_ask_and_each_delivery_sorts_anew"),
    (66, "single_events_to_equal_demand_go_round_without_skipping_a_consumer"),
    (67, "one_dispatch_spans_consumers_and_the_rest_of_a_group_goes_to_the_next_largest"),
    (68, "a_shuffle_reorders_equals_before_the_first_dispatch_and_never_again"),
    (69, "an_ask_of_twice_what_the_others_ask_for_is_reported_and_honoured"),
    (69, "the_usual_ask_is_that_of_the_present_subscriptions"),
    (69, "an_ask_above_the_configured_maximum_and_the_others_is_reported"),
    (70, "a_marker_passes_straight_through_and_leaves_everything_as_it_was"),
];

fn bench(subscriptions: u64) -> Bench<DemandDispatcher> {
    Bench::with(DemandDispatcher::new(), subscriptions)
}

#[test]
fn subscribing_creates_no_demand_and_leaving_without_any_leaves_nothing_behind() {
    let mut bench = bench(2);
    assert_eq!(bench.demand(), 0);
    assert!(bench.cancel(0).is_empty());
    assert_eq!(bench.demand(), 0);
    assert_eq!(bench.ask(0, 7), 0, "one who left asks for nothing");
    assert_eq!(bench.ask(1, 3), 3);
    assert_eq!(bench.dispatch(1..=3), (vec![(1, vec![1, 2, 3])], vec![]));
}

#[test]
fn an_ask_under_an_unknown_tag_changes_nothing() {
    let mut bench = bench(1);
    Dispatcher::<u32>::ask(&mut bench.dispatcher, Tag::unique(), 7);
    assert_eq!(bench.demand(), 0);
}

#[test]
fn the_demand_of_one_who_left_is_forgotten() {
    let mut bench = bench(2);
    assert_eq!(bench.ask(0, 10), 10);
    bench.cancel(0);
    assert_eq!(bench.demand(), 0);
    assert_eq!(bench.ask(1, 5), 5);
    assert_eq!(bench.dispatch(1..=10), (vec![(1, (1..=5).collect())], (6..=10).collect()));
}

/// GenStage's issue 311: there the five would stay where they are, as the
/// newcomer's second ask is counted against what the first consumer left pending.
#[tokio::test(start_paused = true)]
async fn the_author_is_not_asked_again_for_a_newcomer_and_what_is_over_serves_its_next_ask() {
    let author = Author::spawn(DemandDispatcher::new());
    let first = Asker::join(&author).await;
    first.ask(10).await;
    first.leave().await;
    let next = Asker::join(&author).await;
    next.ask(5).await;
    assert_eq!(author.asked().await, [10]);
    author.answer().await;
    assert_eq!(next.got(), [0, 1, 2, 3, 4]);
    next.ask(5).await;
    assert_eq!(next.got(), (0..10).collect::<Vec<_>>());
    assert_eq!(author.asked().await, [10]);
}

#[test]
fn without_consumers_everything_is_returned_and_the_level_stays_at_zero() {
    let mut bench = bench(1);
    bench.ask(0, 10);
    bench.cancel(0);
    for _ in 0..3 {
        assert_eq!(bench.dispatch(1..=5), (vec![], (1..=5).collect()));
        assert_eq!(bench.demand(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn events_without_a_consumer_lower_what_the_author_is_asked_for_next() {
    let author = Author::spawn(DemandDispatcher::new());
    let first = Asker::join(&author).await;
    first.ask(10).await;
    first.leave().await;
    author.answer().await;
    let next = Asker::join(&author).await;
    next.ask(15).await;
    assert_eq!(next.got(), (0..10).collect::<Vec<_>>());
    assert_eq!(author.asked().await, [10, 5]);
}

#[test]
fn of_two_asks_of_three_one_left_five_events_deliver_three_and_return_two() {
    let mut bench = bench(2);
    assert_eq!((bench.ask(0, 3), bench.ask(1, 3)), (3, 6));
    bench.cancel(0);
    assert_eq!(bench.demand(), 3);
    assert_eq!(bench.dispatch(1..=5), (vec![(1, vec![1, 2, 3])], vec![4, 5]));
    assert_eq!(bench.demand(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_an_answer_for_two_the_half_of_the_one_who_left_waits_for_the_next_ask() {
    let author = Author::spawn(DemandDispatcher::new());
    let (first, second) = (Asker::join(&author).await, Asker::join(&author).await);
    first.ask(3).await;
    second.ask(3).await;
    // The second ask came while the author was busy with the first.
    author.answer().await;
    assert_eq!(author.asked().await, [3, 3]);
    assert_eq!((first.got(), second.got()), (vec![0, 1, 2], vec![]));
    second.leave().await;
    author.answer().await;
    first.ask(3).await;
    assert_eq!(first.got(), (0..6).collect::<Vec<_>>());
    assert_eq!(author.asked().await, [3, 3]);
}

#[test]
fn without_demand_everything_is_returned_and_nothing_is_sent() {
    assert_eq!(bench(0).dispatch(1..=2), (vec![], vec![1, 2]));
    assert_eq!(bench(3).dispatch(1..=2), (vec![], vec![1, 2]));
}

#[test]
fn the_largest_demand_is_served_first_and_equals_in_the_order_of_their_asks() {
    let mut bench = bench(4);
    for (who, n) in [(2, 1), (0, 1), (3, 4), (1, 1)] {
        bench.ask(who, n);
    }
    let (sent, rest) = bench.dispatch(1..=8);
    assert_eq!(sent, [(3, vec![1, 2, 3, 4]), (2, vec![5]), (0, vec![6]), (1, vec![7])]);
    assert_eq!((rest, bench.demand()), (vec![8], 0));
}

#[test]
fn each_ask_and_each_delivery_sorts_anew() {
    let mut bench = bench(2);
    bench.ask(0, 3);
    bench.ask(1, 2);
    // 3 against 2, then 1 against 2.
    assert_eq!(bench.dispatch([1, 2]).0, [(0, vec![1, 2])]);
    assert_eq!(bench.dispatch([3]).0, [(1, vec![3])]);
    // 1 against 1, and the one who was served has gone behind; then 1 against 5.
    bench.ask(1, 4);
    assert_eq!(bench.dispatch([4]).0, [(1, vec![4])]);
    assert_eq!(bench.demand(), 5);
}

#[test]
fn single_events_to_equal_demand_go_round_without_skipping_a_consumer() {
    let mut bench = bench(3);
    (0..3).for_each(|who| assert_eq!(bench.ask(who, 1), who + 1));
    let mut order = Vec::new();
    for event in 0..6 {
        let who = bench.dispatch([event]).0[0].0;
        order.push(who);
        bench.ask(who, 1);
        // A dispatch without events takes no consumer's turn.
        assert_eq!(bench.dispatch([]), (vec![], vec![]));
    }
    assert_eq!(order, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn one_dispatch_spans_consumers_and_the_rest_of_a_group_goes_to_the_next_largest() {
    let mut bench = bench(2);
    bench.ask(0, 3);
    bench.ask(1, 3);
    assert_eq!(bench.dispatch(1..=2).0, [(0, vec![1, 2])]);
    assert_eq!(bench.dispatch(3..=7), (vec![(1, vec![3, 4, 5]), (0, vec![6])], vec![7]));
}

/// GenStage shuffles all consumers; ours leaves the larger demand before the smaller.
#[test]
fn a_shuffle_reorders_equals_before_the_first_dispatch_and_never_again() {
    let order = |bench: &mut Bench<DemandDispatcher>| -> Vec<usize> {
        (0..5).for_each(|who| assert_eq!(bench.ask(who, 1), who + 1));
        bench.dispatch(1..=5).0.into_iter().map(|(who, _)| who).collect()
    };
    let (mut firsts, in_turn) = (Vec::new(), [0, 1, 2, 3, 4]);
    for seed in 0..20 {
        let mut bench = Bench::with(DemandDispatcher::new().shuffled(seed), 5);
        firsts.push(order(&mut bench));
        assert_eq!(order(&mut bench), in_turn, "the second dispatch");
    }
    assert!(firsts.iter().any(|first| *first != firsts[0]), "seeds differ");
    assert_eq!(order(&mut bench(5)), in_turn, "without a shuffle");

    let mut unequal = Bench::with(DemandDispatcher::new().shuffled(3), 3);
    unequal.ask(2, 1);
    unequal.ask(1, 9);
    assert_eq!(unequal.dispatch([1]).0, [(1, vec![1])]);
}

/// GenStage warns of every ask above the first it ever saw. Ours compares what is
/// asked for now, and twice as much as the others is what takes the events.
#[test]
fn an_ask_of_twice_what_the_others_ask_for_is_reported_and_honoured() {
    let mut bench = bench(2);
    assert_eq!((bench.ask(0, 10), bench.ask(1, 10)), (10, 20));
    assert_eq!(bench.greedy(), None);
    assert_eq!(bench.ask(1, 9), 29);
    assert_eq!(bench.greedy(), None);
    assert_eq!(bench.ask(1, 1), 30);
    assert_eq!(bench.greedy(), Some((1, 20, 10..=10)));
    // Once, as long as nothing changes.
    assert_eq!(bench.greedy(), None);
    assert_eq!(bench.dispatch(0..30), (vec![(1, (0..20).collect()), (0, (20..30).collect())], vec![]));
}

#[test]
fn a_subscription_that_asks_alone_is_never_greedy() {
    let mut bench = bench(2);
    bench.ask(0, 1);
    bench.ask(0, 1000);
    assert_eq!(bench.greedy(), None, "the other one asks for nothing");
    bench.ask(1, 500);
    assert_eq!(bench.greedy(), Some((0, 1001, 500..=500)));
}

#[test]
fn the_usual_ask_is_that_of_the_present_subscriptions() {
    let mut bench = bench(3);
    (0..3).for_each(|who| assert_eq!(bench.ask(who, 10), 10 * (who + 1)));
    assert_eq!(bench.greedy(), None);
    bench.cancel(1);
    bench.cancel(2);
    // All that came before them asked for ten times as much, and have left.
    let who = bench.subscribe(SubscribeRequest::new(3)).unwrap();
    bench.ask(who, 1);
    assert_eq!(bench.greedy(), Some((0, 10, 1..=1)));
}

#[test]
fn an_ask_above_the_configured_maximum_and_the_others_is_reported() {
    let mut bench = Bench::with(DemandDispatcher::new().max_demand(3), 2);
    assert_eq!((bench.ask(0, 3), bench.ask(1, 2)), (3, 5));
    assert_eq!(bench.greedy(), None);
    assert_eq!(bench.ask(0, 1), 6);
    assert_eq!(bench.greedy(), Some((0, 4, 2..=2)));
}

#[test]
fn a_marker_passes_straight_through_and_leaves_everything_as_it_was() {
    let mut bench = bench(1);
    bench.ask(0, 2);
    let marker = Marker::new(|| {});
    assert!(Dispatcher::<u32>::mark(&mut bench.dispatcher, marker).is_some());
    assert!(Dispatcher::<u32>::take_due(&mut bench.dispatcher).is_none());
    assert_eq!(bench.demand(), 2);
    assert_eq!(bench.dispatch(1..=3), (vec![(0, vec![1, 2])], vec![3]));
}
