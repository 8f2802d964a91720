//! Checks a stage that batches by size and time, in virtual time.
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

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use weir_stage::demand::Limits;
use weir_stage::stage::{self, Producer, ProducerRef, Reason, RunningConsumer};

use self::answer::batches;

const SIZE: usize = 5;
const PATIENCE: Duration = Duration::from_millis(100);

/// Batches that the consumer received, each with its time in milliseconds after the start.
type Seen = Arc<Mutex<Vec<(u128, Vec<u32>)>>>;

/// A source of events 0, 1, 2, …, which arrive `at` these milliseconds after the start.
fn arrivals(at: &'static [u64]) -> ProducerRef<u32> {
    let start = Instant::now();
    let events = stream::iter((0..).zip(at)).then(move |(event, at)| async move {
        sleep_until(start + Duration::from_millis(*at)).await;
        event
    });
    stage::from_stream(events).spawn().producer()
}

/// Starts a consumer of the batches of `source`, which takes `pause` for each.
fn start(source: &ProducerRef<u32>, limits: Limits, pause: Duration) -> (Seen, RunningConsumer<Vec<u32>>) {
    watch();
    let began = Instant::now();
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let consumer = stage::consumer_fn(move |batches: Vec<Vec<u32>>| {
        let at = began.elapsed().as_millis();
        noted.lock().unwrap().extend(batches.into_iter().map(|batch| (at, batch)));
        sleep(pause)
    });
    (seen, consumer.subscribe_to(&batches(source, SIZE, PATIENCE), limits).spawn())
}

/// Every batch of these arrivals, for a consumer that asks for one batch at a time.
async fn all(at: &'static [u64]) -> Vec<(u128, Vec<u32>)> {
    all_asked_for(at, Limits::ONE).await
}

async fn all_asked_for(at: &'static [u64], limits: Limits) -> Vec<(u128, Vec<u32>)> {
    let (seen, consumer) = start(&arrivals(at), limits, Duration::ZERO);
    end_of(consumer).await;
    seen.lock().unwrap().clone()
}

async fn end_of(consumer: RunningConsumer<Vec<u32>>) -> Reason {
    let ended = timeout(Duration::from_secs(600), consumer.join()).await;
    ended.expect("the stage should end when its source has")
}

/// Ends a check that spins. Virtual time stands still while code spins without waiting,
/// so a timeout in virtual time would never fire.
fn watch() {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(20));
        let why = "the check runs for 20 s: some code loops without waiting; does \
                   `produce` read on, or return an empty batch, when the source has ended?\n";
        let _ = std::io::stderr().write_all(why.as_bytes());
        std::process::exit(1);
    });
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_goes_out_at_once() {
    let seen = all(&[0, 0, 0, 0, 0, 20, 20, 20, 20, 20, 1000]).await;
    assert_eq!(
        seen.get(..2),
        Some(&[(0, vec![0, 1, 2, 3, 4]), (20, vec![5, 6, 7, 8, 9])][..]),
        "(ms, batch): five events fill a batch, which goes out at once"
    );
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_batch_goes_out_when_its_time_is_up() {
    let seen = all(&[0, 0, 1000, 2000]).await;
    assert_eq!(
        seen.first(),
        Some(&(100, vec![0, 1])),
        "(ms, batch): two events have arrived, and their time is up after 100 ms; the next arrives at 1000 ms"
    );
}

#[tokio::test(start_paused = true)]
async fn time_runs_from_the_first_event_of_a_batch() {
    let seen = all(&[0, 40, 80, 130, 170, 210, 1000]).await;
    assert_eq!(
        seen.first(),
        Some(&(100, vec![0, 1, 2])),
        "(ms, batch): event 0 waits for 100 ms, and events that arrive meanwhile do not change that"
    );
    assert_eq!(
        seen.get(1),
        Some(&(230, vec![3, 4, 5])),
        "(ms, batch): the next batch began at 130 ms, when event 3 arrived, and not when \
         the first batch went out"
    );
}

#[tokio::test(start_paused = true)]
async fn no_batch_is_empty_and_a_lone_event_waits_its_full_time() {
    let seen = all(&[350, 700]).await;
    assert_eq!(
        seen.first(),
        Some(&(450, vec![0])),
        "(ms, batch): the clock starts with the first event, which arrived at 350 ms"
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_does_not_wait_for_the_next_one() {
    let ten = Limits::new(10, 0).unwrap();
    let seen = all_asked_for(&[0, 0, 0, 0, 0, 5000], ten).await;
    assert_eq!(
        seen.first(),
        Some(&(0, vec![0, 1, 2, 3, 4])),
        "(ms, batch): ten batches are wanted and one is ready: it goes out now"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_events_go_out_when_the_source_ends() {
    let seen = all(&[0, 0, 0, 0, 0, 30, 40]).await;
    assert_eq!(
        seen.get(1..),
        Some(&[(40, vec![5, 6])][..]),
        "(ms, batch): the source has ended after seven events, so the last two go out as a batch at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_holds_the_source_back() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let source = stage::from_iter((0..100_000).inspect(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    let source = source.spawn();
    let (_seen, _consumer) = start(&source.producer(), Limits::ONE, Duration::from_secs(1000));
    sleep(Duration::from_secs(10)).await;
    let taken = taken.load(Ordering::SeqCst);
    assert!(
        taken <= 3 * SIZE,
        "the consumer works on its first batch, and {taken} events have left the source: they pile up \
         in between"
    );
}

/// A producer that makes one event and then fails.
struct Breaks(bool);

impl Producer for Breaks {
    type Event = u32;

    async fn produce(&mut self, _demand: usize) -> Option<Vec<u32>> {
        std::mem::replace(&mut self.0, false).then(|| vec![7])
    }

    fn exit_reason(&mut self) -> Reason {
        Reason::failed("the disk is full")
    }
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_the_source_is_passed_on() {
    let source = stage::producer(Breaks(true)).spawn();
    let (seen, consumer) = start(&source.producer(), Limits::ONE, Duration::ZERO);
    let reason = end_of(consumer).await;
    assert_eq!(seen.lock().unwrap().len(), 1, "batches: the event before the failure is delivered");
    assert_eq!(reason, Reason::failed("the disk is full"), "the stage has to pass on why its source ended");
}
