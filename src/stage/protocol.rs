//! What a stage makes of messages that no stage of ours sends.
//!
//! Their types already keep a message to a consumer out of a producer's mailbox;
//! what is left are tags that are in use, or that nobody knows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep;

use super::mail::{ConsumerMail, Delivery, Returned, ToConsumer, ToProducer};
use super::{CancelMode, Reason, RunningProducer, SubscribeOptions};
use crate::demand::Limits;
use crate::dispatch::{Refused, Tag, Wish};

const MS: Duration = Duration::from_millis(1);

/// A producer of 0, 1, 2, …
fn numbers() -> RunningProducer<u64> {
    let mut next = 0;
    let produce = move |demand| {
        let events = (next..).take(demand).collect();
        next += demand as u64;
        std::future::ready(Some(events))
    };
    super::producer_fn(produce).spawn()
}

fn subscribe(tag: Tag, consumer: ConsumerMail<u64>) -> ToProducer<u64> {
    ToProducer::Subscribe { tag, consumer, wish: Box::new(Wish::none(0)), name: "raw".into() }
}

/// What has arrived since the last look.
async fn arrived(mail: &mut UnboundedReceiver<ToConsumer<u64>>) -> Vec<ToConsumer<u64>> {
    sleep(MS).await;
    std::iter::from_fn(|| mail.try_recv().ok()).collect()
}

fn events(messages: &[ToConsumer<u64>]) -> Vec<u64> {
    let of = |message: &ToConsumer<u64>| match message {
        ToConsumer::Events(delivery) => delivery.events.clone(),
        _ => Vec::new(),
    };
    messages.iter().flat_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_is_in_use_is_refused_to_another() {
    let numbers = numbers();
    let producer = numbers.producer();
    let tag = Tag::unique();
    let (first, mut first_mail) = mpsc::unbounded_channel();
    let (second, mut second_mail) = mpsc::unbounded_channel();
    producer.tell(subscribe(tag, first)).unwrap();
    producer.tell(subscribe(tag, second)).unwrap();
    producer.tell(ToProducer::Ask { tag, n: 3 }).unwrap();
    // Whoever had it first has it still.
    assert_eq!(events(&arrived(&mut first_mail).await), [0, 1, 2]);
    let answer = arrived(&mut second_mail).await;
    let [ToConsumer::Refused { tag: refused, refused: why }] = &answer[..] else { panic!("{answer:?}") };
    assert_eq!((*refused, why), (tag, &Refused::DuplicateTag));
    assert_eq!(numbers.status().consumers, 1);
}

#[tokio::test(start_paused = true)]
async fn an_ask_of_an_unknown_tag_moves_nothing() {
    // GenStage answers it with a cancellation. Here a producer that does not know
    // a tag has always said so before: refused, cancelled, or gone.
    let numbers = numbers();
    let producer = numbers.producer();
    let (known, unknown) = (Tag::unique(), Tag::unique());
    let (consumer, mut mail) = mpsc::unbounded_channel();
    producer.tell(subscribe(known, consumer)).unwrap();
    producer.tell(ToProducer::Ask { tag: unknown, n: 7 }).unwrap();
    assert!(arrived(&mut mail).await.is_empty());
    assert_eq!((numbers.status().demand, numbers.status().events_out), (0, 0));
    producer.tell(ToProducer::Ask { tag: known, n: 2 }).unwrap();
    assert_eq!(events(&arrived(&mut mail).await), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_unknown_tag_is_nobodys_end() {
    let numbers = numbers();
    let producer = numbers.producer();
    let (known, unknown) = (Tag::unique(), Tag::unique());
    let (consumer, mut mail) = mpsc::unbounded_channel();
    producer.tell(subscribe(known, consumer)).unwrap();
    let cancel =
        ToProducer::Cancel { tag: unknown, reason: Box::new(Reason::Cancelled), returned: Vec::new() };
    producer.tell(cancel).unwrap();
    producer.tell(ToProducer::Closed { tag: unknown }).unwrap();
    producer.tell(ToProducer::Ask { tag: known, n: 2 }).unwrap();
    assert_eq!(events(&arrived(&mut mail).await), [0, 1]);
    assert_eq!(numbers.status().consumers, 1);
}

#[tokio::test(start_paused = true)]
async fn events_of_an_unknown_tag_are_not_handled() {
    let numbers = numbers();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handled = Arc::clone(&seen);
    let consumer = super::consumer_fn(move |events: Vec<u64>| {
        handled.lock().unwrap().extend(events);
        sleep(10 * MS)
    })
    .spawn();
    let refers = consumer.consumer();
    let options = SubscribeOptions::from(Limits::new(2, 0).unwrap()).cancel(CancelMode::Temporary);
    refers.subscribe(&numbers.producer(), options).await.unwrap();
    let stray = Delivery { to: Tag::unique(), first: 0, events: vec![100, 101] };
    refers.tell(ToConsumer::Events(stray)).unwrap();
    refers.tell(ToConsumer::Ended { tag: Tag::unique(), reason: Reason::Lost }).unwrap();
    refers.tell(ToConsumer::Seated { slot: 99 }).unwrap();
    sleep(MS).await;
    assert_eq!(*seen.lock().unwrap(), [0, 1]);
    // Nor do they count as something it has asked for and been sent.
    assert_eq!((consumer.status().events_in, consumer.status().held), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn events_that_cross_with_a_cancellation_go_back_and_are_dispatched_again() {
    let (producer, mut asked) = mpsc::unbounded_channel();
    let producer = super::ProducerRef::new(producer, "raw".into());
    let consumer = super::consumer_fn(|_: Vec<u64>| std::future::ready(())).spawn();
    let options = SubscribeOptions::default().cancel(CancelMode::Temporary);
    let tag = consumer.consumer().subscribe(&producer, options).await.unwrap();
    consumer.consumer().cancel(tag, Reason::Cancelled).await.unwrap();
    let crossing = Delivery { to: tag, first: 7, events: vec![100, 101] };
    consumer.consumer().tell(ToConsumer::Events(crossing)).unwrap();
    consumer.consumer().tell(ToConsumer::Ended { tag, reason: Reason::Cancelled }).unwrap();
    sleep(MS).await;
    let heard: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    let [_, _, ToProducer::Cancel { .. }, ToProducer::Return(back), ToProducer::Closed { tag: closed }] =
        &heard[..]
    else {
        panic!("{heard:?}")
    };
    let Returned { first, events } = back;
    assert_eq!((*first, events, *closed), (7, &[100, 101].into(), tag));
}
