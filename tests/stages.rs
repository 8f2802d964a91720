//! The demand protocol between running stages, under virtual time.

use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use tokio::time::{Instant, sleep};
use weir::demand::Limits;
use weir::stage::{self, CancelMode, Consumer, Producer, ProducerConsumer, Reason, SubscribeOptions};

use crate::support::{Collect, Logs, Numbers, Seen, ranges};

const MS: Duration = Duration::from_millis(1);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

/// Has one event a millisecond, however many are wanted.
struct Trickle(u64);

impl Producer for Trickle {
    type Event = u64;

    async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
        sleep(MS).await;
        self.0 += 1;
        (self.0 <= 20).then(|| vec![self.0])
    }
}

#[tokio::test(start_paused = true)]
async fn the_stage_remembers_demand_that_its_author_did_not_serve() {
    let trickle = stage::producer(Trickle(0)).spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let start = Instant::now();
    stage::consumer(collect).subscribe_to(&trickle.producer(), limits(10, 0)).spawn().join().await;
    assert_eq!(batches.all().concat(), (1..=20).collect::<Vec<_>>());
    assert_eq!(start.elapsed(), 21 * MS);
}

/// Passes every event on, and notes it.
struct Pass(Seen<Vec<u64>>);

impl ProducerConsumer for Pass {
    type In = u64;
    type Out = u64;

    async fn process(&mut self, events: Vec<u64>) -> Vec<u64> {
        self.0.add(events.clone());
        events
    }
}

struct Hang;

impl Consumer for Hang {
    type Event = u64;

