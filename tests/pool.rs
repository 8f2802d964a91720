//! The pool: concurrency, resizing, requeueing, panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use weir::demand::Limits;
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage::{self, Reason};

use crate::support::{Numbers, Seen};

const WORK: Duration = Duration::from_millis(10);

fn settings(concurrency: usize, spread: Spread, max: usize) -> PoolSettings {
    PoolSettings { concurrency, spread, limits: Limits::new(max, 0).unwrap(), requeue: true }
}

/// Work that counts the handlers running, and records the events done.
#[derive(Clone)]
struct Work {
    inside: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
    done: Seen<u64>,
}

impl Work {
    fn new() -> Self {
        Self { inside: Arc::default(), peak: Arc::default(), done: Seen::nothing() }
    }

    async fn run(&self, event: u64) {
        let now = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        sleep(WORK).await;
        self.inside.fetch_sub(1, Ordering::SeqCst);
        self.done.add(event);
    }

    fn peak_since_last(&self) -> usize {
        self.peak.swap(self.inside.load(Ordering::SeqCst), Ordering::SeqCst)
    }

    fn spawn(&self, events: u64, settings: PoolSettings) -> Pool<u64> {
        let numbers = stage::producer(Numbers::below(events)).spawn();
        let work = self.clone();
        let handler = move |event| {
            let work = work.clone();
            async move { work.run(event).await }
        };
        Pool::spawn(numbers.producer(), handler, settings)
    }

