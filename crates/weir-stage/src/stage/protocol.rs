//! Tests of the protocol in [`mail`](super::mail), message by message.
//!
//! Some tests are about messages that cross, and refer to the invariants there. The others
//! are about messages that no stage of this crate sends. Types already keep a message to a
//! consumer out of a producer's mailbox; what is left are tags that are in use or unknown.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep;

use super::mail::{ConsumerMail, Delivery, Requeue, ToConsumer, ToProducer};
use super::{CancelMode, Reason, RunningProducer, SubscribeOptions};
use crate::demand::Limits;
use crate::dispatch::{PartitionDispatcher, SubscribeError, SubscribeRequest, Tag};

const MS: Duration = Duration::from_millis(1);

/// Spawns a producer of 0, 1, 2, …
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
    ToProducer::Subscribe { tag, consumer, request: Box::new(SubscribeRequest::new(0)), name: "raw".into() }
}

/// Returns the messages that have arrived since the last call.
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
    // The first subscriber keeps the tag.
    assert_eq!(events(&arrived(&mut first_mail).await), [0, 1, 2]);
    let answer = arrived(&mut second_mail).await;
    let [ToConsumer::Refused { tag: refused, error: why }] = &answer[..] else { panic!("{answer:?}") };
    assert_eq!((*refused, why), (tag, &SubscribeError::DuplicateTag));
    assert_eq!(numbers.status().consumers, 1);
}

