//! Checks a consumer that starts a task for each event, in virtual time.
#![allow(clippy::disallowed_methods, reason = "a watchdog in real time")]
#![allow(missing_docs, clippy::unwrap_used, clippy::exit, reason = "a check, not an interface")]

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

use tokio::time::{Instant, sleep, timeout};
use weir_stage::stage::{self, Reason, RunningConsumer, RunningProducer};

use self::answer::{Dial, supervise};

/// The time that one event takes.
const WORK: Duration = Duration::from_millis(500);
/// Long enough for everything that needs no time at all.
const MOMENT: Duration = Duration::from_millis(1);

/// A producer of numbers, and a supervisor for them.
struct Bench {
    source: RunningProducer<usize>,
    /// How many events have left the producer.
    left: Arc<AtomicUsize>,
    inside: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
    done: Arc<Mutex<Vec<usize>>>,
}

impl Bench {
    fn start(events: usize, concurrency: usize) -> (Self, RunningConsumer<usize>, Dial) {
        Self::poisoned(events, concurrency, None)
    }

    /// Starts a bench on which the event `poison` panics.
    fn poisoned(
        events: usize,
        concurrency: usize,
        poison: Option<usize>,
    ) -> (Self, RunningConsumer<usize>, Dial) {
        watch();
        let left: Arc<AtomicUsize> = Arc::default();
        let counted = Arc::clone(&left);
        let source = stage::from_iter((0..events).inspect(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        let bench = Self {
            source: source.spawn(),
            left,
            inside: Arc::default(),
            peak: Arc::default(),
            done: Arc::default(),
        };
        let (inside, peak, done) =
            (Arc::clone(&bench.inside), Arc::clone(&bench.peak), Arc::clone(&bench.done));
        let handler = move |event: usize| {
            let using = InUse::begin(Arc::clone(&inside), &peak);
            let done = Arc::clone(&done);
            async move {
                sleep(WORK).await;
                assert_ne!(Some(event), poison, "the check makes this event panic");
                done.lock().unwrap().push(event);
                drop(using);
            }
        };
        let (supervisor, dial) = supervise(&bench.source.producer(), handler, concurrency);
        (bench, supervisor, dial)
    }

    fn inside(&self) -> usize {
        self.inside.load(Ordering::SeqCst)
    }

    fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }

    fn done(&self) -> Vec<usize> {
        let mut done = self.done.lock().unwrap().clone();
        done.sort_unstable();
        done
    }
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

/// One event in the resource; dropping it counts the event out.
struct InUse(Arc<AtomicUsize>);

impl InUse {
    fn begin(inside: Arc<AtomicUsize>, peak: &AtomicUsize) -> Self {
        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
        peak.fetch_max(now, Ordering::SeqCst);
        Self(inside)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn end_of(bench: &Bench, supervisor: RunningConsumer<usize>) -> Reason {
    if let Ok(reason) = timeout(Duration::from_secs(600), supervisor.join()).await {
        return reason;
    }
    let (done, left) = (bench.done().len(), bench.left());
    assert_ne!(
        done, left,
        "every event that was taken is done, and ten minutes later the supervisor has not ended: what \
         does the supervisor still wait for?"
    );
    panic!(
        "after ten minutes the supervisor has not ended: {left} events were taken, and {done} of them are done"
    );
}

#[tokio::test(start_paused = true)]
async fn as_many_tasks_run_at_once_as_allowed_and_each_event_has_one() {
    let start = Instant::now();
    let (bench, supervisor, _dial) = Bench::start(12, 3);
    end_of(&bench, supervisor).await;
    let peak = bench.peak.load(Ordering::SeqCst);
    assert!(peak >= 3, "with a concurrency of 3, never more than {peak} events were in work at once");
    assert!(peak <= 3, "with a concurrency of 3, as many as {peak} events were in work at once");
    assert_eq!(bench.done(), (0..12).collect::<Vec<_>>(), "each event should be handled once");
    assert_eq!(start.elapsed(), 4 * WORK, "twelve events, three at a time, are four rounds");
}

#[tokio::test(start_paused = true)]
async fn events_without_a_slot_stay_with_the_producer() {
    // A supervisor that asks for two events at a time holds one extra event if the number
    // of slots is odd, like one that asks for a single event, and two if it is even.
    for slots in [3, 4] {
        let (bench, _supervisor, _dial) = Bench::start(5000, slots);
        sleep(MOMENT).await;
        assert_eq!(bench.inside(), slots, "events in work, with a concurrency of {slots}");
        let left = bench.left();
        assert!(
            left < 5000,
            "all {left} events have left the producer, and {slots} are in work: the others wait where \
             no queue counts or bounds them, and nothing would have held back five million events"
        );
        let enough = slots + 1;
        assert!(
            left <= enough,
            "{left} events were asked for, and have left the producer. {slots} in work and 1 waiting \
             would be enough: {} where no queue counts or bounds them",
            if left == enough + 1 {
                "one more waits".to_owned()
            } else {
                format!("{} more wait", left - enough)
            }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_raised_limit_is_used_at_once() {
    let (bench, _supervisor, dial) = Bench::start(100, 1);
    sleep(WORK / 2).await;
    assert_eq!(bench.inside(), 1, "events in work, with a concurrency of 1");
    dial.set(3);
    sleep(MOMENT).await;
    let inside = bench.inside();
    sleep(WORK).await;
    assert_eq!(bench.inside(), 3, "events in work, 500 ms after the dial was turned from 1 to 3");
    assert_eq!(
        inside, 3,
        "events in work a moment after the dial was turned from 1 to 3, in the middle of an event: code \
         that waits for a task to end does not notice a new slot"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lowered_limit_interrupts_no_event_and_admits_none() {
    let (bench, supervisor, dial) = Bench::start(30, 10);
    sleep(WORK / 2).await;
    dial.set(2);
    sleep(MOMENT).await;
    assert_eq!(bench.inside(), 10, "events that are in work continue when the dial is turned down");
    sleep(WORK).await;
    assert_eq!(bench.inside(), 2, "events in work when the ten are done, with a concurrency of 2");
    dial.set(0);
    sleep(2 * WORK).await;
    assert_eq!(bench.inside(), 0, "events in work, with a concurrency of 0");
    dial.set(5);
    end_of(&bench, supervisor).await;
    let done = bench.done();
    assert_eq!(
        done,
        (0..30).collect::<Vec<_>>(),
        "changing the concurrency loses no event and repeats none"
    );
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_last_task_has_ended_and_not_before() {
    let (bench, supervisor, _dial) = Bench::start(7, 4);
    let reason = end_of(&bench, supervisor).await;
    assert_eq!(reason, Reason::Finished, "the supervisor ends because its source has finished");
    assert_eq!(
        bench.done().len(),
        7,
        "events done when the stage ended: the others are still in work, and the process may exit \
         before they are done"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stopped_supervisor_finishes_the_events_it_has_started() {
    let (bench, supervisor, _dial) = Bench::start(100, 4);
    sleep(WORK / 2).await;
    supervisor.stop();
    end_of(&bench, supervisor).await;
    assert_eq!(bench.inside(), 0, "events in work after the stage has ended");
    let (done, left) = (bench.done().len(), bench.left());
    assert_eq!(done, left, "{left} events were taken, and {done} of them are done");
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_event_and_gives_the_slot_back() {
    let (bench, supervisor, _dial) = Bench::poisoned(40, 1, Some(13));
    end_of(&bench, supervisor).await;
    assert_eq!(bench.done().len(), 39, "event 13 panics, and the other 39 are done");
}
