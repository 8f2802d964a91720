//! F: subscribing.

use std::time::Duration;

use tokio::time::sleep;
use weir::demand::Limits;
use weir::dispatch::{BroadcastDispatcher, Tag};
use weir::stage::{
    self, CancelMode, Gone, ProducerRef, Reason, RunningConsumer, RunningProducer, SubscribeOptions,
};

use super::Rows;
use crate::support::{Collect, Notes, Numbers, Seen, noting, ranges, words};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (41, "subscribing_a_running_consumer_answers_with_a_tag_that_no_other_has"),
    (41, "subscribing_a_consumer_that_is_gone_fails"),
    (42, "limits_out_of_bounds_are_refused_with_the_bound_and_the_consumer_lives"),
    (43, "a_producer_that_is_gone_stops_a_consumer_unless_the_subscription_is_temporary"),
    (43, "a_producer_that_has_ended_for_good_is_not_waited_for"),
    (44, "a_second_subscription_to_a_broadcast_is_refused_and_one_remains_on_both_sides"),
    (45, "resubscribing_ends_the_old_subscription_for_a_new_one_and_loses_nothing"),
    (45, "resubscribing_in_place_of_an_unknown_tag_is_subscribing"),
    (46, "a_manual_subscription_moves_exactly_what_is_asked_for_however_it_was_made"),
    (46, "asking_by_hand_is_for_manual_subscriptions_that_are_there"),
    (47, "a_producer_is_found_by_its_handle_or_by_its_seat"),
    (47, "a_manual_ask_before_the_producer_starts_is_served_when_it_does"),
];

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

fn with<T>(cancel: CancelMode) -> SubscribeOptions<T> {
    SubscribeOptions::from(limits(10, 5)).cancel(cancel)
}

/// A producer without end.
fn numbers() -> RunningProducer<u64> {
    stage::producer(Numbers::below(u64::MAX)).named("numbers").spawn()
}

/// A reference to a producer that was killed.
async fn dead() -> ProducerRef<u64> {
    let numbers = numbers();
    let dead = numbers.producer();
    numbers.abort();
    numbers.join().await;
    dead
}

/// A consumer without a producer, and what it will have been given.
fn idle() -> (Seen<Vec<u64>>, RunningConsumer<u64>) {
    let collect = Collect::slowly(10 * MS);
    (collect.batches.clone(), stage::consumer(collect).spawn())
}

async fn tags(consumer: &RunningConsumer<u64>) -> Vec<Tag> {
    consumer.consumer().producers().await.unwrap().into_iter().map(|peer| peer.tag).collect()
}

#[tokio::test(start_paused = true)]
async fn subscribing_a_running_consumer_answers_with_a_tag_that_no_other_has() {
    let (first, second) = (numbers(), numbers());
    let (_, consumer) = idle();
    let a = consumer.consumer().subscribe(&first.producer(), limits(10, 5)).await.unwrap();
    let b = consumer.consumer().subscribe(&second.producer(), limits(10, 5)).await.unwrap();
    assert_ne!(a, b);
    assert_eq!(tags(&consumer).await, [a, b]);
}

#[tokio::test(start_paused = true)]
async fn subscribing_a_consumer_that_is_gone_fails() {
    let numbers = numbers();
    let (_, consumer) = idle();
    let refers = consumer.consumer();
    consumer.stop();
    assert_eq!(consumer.join().await, Reason::Stopped);
    assert_eq!(refers.subscribe(&numbers.producer(), limits(10, 5)).await, Err(Gone));
    assert_eq!(numbers.status().consumers, 0);
}

