//! I: the broadcast dispatcher.

use std::sync::Arc;

use weir::dispatch::{BroadcastDispatcher, Selector, SubscribeError, SubscribeRequest};
use weir::stage::{self, CancelMode, SubscribeOptions};

use super::Rows;
use super::bench::{Asker, Author, Bench, Sent};
use crate::support::{Collect, Logs, Numbers};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (71, "the_level_is_the_smallest_demand_and_what_exceeds_it_is_remembered"),
    (72, "a_newcomer_that_has_not_asked_stops_dispatch_and_takes_nothing_from_the_others"),
    (73, "when_the_slow_one_leaves_the_others_demand_is_there_by_itself"),
    (74, "the_author_is_not_asked_twice_when_one_leaves_and_another_comes"),
    (75, "events_beyond_the_common_demand_are_returned_in_order"),
    (76, "without_subscribers_everything_is_returned_and_nothing_is_wanted"),
    (77, "a_selector_gets_its_own_and_what_it_filters_costs_it_no_demand"),
    (77, "filtered_events_are_asked_of_the_author_again"),
    (78, "the_same_consumer_is_refused_a_second_time_and_nothing_changes"),
    (78, "a_second_subscription_of_one_consumer_is_logged_and_the_first_goes_on"),
];

fn bench(subscriptions: u64) -> Bench<BroadcastDispatcher<u32>> {
    Bench::with(BroadcastDispatcher::new(), subscriptions)
}

fn even() -> Selector<u32> {
    Arc::new(|event| event.is_multiple_of(2))
}

/// Everything that went to one of them.
fn of(sent: &Sent, who: usize) -> Vec<u32> {
    sent.iter().filter(|(to, _)| *to == who).flat_map(|(_, events)| events.clone()).collect()
}

#[test]
fn the_level_is_the_smallest_demand_and_what_exceeds_it_is_remembered() {
    let mut bench = bench(3);
    assert_eq!((bench.ask(0, 10), bench.ask(1, 4), bench.ask(2, 7)), (0, 0, 4));
    let all = vec![1, 2, 3, 4];
    assert_eq!(bench.dispatch(1..=4), (vec![(0, all.clone()), (1, all.clone()), (2, all)], Vec::new()));
    // 6, 0 and 3 are left.
    assert_eq!((bench.ask(1, 20), bench.ask(2, 20)), (3, 6));
}

#[test]
fn a_newcomer_that_has_not_asked_stops_dispatch_and_takes_nothing_from_the_others() {
    let mut bench = bench(2);
    assert_eq!((bench.ask(0, 5), bench.ask(1, 3)), (0, 3));
    let newcomer = bench.subscribe(SubscribeRequest::new(7)).unwrap();
    assert_eq!(bench.demand(), 0);
    assert_eq!(bench.dispatch([1, 2]), (vec![], vec![1, 2]));
    // What the others had in common has gone back to each of them.
    assert_eq!(bench.ask(newcomer, 9), 3);
    let two = vec![1, 2];
    assert_eq!(bench.dispatch([1, 2]).0, [(0, two.clone()), (1, two.clone()), (newcomer, two)]);
    assert_eq!(bench.ask(1, 9), 3, "the first asked for five");
}

