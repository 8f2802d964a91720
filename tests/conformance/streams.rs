//! K: streams.

use std::time::Duration;

use futures::stream::FusedStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::time::{sleep, timeout};
use weir::demand::Limits;
use weir::dispatch::PartitionDispatcher;
use weir::stage::{self, CancelMode, ProducerRef, Reason, State, SubscribeOptions};

use super::Rows;
use crate::support::{Collect, Notes, Numbers, Seen, noting, words};

/// Which test covers which row.
pub(super) const ROWS: Rows = &[
    (86, "a_stream_that_is_dropped_half_read_leaves_its_producer_and_gives_the_rest_back"),
    (87, "a_subscription_is_a_stream_that_asks_again_as_it_is_read"),
    (88, "a_stream_of_a_producer_that_is_gone_ends_and_says_why"),
    (88, "the_stream_of_a_producer_that_is_gone_or_refuses_is_empty_or_a_failure_by_its_mode"),
    (88, "a_failure_is_the_last_item_after_everything_that_was_sent"),
    (89, "a_producer_from_an_iterator_ends_when_that_is_exhausted_and_everything_is_delivered"),
    (89, "a_producer_from_an_iterator_survives_its_readers_unless_they_were_to_be_the_last"),
    (90, "bad_limits_fail_before_there_is_a_stage_and_say_what_is_allowed"),
    (90, "the_producer_of_a_stream_has_the_name_it_was_given_and_ends_with_its_readers_if_told_to"),
];

const MS: Duration = Duration::from_millis(1);

const MODES: [CancelMode; 4] =
    [CancelMode::Permanent, CancelMode::Transient, CancelMode::Temporary, CancelMode::Resubscribe];

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

