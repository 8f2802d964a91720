//! What is different about pools.

use futures::FutureExt;

use super::*;

/// A pool whose two handlers never look up from their work until they are let go.
fn deaf_pool(
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
async fn a_tree_is_not_gone_while_a_handler_of_its_pools_still_runs() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let (inside, go, reserved) = (Arc::new(()), Arc::default(), ProducerRef::reserve("source"));
        let pool = deaf_pool(&reserved, spread, &inside, &go);
        let tree = patient(Strategy::OneForOne)
            .child(Cursor::below(2).child(&reserved))
            .child(pool)
            .spawn()
            .unwrap();
        // Ours, the starter's and the handler's, and two at work.
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
        // The starter is kept, to be read by nobody.
        assert!(Arc::strong_count(&inside) <= 2, "{spread}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_killed_while_it_is_resized_holds_nobody_back() {
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
        // Lost is what was in hand: the first of each one's three.
        assert_eq!(sorted(done.all()), (0..30).filter(|n| ![0, 3, 6].contains(n)).collect::<Vec<_>>());
    }
}