#[test]
fn when_the_slow_one_leaves_the_others_demand_is_there_by_itself() {
    let mut bench = bench(3);
    assert_eq!((bench.ask(0, 10), bench.ask(1, 6), bench.ask(2, 2)), (0, 0, 2));
    assert!(bench.cancel(2).is_empty());
    assert_eq!(bench.demand(), 6);
    bench.cancel(1);
    assert_eq!(bench.demand(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_author_is_not_asked_twice_when_one_leaves_and_another_comes() {
    let author = Author::spawn(BroadcastDispatcher::new());
    let (stays, leaves) = (Asker::join(&author).await, Asker::join(&author).await);
    stays.ask(10).await;
    assert!(author.asked().await.is_empty());
    leaves.ask(10).await;
    assert_eq!(author.asked().await, [10]);
    leaves.leave().await;
    let comes = Asker::join(&author).await;
    comes.ask(4).await;
    comes.ask(6).await;
    assert_eq!(author.asked().await, [10]);
    author.answer().await;
    let all: Vec<u64> = (0..10).collect();
    assert_eq!((stays.got(), comes.got()), (all.clone(), all));
    assert_eq!(author.asked().await, [10]);
}

#[test]
fn events_beyond_the_common_demand_are_returned_in_order() {
    let mut bench = bench(2);
    bench.ask(0, 3);
    bench.ask(1, 2);
    let (sent, rest) = bench.dispatch(1..=5);
    assert_eq!((sent, rest), (vec![(0, vec![1, 2]), (1, vec![1, 2])], vec![3, 4, 5]));
    assert_eq!(bench.dispatch([3]), (vec![], vec![3]));
}

#[test]
fn without_subscribers_everything_is_returned_and_nothing_is_wanted() {
    let mut bench = bench(1);
    bench.ask(0, 5);
    bench.cancel(0);
    assert_eq!(bench.dispatch([1, 2]), (vec![], vec![1, 2]));
    assert_eq!(bench.demand(), 0);
}

#[test]
fn a_selector_gets_its_own_and_what_it_filters_costs_it_no_demand() {
    let mut bench = bench(1);
    let picky = bench.subscribe(SubscribeRequest::new(1).selector(even())).unwrap();
    bench.ask(0, 6);
    assert_eq!(bench.ask(picky, 2), 2);
    let (sent, rest) = bench.dispatch(1..=6);
    assert_eq!((of(&sent, 0), of(&sent, picky), rest), (vec![1, 2, 3, 4], vec![2, 4], vec![5, 6]));
    assert_eq!(bench.ask(picky, 5), 2, "the first has 2 left of 6");
    // Events that no subscriber selects take no demand.
    bench.cancel(0);
    assert_eq!(bench.dispatch([5, 7, 9]), (vec![], vec![]));
    assert_eq!(bench.demand(), 5);
}

#[tokio::test(start_paused = true)]
async fn filtered_events_are_asked_of_the_author_again() {
    let numbers = Numbers::below(20);
    let demands = numbers.demands.clone();
    let numbers = stage::producer(numbers).dispatcher(BroadcastDispatcher::new()).spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let fourths: Selector<u64> = Arc::new(|event| event.is_multiple_of(4));
    let options = SubscribeOptions::manual().selector(move |event| fourths(event));
    let consumer = stage::consumer(collect).spawn();
    let tag = consumer.consumer().subscribe(&numbers.producer(), options).await.unwrap();
    consumer.consumer().ask(tag, 6).await.unwrap();
    numbers.join().await;
    // Of 0 to 5 two were wanted, so 4 are asked for; of 6 to 9 one, so 3 are; …
    assert_eq!(demands.all(), [6, 4, 3, 2, 2, 1, 1, 1, 1]);
    assert_eq!(batches.all().concat(), [0, 4, 8, 12, 16]);
}

#[test]
fn the_same_consumer_is_refused_a_second_time_and_nothing_changes() {
    let mut bench = bench(1);
    bench.ask(0, 3);
    assert_eq!(bench.subscribe(SubscribeRequest::new(0)), Err(SubscribeError::AlreadySubscribed));
    assert_eq!(bench.demand(), 3);
    assert_eq!(bench.dispatch([1]), (vec![(0, vec![1])], vec![]));
    bench.cancel(0);
    assert_eq!(bench.subscribe(SubscribeRequest::new(0)), Ok(1), "it has left, and may come again");
}

#[tokio::test(start_paused = true)]
async fn a_second_subscription_of_one_consumer_is_logged_and_the_first_goes_on() {
    let logs = Logs::capture();
    let numbers = stage::producer(Numbers::below(20)).dispatcher(BroadcastDispatcher::new()).spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).named("twice").spawn();
    let manual = || SubscribeOptions::manual().cancel(CancelMode::Temporary);
    let first = consumer.consumer().subscribe(&numbers.producer(), manual()).await.unwrap();
    consumer.consumer().subscribe(&numbers.producer(), manual()).await.unwrap();
    consumer.consumer().ask(first, 21).await.unwrap();
    numbers.join().await;
    assert_eq!(batches.all().concat(), (0..20).collect::<Vec<_>>());
    let lines = logs.take();
    let expected =
        "WARN: producer: the subscription of twice was refused: this consumer is subscribed already";
    assert!(lines.iter().any(|line| line.starts_with(expected)), "{lines:?}");
}
