//! C: demand mode, which here is pause and resume of a producer.

use tokio::time::sleep;
use weir::stage::{self, State, SubscribeOptions};

use super::Rows;
use crate::support::{Numbers, STEP, Seen, collecting, hanging, limits, settled, silent};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (15, "a_producer_that_starts_paused_says_so_and_delivers_nothing_until_resumed"),
    (16, "a_producer_that_is_paused_later_stops_delivering_and_goes_on_when_resumed"),
    (17, "resuming_before_the_first_subscription_is_a_resumption"),
    (18, "pausing_twice_keeps_the_asks_and_the_events_that_had_come"),
    (19, "asks_collected_while_paused_are_replayed_one_by_one"),
    (20, "events_emitted_while_paused_outlive_the_consumers_and_come_out_one_delivery_an_emission"),
];

fn numbers_below(end: u64) -> Vec<u64> {
    (0..end).collect()
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_starts_paused_says_so_and_delivers_nothing_until_resumed() {
    let numbers = stage::producer(Numbers::below(100)).paused().spawn();
    assert_eq!(numbers.status().state, State::Paused);
    let (batches, consumer) = collecting(STEP, &numbers.producer(), limits(10, 5));
    sleep(50 * STEP).await;
    assert!(batches.all().is_empty());
    assert_eq!(numbers.status().state, State::Paused);
    numbers.producer().resume().unwrap();
    settled().await;
    assert_eq!(numbers.status().state, State::Running);
    consumer.join().await;
    assert_eq!(batches.all().concat(), numbers_below(100));
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_is_paused_later_stops_delivering_and_goes_on_when_resumed() {
    let numbers = stage::producer(Numbers::below(100)).spawn();
    assert_eq!(numbers.status().state, State::Running);
    let (batches, consumer) = collecting(STEP, &numbers.producer(), limits(10, 5));
    settled().await;
    numbers.producer().pause().await.unwrap();
    assert_eq!(numbers.status().state, State::Paused);
    sleep(50 * STEP).await;
    // The ten that it had asked for by then.
    assert_eq!(batches.all().concat(), numbers_below(10));
    numbers.producer().resume().unwrap();
    consumer.join().await;
    assert_eq!(batches.all().concat(), numbers_below(100));
}

#[tokio::test(start_paused = true)]
async fn resuming_before_the_first_subscription_is_a_resumption() {
    let numbers = stage::producer(Numbers::below(100)).paused().spawn();
    numbers.producer().resume().unwrap();
    settled().await;
    assert_eq!(numbers.status().state, State::Running);
    let (batches, consumer) = collecting(STEP, &numbers.producer(), limits(10, 5));
    consumer.join().await;
    assert_eq!(batches.all().concat(), numbers_below(100));
}

#[tokio::test(start_paused = true)]
async fn pausing_twice_keeps_the_asks_and_the_events_that_had_come() {
    let numbers = Numbers { next: 2, ..Numbers::below(100) };
    let demands = numbers.demands.clone();
    let numbers = stage::producer(numbers).paused().spawn();
    let producer = numbers.producer();
    let (batches, _consumer) = collecting(STEP, &producer, limits(10, 0));
    settled().await;
    producer.emit(vec![0, 1]).await.unwrap();
    producer.pause().await.unwrap();
    sleep(STEP).await;
    assert!(batches.all().is_empty());
    assert_eq!(numbers.status().buffered, 2);
    producer.resume().unwrap();
    settled().await;
    // Ten were asked for once: two of them had been emitted.
    assert_eq!(demands.all(), [8]);
    sleep(2 * STEP + STEP / 2).await;
    assert_eq!(batches.all()[..2].concat(), numbers_below(10));
}

#[tokio::test(start_paused = true)]
async fn asks_collected_while_paused_are_replayed_one_by_one() {
    let numbers = Numbers::below(1000);
    let demands = numbers.demands.clone();
    let numbers = stage::producer(numbers).paused().spawn();
    let _hung = [2, 2].map(|max| hanging(&numbers.producer(), limits(max, 0)));
    settled().await;
    numbers.producer().resume().unwrap();
    sleep(50 * STEP).await;
    assert_eq!(demands.all(), [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn events_emitted_while_paused_outlive_the_consumers_and_come_out_one_delivery_an_emission() {
    let emissions = [vec![0, 1, 2], vec![3], vec![4, 5]];
    let held = silent().paused().spawn();
    let producer = held.producer();
    let mut seen: Vec<Seen<Vec<u64>>> = Vec::new();
    for events in &emissions {
        // Consumers come, ask, and go; none of them gets anything.
        let (batches, consumer) = collecting(STEP, &producer, limits(10, 5));
        settled().await;
        producer.emit(events.clone()).await.unwrap();
        consumer.abort();
        consumer.join().await;
        seen.push(batches);
    }
    settled().await;
    assert_eq!((held.status().consumers, held.status().buffered), (0, 6));
    let (batches, _consumer) = collecting(STEP, &producer, SubscribeOptions::default());
    settled().await;
    producer.resume().unwrap();
    sleep(50 * STEP).await;
    assert!(seen.iter().all(|batches| batches.len() == 0));
    assert_eq!(batches.all(), emissions);
    assert_eq!(held.status().buffered, 0);
}
