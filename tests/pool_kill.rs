//! Workers of a pool that are killed: what they held, and their successors.

use std::time::Duration;

use proptest::prelude::*;
use tokio::task::Id;
use tokio::time::sleep;
use weir::demand::Limits;
use weir::pool::{KilledWorker, Pool, PoolSettings, Spread};
use weir::stage::{self, Reason};

use crate::support::{Numbers, Seen};

const WORK: Duration = Duration::from_millis(10);

fn settings(concurrency: usize, spread: Spread, max: usize) -> PoolSettings {
    PoolSettings { concurrency, spread, limits: Limits::new(max, 0).unwrap(), requeue: true }
}

/// Starts a pool that takes `WORK` for each event.
fn pool(events: u64, settings: PoolSettings) -> (Pool<u64>, Seen<u64>) {
    let done = Seen::nothing();
    let noted = done.clone();
    let handler = move |event| {
        let noted = noted.clone();
        async move {
            sleep(WORK).await;
            noted.add(event);
        }
    };
    (Pool::spawn(stage::producer(Numbers::below(events)).spawn().producer(), handler, settings), done)
}

fn ids(pool: &Pool<u64>) -> Vec<Id> {
    pool.workers().into_iter().map(|(id, _)| id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_killed_worker_drops_its_event_and_requeues_the_rest_in_their_old_place() {
    let (pool, done) = pool(10, settings(2, Spread::Workers, 3));
    sleep(WORK / 2).await;
    let [first, second] = ids(&pool)[..] else { panic!("{pool:?}") };
    // It has begun 0, and holds 1 and 2.
    assert_eq!(pool.kill(first).await, Some(KilledWorker { dropped: 1, requeued: 2 }));
    let now = ids(&pool);
    assert_eq!((now.len(), now[0], now.contains(&first)), (2, second, false));
    assert_eq!(pool.kill(first).await, None, "it is gone");
    let status = pool.status();
    assert_eq!((status.dropped, status.requeued, status.events_in), (1, 2, 9));
    assert_eq!(pool.ended().await, Reason::Finished);
    let mut all = done.all();
    all.sort_unstable();
    assert_eq!(all, (1..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_that_is_killed_is_replaced_and_costs_nothing() {
    let source = stage::producer(Numbers::below(0)).paused().spawn();
    let pool = Pool::spawn(source.producer(), async |_| {}, settings(3, Spread::Workers, 1));
    sleep(WORK).await;
    let before = ids(&pool);
    assert_eq!(pool.kill(before[1]).await, Some(KilledWorker::default()));
    assert_eq!((ids(&pool).len(), ids(&pool).contains(&before[1])), (3, false));
}

#[tokio::test(start_paused = true)]
async fn killing_the_worker_of_a_per_event_pool_drops_the_events_of_all_its_tasks() {
    let (pool, done) = pool(10, settings(4, Spread::PerEvent, 1));
    sleep(WORK / 2).await;
    let [only] = ids(&pool)[..] else { panic!("{pool:?}") };
    assert_eq!(pool.kill(only).await, Some(KilledWorker { dropped: 4, requeued: 0 }));
    assert_eq!(pool.ended().await, Reason::Finished);
    assert_eq!(done.all(), [4, 5, 6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_retiring_worker_can_be_killed_and_has_no_successor() {
    let (pool, done) = pool(10, settings(2, Spread::Workers, 1));
    sleep(WORK / 2).await;
    let before = ids(&pool);
    pool.resize(settings(1, Spread::Workers, 1)).await;
    assert_eq!(ids(&pool), before, "it finishes the event it has begun");
    assert_eq!(pool.kill(before[1]).await, Some(KilledWorker { dropped: 1, requeued: 0 }));
    assert_eq!(ids(&pool), before[..1]);
    pool.ended().await;
    assert_eq!(done.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn what_each_worker_has_prefetched_can_be_read_while_it_works() {
    let (pool, _) = pool(100, settings(2, Spread::Workers, 5));
    sleep(WORK / 2).await;
    let held = pool.prefetched(3, |event| *event).await;
    let of = |worker| held.iter().find(|(id, _)| *id == worker).unwrap().1.clone();
    let workers = ids(&pool);
    assert_eq!((of(workers[0]), of(workers[1])), (vec![1, 2, 3], vec![6, 7, 8]));
    pool.abort();
    pool.ended().await;
    assert_eq!(pool.prefetched(3, |event| *event).await, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Kills workers at random moments: each event is done or was in the hands of one of them.
    #[test]
    fn every_event_is_done_once_or_dropped_with_the_worker_that_had_begun_it(
        kills in prop::collection::vec((0..25u64, 0..4usize), 0..30),
        max in 1..6usize,
        per_event in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let spread = if per_event { Spread::PerEvent } else { Spread::Workers };
            let (pool, done) = pool(200, settings(4, spread, max));
            let mut dropped = 0;
            for (wait, which) in kills {
                sleep(Duration::from_millis(wait)).await;
                let workers = ids(&pool);
                if let Some(worker) = workers.get(which % workers.len().max(1)) {
                    dropped += pool.kill(*worker).await.unwrap_or_default().dropped;
                }
            }
            assert_eq!(pool.ended().await, Reason::Finished);
            let mut all = done.all();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), done.len(), "none is done twice");
            let accounted = all.len() as u64 + dropped;
            // A task per event may have ended without its worker knowing.
            assert!(accounted == 200 || per_event && accounted > 200, "{accounted}");
        });
    }
}
