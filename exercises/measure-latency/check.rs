//! Checks the exercise `measure-latency`: a burst of 300 events, 500 ms of work each,
//! under virtual time.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a check, not an interface")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{advance, sleep};
use weir_parts::pipeline::{Clock, Event, Stamp};
use weir_stage::demand::Limits;
use weir_stage::stage::{self, ProducerConsumer, Running};

use self::answer::{Finished, Latency, Work};

#[cfg(not(feature = "solutions"))]
#[path = "exercise.rs"]
#[allow(clippy::todo, unused, reason = "until it is written")]
mod answer;
#[cfg(feature = "solutions")]
mod answer {
    include!(env!("WEIR_ANSWER"));
}

const TAKES: Duration = Duration::from_millis(500);
const EVENTS: u64 = 300;
/// Milliseconds at which the events are accepted; they arrive at 0. The two differ, so
/// that an answer cannot confuse them.
const ACCEPTED: u64 = 40;

fn at(ms: u64) -> Stamp {
    Stamp::from_nanos(ms * 1_000_000)
}

fn finished(arrived: u64, started: u64, finished: u64) -> Finished {
    Finished { arrived: at(arrived), started: at(started), finished: at(finished) }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Allows a millisecond more or less, because some ways to keep a mean round at each step.
#[track_caller]
fn assert_mean(found: Option<Duration>, is: Duration, why: &str) {
    assert!(
        found.is_some_and(|found| found.abs_diff(is) <= ms(1)),
        "{why}. The mean should be {is:?}, or at most 1 ms off, and is {found:?}"
    );
}

#[test]
fn a_response_begins_when_the_event_arrives() {
    let response = finished(100, 2_000, 2_500).response();
    assert_eq!(
        response,
        ms(2_400),
        "the event arrived at 100 ms, work on it started at 2000 ms, and it finished at 2500 ms. The \
         client has waited since 100 ms"
    );
}

#[test]
fn every_event_weighs_the_same_in_the_mean() {
    let mut latency = Latency::default();
    latency.record(&finished(0, 0, 1_000));
    assert_mean(latency.mean(), ms(1_000), "one event has finished, after 1 s");
    for response in [2_000, 3_000, 10_000] {
        latency.record(&finished(0, 0, response));
    }
    assert_mean(latency.mean(), ms(4_000), "1, 2, 3 and 10 s weigh the same, in any order");
}

#[test]
fn there_is_no_mean_before_the_first_event() {
    assert_eq!(Latency::default().mean(), None, "no event has finished: there is no mean, not even 0");
}

#[tokio::test(start_paused = true)]
async fn each_event_of_a_batch_has_its_own_timestamps() {
    let clock = Clock::start();
    let events = (1..=3).map(|id| Event { id, arrived: at(0), accepted: at(ACCEPTED) }).collect();
    advance(ms(100)).await;
    let done = Work { clock, takes: TAKES }.process(events).await;
    assert_eq!(
        clock.now(),
        at(1_600),
        "one consumer handles three events of 500 ms one after the other, and starts at 100 ms; here it \
         finished all of them at"
    );
    if let [first, .., last] = &done[..] {
        assert!(
            first.started != last.started && first.finished != last.finished,
            "the first and the last event of a batch share a timestamp, although they were handled one \
             after the other: {first:?}, {last:?}"
        );
    }
    assert!(
        done.iter().all(|finished| finished.arrived != at(ACCEPTED)),
        "these events arrived at 0 and were accepted at 40 ms, and `Finished` says that they arrived at \
         40 ms. The client has waited since 0"
    );
    assert_eq!(
        done,
        [finished(0, 100, 600), finished(0, 600, 1_100), finished(0, 1_100, 1_600)],
        "three events arrived at 0; work started at 100 ms and took 500 ms for each, one after the other"
    );
}

/// Means of a burst of [`EVENTS`] on `consumers` consumers: 20 s after the burst, and when
/// all events are done.
async fn means(consumers: usize) -> [Option<Duration>; 2] {
    let clock = Clock::start();
    let events = (1..=EVENTS).map(|id| Event { id, arrived: at(0), accepted: at(ACCEPTED) });
    let queue = stage::from_iter(events).spawn();
    let latency = Arc::new(Mutex::new(Latency::default()));
    let recorded = Arc::clone(&latency);
    let mut meter = stage::consumer_fn(move |all: Vec<Finished>| {
        all.iter().for_each(|finished| recorded.lock().unwrap().record(finished));
        std::future::ready(())
    });
    let one = Limits::new(1, 0).unwrap();
    let works: Vec<Running<_>> = (0..consumers)
        .map(|_| {
            let work = Work { clock, takes: TAKES };
            stage::producer_consumer(work).subscribe_to(&queue.producer(), one).spawn()
        })
        .collect();
    for work in &works {
        meter = meter.subscribe_to(&work.producer(), one);
    }
    let meter = meter.spawn();
    // Halfway between two ends of work, so that the order of reports does not matter.
    sleep(ms(20_250)).await;
    let live = latency.lock().unwrap().mean();
    meter.join().await;
    let last = latency.lock().unwrap().mean();
    [live, last]
}

#[tokio::test(start_paused = true)]
async fn one_and_three_consumers_show_the_same_live_mean_and_different_final_means() {
    let [live, last] = means(1).await;
    assert_mean(live, ms(10_250), "one consumer, 20 s: forty are done, after 0.5 to 20 s");
    assert_mean(last, ms(75_250), "one consumer, the end: all 300 are done, after 0.5 to 150 s");
    let [live, last] = means(3).await;
    assert_mean(
        live,
        ms(10_250),
        "three consumers, 20 s: a hundred and twenty are done, three after 0.5 s and three after 20",
    );
    assert_mean(
        last,
        ms(25_250),
        "three consumers, the end: all 300 are done, three after 0.5 s and three after 50",
    );
}
