//! G: how subscriptions end: cancelled, refused, or with their producer.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{sleep, timeout};
use weir::demand::Limits;
use weir::dispatch::{PartitionDispatcher, Tag};
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage::{
    self, CancelMode, ProducerRef, Reason, RunningConsumer, RunningProducer, State, SubscribeOptions,
};

use crate::support::{Collect, Notes, Numbers, noting};

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

fn with(cancel: CancelMode) -> SubscribeOptions<u64> {
    SubscribeOptions::from(limits(10, 5)).cancel(cancel)
}

/// A producer without end and a temporary consumer of it, each with its notices, and the
/// tag of their subscription.
async fn couple() -> (RunningProducer<u64>, Notes, RunningConsumer<u64>, Notes, Tag) {
    let (above, below) = (Notes::nothing(), Notes::nothing());
    let numbers = stage::producer(Numbers::below(u64::MAX)).observe(noting(&above)).spawn();
    let consumer = stage::consumer(Collect::slowly(MS)).observe(noting(&below)).spawn();
    let options = with(CancelMode::Temporary);
    let tag = consumer.consumer().subscribe(&numbers.producer(), options).await.unwrap();
    sleep(10 * MS).await;
    (numbers, above, consumer, below, tag)
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_subscription_is_told_to_both_sides_with_its_reason_whoever_began() {
    for reason in [Reason::Cancelled, Reason::failed("too slow")] {
        for by_the_producer in [true, false] {
            let (numbers, above, consumer, below, tag) = couple().await;
            let cancelled = match by_the_producer {
                true => numbers.producer().cancel(tag, reason.clone()).await,
                false => consumer.consumer().cancel(tag, reason.clone()).await,
            };
            assert_eq!(cancelled, Ok(true));
            sleep(10 * MS).await;
            assert_eq!(above.all().last(), Some(&(tag, format!("Consumer consumer left: {reason}"))));
            assert_eq!(below.all().last(), Some(&(tag, format!("Producer producer left: {reason}"))));
            assert_eq!((above.len(), below.len()), (2, 2));
            assert_eq!(numbers.status().consumers, 0);
            assert_eq!(consumer.consumer().producers().await, Ok(vec![]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_loses_its_peer_learns_the_reason_on_either_side() {
    let (numbers, _, _consumer, below, tag) = couple().await;
    numbers.abort();
    sleep(10 * MS).await;
    let lost = "left: aborted";
    assert_eq!(below.all().last(), Some(&(tag, format!("Producer producer {lost}"))));

    let (_numbers, above, consumer, _, tag) = couple().await;
    consumer.abort();
    sleep(10 * MS).await;
    assert_eq!(above.all().last(), Some(&(tag, format!("Consumer consumer {lost}"))));

    let (numbers, above, consumer, below, tag) = couple().await;
    numbers.stop_with(Reason::failed("no more power"));
    sleep(10 * MS).await;
    let left = "left: no more power";
    assert_eq!(below.all().last(), Some(&(tag, format!("Producer producer {left}"))));
    assert_eq!(above.all().last(), Some(&(tag, format!("Consumer consumer {left}"))));
    assert_eq!(consumer.status().state, State::Running);

    let (_numbers, above, consumer, _, tag) = couple().await;
    consumer.stop_with(Reason::failed("no more room"));
    sleep(10 * MS).await;
    assert_eq!(above.all().last(), Some(&(tag, "Consumer consumer left: no more room".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn when_a_subscription_is_cancelled_its_mode_and_the_reason_say_who_stops() {
    let (orderly, failure) = (Reason::Cancelled, Reason::failed("too slow"));
    for (cancel, reason, stops) in [
        (CancelMode::Temporary, &orderly, false),
        (CancelMode::Temporary, &failure, false),
        (CancelMode::Transient, &orderly, false),
        (CancelMode::Transient, &failure, true),
        (CancelMode::Permanent, &orderly, true),
        (CancelMode::Permanent, &failure, true),
        (CancelMode::Resubscribe, &orderly, true),
        (CancelMode::Resubscribe, &failure, true),
    ] {
        for by_the_producer in [true, false] {
            // Under a reserved name, so that a successor could register; but
            // a consumer that cancels its subscription wants no other.
            let reserved = ProducerRef::reserve("numbers");
            let numbers = match by_the_producer {
                true => stage::producer(Numbers::below(u64::MAX)).spawn(),
                false => stage::producer(Numbers::below(u64::MAX)).register(&reserved).spawn(),
            };
            let producer = numbers.producer();
            let consumer = stage::consumer(Collect::slowly(MS)).spawn();
            let tag = consumer.consumer().subscribe(&producer, with(cancel)).await.unwrap();
            sleep(10 * MS).await;
            let cancelled = match by_the_producer {
                true => producer.cancel(tag, reason.clone()).await,
                false => consumer.consumer().cancel(tag, reason.clone()).await,
            };
            assert_eq!(cancelled, Ok(true));
            let case = format!("{cancel:?}, {reason}, by the producer: {by_the_producer}");
            match timeout(100 * MS, consumer.join()).await {
                Ok(ended) => assert_eq!((stops, &ended), (true, reason), "{case}"),
                Err(_) => assert!(!stops, "{case}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn when_a_producer_is_gone_the_mode_and_the_way_it_went_say_who_stops() {
    for (cancel, when_killed, when_stopped, when_finished) in [
        (CancelMode::Permanent, true, true, true),
        (CancelMode::Resubscribe, true, true, true),
        (CancelMode::Transient, true, false, false),
        (CancelMode::Temporary, false, false, false),
    ] {
        for (how, stops) in [
            (Reason::Aborted, when_killed),
            (Reason::Stopped, when_stopped),
            (Reason::Finished, when_finished),
        ] {
            let end = if how == Reason::Finished { 5 } else { u64::MAX };
            let numbers = stage::producer(Numbers::below(end)).spawn();
            let collect = stage::consumer(Collect::slowly(MS));
            let consumer = collect.subscribe_to(&numbers.producer(), with(cancel)).spawn();
            sleep(MS).await;
            match how {
                Reason::Aborted => numbers.abort(),
                Reason::Stopped => numbers.stop(),
                _ => {}
            }
            assert_eq!(numbers.join().await, how);
            match timeout(100 * MS, consumer.join()).await {
                Ok(ended) => assert_eq!((stops, &ended), (true, &how), "{cancel:?}"),
                Err(_) => assert!(!stops, "{cancel:?}, {how}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_stops_for_one_of_its_producers_however_much_the_others_have() {
    let (short, endless) =
        (stage::producer(Numbers::below(20)).spawn(), stage::producer(Numbers::below(u64::MAX)).spawn());
    let collect = Collect::slowly(MS);
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).subscribe_to(&short.producer(), limits(10, 5));
    let consumer = consumer.subscribe_to(&endless.producer(), limits(10, 5)).spawn();
    assert_eq!(timeout(100 * MS, consumer.join()).await, Ok(Reason::Finished));
    assert_eq!(short.join().await, Reason::Finished);
    // It has finished what the one had sent, and given back what the other had.
    let seen = batches.all().concat();
    let rest: Vec<u64> = endless.producer().subscribe(limits(10, 5)).take(10).collect().await;
    assert_eq!((seen.len() as u64 - 20..).take(10).collect::<Vec<_>>(), rest);
}

#[tokio::test(start_paused = true)]
async fn messages_with_an_unknown_tag_are_refused_and_do_no_harm() {
    let (numbers, above, consumer, below, tag) = couple().await;
    let unknown = Tag::unique();
    assert_eq!(consumer.consumer().ask(unknown, 5).await, Ok(false));
    assert_eq!(consumer.consumer().cancel(unknown, Reason::Cancelled).await, Ok(false));
    assert_eq!(numbers.producer().cancel(unknown, Reason::Cancelled).await, Ok(false));
    sleep(10 * MS).await;
    assert_eq!((above.len(), below.len()), (1, 1));
    // Once it is cancelled, a tag is as unknown as any other.
    numbers.producer().cancel(tag, Reason::Cancelled).await.unwrap();
    assert_eq!(numbers.producer().cancel(tag, Reason::Cancelled).await, Ok(false));
    sleep(10 * MS).await;
    assert_eq!(consumer.consumer().cancel(tag, Reason::Cancelled).await, Ok(false));
}

#[tokio::test(start_paused = true)]
async fn a_refused_consumer_does_not_keep_its_producer_alive() {
    let dispatcher = PartitionDispatcher::by_key(4, |event: &u64| *event);
    let numbers = stage::producer(Numbers::below(10)).dispatcher(dispatcher).spawn();
    let consumer = stage::consumer(Collect::quickly()).spawn();
    consumer.consumer().subscribe(&numbers.producer(), with(CancelMode::Temporary)).await.unwrap();
    sleep(MS).await;
    assert_eq!(consumer.consumer().producers().await, Ok(vec![]));
    // A producer without references ends.
    assert_eq!(timeout(MS, numbers.join()).await, Ok(Reason::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_refused_consumer_is_not_the_last_to_leave() {
    let dispatcher = PartitionDispatcher::by_key(1, |event: &u64| *event);
    let numbers = stage::producer(Numbers::below(10)).dispatcher(dispatcher).until_last_cancel().spawn();
    let consumer = stage::consumer(Collect::quickly()).spawn();
    consumer.consumer().subscribe(&numbers.producer(), with(CancelMode::Temporary)).await.unwrap();
    sleep(MS).await;
    let all: SubscribeOptions<u64> = SubscribeOptions::default().partition(0);
    let events: Vec<u64> = numbers.producer().subscribe(all).collect().await;
    assert_eq!(events, (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_resubscribes_stops_when_it_is_refused() {
    // It is refused for what it wishes, and would wish the same again.
    let reserved = ProducerRef::reserve("partitioned");
    let dispatcher = PartitionDispatcher::by_key(4, |event: &u64| *event);
    let _partitioned =
        stage::producer(Numbers::below(10)).dispatcher(dispatcher).register(&reserved).spawn();
    let options = with(CancelMode::Resubscribe);
    let consumer = stage::consumer(Collect::quickly()).subscribe_to(&reserved, options).spawn();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(consumer.status().state, State::Ended);
    let refused = "refused: the subscription names no partition; there are 0 to 3";
    assert_eq!(consumer.join().await.to_string(), refused);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_resized_does_not_leave_a_producer_that_waits_for_the_last_to_leave() {
    let numbers = stage::producer(Numbers::below(u64::MAX)).until_last_cancel().spawn();
    let with = |concurrency| PoolSettings {
        concurrency,
        spread: Spread::Workers,
        limits: limits(4, 2),
        requeue: true,
    };
    let pool = Pool::spawn(numbers.producer(), |_: u64| sleep(MS), with(1));
    sleep(10 * MS).await;
    // Each recall cancels all of its subscriptions, and makes them anew.
    pool.resize(with(2)).await;
    pool.resize(with(1)).await;
    sleep(10 * MS).await;
    assert_eq!(numbers.status().state, State::Running);
    pool.abort();
    assert_eq!(timeout(MS, numbers.join()).await, Ok(Reason::Stopped));
}