#[tokio::test(start_paused = true)]
async fn an_ask_of_an_unknown_tag_moves_nothing() {
    // GenStage answers with a cancellation. Here a producer that does not know a tag has
    // always sent `Refused`, `Cancelled` or `Ended` before.
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
async fn the_end_of_an_unknown_tag_ends_no_subscription() {
    let numbers = numbers();
    let producer = numbers.producer();
    let (known, unknown) = (Tag::unique(), Tag::unique());
    let (consumer, mut mail) = mpsc::unbounded_channel();
    producer.tell(subscribe(known, consumer)).unwrap();
    let cancel =
        ToProducer::Cancel { tag: unknown, reason: Box::new(Reason::Cancelled), requeue: Vec::new() };
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
    refers.tell(ToConsumer::Ended { tag: Tag::unique(), reason: Reason::Aborted }).unwrap();
    refers.tell(ToConsumer::Registered { slot: 99 }).unwrap();
    sleep(MS).await;
    assert_eq!(*seen.lock().unwrap(), [0, 1]);
    // The strays do not count as delivered either.
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
    consumer.consumer().tell(ToConsumer::Cancelled { tag }).unwrap();
    sleep(MS).await;
    let heard: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    let [_, _, ToProducer::Cancel { .. }, ToProducer::Requeue(back), ToProducer::Closed { tag: closed }] =
        &heard[..]
    else {
        panic!("{heard:?}")
    };
    let Requeue { first, events } = back;
    assert_eq!((*first, events, *closed), (7, &[100, 101].into(), tag));
}

/// Makes a consumer that was subscribed and has cancelled. Returns it with the
/// subscription's tag and the mailbox of its producer.
async fn cancelled() -> (super::RunningConsumer<u64>, Tag, UnboundedReceiver<ToProducer<u64>>) {
    let (producer, asked) = mpsc::unbounded_channel();
    let producer = super::ProducerRef::new(producer, "raw".into());
    let consumer = super::consumer_fn(|_: Vec<u64>| std::future::ready(())).spawn();
    let options = SubscribeOptions::default().cancel(CancelMode::Temporary);
    let tag = consumer.consumer().subscribe(&producer, options).await.unwrap();
    consumer.consumer().cancel(tag, Reason::Cancelled).await.unwrap();
    (consumer, tag, asked)
}

/// Invariant 3. The producer ended, and then sent events that another consumer had requeued,
/// before it received the cancellation.
#[tokio::test(start_paused = true)]
async fn an_end_that_crosses_a_cancellation_is_not_its_answer() {
    let (consumer, tag, mut asked) = cancelled().await;
    let refers = consumer.consumer();
    refers.tell(ToConsumer::Ended { tag, reason: Reason::Finished }).unwrap();
    refers.tell(ToConsumer::Events(Delivery { to: tag, first: 3, events: vec![30, 31] })).unwrap();
    sleep(MS).await;
    let heard: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    let [_, _, ToProducer::Cancel { .. }, ToProducer::Requeue(back)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(back.events, [30, 31]);
    refers.tell(ToConsumer::Cancelled { tag }).unwrap();
    sleep(MS).await;
    assert!(matches!(asked.try_recv(), Ok(ToProducer::Closed { tag: closed }) if closed == tag));
}

/// Invariant 2.
#[tokio::test(start_paused = true)]
async fn a_refusal_that_crosses_a_cancellation_needs_no_answer() {
    let (consumer, tag, mut asked) = cancelled().await;
    let refused = ToConsumer::Refused { tag, error: SubscribeError::DuplicateTag };
    consumer.consumer().tell(refused).unwrap();
    consumer.stop();
    consumer.join().await;
    let heard: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    assert!(matches!(&heard[..], [_, _, ToProducer::Cancel { .. }]), "{heard:?}");
}

/// Invariant 4.
#[tokio::test(start_paused = true)]
async fn a_cancelled_tag_is_closed_when_what_was_begun_under_it_is_finished() {
    let numbers = numbers();
    let producer = numbers.producer();
    let consumer = super::consumer_fn(|_: Vec<u64>| sleep(10 * MS)).spawn();
    let options = SubscribeOptions::from(Limits::new(1, 0).unwrap()).cancel(CancelMode::Temporary);
    let tag = consumer.consumer().subscribe(&producer, options.clone()).await.unwrap();
    sleep(MS).await;
    assert_eq!(consumer.consumer().cancel(tag, Reason::Cancelled).await, Ok(true));
    // The producer waits for the event in the handler.
    numbers.stop();
    sleep(5 * MS).await;
    assert_eq!(numbers.status().state, super::State::Ending);
    sleep(5 * MS).await;
    assert_eq!(numbers.status().state, super::State::Ended);
}

/// Invariant 6.
#[tokio::test(start_paused = true)]
async fn an_aborted_producer_answers_what_is_in_its_mailbox() {
    let numbers = numbers();
    let producer = numbers.producer();
    let (stays, leaves) = (Tag::unique(), Tag::unique());
    let (consumer, mut mail) = mpsc::unbounded_channel();
    producer.tell(subscribe(stays, consumer.clone())).unwrap();
    producer.tell(subscribe(leaves, consumer)).unwrap();
    let (reason, requeue) = (Box::new(Reason::Cancelled), Vec::new());
    producer.tell(ToProducer::Cancel { tag: leaves, reason, requeue }).unwrap();
    numbers.abort();
    let told = arrived(&mut mail).await;
    let [ToConsumer::Cancelled { tag: left }, ToConsumer::Ended { tag: lost, reason: Reason::Aborted }] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((*left, *lost), (leaves, stays));
}

/// Spawns a consumer of the only partition. It notes the events that it begins and when it
/// is done, and takes 10 ms a batch.
fn of_the_partition(
    producer: &super::ProducerRef<u64>,
    name: &'static str,
    notes: &Arc<Mutex<Vec<String>>>,
) -> super::RunningConsumer<u64> {
    let notes = Arc::clone(notes);
    let handle = move |events: Vec<u64>| {
        let notes = Arc::clone(&notes);
        async move {
            notes.lock().unwrap().push(format!("{name} begins {events:?}"));
            sleep(10 * MS).await;
            notes.lock().unwrap().push(format!("{name} is done"));
        }
    };
    let options = SubscribeOptions::from(Limits::new(4, 2).unwrap()).partition(0);
    super::consumer_fn(handle).subscribe_to(producer, options).spawn()
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_served_again_when_its_former_consumer_has_finished() {
    let source =
        super::from_iter(0..6u64).dispatcher(PartitionDispatcher::new(1, |_: &u64| Some(0))).spawn();
    let notes = Arc::default();
    let former = of_the_partition(&source.producer(), "a", &notes);
    sleep(MS).await;
    former.stop();
    sleep(MS).await;
    let next = of_the_partition(&source.producer(), "b", &notes);
    next.join().await;
    let expected =
        ["a begins [0, 1]", "a is done", "b begins [2, 3]", "b is done", "b begins [4, 5]", "b is done"];
    assert_eq!(*notes.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_consumer_frees_its_partition() {
    let source =
        super::from_iter(0..4u64).dispatcher(PartitionDispatcher::new(1, |_: &u64| Some(0))).spawn();
    let notes = Arc::default();
    let former = of_the_partition(&source.producer(), "a", &notes);
    sleep(MS).await;
    former.abort();
    sleep(MS).await;
    of_the_partition(&source.producer(), "b", &notes).join().await;
    assert_eq!(*notes.lock().unwrap(), ["a begins [0, 1]", "b begins [2, 3]", "b is done"]);
}

/// Events that were under way to a consumer that resubscribes go first.
#[tokio::test(start_paused = true)]
async fn events_stay_in_order_when_the_consumer_of_a_partition_resubscribes() {
    let source =
        super::from_iter(0..9u64).dispatcher(PartitionDispatcher::new(1, |_: &u64| Some(0))).spawn();
    let producer = source.producer();
    let (consumer, mut mail) = mpsc::unbounded_channel();
    let subscribe = |tag| {
        let request = Box::new(SubscribeRequest::new(0).partition(0));
        producer.tell(ToProducer::Subscribe {
            tag,
            consumer: consumer.clone(),
            request,
            name: "raw".into(),
        })
    };
    let (old, new) = (Tag::unique(), Tag::unique());
    subscribe(old).unwrap();
    producer.tell(ToProducer::Ask { tag: old, n: 4 }).unwrap();
    assert_eq!(events(&arrived(&mut mail).await), [0, 1, 2, 3]);
    // It has begun the first event; the last two were still under way.
    let requeue = vec![Requeue { first: 1, events: [1].into() }];
    producer.tell(ToProducer::Cancel { tag: old, reason: Box::new(Reason::Cancelled), requeue }).unwrap();
    subscribe(new).unwrap();
    producer.tell(ToProducer::Ask { tag: new, n: 5 }).unwrap();
    assert!(matches!(&arrived(&mut mail).await[..], [ToConsumer::Cancelled { .. }]));
    producer.tell(ToProducer::Requeue(Requeue { first: 2, events: [2, 3].into() })).unwrap();
    assert!(arrived(&mut mail).await.is_empty());
    producer.tell(ToProducer::Closed { tag: old }).unwrap();
    assert_eq!(events(&arrived(&mut mail).await), [1, 2, 3, 4, 5]);
}
