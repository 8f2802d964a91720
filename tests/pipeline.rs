//! Pipelines: assembly, resizing, inspection, drain and abort.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir::demand::Limits;
use weir::pipeline::Pipeline;
use weir::pool::{self, Handler, PoolSettings, Spread};
use weir::shutdown::Drained;
use weir::stage::{self, Kind, ProducerBuilder, ProducerConsumer, ProducerRef, Reason, State};

use crate::support::{Numbers, Seen};

const MS: Duration = Duration::from_millis(1);
const WORK: Duration = Duration::from_millis(10);

fn limits(max: usize, min: usize) -> Limits {
    Limits::new(max, min).unwrap()
}

fn settings(concurrency: usize) -> PoolSettings {
    PoolSettings { concurrency, spread: Spread::Workers, limits: limits(1, 0), requeue: true }
}

/// An event that counts the events alive.
struct Token(u64, Arc<AtomicU64>);

impl Drop for Token {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The records of a test about its events.
#[derive(Clone)]
struct Watch {
    produced: Arc<AtomicU64>,
    alive: Arc<AtomicU64>,
    begun: Seen<u64>,
    done: Seen<u64>,
}

impl Watch {
    fn new() -> Self {
        Self {
            produced: Arc::default(),
            alive: Arc::default(),
            begun: Seen::nothing(),
            done: Seen::nothing(),
        }
    }

    fn produced(&self) -> u64 {
        self.produced.load(Ordering::SeqCst)
    }

    fn alive(&self) -> u64 {
        self.alive.load(Ordering::SeqCst)
    }

    /// Makes a source that produces as many tokens as are asked for, up to `end`.
    fn source(&self, end: u64) -> ProducerBuilder<impl stage::Producer<Event = Token>> {
        let watch = self.clone();
        stage::producer_fn(move |demand| {
            let first = watch.produced();
            let next = end.min(first.saturating_add(demand as u64));
            watch.produced.store(next, Ordering::SeqCst);
            watch.alive.fetch_add(next - first, Ordering::SeqCst);
            let events = (first..next).map(|n| Token(n, Arc::clone(&watch.alive))).collect::<Vec<_>>();
            std::future::ready((!events.is_empty()).then_some(events))
        })
        .named("source")
    }

    /// Makes a pipeline of three stages. The middle passes every event on at once, with
    /// limits of 10 and 5.
    fn pipeline(&self, end: u64, settings: PoolSettings) -> Pipeline<Token> {
        let pass =
            stage::producer_consumer_fn(|events: Vec<Token>| std::future::ready(events)).named("pass");
        let pool = pool::builder(self.handler(), settings).named("work");
        Pipeline::from(self.source(end)).through(pass, limits(10, 5)).into(pool)
    }

    fn handler(&self) -> impl Handler<Token> + use<> {
        let watch = self.clone();
        move |token: Token| {
            let watch = watch.clone();
            async move {
                // Captures the whole token, not only its number.
                let token = token;
                watch.begun.add(token.0);
                sleep(WORK).await;
                watch.done.add(token.0);
            }
        }
    }

