//! Checks a producer whose source is sometimes empty, in virtual time.
#![allow(missing_docs, clippy::unwrap_used, clippy::exit, reason = "a check, not an interface")]
#![allow(clippy::disallowed_methods, reason = "a watchdog in real time")]

#[cfg(not(feature = "solutions"))]
#[path = "exercise.rs"]
#[allow(clippy::todo, unused, reason = "until it is written")]
mod answer;
#[cfg(feature = "solutions")]
mod answer {
    include!(env!("WEIR_ANSWER"));
}
#[allow(unused, reason = "some answers use only a part of it")]
mod inbox;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use weir_stage::demand::Limits;
use weir_stage::stage::{self, Producer, Reason, RunningConsumer};

use self::answer::{Callbacks, Source};
use self::inbox::Inbox;

const SECOND: Duration = Duration::from_secs(1);

/// Batches that the consumer received, each with its time in seconds after the start.
type Seen = Arc<Mutex<Vec<(u64, Vec<u32>)>>>;

/// Wraps the source and checks that `produce` may return each of its answers.
struct Watched {
    source: Source,
    inbox: Inbox,
    /// What would be owed if `demand` were additional in each call.
    added_up: usize,
}

impl Producer for Watched {
    type Event = u32;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u32>> {
        self.added_up += demand;
        let answer = self.source.produce(demand).await;
        let Some(events) = &answer else {
            assert!(
                self.inbox.is_over(),
                "`None` means that no event will ever arrive again, and this inbox is not closed"
            );
            return None;
        };
        let n = events.len();
        assert!(n > 0, "`produce` has returned no events: `Some` of an empty `Vec`");
        assert!(
            n <= demand || n > self.added_up,
            "asked for {demand}, `produce` has returned {n}: the {demand} already include the demand \
             that was not served before, which your code counts twice"
        );
        assert!(
            n <= demand,
            "asked for {demand}, `produce` has returned {n}: it may return at most {demand}"
        );
        self.added_up -= n;
        answer
    }
}

/// Starts a consumer of the inbox's events, which takes `pause` for each batch.
fn start(inbox: &Inbox, limits: Limits, pause: Duration) -> (Seen, RunningConsumer<u32>) {
    watch();
    let seen = Seen::default();
    let began = Instant::now();
    let noted = Arc::clone(&seen);
    let consumer = stage::consumer_fn(move |events: Vec<u32>| {
        noted.lock().unwrap().push((began.elapsed().as_secs(), events));
        sleep(pause)
    });
    let source = Watched { source: Source::from(inbox.clone()), inbox: inbox.clone(), added_up: 0 };
    let source = stage::producer(source).spawn();
    (seen, consumer.subscribe_to(&source.producer(), limits).spawn())
}

/// Ends a check that spins. Virtual time stands still while code spins without waiting,
/// so a timeout in virtual time would never fire.
fn watch() {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(20));
        let why = "the check runs for 20 s: some code loops without waiting\n";
        let _ = std::io::stderr().write_all(why.as_bytes());
        std::process::exit(1);
    });
}

fn ten_at_once() -> Limits {
    Limits::new(10, 0).unwrap()
}

async fn end_of(consumer: RunningConsumer<u32>) -> Reason {
    timeout(600 * SECOND, consumer.join())
        .await
        .expect("the stage should end with its closed and empty inbox")
}

#[test]
fn with_callbacks_demand_that_found_nothing_is_served_when_events_come() {
    let mut source = Callbacks::default();
    assert!(source.handle_demand(3).is_empty(), "no event has arrived yet");
    for event in 1..=3 {
        let out = source.handle_event(event);
        assert_eq!(
            out,
            [event],
            "three were asked for before, and the consumer will not ask for them again"
        );
    }
}

#[test]
fn with_callbacks_what_is_owed_adds_up() {
    let mut source = Callbacks::default();
    assert!(source.handle_demand(2).is_empty(), "no event has arrived yet");
    assert!(source.handle_demand(1).is_empty(), "no event has arrived yet");
    let out = [1, 2, 3, 4].map(|event| source.handle_event(event)).concat();
    assert_eq!(out, [1, 2, 3], "two were asked for, and then one more: three are owed in all");
}

#[test]
fn with_callbacks_no_event_goes_out_before_it_is_asked_for() {
    let mut source = Callbacks::default();
    assert!(source.handle_event(1).is_empty(), "no consumer has asked for this event");
    assert_eq!(source.handle_demand(3), [1], "one event was waiting, and the ask sends it out");
    let out = [source.handle_event(2), source.handle_event(3)].concat();
    assert_eq!(out, [2, 3], "three were asked for and one has gone: two are still owed");
    assert!(source.handle_event(4).is_empty(), "three were asked for and three have gone: none is owed");
    assert!(source.handle_event(5).is_empty(), "three were asked for and three have gone: none is owed");
    assert_eq!(source.handle_demand(1), [4], "events go out in the order of their arrival");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_arrives_later_goes_out_at_once() {
    let inbox = Inbox::default();
    let (seen, consumer) = start(&inbox, ten_at_once(), Duration::ZERO);
    for event in 1..=3 {
        sleep(10 * SECOND).await;
        inbox.put([event]);
    }
    sleep(SECOND).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [(10, vec![1]), (20, vec![2]), (30, vec![3])], "(second, events)");
    inbox.close();
    assert_eq!(end_of(consumer).await, Reason::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_few_go_out_although_more_were_asked_for() {
    let inbox = Inbox::default();
    inbox.put([1, 2]);
    let (seen, _consumer) = start(&inbox, ten_at_once(), Duration::ZERO);
    sleep(SECOND).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [(0, vec![1, 2])], "ten were asked for and two are there: those two go out now");
}

#[tokio::test(start_paused = true)]
async fn waiting_events_go_out_before_more_arrive() {
    let inbox = Inbox::default();
    inbox.put(1..=20);
    let (_seen, _consumer) = start(&inbox, ten_at_once(), Duration::ZERO);
    sleep(SECOND).await;
    assert_eq!(inbox.len(), 0, "left in the inbox of twenty, for a consumer that takes ten at a time");
}

#[tokio::test(start_paused = true)]
async fn the_source_takes_no_more_than_the_demand() {
    let inbox = Inbox::default();
    inbox.put([1, 2]);
    let (_seen, _consumer) = start(&inbox, ten_at_once(), 600 * SECOND);
    sleep(SECOND).await;
    inbox.put(3..=100);
    sleep(SECOND).await;
    assert_eq!(
        inbox.len(),
        90,
        "events left in the inbox: the consumer asked for ten of a hundred and got two, so the source \
         may take eight more"
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_inbox_is_not_the_end_and_a_closed_one_is() {
    let inbox = Inbox::default();
    let (seen, consumer) = start(&inbox, ten_at_once(), Duration::ZERO);
    sleep(SECOND).await;
    inbox.put([1]);
    inbox.close();
    assert_eq!(end_of(consumer).await, Reason::Finished);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [(1, vec![1])], "events that arrived before the end go out before the end");
}
