//! A: demand between a producer and a consumer.

use std::time::Duration;

use tokio::time::sleep;
use weir::demand::Limits;
use weir::dispatch::BroadcastDispatcher;
use weir::stage::{self, CancelMode, ProducerRef, Reason, SubscribeOptions};

use super::Rows;
use crate::support::{Collect, Numbers, STEP, collecting, hanging, limits, ranges, settled, silent};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (1, "by_default_a_handler_sees_halves_of_a_thousand"),
    (2, "a_high_minimum_makes_small_batches_that_go_on_without_a_gap"),
    (3, "a_low_minimum_makes_a_large_batch_and_the_rest_of_the_delivery"),
    (4, "one_at_a_time_is_one_event_a_call_in_order"),
    (5, "a_broadcast_to_demands_of_ten_and_twenty_delivers_slices_of_ten_to_both"),
    (6, "one_that_never_asks_holds_a_broadcast_and_its_leaving_releases_it"),
    (7, "a_broadcast_whose_consumers_hang_is_asked_for_the_smaller_demand_once"),
];

/// The first `n` batches of a consumer that takes its time.
async fn first_batches(options: SubscribeOptions<u64>, n: usize) -> Vec<(u64, u64)> {
    let numbers = stage::producer(Numbers::below(u64::MAX)).spawn();
    let (batches, consumer) = collecting(STEP, &numbers.producer(), options);
    while batches.len() < n {
        sleep(STEP).await;
    }
    consumer.stop();
    consumer.join().await;
    ranges(&batches.all()[..n])
}

#[tokio::test(start_paused = true)]
async fn by_default_a_handler_sees_halves_of_a_thousand() {
    let options = SubscribeOptions::default();
    assert_eq!(first_batches(options, 3).await, [(0, 499), (500, 999), (1000, 1499)]);
}

#[tokio::test(start_paused = true)]
async fn a_high_minimum_makes_small_batches_that_go_on_without_a_gap() {
    let twenties: Vec<_> = (0..60).map(|n| (n * 20, n * 20 + 19)).collect();
    assert_eq!(first_batches(limits(100, 80).into(), 60).await, twenties);
}