    /// Asserts that each of the first `n` was done once, and no other.
    fn assert_each_once(&self, n: u64) {
        let mut done = self.done.all();
        done.sort_unstable();
        assert_eq!(done, (0..n).collect::<Vec<_>>());
        assert_eq!(self.alive(), 0, "none is left");
    }
}

fn states(pipeline: &Pipeline<Token>) -> Vec<State> {
    pipeline.inspect().iter().map(|stage| stage.state).collect()
}

#[tokio::test(start_paused = true)]
async fn every_event_goes_through_every_stage_once() {
    for spread in [Spread::Workers, Spread::PerEvent] {
        let watch = Watch::new();
        let start = Instant::now();
        let pipeline = watch.pipeline(500, PoolSettings { spread, ..settings(5) });
        assert_eq!(pipeline.ended().await, Reason::Finished);
        assert_eq!(start.elapsed(), 100 * WORK, "{spread}");
        watch.assert_each_once(500);
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_pipeline_can_change_concurrency_and_spread() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(1000, settings(1));
    for concurrency in [1, 8, 3, 0, 5] {
        for spread in [Spread::Workers, Spread::PerEvent] {
            pipeline.resize(PoolSettings { spread, ..settings(concurrency) }).await;
            // Handlers that began before the resize finish first.
            sleep(WORK).await;
            let begun = watch.begun.len();
            sleep(10 * WORK).await;
            assert_eq!(pipeline.busy(), concurrency);
            assert_eq!(watch.begun.len() - begun, 10 * concurrency, "{concurrency} {spread}");
        }
    }
    assert_eq!(pipeline.ended().await, Reason::Finished);
    watch.assert_each_once(1000);
}

#[tokio::test(start_paused = true)]
async fn a_paused_pipeline_finishes_events_past_the_source_and_resumes() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(100, settings(2));
    sleep(5 * MS).await;
    pipeline.pause().await;
    let left_the_source = watch.produced();
    sleep(100 * WORK).await;
    watch.assert_each_once(left_the_source);
    assert_eq!(states(&pipeline), [State::Paused, State::Running, State::Running]);
    assert_eq!(pipeline.left(), 0);
    pipeline.resume();
    assert_eq!(pipeline.ended().await, Reason::Finished);
    watch.assert_each_once(100);
}

#[tokio::test(start_paused = true)]
async fn a_paused_pipeline_can_be_drained() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(u64::MAX, settings(2));
    sleep(5 * MS).await;
    pipeline.pause().await;
    assert_eq!(pipeline.drain(100 * WORK).await, Drained::Completely);
    watch.assert_each_once(watch.produced());
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_every_produced_event_and_produces_no_more() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(u64::MAX, settings(2));
    sleep(25 * MS).await;
    let produced = watch.produced();
    let start = Instant::now();
    assert_eq!(pipeline.drain(100 * WORK).await, Drained::Completely);
    // Of 20 events, 4 were done and 2 half done.
    assert_eq!((produced, watch.produced()), (20, 20));
    assert_eq!(start.elapsed(), 8 * WORK - WORK / 2);
    watch.assert_each_once(20);
    assert_eq!((pipeline.left(), pipeline.ended().await), (0, Reason::Stopped));
}

#[tokio::test(start_paused = true)]
async fn events_left_at_the_deadline_are_counted_and_go_on() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(u64::MAX, settings(2));
    sleep(25 * MS).await;
    let start = Instant::now();
    assert_eq!(pipeline.drain(3 * MS).await, Drained::DeadlinePassed);
    assert_eq!(start.elapsed(), 3 * MS);
    // The middle has emitted 10 of its 20 events: 4 are done, 2 being handled, 4 buffered.
    // The other 10 wait in its inlet.
    assert_eq!((watch.produced(), watch.done.len(), pipeline.left()), (20, 4, 16));
    let parts: Vec<_> = pipeline.inspect().iter().map(|stage| (stage.buffered, stage.held)).collect();
    assert_eq!(parts, [(0, 0), (4, 10), (0, 2)]);
    for left in [14, 12, 10, 8, 6, 4, 2, 0] {
        sleep(WORK).await;
        assert_eq!(pipeline.left(), left);
    }
    assert_eq!(pipeline.ended().await, Reason::Stopped);
    watch.assert_each_once(20);
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_every_unfinished_event() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(u64::MAX, settings(2));
    sleep(25 * MS).await;
    assert_eq!(pipeline.drain(3 * MS).await, Drained::DeadlinePassed);
    pipeline.abort();
    assert_eq!(pipeline.ended().await, Reason::Aborted);
    sleep(MS).await;
    assert_eq!((watch.done.len(), watch.alive()), (4, 0));
    assert_eq!(states(&pipeline), [State::Ended; 3]);
    assert_eq!(pipeline.left(), 0, "what was dropped is not left");
}

