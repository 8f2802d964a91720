//! The end of a producer-consumer that is processing a batch.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;

use crate::demand::Limits;
use crate::stage::{
    self, ProducerConsumer, ProducerRef, Reason, RunningConsumer, RunningProducerConsumer, SubscribeOptions,
};

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> SubscribeOptions<u64> {
    Limits::new(max, min).expect("a test's limits are in order").into()
}

type Seen = Arc<Mutex<Vec<u64>>>;

fn collect(producer: &ProducerRef<u64>) -> (Seen, RunningConsumer<u64>) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let consume = move |events: Vec<u64>| {
        noted.lock().unwrap().extend(events);
        std::future::ready(())
    };
    (seen, stage::consumer_fn(consume).subscribe_to(producer, limits(20, 10)).spawn())
}

/// Spawns a stage that passes each batch on after 10 ms.
fn passing(producer: &ProducerRef<u64>) -> RunningProducerConsumer<u64, u64> {
    let pass = |events: Vec<u64>| async {
        sleep(10 * MS).await;
        events
    };
    stage::producer_consumer_fn(pass).subscribe_to(producer, limits(10, 5)).named("middle").spawn()
}

#[tokio::test(start_paused = true)]
async fn a_stopped_middle_stage_finishes_its_batch_and_delivers_the_output() {
    let numbers = stage::from_iter(0..100u64).spawn();
    let middle = passing(&numbers.producer());
    let (seen, consumer) = collect(&middle.producer());
    sleep(15 * MS).await;
    assert_eq!(*seen.lock().unwrap(), (0..5).collect::<Vec<_>>());
    middle.stop();
    middle.stop();
    assert_eq!(middle.join().await, Reason::Stopped);
    assert_eq!(consumer.join().await, Reason::Stopped);
    assert_eq!(*seen.lock().unwrap(), (0..10).collect::<Vec<_>>());
    // The source has the rest.
    let (rest, last) = collect(&numbers.producer());
    last.join().await;
    assert_eq!(*rest.lock().unwrap(), (10..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn events_that_a_stopped_middle_stage_has_not_begun_are_requeued_at_once() {
    let numbers = stage::from_iter(0..10u64).spawn();
    let middle = passing(&numbers.producer());
    let (_seen, _consumer) = collect(&middle.producer());
    sleep(5 * MS).await;
    middle.stop();
    let (others, _other) = collect(&numbers.producer());
    sleep(MS).await;
    assert_eq!(*others.lock().unwrap(), (5..10).collect::<Vec<_>>());
    assert_eq!(middle.status().held, 5, "its handler still has the batch");
}

/// A stage that sums its input and takes 10 ms to emit the sum at the end.
struct Sum(u64);

impl ProducerConsumer for Sum {
    type In = u64;
    type Out = u64;

    async fn process(&mut self, events: Vec<u64>) -> Vec<u64> {
        self.0 += events.iter().sum::<u64>();
        Vec::new()
    }

    async fn finish(&mut self) -> Vec<u64> {
        sleep(10 * MS).await;
        vec![self.0]
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_interrupt_the_finish_of_a_middle_stage() {
    let numbers = stage::from_iter(0..100u64).spawn();
    let sum = stage::producer_consumer(Sum(0)).subscribe_to(&numbers.producer(), limits(10, 5)).spawn();
    let (seen, consumer) = collect(&sum.producer());
    sleep(5 * MS).await;
    sum.stop();
    assert_eq!(consumer.join().await, Reason::Stopped);
    assert_eq!(*seen.lock().unwrap(), [4950]);
}

#[tokio::test(start_paused = true)]
async fn the_batch_of_an_aborted_middle_stage_is_counted_as_dropped() {
    let numbers = stage::from_iter(0..100u64).spawn();
    let middle = passing(&numbers.producer());
    let (seen, _consumer) = collect(&middle.producer());
    sleep(15 * MS).await;
    middle.abort();
    sleep(MS).await;
    let (rest, last) = collect(&numbers.producer());
    last.join().await;
    let all = seen.lock().unwrap().len() + rest.lock().unwrap().len();
    assert_eq!((middle.status().dropped, all), (5, 95));
}

/// With no consumer left, the output of the batch has nowhere to go.
#[tokio::test(start_paused = true)]
async fn output_that_a_stopped_middle_stage_cannot_deliver_is_counted_as_dropped() {
    let (numbers, reserved) = (stage::from_iter(0..10u64).spawn(), ProducerRef::reserve("middle"));
    let pass = |events: Vec<u64>| async {
        sleep(10 * MS).await;
        events
    };
    let middle = stage::producer_consumer_fn(pass)
        .subscribe_to(&numbers.producer(), limits(10, 5))
        .register(&reserved)
        .spawn();
    let (_seen, consumer) = collect(&reserved);
    sleep(5 * MS).await;
    consumer.stop();
    consumer.join().await;
    middle.stop();
    sleep(10 * MS).await;
    assert_eq!((middle.status().dropped, middle.join().await), (5, Reason::Stopped));
}
