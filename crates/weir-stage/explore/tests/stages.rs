//! Whole stages under thousands of schedules: their mail, in every order in which it
//! may cross. A schedule in which a stage waits for ever fails, as do the assertions
//! here and the invariants that stages assert themselves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use shuttle::future::{block_on, yield_now};
use shuttle::{check_pct, check_random};
use weir_explore::demand::Limits;
use weir_explore::dispatch::PartitionDispatcher;
use weir_explore::stage::{
    self, CancelMode, Consumer, ConsumerBuilder, Reason, RunningConsumer, RunningProducer, SubscribeOptions,
};

const SCHEDULES: usize = 500;
const EVENTS: u64 = 6;

/// Explores fewer schedules than `explore.rs`, because a schedule takes longer here.
fn explore<F: Future<Output = ()> + 'static>(scenario: fn() -> F) {
    check_random(move || block_on(scenario()), SCHEDULES);
    check_pct(move || block_on(scenario()), SCHEDULES, 3);
}

/// The events that were begun, in order, and the number of consumers at work.
#[derive(Clone, Default)]
struct Begun(Arc<Mutex<Vec<u64>>>, Arc<AtomicUsize>);

impl Begun {
    /// A consumer that records each event it begins, and yields before it has finished.
    fn consumer(&self) -> ConsumerBuilder<impl Consumer<Event = u64> + use<>> {
        let this = self.clone();
        stage::consumer_fn(move |events: Vec<u64>| {
            let Self(begun, at_work) = this.clone();
            async move {
                begun.lock().unwrap().extend(events);
                at_work.fetch_add(1, Ordering::SeqCst);
                yield_now().await;
                at_work.fetch_sub(1, Ordering::SeqCst);
            }
        })
    }

    /// Consumes the remaining events with further consumers until the source is empty, and
    /// then checks that each event was begun once. (A consumer that comes too early is
    /// refused the partition, or leaves before another has returned its events.)
    async fn settle(self, source: RunningProducer<u64>) {
        while !source.producer().is_gone() {
            let last = self.consumer().subscribe_to(&source.producer(), options(4)).spawn();
            last.join().await;
            // Without this the explorer might never run another task.
            yield_now().await;
        }
        assert_eq!(source.join().await, Reason::Finished);
        let mut begun = self.0.lock().unwrap().clone();
        begun.sort_unstable();
        assert_eq!(begun, (0..EVENTS).collect::<Vec<_>>());
    }
}

fn options(max: usize) -> SubscribeOptions<u64> {
    SubscribeOptions::from(Limits::new(max, max / 2).unwrap()).partition(0)
}

fn temporary(max: usize) -> SubscribeOptions<u64> {
    options(max).cancel(CancelMode::Temporary)
}

fn source() -> RunningProducer<u64> {
    stage::from_iter(0..EVENTS).spawn()
}

/// With one partition, in which everything is.
fn partitioned() -> RunningProducer<u64> {
    stage::from_iter(0..EVENTS).dispatcher(PartitionDispatcher::new(1, |_: &u64| Some(0))).spawn()
}

#[test]
fn who_cancels_while_the_producer_ends_and_another_gives_back_loses_nothing() {
    explore(|| async {
        let (source, begun) = (source(), Begun::default());
        let producer = source.producer();
        let gives_back = begun.consumer().subscribe_to(&producer, temporary(4)).spawn();
        let cancels = begun.consumer().spawn();
        let tag = cancels.consumer().subscribe(&producer, temporary(3)).await.unwrap();
        gives_back.stop();
        cancels.consumer().cancel(tag, Reason::Cancelled).await.unwrap();
        cancels.stop();
        gives_back.join().await;
        cancels.join().await;
        begun.settle(source).await;
    });
}

#[test]
fn a_dismissal_and_a_cancellation_that_cross_end_the_subscription_once() {
    explore(|| async {
        let (source, begun) = (source(), Begun::default());
        let consumer = begun.consumer().spawn();
        let (refers, producer) = (consumer.consumer(), source.producer());
        let tag = refers.subscribe(&producer, temporary(4)).await.unwrap();
        let dismissed = shuttle::future::spawn(async move {
            drop(producer.cancel(tag, Reason::failed("dismissed")).await);
        });
        refers.cancel(tag, Reason::Cancelled).await.unwrap();
        dismissed.await.unwrap();
        consumer.stop();
        consumer.join().await;
        begun.settle(source).await;
    });
}

