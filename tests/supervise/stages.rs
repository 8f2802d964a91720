//! Stages and pools as children, under names that outlive them.

/// How a tree of stages ends, and what it shows until then.
mod ends;

/// What is different about pools.
mod pools;

/// Events that a killed producer had not delivered.
mod rescue;

/// Stages that are killed at random, on many threads.
mod storm;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use weir::demand::Limits;
use weir::pool::{self, PoolSettings, Spread};
use weir::stage::{self, CancelMode, Producer, ProducerRef, RunningConsumer, SubscribeOptions};

use super::*;
use crate::support::{Numbers, Seen};

const MS: Duration = Duration::from_millis(1);

fn options(max: usize, min: usize, cancel: CancelMode) -> SubscribeOptions<u64> {
    SubscribeOptions::from(Limits::new(max, min).unwrap()).cancel(cancel)
}

/// Numbers that outlive their producer: its successor continues where it stopped.
#[derive(Clone, Default)]
struct Cursor {
    next: Arc<AtomicU64>,
    end: u64,
    /// Has the next call panic.
    fuse: Arc<AtomicBool>,
    crew: Crew,
}

/// One life of a producer of such numbers.
struct Source(Cursor, #[expect(dead_code, reason = "it notes the end")] Life);

impl Producer for Source {
    type Event = u64;

    async fn produce(&mut self, demand: usize) -> Option<Vec<u64>> {
        let Cursor { next, end, fuse, .. } = &self.0;
        assert!(!fuse.swap(false, Ordering::SeqCst), "the fuse has blown");
        let first = next.load(Ordering::SeqCst);
        let last = first.saturating_add(demand as u64).min(*end);
        next.store(last, Ordering::SeqCst);
        (first < last).then(|| (first..last).collect())
    }
}

impl Cursor {
    fn below(end: u64) -> Self {
        Self { end, ..Self::default() }
    }

    fn produced(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    fn blow(&self) {
        self.fuse.store(true, Ordering::SeqCst);
    }

    /// A producer under this name.
    fn child(&self, reserved: &ProducerRef<u64>) -> ChildSpec {
        let (cursor, reserved) = (self.clone(), reserved.clone());
        ChildSpec::new("source", move || {
            let (life, _) = cursor.crew.begin("source");
            stage::producer(Source(cursor.clone(), life)).named("source").register(&reserved).spawn()
        })
    }

    /// A stage that passes everything on from one producer to another, in 1 ms a
    /// batch, and panics at a batch with this number in it, once.
    fn middle(&self, from: &ProducerRef<u64>, reserved: &ProducerRef<u64>, bad: u64) -> ChildSpec {
        let (crew, from, reserved) = (self.crew.clone(), from.clone(), reserved.clone());
        let trap = Arc::new(AtomicBool::new(true));
        ChildSpec::new("middle", move || {
            let ((life, _), trap) = (crew.begin("middle"), Arc::clone(&trap));
            let pass = move |events: Vec<u64>| {
                let (_, trap) = (&life, Arc::clone(&trap));
                async move {
                    assert!(!events.contains(&bad) || !trap.swap(false, Ordering::SeqCst), "{bad} is bad");
                    sleep(MS).await;
                    events
                }
            };
            stage::producer_consumer_fn(pass)
                .named("middle")
                .subscribe_to(&from, options(10, 5, CancelMode::Permanent))
                .register(&reserved)
                .spawn()
        })
    }

    /// A consumer that takes its time over each batch, and notes what is done.
    fn sink(
        &self,
        from: &ProducerRef<u64>,
        cancel: CancelMode,
        time: Duration,
    ) -> (ChildSpec, Seen<Vec<u64>>, Seen<u64>) {
        let (begun, done) = (Seen::nothing(), Seen::nothing());
        let (begins, ends) = (begun.clone(), done.clone());
        let (crew, from) = (self.crew.clone(), from.clone());
        let start = move || -> RunningConsumer<u64> {
            let ((life, _), begun, done) = (crew.begin("sink"), begun.clone(), done.clone());
            let consume = move |events: Vec<u64>| {
                let (_, begun, done) = (&life, begun.clone(), done.clone());
                async move {
                    begun.add(events.clone());
                    sleep(time).await;
                    events.into_iter().for_each(|event| done.add(event));
                }
            };
            stage::consumer_fn(consume).named("sink").subscribe_to(&from, options(10, 5, cancel)).spawn()
        };
        (ChildSpec::new("sink", start), begins, ends)
    }
}

/// A pool of two, 1 ms an event, that notes what is done.
fn pool_child(from: &ProducerRef<u64>, done: &Seen<u64>) -> ChildSpec {
    let (from, done) = (from.clone(), done.clone());
    ChildSpec::new("pool", move || {
        let done = done.clone();
        let work = move |event: u64| {
            let done = done.clone();
            async move {
                sleep(MS).await;
                done.add(event);
            }
        };
        let limits = Limits::new(4, 2).unwrap();
        let settings = PoolSettings { concurrency: 2, spread: Spread::Workers, limits, requeue: true };
        pool::builder(work, settings).named("pool").spawn(&from)
    })
}

fn sorted(mut events: Vec<u64>) -> Vec<u64> {
    events.sort_unstable();
    events
}

fn restarts(tree: &SupervisorHandle) -> Vec<(String, u64)> {
    tree.list().iter().map(|child| (child.name().to_owned(), child.restarts)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_panics_is_restarted_alone_and_its_consumers_go_on_with_its_successor() {
    let (cursor, reserved, pooled) = (Cursor::below(2000), ProducerRef::reserve("source"), Seen::nothing());
    let (sink, _, done) = cursor.sink(&reserved, CancelMode::Resubscribe, MS);
    let tree = patient(Strategy::OneForOne)
        .child(cursor.child(&reserved).restart(Restart::Transient))
        .child(sink.restart(Restart::Transient))
        .child(pool_child(&reserved, &pooled).restart(Restart::Transient))
        .ends_with_last_child()
        .spawn()
        .unwrap();
    for _ in 0..5 {
        sleep(7 * MS).await;
        cursor.blow();
    }
    assert_eq!(tree.join().await, Reason::Finished);
    assert_eq!(restarts(&tree), [("source".into(), 5), ("sink".into(), 0), ("pool".into(), 0)]);
    assert!(done.len() > 100 && pooled.len() > 100, "both had their part");
    assert_eq!(sorted([done.all(), pooled.all()].concat()), (0..2000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_killed_consumer_gives_back_what_it_had_not_begun_and_its_successor_gets_it() {
    let (cursor, reserved) = (Cursor::below(u64::MAX), ProducerRef::reserve("source"));
    let (sink, begun, done) = cursor.sink(&reserved, CancelMode::Resubscribe, 2 * MS);
    let supervisor = patient(Strategy::OneForOne).child(cursor.child(&reserved));
    let tree = supervisor.child(sink.grace(Grace::Kill)).spawn().unwrap();
    sleep(MS).await;
    tree.restart("sink").await.unwrap();
    sleep(5 * MS).await;
    // The batch in its hands is lost with it. The other five of its ten are first
    // in line, before any that are new.
    let batches: Vec<Vec<u64>> = (0..4).map(|n| (5 * n..5 * n + 5).collect()).collect();
    assert_eq!(begun.all(), batches);
    assert_eq!(done.all(), (5..15).collect::<Vec<_>>());
    assert_eq!(restarts(&tree), [("source".into(), 0), ("sink".into(), 1)]);
}

/// A chain of three with permanent subscriptions, whose middle panics at `bad`.
fn chain(cursor: &Cursor, bad: u64) -> ([ChildSpec; 3], Seen<u64>) {
    let (first, second) = (ProducerRef::reserve("source"), ProducerRef::reserve("middle"));
    let (sink, _, done) = cursor.sink(&second, CancelMode::Permanent, 5 * MS);
    ([cursor.child(&first), cursor.middle(&first, &second, bad), sink], done)
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_a_stage_is_restarted_with_those_after_it_and_loses_one_batch() {
    let cursor = Cursor::below(200);
    let (children, done) = chain(&cursor, 52);
    let children = children.map(|child| child.restart(Restart::Transient));
    let supervisor = patient(Strategy::RestForOne).ends_with_last_child();
    let tree = children.into_iter().fold(supervisor, Supervisor::child).spawn().unwrap();
    assert_eq!(tree.join().await, Reason::Finished);
    assert_eq!(restarts(&tree)[..2], [("source".into(), 0), ("middle".into(), 1)]);
    // What the middle had emitted is finished before the sink goes, and what it
    // had not begun has gone back to the source.
    let all_but_one_batch: Vec<u64> = (0..200).filter(|n| !(50..55).contains(n)).collect();
    assert_eq!(done.all(), all_but_one_batch);
    let log = cursor.crew.log();
    assert!(log.starts_with("+source +middle +sink -sink -middle"), "{log}");
    assert!(log.ends_with("+middle +sink -sink -middle -source"), "{log}");
}