fn with(cancel: CancelMode) -> SubscribeOptions<u64> {
    SubscribeOptions::from(limits(10, 5)).cancel(cancel)
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_half_read_leaves_its_producer_and_gives_the_rest_back() {
    let notes = Notes::nothing();
    let numbers = stage::producer(Numbers::below(1000)).observe(noting(&notes)).spawn();
    let some: Vec<u64> = numbers.producer().subscribe(limits(1000, 500)).take(10).collect().await;
    sleep(MS).await;
    // All thousand had been sent.
    assert_eq!((numbers.status().consumers, numbers.status().buffered), (0, 990));
    assert_eq!(words(&notes).last().unwrap(), "Consumer stream left: cancelled");
    let rest: Vec<u64> = numbers.producer().subscribe(limits(7, 3)).collect().await;
    assert_eq!([some, rest].concat(), (0..1000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_a_stream_that_asks_again_as_it_is_read() {
    let numbers = Numbers::below(300);
    let demands = numbers.demands.clone();
    let numbers = stage::producer(numbers).spawn();
    let mut subscription = numbers.producer().subscribe(limits(100, 50));
    let first: Vec<u64> = subscription.by_ref().take(49).collect().await;
    sleep(MS).await;
    assert_eq!((first, demands.all()), ((0..49).collect(), vec![100]));
    let rest: Vec<u64> = subscription.by_ref().collect().await;
    assert_eq!(rest, (49..300).collect::<Vec<_>>());
    assert_eq!(subscription.reason(), Some(&Reason::Finished));
    assert_eq!(numbers.join().await, Reason::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_producer_that_is_gone_ends_and_says_why() {
    let numbers = stage::producer(Numbers::below(u64::MAX)).spawn();
    let producer = numbers.producer();
    numbers.abort();
    assert_eq!(numbers.join().await, Reason::Aborted);
    for cancel in MODES {
        let mut subscription = producer.subscribe(with(cancel));
        assert_eq!(subscription.next().await, None);
        assert_eq!(subscription.reason(), Some(&Reason::Aborted));
    }
}

#[tokio::test(start_paused = true)]
async fn the_stream_of_a_producer_that_is_gone_or_refuses_is_empty_or_a_failure_by_its_mode() {
    let dead = stage::producer(Numbers::below(9)).spawn();
    let gone = dead.producer();
    dead.abort();
    dead.join().await;
    let dispatcher = PartitionDispatcher::by_key(4, |event: &u64| *event);
    let refusing = stage::producer(Numbers::below(9)).dispatcher(dispatcher).spawn();
    let refused = "refused: the subscription names no partition; there are 0 to 3";
    for (producer, why) in [(gone, "aborted"), (refusing.producer(), refused)] {
        for cancel in MODES {
            let mut items = producer.subscribe(with(cancel)).try_events();
            let failure = items.next().await.map(|item| item.unwrap_err().to_string());
            let expected = (cancel != CancelMode::Temporary).then_some(why);
            assert_eq!(failure.as_deref(), expected, "{cancel:?}");
            assert_eq!((items.next().await, items.is_terminated()), (None, true));
        }
    }
    // A producer that is not registered yet is neither gone nor refusing.
    let mut items =
        ProducerRef::<u64>::reserve("later").subscribe(with(CancelMode::Permanent)).try_events();
    assert_eq!(items.next().now_or_never(), None);
}

/// Reads 0 to 19 of a producer that then ends so.
async fn read_until(how: &Reason, options: SubscribeOptions<u64>) -> Vec<Result<u64, Reason>> {
    let (mut numbers, at_the_end) = (0..20, how.clone());
    let produce = move |demand: usize| {
        let (events, reason) = (numbers.by_ref().take(demand).collect::<Vec<u64>>(), at_the_end.clone());
        async move {
            match (events.is_empty(), reason) {
                (false, _) => Some(events),
                (true, Reason::Finished) => None,
                (true, Reason::Panicked(message)) => panic!("{message}"),
                // It is ended from outside.
                (true, _) => std::future::pending().await,
            }
        }
    };
    let numbers = stage::producer_fn(produce).spawn();
    let reader = tokio::spawn(numbers.producer().subscribe(options).try_events().collect());
    sleep(MS).await;
    match how {
        Reason::Aborted => numbers.abort(),
        reason => numbers.stop_with(reason.clone()),
    }
    assert_eq!(numbers.join().await, *how);
    reader.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_the_last_item_after_everything_that_was_sent() {
    for (how, fails) in [
        (Reason::failed("no more power"), true),
        (Reason::Panicked("at twenty".to_owned()), true),
        (Reason::Aborted, true),
        (Reason::Stopped, false),
        (Reason::Finished, false),
    ] {
        for cancel in MODES {
            let failure = (fails && cancel != CancelMode::Temporary).then(|| Err(how.clone()));
            let expected: Vec<_> = (0..20).map(Ok).chain(failure).collect();
            assert_eq!(read_until(&how, with(cancel)).await, expected, "{how}, {cancel:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_resubscribes_goes_on_with_the_successor_and_ends_with_its_end() {
    let reserved = ProducerRef::reserve("numbers");
    let reader = reserved.subscribe(with(CancelMode::Resubscribe)).try_events().try_collect::<Vec<_>>();
    let reader = tokio::spawn(reader);
    let trapped = (0..).inspect(|&n| assert!(n < 7, "it is a trap"));
    let first = stage::from_iter(trapped.take(100)).register(&reserved).spawn();
    assert_eq!(first.join().await, Reason::Panicked("it is a trap".to_owned()));
    stage::from_iter(100..110).register(&reserved).spawn();
    // The first had nothing to send: it was asked for ten, and found seven.
    assert_eq!(reader.await.unwrap(), Ok((100..110).collect()));
}

#[tokio::test(start_paused = true)]
async fn a_producer_from_an_iterator_ends_when_that_is_exhausted_and_everything_is_delivered() {
    let terminated = Notes::nothing();
    let numbers = stage::from_iter(0..103).observe(noting(&terminated)).spawn();
    let collect = Collect::slowly(MS);
    let batches = collect.batches.clone();
    let consumer = stage::consumer(collect).subscribe_to(&numbers.producer(), limits(10, 5)).spawn();
    assert_eq!(numbers.join().await, Reason::Finished);
    // It waited until the last of them was finished.
    assert_eq!(batches.all().concat(), (0..103).collect::<Vec<_>>());
    assert_eq!(words(&terminated).last().unwrap(), "Consumer consumer left: finished");
    assert_eq!(consumer.join().await, Reason::Finished);
    // An iterator without events is a producer too.
    let none = stage::from_iter(Vec::<u64>::new()).spawn();
    assert_eq!(none.producer().subscribe(limits(10, 5)).next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_producer_from_an_iterator_survives_its_readers_unless_they_were_to_be_the_last() {
    let staying = stage::from_iter(0u64..).spawn();
    let leaving = stage::from_iter(0u64..).until_last_cancel().spawn();
    for numbers in [&staying, &leaving] {
        let other = numbers.producer().subscribe(SubscribeOptions::manual());
        let some: Vec<u64> = numbers.producer().subscribe(limits(10, 5)).take(3).collect().await;
        assert_eq!(some, [0, 1, 2]);
        sleep(MS).await;
        assert_eq!(numbers.status().state, State::Running, "one is still there");
        drop(other);
    }
    assert_eq!(timeout(MS, leaving.join()).await, Ok(Reason::Stopped));
    assert_eq!(staying.status().state, State::Running);
    let some: Vec<u64> = staying.producer().subscribe(limits(10, 5)).take(10).collect().await;
    assert_eq!(some, (3..13).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_from_an_iterator_beyond_the_demand() {
    let taken = Seen::nothing();
    let noted = taken.clone();
    let numbers = stage::from_iter((0u64..).inspect(move |&n| noted.add(n))).spawn();
    sleep(MS).await;
    assert_eq!(taken.len(), 0);
    let some: Vec<u64> = numbers.producer().subscribe(limits(7, 5)).take(2).collect().await;
    assert_eq!((some.len(), taken.len()), (2, 7));
}

#[test]
fn bad_limits_fail_before_there_is_a_stage_and_say_what_is_allowed() {
    assert_eq!(Limits::with_max(0).unwrap_err().to_string(), "max_demand is 0, and must be at least 1");
    let why = "min_demand is 1, and must be below max_demand: at most 0";
    assert_eq!(Limits::new(1, 1).unwrap_err().to_string(), why);
}

#[tokio::test(start_paused = true)]
async fn the_producer_of_a_stream_has_the_name_it_was_given_and_ends_with_its_readers_if_told_to() {
    let notes = Notes::nothing();
    let numbers = stage::from_iter(0u64..).named("numbers").until_last_cancel().observe(noting(&notes));
    let numbers = numbers.spawn();
    assert_eq!((&*numbers.producer().name(), &*numbers.status().name), ("numbers", "numbers"));
    let _: Vec<u64> = numbers.producer().subscribe(limits(10, 5)).take(3).collect().await;
    assert_eq!(numbers.join().await, Reason::Stopped);
    assert_eq!(words(&notes), ["Consumer stream subscribed", "Consumer stream left: cancelled"]);
}