#[tokio::test(start_paused = true)]
async fn limits_out_of_bounds_are_refused_with_the_bound_and_the_consumer_lives() {
    let numbers = numbers();
    let (batches, consumer) = idle();
    for (max, min, why) in [
        (0, 0, "max_demand is 0, and must be at least 1"),
        (8, 8, "min_demand is 8, and must be below max_demand: at most 7"),
        (1, 5, "min_demand is 5, and must be below max_demand: at most 0"),
    ] {
        assert_eq!(Limits::new(max, min).unwrap_err().to_string(), why);
    }
    // What is left over is valid: the last value on this side of both bounds.
    consumer.consumer().subscribe(&numbers.producer(), limits(1, 0)).await.unwrap();
    sleep(MS).await;
    assert_eq!(ranges(&batches.all()), [(0, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_is_gone_stops_a_consumer_unless_the_subscription_is_temporary() {
    let dead = dead().await;
    for (cancel, stops) in [
        (CancelMode::Permanent, true),
        (CancelMode::Resubscribe, true),
        (CancelMode::Transient, true),
        (CancelMode::Temporary, false),
    ] {
        let built = stage::consumer(Collect::quickly()).subscribe_to(&dead, with(cancel)).spawn();
        let (_, asked) = idle();
        asked.consumer().subscribe(&dead, with(cancel)).await.unwrap();
        for consumer in [built, asked] {
            let refers = consumer.consumer();
            match tokio::time::timeout(MS, consumer.join()).await {
                Ok(reason) => assert_eq!((stops, reason), (true, Reason::Aborted), "{cancel:?}"),
                Err(_) => assert_eq!((stops, refers.producers().await), (false, Ok(vec![])), "{cancel:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_has_ended_for_good_is_not_waited_for() {
    // Unlike one that is still to come, or is to come back after a failure.
    let reserved = ProducerRef::reserve("numbers");
    let numbers = stage::producer(Numbers::below(0)).register(&reserved).spawn();
    numbers.stop();
    assert_eq!(numbers.join().await, Reason::Stopped);
    let consumer = stage::consumer(Collect::quickly()).subscribe_to(&reserved, limits(10, 5)).spawn();
    assert_eq!(consumer.join().await, Reason::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_second_subscription_to_a_broadcast_is_refused_and_one_remains_on_both_sides() {
    let broadcast = stage::producer(Numbers::below(20)).dispatcher(BroadcastDispatcher::new()).spawn();
    let producer = broadcast.producer();
    producer.pause().await.unwrap();
    let notes = Notes::nothing();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).observe(noting(&notes)).subscribe_to(&producer, limits(10, 0));
    let consumer = consumer.spawn();
    sleep(MS).await;
    let first = tags(&consumer).await;
    // Permanent, and yet no reason to stop: the first one goes on.
    let second = consumer.consumer().subscribe(&producer, limits(10, 0)).await.unwrap();
    sleep(MS).await;
    let refused = "Producer producer left: refused: this consumer is subscribed already, and a broadcast \
                   delivers to each consumer once";
    assert_eq!(notes.all().last(), Some(&(second, refused.to_owned())));
    assert_eq!((tags(&consumer).await, broadcast.status().consumers), (first, 1));
    producer.resume().unwrap();
    drop(producer);
    assert_eq!(consumer.join().await, Reason::Finished);
    assert_eq!(broadcast.join().await, Reason::Finished);
    assert_eq!(batches.all().concat(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn resubscribing_ends_the_old_subscription_for_a_new_one_and_loses_nothing() {
    let numbers = stage::producer(Numbers::below(100)).spawn();
    let notes = Notes::nothing();
    let collect = Collect::slowly(10 * MS);
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).observe(noting(&notes)).spawn();
    let old = consumer.consumer().subscribe(&numbers.producer(), limits(20, 10)).await.unwrap();
    sleep(MS).await;
    let new = consumer.consumer().resubscribe(old, &numbers.producer(), limits(4, 2)).await.unwrap();
    assert_ne!(old, new);
    assert_eq!(consumer.consumer().cancel(old, Reason::Cancelled).await, Ok(false));
    sleep(MS).await;
    assert_eq!((tags(&consumer).await, numbers.status().consumers), (vec![new], 1));
    // Permanent, and yet the end of the old one is no reason to stop.
    assert_eq!(consumer.join().await, Reason::Finished);
    let all = batches.all();
    assert_eq!(all.concat(), (0..100).collect::<Vec<_>>());
    assert_eq!(ranges(&all[..3]), [(0, 9), (10, 11), (12, 13)]);
    let left = (old, "Producer producer left: cancelled".to_owned());
    assert!(notes.all().contains(&left), "{:?}", notes.all());
}

#[tokio::test(start_paused = true)]
async fn resubscribing_in_place_of_an_unknown_tag_is_subscribing() {
    let numbers = stage::producer(Numbers::below(10)).spawn();
    let (batches, consumer) = idle();
    let unknown = Tag::unique();
    let tag = consumer.consumer().resubscribe(unknown, &numbers.producer(), limits(10, 5)).await.unwrap();
    assert_eq!(tags(&consumer).await, [tag]);
    assert_eq!(consumer.join().await, Reason::Finished);
    assert_eq!(batches.all().concat(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_manual_subscription_moves_exactly_what_is_asked_for_however_it_was_made() {
    let numbers = numbers();
    let collect = Collect::quickly();
    let built = (
        collect.batches.clone(),
        stage::consumer(collect).subscribe_to(&numbers.producer(), SubscribeOptions::manual()).spawn(),
    );
    let asked = idle();
    asked.1.consumer().subscribe(&numbers.producer(), SubscribeOptions::manual()).await.unwrap();
    let mut next = 0;
    for (batches, consumer) in [built, asked] {
        sleep(50 * MS).await;
        assert!(batches.all().is_empty(), "nothing was asked for");
        let tag = tags(&consumer).await[0];
        for n in [10, 1, 3] {
            let before = batches.all().concat().len();
            assert_eq!(consumer.consumer().ask(tag, n).await, Ok(true));
            sleep(50 * MS).await;
            let expected: Vec<u64> = (next..next + n as u64).collect();
            assert_eq!(batches.all().concat()[before..], expected);
            next += n as u64;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn asking_by_hand_is_for_manual_subscriptions_that_are_there() {
    let numbers = numbers();
    let (batches, consumer) = idle();
    let consumer = consumer.consumer();
    let automatic = consumer.subscribe(&numbers.producer(), with(CancelMode::Temporary)).await.unwrap();
    assert_eq!(consumer.ask(automatic, 100).await, Ok(false));
    assert_eq!(consumer.ask(Tag::unique(), 100).await, Ok(false));
    consumer.cancel(automatic, Reason::Cancelled).await.unwrap();
    let manual = SubscribeOptions::manual().cancel(CancelMode::Temporary);
    let manual = consumer.subscribe(&numbers.producer(), manual).await.unwrap();
    sleep(50 * MS).await;
    let before = batches.len();
    assert_eq!(consumer.ask(manual, 2).await, Ok(true));
    sleep(MS).await;
    // Cancelled while its events are in hand, it is not to be asked any more.
    consumer.cancel(manual, Reason::Cancelled).await.unwrap();
    assert_eq!(batches.len(), before + 1);
    assert_eq!(consumer.ask(manual, 2).await, Ok(false));
}

#[tokio::test(start_paused = true)]
async fn a_producer_is_found_by_its_handle_or_by_its_seat() {
    let reserved = ProducerRef::reserve("somewhere");
    let collect = Collect::slowly(10 * MS);
    let early = collect.batches.clone();
    let options: SubscribeOptions<u64> = limits(10, 5).into();
    let first = stage::consumer(collect).subscribe_to(&reserved, options.clone()).spawn();
    sleep(MS).await;
    assert_eq!((&*reserved.name(), reserved.is_gone(), early.len()), ("somewhere", false, 0));
    let numbers = stage::producer(Numbers::below(30)).named("numbers").register(&reserved).spawn();
    let (_, second) = idle();
    second.consumer().subscribe(&numbers.producer(), options).await.unwrap();
    sleep(MS).await;
    // Both know it by the name that it has given itself.
    let peers = [first.consumer().producers().await, second.consumer().producers().await];
    assert!(peers.iter().all(|peers| &*peers.as_ref().unwrap()[0].name == "numbers"), "{peers:?}");
    assert_eq!(numbers.status().consumers, 2);
    assert_eq!((first.join().await, second.join().await), (Reason::Finished, Reason::Finished));
    reserved.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_manual_ask_before_the_producer_starts_is_served_when_it_does() {
    let reserved = ProducerRef::reserve("later");
    let (batches, consumer) = idle();
    let tag = consumer.consumer().subscribe(&reserved, SubscribeOptions::manual()).await.unwrap();
    assert_eq!(consumer.consumer().ask(tag, 2).await, Ok(true));
    assert_eq!(consumer.consumer().ask(tag, 3).await, Ok(true));
    let _numbers = stage::producer(Numbers::below(u64::MAX)).register(&reserved).spawn();
    sleep(100 * MS).await;
    assert_eq!(batches.all().concat(), [0, 1, 2, 3, 4]);
    assert_eq!(tags(&consumer).await, [tag]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_to_a_reserved_name_can_be_cancelled_and_moved_elsewhere() {
    let (reserved, elsewhere) = (ProducerRef::reserve("later"), numbers());
    let notes = Notes::nothing();
    let collect = Collect::slowly(10 * MS);
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).observe(noting(&notes)).spawn();
    let refers = consumer.consumer();
    let cancelled = refers.subscribe(&reserved, with(CancelMode::Temporary)).await.unwrap();
    assert_eq!(refers.cancel(cancelled, Reason::Cancelled).await, Ok(true));
    assert_eq!(refers.cancel(cancelled, Reason::Cancelled).await, Ok(false));
    let moved = refers.subscribe(&reserved, limits(10, 5)).await.unwrap();
    let there = refers.resubscribe(moved, &elsewhere.producer(), limits(10, 5)).await.unwrap();
    // A producer that registers now finds no consumer waiting.
    let late = stage::producer(Numbers::below(u64::MAX)).register(&reserved).spawn();
    sleep(MS).await;
    assert_eq!(late.status().consumers, 0);
    assert_eq!((tags(&consumer).await, ranges(&batches.all())), (vec![there], vec![(0, 4)]));
    // A permanent one that is cancelled stops its consumer, also while it waits.
    let permanent = refers.subscribe(&ProducerRef::reserve("never"), limits(10, 5)).await.unwrap();
    refers.cancel(permanent, Reason::failed("enough")).await.unwrap();
    assert_eq!(consumer.join().await, Reason::failed("enough"));
    let said = words(&notes);
    assert_eq!(said.iter().filter(|line| line.ends_with("subscribed")).count(), 1, "{said:?}");
}
