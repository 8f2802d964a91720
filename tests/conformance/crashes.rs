//! Stages that crash, restart and stop: Broadway's rows B11 to B13, and what
//! registrations add to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use tokio::time::{sleep, timeout};
use weir::demand::Limits;
use weir::stage::{
    self, CancelMode, ProducerConsumer, ProducerRef, Reason, RunningProducer, SubscribeOptions,
};

use crate::support::{Collect, Notes, Numbers, Seen, noting, words};

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

fn with(cancel: CancelMode) -> SubscribeOptions<u64> {
    SubscribeOptions::from(limits(10, 5)).cancel(cancel)
}

/// Numbers that are kept outside of the stage, as a database would, so that the
/// next one goes on where this one was. It panics when it comes to `trap`, and
/// ends with `last`.
fn durable(
    reserved: &ProducerRef<u64>,
    next: &Arc<AtomicU64>,
    trap: u64,
    last: u64,
) -> RunningProducer<u64> {
    let next = Arc::clone(next);
    let produce = move |demand: usize| {
        let first = next.load(Ordering::Relaxed);
        assert!(first < trap, "it is a trap");
        let end = first.saturating_add(demand as u64).min(trap).min(last.saturating_add(1));
        next.store(end, Ordering::Relaxed);
        std::future::ready((first < end).then(|| (first..end).collect()))
    };
    stage::producer_fn(produce).register(reserved).spawn()
}

#[tokio::test(start_paused = true)]
async fn when_a_producer_crashes_its_consumers_go_on_with_its_successor_and_nothing_is_lost() {
    let (reserved, next) = (ProducerRef::reserve("durable"), Arc::default());
    let first = durable(&reserved, &next, 37, 199);
    let notes = Notes::nothing();
    let consumers: Vec<_> = [2, 3]
        .map(|pace| {
            let collect = Collect::slowly(pace * MS);
            let batches = collect.batches.clone();
            let consumer = stage::consumer(collect).observe(noting(&notes));
            (batches, consumer.subscribe_to(&reserved, with(CancelMode::Resubscribe)).spawn())
        })
        .into();
    assert_eq!(first.join().await, Reason::Panicked("it is a trap".to_owned()));
    sleep(50 * MS).await;
    let before: usize = consumers.iter().map(|(batches, _)| batches.all().concat().len()).sum();
    assert_eq!(before, 37);
    let second = durable(&reserved, &next, 120, 199);
    assert!(matches!(second.join().await, Reason::Panicked(_)));
    let third = durable(&reserved, &next, u64::MAX, 199);
    let mut all = Vec::new();
    for (batches, consumer) in consumers {
        // The successor's orderly end is the end.
        assert_eq!(consumer.join().await, Reason::Finished);
        let mine = batches.all().concat();
        assert!(mine.is_sorted(), "{mine:?}");
        all.extend(mine);
    }
    all.sort_unstable();
    assert_eq!((all, third.join().await), ((0..200).collect(), Reason::Finished));
    let notes = words(&notes);
    let of = |what: &str| notes.iter().filter(|line| line.contains(what)).count();
    assert_eq!((of("subscribed"), of("left: panicked"), of("left: finished")), (6, 4, 2));
}