/// Makes two events of each, in 3 ms per batch.
async fn double(numbers: Vec<u64>) -> Vec<u64> {
    sleep(3 * MS).await;
    numbers.iter().flat_map(|n| [2 * n, 2 * n + 1]).collect()
}

#[tokio::test(start_paused = true)]
async fn inspect_lists_the_stages_in_order_with_counts_that_add_up() {
    let pipeline = Pipeline::from(stage::producer(Numbers::below(100)).named("numbers"))
        .through(stage::producer_consumer_fn(double).named("double"), limits(10, 5))
        .into(pool::builder(|_n: u64| sleep(WORK), settings(4)).named("work"));
    sleep(5 * MS).await;
    let [source, middle, work] = &pipeline.inspect()[..] else { panic!("three stages") };
    assert_eq!([source.kind, middle.kind, work.kind], [Kind::Producer, Kind::ProducerConsumer, Kind::Pool]);
    // The middle has made 10 events of 5, and stops there without demand.
    assert_eq!((source.events_out, source.consumers, source.demand), (15, 1, 0));
    assert_eq!((middle.events_in, middle.held, middle.events_out, middle.buffered), (15, 10, 4, 6));
    assert_eq!((work.events_in, work.held, work.asked, work.producers), (4, 4, 0, 1));

    assert_eq!(pipeline.ended().await, Reason::Finished);
    let ended = |name: &str, kind, dispatcher, events_in, events_out, busy| {
        let mut status = source.clone();
        (status.name, status.kind, status.dispatcher) = (name.into(), kind, dispatcher);
        (status.state, status.producers, status.consumers) = (State::Ended, 0, 0);
        (status.events_in, status.events_out, status.busy) = (events_in, events_out, busy);
        (status.asked, status.demand, status.buffered, status.held, status.dropped) = (0, 0, 0, 0, 0);
        status
    };
    let demand = Some("DemandDispatcher");
    assert_eq!(
        pipeline.inspect(),
        [
            ended("numbers", Kind::Producer, demand, 0, 100, Duration::ZERO),
            ended("double", Kind::ProducerConsumer, demand, 100, 200, 20 * 3 * MS),
            ended("work", Kind::Pool, None, 200, 0, 200 * WORK),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_panics_ends_the_pipeline_after_the_events_it_delivered() {
    let watch = Watch::new();
    let fragile = stage::producer_consumer_fn(|events: Vec<Token>| async move {
        assert!(events.iter().all(|token| token.0 != 22), "22 is too much");
        events
    });
    let pipeline = Pipeline::from(watch.source(100))
        .through(fragile.named("fragile"), limits(10, 5))
        .into(pool::builder(watch.handler(), settings(2)));
    assert_eq!(pipeline.ended().await, Reason::Panicked("22 is too much".to_owned()));
    let mut done = watch.done.all();
    done.sort_unstable();
    assert_eq!(done, (0..20).collect::<Vec<_>>());
    // The batch from 20 to 24 is lost with the panic. The batches behind it went back to the
    // source, which no stage asks any more.
    assert_eq!(states(&pipeline), [State::Running, State::Ended, State::Ended]);
    assert_eq!((watch.produced(), pipeline.left() as u64, watch.alive()), (30, 5, 5));
    drop(pipeline);
    sleep(MS).await;
    assert_eq!(watch.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_ends_the_pipeline_after_the_events_it_produced() {
    let watch = Watch::new();
    let mut calls = 0;
    let source = stage::producer_fn(move |_demand| {
        calls += 1;
        async move {
            assert!(calls < 4, "dry");
            Some(vec![calls; 50])
        }
    });
    let noted = watch.done.clone();
    let handler = move |n| {
        noted.add(n);
        std::future::ready(())
    };
    let pipeline = Pipeline::from(source).into(pool::builder(handler, settings(3)));
    assert_eq!(pipeline.ended().await, Reason::Panicked("dry".to_owned()));
    assert_eq!((watch.done.len(), pipeline.left()), (150, 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_pipeline_drops_its_stages_and_events() {
    let watch = Watch::new();
    let pipeline = watch.pipeline(u64::MAX, settings(2));
    sleep(25 * MS).await;
    // As above, minus the two that are done.
    assert_eq!(watch.alive(), 16);
    drop(pipeline);
    sleep(MS).await;
    // The source's clone, and the test's.
    assert_eq!((watch.alive(), Arc::strong_count(&watch.produced)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_builder_ends_its_stages() {
    let watch = Watch::new();
    let pass = stage::producer_consumer_fn(|events: Vec<Token>| std::future::ready(events));
    let flow = Pipeline::from(watch.source(u64::MAX)).through(pass, limits(10, 5));
    sleep(5 * MS).await;
    assert_eq!(Arc::strong_count(&watch.produced), 2);
    drop(flow);
    sleep(MS).await;
    assert_eq!((watch.alive(), Arc::strong_count(&watch.produced)), (0, 1));
}

/// Emits events in batches of ten, and the rest at the end.
#[derive(Default)]
struct Tens(Vec<Token>);

impl ProducerConsumer for Tens {
    type In = Token;
    type Out = Vec<Token>;

    async fn process(&mut self, events: Vec<Token>) -> Vec<Vec<Token>> {
        self.0.extend(events);
        let rest = self.0.split_off(self.0.len() / 10 * 10);
        let mut full = std::mem::replace(&mut self.0, rest).into_iter().peekable();
        std::iter::from_fn(|| full.peek().is_some().then(|| full.by_ref().take(10).collect())).collect()
    }

    async fn finish(&mut self) -> Vec<Vec<Token>> {
        vec![std::mem::take(&mut self.0)]
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_an_incomplete_batch_too() {
    let watch = Watch::new();
    let (sizes, done) = (Seen::nothing(), watch.done.clone());
    let noted = sizes.clone();
    let handler = move |batch: Vec<Token>| {
        noted.add(batch.len());
        let done = done.clone();
        async move {
            sleep(WORK).await;
            batch.iter().for_each(|token| done.add(token.0));
        }
    };
    let pipeline = Pipeline::from(watch.source(u64::MAX))
        .through(stage::producer_consumer(Tens::default()), limits(8, 1))
        .into(pool::builder(handler, settings(2)));
    sleep(25 * MS).await;
    assert_eq!(pipeline.drain(100 * WORK).await, Drained::Completely);
    let (last, full) = sizes.all().split_last().map(|(last, full)| (*last, full.to_vec())).unwrap();
    assert!(full.iter().all(|&size| size == 10) && (1..10).contains(&last), "{full:?} {last}");
    watch.assert_each_once(watch.produced());
}

#[tokio::test(start_paused = true)]
async fn events_emitted_during_a_drain_are_finished_and_later_ones_refused() {
    let watch = Watch::new();
    let reserved = ProducerRef::reserve("source");
    // Only the test emits, so all of it is buffered.
    let source =
        stage::producer_fn(|_demand| std::future::pending::<Option<Vec<Token>>>()).register(&reserved);
    let pipeline = Pipeline::from(source).into(pool::builder(watch.handler(), settings(1)));
    let tokens = |range: std::ops::Range<u64>| {
        watch.alive.fetch_add(range.end - range.start, Ordering::SeqCst);
        range.map(|n| Token(n, Arc::clone(&watch.alive))).collect::<Vec<_>>()
    };
    reserved.emit(tokens(0..5)).await.unwrap();
    let emits = async {
        sleep(25 * MS).await;
        assert!(reserved.emit(tokens(5..8)).await.unwrap().is_empty());
    };
    let (drained, ()) = tokio::join!(pipeline.drain(100 * WORK), emits);
    assert_eq!((drained, pipeline.left()), (Drained::Completely, 0));
    assert!(reserved.emit(tokens(8..9)).await.is_err());
    watch.assert_each_once(8);
}