    fn assert_each_once(&self, events: u64) {
        let mut done = self.done.all();
        done.sort_unstable();
        assert_eq!(done, (0..events).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn both_spreads_handle_exactly_concurrency_events_at_a_time() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let work = Work::new();
        let start = Instant::now();
        let pool = work.spawn(100, settings(5, spread, 1));
        assert_eq!(pool.ended().await, Reason::Finished);
        assert_eq!(work.peak_since_last(), 5, "{spread:?}");
        assert_eq!(start.elapsed(), 20 * WORK, "{spread:?}");
        work.assert_each_once(100);
    }
}

#[tokio::test(start_paused = true)]
async fn one_worker_keeps_the_order() {
    let work = Work::new();
    work.spawn(50, settings(1, Spread::Workers, 7)).ended().await;
    assert_eq!(work.done.all(), (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_resize_applies_while_the_pool_runs_and_cancels_no_running_work() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let work = Work::new();
        let pool = work.spawn(300, settings(1, spread, 1));
        for concurrency in [1, 3, 10, 2, 10, 0, 4] {
            pool.resize(settings(concurrency, spread, 1)).await;
            // Handlers that began before a shrink finish first.
            sleep(WORK).await;
            work.peak_since_last();
            sleep(3 * WORK).await;
            assert_eq!(work.peak_since_last(), concurrency, "{spread:?}");
        }
        assert_eq!(pool.ended().await, Reason::Finished);
        work.assert_each_once(300);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_spread_never_runs_more_than_concurrency() {
    let work = Work::new();
    let pool = work.spawn(200, settings(4, Spread::Workers, 3));
    for spread in [Spread::PerEvent, Spread::Workers, Spread::PerEvent] {
        sleep(WORK / 2).await;
        pool.resize(settings(4, spread, 3)).await;
        sleep(3 * WORK).await;
    }
    pool.ended().await;
    assert_eq!(work.peak_since_last(), 4);
    work.assert_each_once(200);
}

/// Returns the time that 90 events take when two workers join the first, which holds all of
/// them and has begun one.
async fn with_help(requeue: bool) -> Duration {
    let work = Work::new();
    let start = Instant::now();
    let pool = work.spawn(90, PoolSettings { requeue, ..settings(1, Spread::Workers, 1000) });
    sleep(WORK / 2).await;
    pool.resize(PoolSettings { requeue, ..settings(3, Spread::Workers, 1000) }).await;
    pool.ended().await;
    work.assert_each_once(90);
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn prefetched_events_reach_new_workers_only_if_they_are_requeued() {
    assert_eq!(with_help(false).await, 90 * WORK);
    // The first event has begun. The other 89 are shared 30, 30 and 29. The two workers that
    // join begin theirs when the first event is half done.
    assert_eq!(with_help(true).await, WORK / 2 + 30 * WORK);
}

#[tokio::test(start_paused = true)]
async fn requeued_events_begin_in_their_old_order() {
    let work = Work::new();
    let pool = work.spawn(60, settings(1, Spread::Workers, 60));
    sleep(WORK / 2).await;
    for _ in 0..5 {
        pool.resize(settings(2, Spread::Workers, 60)).await;
        pool.resize(settings(1, Spread::Workers, 60)).await;
    }
    pool.ended().await;
    assert_eq!(work.done.all(), (0..60).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_handler_ends_its_event_and_nothing_else() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let numbers = stage::producer(Numbers::below(20)).spawn();
        let done = Seen::nothing();
        let noted = done.clone();
        let handler = move |event: u64| {
            let noted = noted.clone();
            async move {
                assert!(!event.is_multiple_of(5), "every fifth panics");
                noted.add(event);
            }
        };
        let pool = Pool::spawn(numbers.producer(), handler, settings(3, spread, 2));
        assert_eq!(pool.ended().await, Reason::Finished);
        assert_eq!((pool.panics(), done.len()), (4, 16), "{spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_handlers_future_ends_its_event_and_nothing_else() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let numbers = stage::producer(Numbers::below(20)).spawn();
        let handler = |event: u64| {
            assert!(!event.is_multiple_of(5), "every fifth panics");
            std::future::ready(())
        };
        let pool = Pool::spawn(numbers.producer(), handler, settings(3, spread, 2));
        assert_eq!(pool.ended().await, Reason::Finished);
        assert_eq!(pool.panics(), 4, "{spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_at_rest_ends_with_its_producer() {
    let numbers = stage::producer(Numbers::below(9)).spawn();
    let pool = Pool::spawn(numbers.producer(), |_| std::future::ready(()), settings(0, Spread::Workers, 1));
    numbers.stop();
    assert_eq!(pool.ended().await, Reason::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_slow_and_a_fast_pool_on_one_producer_both_end_with_it() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let numbers = stage::producer(Numbers::below(50)).spawn();
        let done = Seen::nothing();
        // While the slow pool still works, the fast one keeps a worker for the events that
        // may be requeued.
        let pools = [WORK, 100 * WORK].map(|pace| {
            let done = done.clone();
            let handler = move |event| {
                let done = done.clone();
                async move {
                    sleep(pace).await;
                    done.add(event);
                }
            };
            Pool::spawn(numbers.producer(), handler, settings(2, spread, 3))
        });
        drop(numbers);
        for pool in &pools {
            assert_eq!(pool.ended().await, Reason::Finished);
        }
        assert_eq!(done.len(), 50);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_threads_each_of_many_short_pools_ends() {
    for n in 0..3000 {
        let spread = if n % 2 == 0 { Spread::Workers } else { Spread::PerEvent };
        let numbers = stage::producer(Numbers::below(20)).spawn();
        let done = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&done);
        let handler = move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            std::future::ready(())
        };
        let pool = Pool::spawn(numbers.producer(), handler, settings(1 + n % 4, spread, 1 + n % 3));
        if n % 5 == 0 {
            pool.resize(settings(2, spread, 3)).await;
        }
        drop(numbers);
        let ended = tokio::time::timeout(Duration::from_secs(60), pool.ended()).await;
        assert_eq!(ended, Ok(Reason::Finished), "pool {n}");
        assert_eq!(done.load(Ordering::Relaxed), 20, "pool {n}");
    }
}

#[derive(Debug, Clone)]
struct Step {
    after: u64,
    to: PoolSettings,
}

fn step() -> impl Strategy<Value = Step> {
    let settings = (0usize..6, any::<bool>(), 1usize..20, 0usize..20, any::<bool>());
    (0u64..40, settings).prop_map(|(after, (concurrency, workers, max, min, requeue))| {
        let spread = if workers { Spread::Workers } else { Spread::PerEvent };
        let limits = Limits::new(max, min % max).unwrap();
        Step { after, to: PoolSettings { concurrency, spread, limits, requeue } }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is changed at any time, every event is done once, and no more run at the same
    /// time than the largest concurrency so far.
    #[test]
    fn any_script_of_resizes_does_every_event_once(script in prop::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let work = Work::new();
            let pool = work.spawn(400, settings(2, Spread::Workers, 4));
            let mut most = 2;
            for Step { after, to } in script {
                sleep(Duration::from_millis(after)).await;
                most = most.max(to.concurrency);
                pool.resize(to).await;
                assert!(pool.busy() <= most);
            }
            pool.resize(settings(3, Spread::Workers, 5)).await;
            assert_eq!(pool.ended().await, Reason::Finished);
            assert!(work.peak_since_last() <= most.max(3));
            work.assert_each_once(400);
        });
    }
}