#[test]
fn an_aborted_consumer_gives_back_what_it_has_not_begun() {
    explore(|| async {
        let (source, begun) = (source(), Begun::default());
        let consumer = begun.consumer().subscribe_to(&source.producer(), temporary(4)).spawn();
        yield_now().await;
        consumer.abort();
        begun.settle(source).await;
    });
}

#[test]
fn a_key_stays_in_order_while_its_consumer_subscribes_anew_and_is_replaced() {
    explore(|| async {
        let (source, begun) = (partitioned(), Begun::default());
        let (producer, first, second) =
            (source.producer(), begun.consumer().spawn(), begun.consumer().spawn());
        let tag = first.consumer().subscribe(&producer, temporary(2)).await.unwrap();
        yield_now().await;
        let tag = first.consumer().resubscribe(tag, &producer, temporary(3)).await.unwrap();
        yield_now().await;
        first.consumer().cancel(tag, Reason::Cancelled).await.unwrap();
        second.consumer().subscribe(&producer, temporary(2)).await.unwrap();
        yield_now().await;
        second.stop();
        first.stop();
        second.join().await;
        first.join().await;
        let order = begun.0.clone();
        begun.settle(source).await;
        assert!(order.lock().unwrap().is_sorted(), "{order:?}");
    });
}

/// A consumer of the one partition, which checks that no other consumer is at work.
fn alone(begun: &Begun) -> RunningConsumer<u64> {
    let Begun(begun, at_work) = begun.clone();
    let handle = move |events: Vec<u64>| {
        let (begun, at_work) = (Arc::clone(&begun), Arc::clone(&at_work));
        async move {
            assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            begun.lock().unwrap().extend(events);
            yield_now().await;
            yield_now().await;
            at_work.fetch_sub(1, Ordering::SeqCst);
        }
    };
    stage::consumer_fn(handle).spawn()
}

#[test]
fn a_partition_has_one_consumer_at_work_while_it_changes_hands() {
    explore(|| async {
        let (source, begun) = (partitioned(), Begun::default());
        let mut consumers = Vec::new();
        for _ in 0..3 {
            let consumer = alone(&begun);
            let refers = consumer.consumer();
            let tag = refers.subscribe(&source.producer(), temporary(2)).await.unwrap();
            yield_now().await;
            // Until its cancellation is under way, and no longer.
            refers.cancel(tag, Reason::Cancelled).await.unwrap();
            consumers.push(consumer);
        }
        for consumer in consumers {
            consumer.stop();
            consumer.join().await;
        }
        begun.settle(source).await;
    });
}

#[test]
fn a_middle_stage_that_is_told_to_stop_delivers_what_it_has_begun() {
    explore(|| async {
        let (source, begun) = (source(), Begun::default());
        let pass = |events: Vec<u64>| async {
            yield_now().await;
            events
        };
        let middle = stage::producer_consumer_fn(pass).subscribe_to(&source.producer(), options(3)).spawn();
        let consumer = begun.consumer().subscribe_to(&middle.producer(), options(2)).spawn();
        yield_now().await;
        middle.stop();
        middle.join().await;
        consumer.join().await;
        begun.settle(source).await;
    });
}

#[test]
fn no_consumer_waits_for_a_producer_that_was_aborted() {
    explore(|| async {
        let (source, begun) = (source(), Begun::default());
        let stays = begun.consumer().subscribe_to(&source.producer(), options(2)).spawn();
        let cancels = begun.consumer().spawn();
        let tag = cancels.consumer().subscribe(&source.producer(), temporary(2)).await.unwrap();
        source.abort();
        cancels.consumer().cancel(tag, Reason::Cancelled).await.unwrap();
        cancels.stop();
        cancels.join().await;
        stays.join().await;
        assert!(matches!(source.join().await, Reason::Aborted | Reason::Finished));
    });
}
