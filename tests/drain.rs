//! The drain of a pipeline whose source collects its events one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir::pipeline::Pipeline;
use weir::pool::{self, PoolSettings};
use weir::shutdown::Drained;
use weir::stage::{self, Producer};

use crate::support::limits;

const MS: Duration = Duration::from_millis(1);

/// Counts what it takes, 5 ms an event, and returns ten at a time.
struct Slow(Arc<AtomicU64>);

impl Producer for Slow {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        let mut events = Vec::new();
        while events.len() < demand.min(10) {
            sleep(5 * MS).await;
            events.push(self.0.fetch_add(1, Ordering::SeqCst));
        }
        Some(events)
    }
}

/// The pipeline, and how many events the source took and the pool handled.
fn slow() -> (Pipeline<u64>, Arc<AtomicU64>, Arc<AtomicU64>) {
    let (taken, handled) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let counts = Arc::clone(&handled);
    let handler = move |_event: u64| {
        counts.fetch_add(1, Ordering::SeqCst);
        std::future::ready(())
    };
    let source = stage::producer(Slow(Arc::clone(&taken)));
    let settings = PoolSettings { limits: limits(100, 50), ..PoolSettings::workers(4) };
    (Pipeline::from(source).into(pool::builder(handler, settings)), taken, handled)
}

#[tokio::test(start_paused = true)]
async fn a_drain_delivers_what_the_source_is_collecting() {
    let (pipeline, taken, handled) = slow();
    sleep(293 * MS).await;
    let began = Instant::now();
    assert_eq!(pipeline.drain(Duration::from_secs(5)).await, Drained::Completely);
    assert_eq!((began.elapsed(), pipeline.left()), (7 * MS, 0));
    assert_eq!((taken.load(Ordering::SeqCst), handled.load(Ordering::SeqCst)), (60, 60));
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_source_until_its_deadline_and_says_that_it_has_passed() {
    let (pipeline, taken, handled) = slow();
    sleep(260 * MS).await;
    // Not what a plain stop would give it.
    assert_eq!(pipeline.drain(20 * MS).await, Drained::DeadlinePassed);
    sleep(25 * MS).await;
    assert_eq!((taken.load(Ordering::SeqCst), handled.load(Ordering::SeqCst)), (60, 60));

    let idle = stage::producer_fn(|_| std::future::pending::<Option<Vec<u64>>>());
    let settings = PoolSettings::workers(1);
    let pipeline = Pipeline::from(idle).into(pool::builder(|_event: u64| std::future::ready(()), settings));
    sleep(MS).await;
    let began = Instant::now();
    assert_eq!(pipeline.drain(Duration::from_secs(5)).await, Drained::DeadlinePassed);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}
