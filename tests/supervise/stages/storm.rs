//! Stages that are killed at random, on many threads.
//!
//! ```text
//!   source ─▶ middle ─┬─▶ sink
//!                     └─▶ pool
//! ```

use std::sync::atomic::AtomicU8;

use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::*;

const EVENTS: usize = 100_000;
/// The number of kills. Before each, the source may go on by a number of events, so that
/// stages have work when they are killed, and after the last kill.
const STRIKES: usize = 100;
const BETWEEN: usize = 950;
const NAMES: [&str; 4] = ["source", "middle", "sink", "pool"];

/// The fate of each event.
struct Ledger {
    next: AtomicU64,
    done: Vec<AtomicU8>,
    lost: Vec<AtomicU8>,
    /// True for the place whose next work panics.
    fuses: [AtomicBool; 4],
    /// The number of events the source may produce.
    tide: watch::Sender<usize>,
}

/// An event that records its loss.
struct Event(usize, Option<Arc<Ledger>>);

impl Event {
    fn done(mut self) {
        if let Some(ledger) = self.1.take() {
            ledger.done[self.0].fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if let Some(ledger) = self.1.take() {
            ledger.lost[self.0].fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Ledger {
    fn new() -> Self {
        let zeros = || (0..EVENTS).map(|_| AtomicU8::new(0)).collect();
        let fuses = [const { AtomicBool::new(false) }; 4];
        Self { next: AtomicU64::new(0), done: zeros(), lost: zeros(), fuses, tide: watch::Sender::new(0) }
    }

    fn produced(&self) -> usize {
        self.next.load(Ordering::SeqCst) as usize
    }

    /// Works for a moment, during which it can be killed, or panics.
    async fn moment(&self, place: usize) {
        yield_now().await;
        assert!(!self.fuses[place].swap(false, Ordering::SeqCst), "{} is struck", NAMES[place]);
    }
}

/// One life of the source. It has its name for itself, so no other life counts events.
struct Spring(Arc<Ledger>);

impl Producer for Spring {
    type Event = Event;

    async fn produce(&mut self, demand: usize) -> Option<Vec<Event>> {
        let ledger = &self.0;
        ledger.moment(0).await;
        let first = ledger.produced();
        let tide = *ledger.tide.subscribe().wait_for(|&tide| tide > first || tide == EVENTS).await.unwrap();
        let last = tide.min(first + demand);
        ledger.next.store(last as u64, Ordering::SeqCst);
        let events = (first..last).map(|n| Event(n, Some(Arc::clone(ledger)))).collect::<Vec<_>>();
        (!events.is_empty()).then_some(events)
    }
}

fn children(ledger: &Arc<Ledger>) -> [ChildSpec; 4] {
    let (first, second) = (ProducerRef::reserve("source"), ProducerRef::reserve("middle"));
    let limits = Limits::new(20, 10).unwrap();
    let options = move || SubscribeOptions::from(limits).cancel(CancelMode::Resubscribe);

    let (own, reserved) = (Arc::clone(ledger), first.clone());
    let source = ChildSpec::new(NAMES[0], move || {
        stage::producer(Spring(Arc::clone(&own))).register(&reserved).spawn()
    });

    let (own, reserved) = (Arc::clone(ledger), second.clone());
    let middle = ChildSpec::new(NAMES[1], move || {
        let own = Arc::clone(&own);
        let pass = move |events: Vec<Event>| {
            let own = Arc::clone(&own);
            async move {
                own.moment(1).await;
                events
            }
        };
        stage::producer_consumer_fn(pass).subscribe_to(&first, options()).register(&reserved).spawn()
    });

    let (own, reserved) = (Arc::clone(ledger), second.clone());
    let sink = ChildSpec::new(NAMES[2], move || {
        let own = Arc::clone(&own);
        let consume = move |events: Vec<Event>| {
            let own = Arc::clone(&own);
            async move {
                own.moment(2).await;
                events.into_iter().for_each(Event::done);
            }
        };
        stage::consumer_fn(consume).subscribe_to(&reserved, options()).spawn()
    });

    let own = Arc::clone(ledger);
    let pool = ChildSpec::new(NAMES[3], move || {
        let own = Arc::clone(&own);
        let work = move |event: Event| {
            let own = Arc::clone(&own);
            async move {
                // A panic ends this event, and the pool keeps running.
                own.moment(3).await;
                event.done();
            }
        };
        let settings = PoolSettings { concurrency: 4, spread: Spread::Workers, limits, requeue: true };
        pool::builder(work, settings).spawn(&second)
    });
    [source, middle, sink, pool]
}

/// Kills at random. Returns the number of panics in the pool, which do not end it.
async fn rage(tree: &SupervisorHandle, ledger: &Ledger, seed: u64) -> usize {
    let (mut random, mut struck) = (fastrand::Rng::with_seed(seed), 0);
    for strike in 0..STRIKES {
        ledger.tide.send_replace((strike + 1) * BETWEEN);
        let when = strike * BETWEEN + random.usize(..=BETWEEN);
        while ledger.produced() < when {
            yield_now().await;
        }
        let place = random.usize(..NAMES.len());
        if random.bool() {
            tree.restart(NAMES[place]).await.unwrap();
        } else {
            ledger.fuses[place].store(true, Ordering::SeqCst);
            struck += 1;
        }
    }
    for fuse in &ledger.fuses {
        fuse.store(false, Ordering::SeqCst);
    }
    ledger.tide.send_replace(EVENTS);
    struck
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_random_kills_every_event_is_done_once_or_accounted_for() {
    for seed in 0..2 {
        let ledger = Arc::new(Ledger::new());
        let supervisor = patient(Strategy::OneForOne).ends_with_last_child();
        let spec = |spec: ChildSpec| spec.restart(Restart::Transient).grace(Grace::Kill);
        let tree =
            children(&ledger).map(spec).into_iter().fold(supervisor, Supervisor::child).spawn().unwrap();
        let struck = timeout(60 * SECOND, rage(&tree, &ledger, seed)).await.expect("the flow goes on");
        let ended = timeout(60 * SECOND, tree.join()).await;
        assert_eq!(ended, Ok(Reason::Finished), "{:?}", tree.list());

        let count =
            |of: &[AtomicU8]| of.iter().map(|n| usize::from(n.load(Ordering::SeqCst))).sum::<usize>();
        let (done, lost) = (count(&ledger.done), count(&ledger.lost));
        for (n, (done, lost)) in ledger.done.iter().zip(&ledger.lost).enumerate() {
            let times = (done.load(Ordering::SeqCst), lost.load(Ordering::SeqCst));
            assert!(matches!(times, (1, 0) | (0, 1)), "event {n} was done and lost {times:?} times");
        }
        assert_eq!(done + lost, EVENTS);
        // A stage loses the events it has begun and those it is to deliver. The latter are at
        // most what the stages after it have requeued: five windows of 20.
        let deaths: u64 = tree.list().iter().map(|child| child.restarts).sum();
        assert!(lost <= 150 * (deaths as usize + struck), "{lost} of {deaths} deaths");
        assert!(tree.list().iter().all(|child| child.restarts > 0), "each of them died");
    }
}