    async fn consume(&mut self, _events: Vec<u64>) {
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn three_stages_deliver_everything_once_and_in_order() {
    let numbers = stage::producer(Numbers::below(10_000)).spawn();
    let middle = stage::producer_consumer(Pass(Seen::nothing()))
        .subscribe_to(&numbers.producer(), limits(100, 20))
        .spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    stage::consumer(collect).subscribe_to(&middle.producer(), limits(50, 10)).spawn().join().await;
    assert_eq!(batches.all().concat(), (0..10_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_dies_gives_back_what_it_had_not_started() {
    let numbers = stage::producer(Numbers::below(100)).spawn();
    let doomed = stage::consumer(Hang).subscribe_to(&numbers.producer(), limits(50, 40)).spawn();
    sleep(MS).await;
    doomed.abort();
    assert_eq!(doomed.join().await, Reason::Aborted);
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    stage::consumer(collect).subscribe_to(&numbers.producer(), limits(10, 5)).spawn().join().await;
    // It had started on its first batch, 0 to 9, and on nothing else.
    assert_eq!(batches.all().concat(), (10..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_consumer_may_have_several_producers_and_lose_none_of_their_events() {
    let (a, b) =
        (stage::producer(Numbers::below(100)).spawn(), stage::producer(Numbers::below(50)).spawn());
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let options = SubscribeOptions::from(limits(10, 5)).cancel(CancelMode::Temporary);
    let consumer = stage::consumer(collect).subscribe_to(&a.producer(), options.clone()).spawn();
    consumer.consumer().subscribe(&b.producer(), options).await.unwrap();
    a.join().await;
    b.join().await;
    let mut all = batches.all().concat();
    all.sort_unstable();
    let mut expected: Vec<u64> = (0..100).chain(0..50).collect();
    expected.sort_unstable();
    assert_eq!(all, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_threads_several_consumers_share_everything_and_nothing_twice() {
    let numbers = stage::producer(Numbers::below(100_000)).spawn();
    let seen: Vec<_> = (0..4)
        .map(|_| {
            let collect = Collect::quickly();
            let batches = collect.batches.clone();
            let consumer = stage::consumer(collect).subscribe_to(&numbers.producer(), limits(7, 3)).spawn();
            (batches, consumer)
        })
        .collect();
    let mut all = Vec::new();
    for (batches, consumer) in seen {
        assert_eq!(consumer.join().await, Reason::Finished);
        let mine = batches.all().concat();
        assert!(mine.is_sorted(), "order is kept for each subscription");
        all.extend(mine);
    }
    all.sort_unstable();
    assert_eq!(all, (0..100_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_producer_from_a_stream_delivers_what_is_ready_and_ends_with_it() {
    let ticks = stream::unfold(0u64, |n| async move {
        // Three at a time are ready.
        if n % 3 == 0 {
            sleep(MS).await;
        }
        (n < 10).then_some((n, n + 1))
    });
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let producer = stage::from_stream(ticks).spawn();
    stage::consumer(collect).subscribe_to(&producer.producer(), limits(100, 0)).spawn().join().await;
    assert_eq!(ranges(&batches.all()), [(0, 2), (3, 5), (6, 8), (9, 9)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_from_a_stream_beyond_the_demand() {
    let taken = Seen::nothing();
    let noted = taken.clone();
    let numbers = stream::iter(0..100).inspect(move |&n| noted.add(n));
    let producer = stage::from_stream(numbers).spawn();
    let mut subscription = producer.producer().subscribe(limits(5, 0));
    assert_eq!(subscription.next().await, Some(0));
    sleep(MS).await;
    assert_eq!(taken.len(), 5);
    assert_eq!(subscription.next().now_or_never(), Some(Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_producer_without_references_produces_nothing_more() {
    let numbers = Numbers::below(u64::MAX);
    let demands = numbers.demands.clone();
    let running = stage::producer(numbers).spawn();
    // It has asked, and has gone, before the producer has had its turn.
    drop(running.producer().subscribe(limits(10, 5)));
    assert_eq!(running.join().await, Reason::Stopped);
    assert_eq!(demands.len(), 0);
}

/// Has nothing in most calls, and says so at once.
struct Empty {
    calls: Seen<Duration>,
    start: Instant,
    after: usize,
}

impl Producer for Empty {
    type Event = u64;

    async fn produce(&mut self, _demand: usize) -> Option<Vec<u64>> {
        self.calls.add(self.start.elapsed());
        let n = self.calls.len();
        Some(if n.is_multiple_of(self.after) { vec![n as u64] } else { Vec::new() })
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_is_asked_for_again_after_a_growing_wait_and_its_demand_is_kept() {
    let logs = Logs::capture();
    let calls = Seen::nothing();
    let empty = Empty { calls: calls.clone(), start: Instant::now(), after: 10 };
    let source = stage::producer(empty).named("empty").spawn();
    let collect = Collect::quickly();
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).subscribe_to(&source.producer(), limits(2, 0)).spawn();
    sleep(Duration::from_secs(1)).await;
    // 1, 2, 4, … 64 ms and then 100; and anew after the tenth, which is not empty.
    let waits = [0, 1, 3, 7, 15, 31, 63, 127, 227, 327, 327, 328, 330].map(|ms| ms * MS);
    assert_eq!(calls.all()[..13], waits);
    assert!(calls.len() < 40, "{}", calls.len());
    assert_eq!(batches.all()[..2], [vec![10], vec![20]]);
    let warning = "WARN: empty: `produce` returned no events for a demand of 2; it is called again after 1 ms, \
                   then after up to 100 ms";
    assert_eq!(logs.take(), [warning]);
    source.stop();
    assert_eq!((source.join().await, consumer.join().await), (Reason::Stopped, Reason::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_waits_after_an_empty_batch_answers_its_consumers() {
    let empty = Empty { calls: Seen::nothing(), start: Instant::now(), after: usize::MAX };
    let source = stage::producer(empty).spawn();
    let events = source.producer().subscribe(limits(5, 0));
    let start = Instant::now();
    source.producer().emit(vec![1]).await.unwrap();
    assert_eq!(events.take(1).collect::<Vec<_>>().await, [1]);
    source.producer().pause().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}