#[tokio::test(start_paused = true)]
async fn when_a_producer_is_killed_its_consumers_finish_what_it_sent_and_go_on_with_the_next() {
    let (reserved, next) = (ProducerRef::reserve("durable"), Arc::default());
    let first = durable(&reserved, &next, u64::MAX, 99);
    let collect = Collect::slowly(MS);
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).subscribe_to(&reserved, with(CancelMode::Resubscribe)).spawn();
    sleep(3 * MS).await;
    first.abort();
    // At once, so that the consumer still has events of the first in its hands.
    assert_eq!(first.join().await, Reason::Aborted);
    let _second = durable(&reserved, &next, u64::MAX, 99);
    assert_eq!(consumer.join().await, Reason::Finished);
    assert_eq!(batches.all().concat(), (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_manual_consumer_that_resubscribes_still_gets_what_it_had_asked_for() {
    let (reserved, next) = (ProducerRef::reserve("durable"), Arc::default());
    let _first = durable(&reserved, &next, 3, 99);
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).spawn();
    let manual = SubscribeOptions::manual().cancel(CancelMode::Resubscribe);
    let old = consumer.consumer().subscribe(&reserved, manual).await.unwrap();
    consumer.consumer().ask(old, 5).await.unwrap();
    sleep(MS).await;
    assert_eq!(batches.all().concat(), [0, 1, 2]);
    let _second = durable(&reserved, &next, u64::MAX, 99);
    sleep(MS).await;
    assert_eq!(batches.all().concat(), [0, 1, 2, 3, 4]);
    let new = consumer.consumer().producers().await.unwrap()[0].tag;
    assert_eq!(consumer.consumer().ask(old, 1).await, Ok(false));
    assert_eq!(consumer.consumer().ask(new, 1).await, Ok(true));
    sleep(MS).await;
    assert_eq!(batches.all().concat(), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_crashes_loses_only_what_it_had_in_hand() {
    let numbers = stage::producer(Numbers::below(100)).spawn();
    let seen = Seen::nothing();
    let seeing = seen.clone();
    let crashing = stage::consumer_fn(move |events: Vec<u64>| {
        assert!(!events.contains(&20), "not twenty");
        seeing.add(events);
        std::future::ready(())
    });
    let crashing = crashing.subscribe_to(&numbers.producer(), limits(12, 8)).spawn();
    assert_eq!(crashing.join().await, Reason::Panicked("not twenty".to_owned()));
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    stage::consumer(collect).subscribe_to(&numbers.producer(), limits(10, 5)).spawn().join().await;
    assert_eq!(numbers.join().await, Reason::Finished);
    assert_eq!(seen.all().concat(), (0..20).collect::<Vec<_>>());
    assert_eq!(batches.all().concat(), (24..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_middle_stage_that_crashes_takes_down_what_is_below_it_and_not_what_is_above() {
    let numbers = stage::producer(Numbers::below(100)).spawn();
    let middle = stage::producer_consumer_fn(|events: Vec<u64>| {
        assert!(!events.contains(&50), "not fifty");
        std::future::ready(events)
    });
    let middle = middle.subscribe_to(&numbers.producer(), limits(10, 5)).spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let bottom = stage::consumer(collect).subscribe_to(&middle.producer(), limits(10, 5)).spawn();
    let crash = Reason::Panicked("not fifty".to_owned());
    assert_eq!((middle.join().await, bottom.join().await), (crash.clone(), crash));
    // What it had emitted before arrives; it loses the five it had in hand.
    assert_eq!(batches.all().concat(), (0..50).collect::<Vec<_>>());
    let rest: Vec<u64> = numbers.producer().subscribe(limits(10, 5)).collect().await;
    assert_eq!(rest, (55..100).collect::<Vec<_>>());
}

/// Adds up tens, and what is left of them at the end.
struct Tens(Vec<u64>);

impl ProducerConsumer for Tens {
    type In = u64;
    type Out = Vec<u64>;

    async fn process(&mut self, events: Vec<u64>) -> Vec<Vec<u64>> {
        self.0.extend(events);
        let whole = self.0.len() / 10 * 10;
        self.0.drain(..whole).collect::<Vec<_>>().chunks(10).map(<[u64]>::to_vec).collect()
    }

    async fn finish(&mut self) -> Vec<Vec<u64>> {
        vec![std::mem::take(&mut self.0)]
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_the_source_of_a_chain_finishes_everything_in_flight_and_the_incomplete_batch() {
    let next = Arc::new(AtomicU64::new(0));
    let reserved = ProducerRef::reserve("source");
    let source = durable(&reserved, &next, u64::MAX, u64::MAX);
    let tens = stage::producer_consumer(Tens(Vec::new())).subscribe_to(&reserved, limits(7, 4)).spawn();
    let seen = Seen::nothing();
    let seeing = seen.clone();
    let slow = stage::consumer_fn(move |batches: Vec<Vec<u64>>| {
        batches.into_iter().for_each(|batch| seeing.add(batch));
        sleep(10 * MS)
    });
    let slow = slow.subscribe_to(&tens.producer(), limits(2, 1)).spawn();
    sleep(55 * MS).await;
    source.stop();
    assert_eq!(slow.join().await, Reason::Stopped);
    assert_eq!((source.join().await, tens.join().await), (Reason::Stopped, Reason::Stopped));
    let produced = next.load(Ordering::Relaxed);
    let batches = seen.all();
    assert_eq!(batches.concat(), (0..produced).collect::<Vec<_>>());
    let (last, whole) = batches.split_last().unwrap();
    assert!(
        whole.iter().all(|batch| batch.len() == 10) && last.len() as u64 == produced % 10,
        "{batches:?}"
    );
    assert_ne!(last.len(), 0, "the test is to have an incomplete batch");
}

#[tokio::test(start_paused = true)]
async fn a_producer_at_a_seat_that_has_ended_still_finds_takers_for_what_comes_back() {
    // Its only consumer dies while it finishes; what it had not begun comes back
    // to a producer that has already said that it is over.
    let reserved = ProducerRef::reserve("numbers");
    let numbers = stage::producer(Numbers::below(10)).register(&reserved).spawn();
    let doomed = stage::consumer(Collect::slowly(10 * MS)).subscribe_to(&reserved, limits(20, 15)).spawn();
    sleep(MS).await;
    numbers.stop();
    sleep(MS).await;
    doomed.abort();
    doomed.join().await;
    let rest: Vec<u64> = reserved.subscribe(limits(10, 5)).collect().await;
    assert_eq!(rest, [5, 6, 7, 8, 9]);
    assert_eq!(timeout(MS, numbers.join()).await, Ok(Reason::Finished));
    reserved.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_registered_producer_without_references_ends() {
    let reserved = ProducerRef::reserve("numbers");
    let idle = stage::producer(Numbers::below(10)).register(&reserved).spawn();
    drop(reserved);
    assert_eq!(timeout(MS, idle.join()).await, Ok(Reason::Stopped));
}