#[tokio::test(start_paused = true)]
async fn a_low_minimum_makes_a_large_batch_and_the_rest_of_the_delivery() {
    let expected = [(0, 79), (80, 99), (100, 179), (180, 259), (260, 279)];
    assert_eq!(first_batches(limits(100, 20).into(), 5).await, expected);
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_is_one_event_a_call_in_order() {
    let ones: Vec<_> = (0..20).map(|n| (n, n)).collect();
    assert_eq!(first_batches(limits(1, 0).into(), 20).await, ones);
}

/// Row 5, of a paused stage that broadcasts 0 to 39 and ends.
pub(super) async fn both_get_slices_of_ten(broadcast: &ProducerRef<u64>) {
    let (ten, first) = collecting(STEP, broadcast, limits(10, 0));
    let (twenty, second) = collecting(STEP, broadcast, limits(20, 0));
    settled().await;
    broadcast.resume().unwrap();
    first.join().await;
    second.join().await;
    let slices = vec![(0, 9), (10, 19), (20, 29), (30, 39)];
    assert_eq!((ranges(&ten.all()), ranges(&twenty.all())), (slices.clone(), slices));
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_to_demands_of_ten_and_twenty_delivers_slices_of_ten_to_both() {
    let numbers = stage::producer(Numbers::below(40)).dispatcher(BroadcastDispatcher::new()).paused();
    both_get_slices_of_ten(&numbers.spawn().producer()).await;
}

/// Row 6, of a stage that broadcasts 0 to 49 and ends.
pub(super) async fn the_one_that_never_asks_holds_the_other(broadcast: &ProducerRef<u64>) {
    let silent = stage::consumer(Collect::quickly()).spawn();
    let never_asks = SubscribeOptions::manual().cancel(CancelMode::Temporary);
    let tag = silent.consumer().subscribe(broadcast, never_asks).await.unwrap();
    let (batches, consumer) = collecting(STEP, broadcast, limits(10, 5));
    sleep(50 * STEP).await;
    assert!(batches.all().is_empty(), "{:?}", batches.all());
    assert_eq!(silent.consumer().cancel(tag, Reason::Cancelled).await, Ok(true));
    consumer.join().await;
    assert_eq!(batches.all().concat(), (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_that_never_asks_holds_a_broadcast_and_its_leaving_releases_it() {
    let numbers = stage::producer(Numbers::below(50)).dispatcher(BroadcastDispatcher::new()).spawn();
    the_one_that_never_asks_holds_the_other(&numbers.producer()).await;
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_whose_consumers_hang_is_asked_for_the_smaller_demand_once() {
    let numbers = Numbers::below(1000);
    let demands = numbers.demands.clone();
    let broadcast = stage::producer(numbers).dispatcher(BroadcastDispatcher::new()).paused().spawn();
    let _hung = [10, 20].map(|max| hanging(&broadcast.producer(), limits(max, 0)));
    broadcast.producer().resume().unwrap();
    sleep(50 * STEP).await;
    assert_eq!(demands.all(), [10]);
    assert_eq!(broadcast.status().events_out, 20, "ten for each");
}

/// Observed (O1).
#[tokio::test(start_paused = true)]
async fn a_consumer_asks_again_when_its_handler_has_returned_and_not_before() {
    let numbers = Numbers::below(30);
    let demands = numbers.demands.clone();
    let numbers = stage::producer(numbers).spawn();
    let (batches, consumer) = collecting(STEP, &numbers.producer(), limits(10, 5));
    sleep(STEP / 2).await;
    assert_eq!((batches.len(), demands.all()), (1, vec![10]));
    sleep(STEP).await;
    assert_eq!((batches.len(), demands.all()), (2, vec![10, 5]));
    assert_eq!(consumer.join().await, Reason::Finished);
    // For the last five that are wanted the producer has nothing left.
    assert_eq!(demands.all(), [10, 5, 5, 5, 5, 5]);
    assert!(batches.all().iter().all(|batch| batch.len() == 5));
    assert_eq!(numbers.join().await, Reason::Finished);
}

/// Observed (O2). Seven outstanding: four finished leave three, which is the
/// minimum; the other three of that delivery leave four, which is not.
#[tokio::test(start_paused = true)]
async fn an_odd_maximum_asks_seven_then_four_and_handles_four_then_three_then_four() {
    let numbers = Numbers::below(29);
    let demands = numbers.demands.clone();
    let numbers = stage::producer(numbers).spawn();
    let options = Limits::with_max(7).unwrap();
    let (batches, consumer) = collecting(STEP, &numbers.producer(), options);
    consumer.join().await;
    let sizes: Vec<_> = batches.all().iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 3, 4, 4, 3, 4, 4, 3]);
    assert_eq!(demands.all(), [7, 4, 7, 4, 7, 4]);
}

/// How many events each of three default consumers gets of these emissions.
async fn shares(emissions: impl IntoIterator<Item = Vec<u64>>) -> Vec<usize> {
    let producer = silent().spawn();
    let consumers: Vec<_> = (0..3)
        .map(|_| collecting(Duration::ZERO, &producer.producer(), SubscribeOptions::default()))
        .collect();
    settled().await;
    for events in emissions {
        producer.producer().emit(events).await.unwrap();
    }
    settled().await;
    consumers.iter().map(|(batches, _)| batches.all().concat().len()).collect()
}

/// Observed (O5): the dispatcher decides once an emission, not once an event.
#[tokio::test(start_paused = true)]
async fn single_events_spread_evenly_and_one_large_emission_goes_to_one_consumer() {
    assert_eq!(shares((0..300).map(|n| vec![n])).await, [100, 100, 100]);
    assert_eq!(shares([(0..300).collect()]).await, [300, 0, 0]);
}
