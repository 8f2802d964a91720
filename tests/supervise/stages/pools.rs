//! Pools as children.

use futures::FutureExt;

use super::*;

/// Specifies a pool whose two handlers block their threads until the test lets them go.
fn blocking_pool(
    reserved: &ProducerRef<u64>,
    spread: Spread,
    inside: &Arc<()>,
    go: &Arc<AtomicBool>,
) -> ChildSpec {
    let (reserved, inside, go) = (reserved.clone(), Arc::clone(inside), Arc::clone(go));
    ChildSpec::new("pool", move || {
        let (inside, go) = (Arc::clone(&inside), Arc::clone(&go));
        let work = move |_: u64| {
            let (inside, go) = (Arc::clone(&inside), Arc::clone(&go));
            async move {
                while !go.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                drop(inside);
            }
        };
        let limits = Limits::new(1, 0).unwrap();
        pool::builder(work, PoolSettings { concurrency: 2, spread, limits, requeue: true }).spawn(&reserved)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_has_not_ended_while_a_handler_of_its_pools_still_runs() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let (inside, go, reserved) = (Arc::new(()), Arc::default(), ProducerRef::reserve("source"));
        let pool = blocking_pool(&reserved, spread, &inside, &go);
        let tree = patient(Strategy::OneForOne)
            .child(Cursor::below(2).child(&reserved))
            .child(pool)
            .spawn()
            .unwrap();
        // The test's clone, the start function's, the handler's, and two of running handlers.
        while Arc::strong_count(&inside) < 5 {
            tokio::task::yield_now().await;
        }
        tree.abort();
        let mut early = None;
        for _ in 0..10_000 {
            early = early.or(tree.join().now_or_never());
            tokio::task::yield_now().await;
        }
        go.store(true, Ordering::SeqCst);
        assert_eq!((early, tree.join().await), (None, Reason::Aborted), "{spread}");
        // The start function is kept with its clone.
        assert!(Arc::strong_count(&inside) <= 2, "{spread}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_killed_during_a_resize_leaves_the_producer_unblocked() {
    for moments in 0..20 {
        let (reserved, done) = (ProducerRef::reserve("source"), Seen::nothing());
        let _source = stage::producer(Numbers::below(30)).register(&reserved).spawn();
        let slow = |_: u64| sleep(SECOND);
        let limits = Limits::new(3, 1).unwrap();
        let settings = PoolSettings { concurrency: 3, spread: Spread::Workers, limits, requeue: true };
        let pool = pool::builder(slow, settings).spawn(&reserved);
        settle().await;
        assert_eq!(pool.resize(PoolSettings { concurrency: 1, ..settings }).now_or_never(), None);
        for _ in 0..moments {
            tokio::task::yield_now().await;
        }
        pool.abort();
        assert_eq!(pool.ended().await, Reason::Aborted);
        let noted = done.clone();
        let note = move |n: u64| {
            noted.add(n);
            std::future::ready(())
        };
        let successor = pool::builder(note, settings).spawn(&reserved);
        assert_eq!(successor.ended().await, Reason::Finished, "aborted after {moments}");
        // Only events that had begun are lost: the first of each worker's three.
        assert_eq!(sorted(done.all()), (0..30).filter(|n| ![0, 3, 6].contains(n)).collect::<Vec<_>>());
    }
}
