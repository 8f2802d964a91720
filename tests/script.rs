//! Running stages under random scripts, against the simplest model there is: a
//! list of what was made and what was begun.
//!
//! Consumers subscribe, cancel, panic and are killed, and every event is begun exactly
//! once. Run with `WEIR_CASES=100000` for a long time.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{sleep, timeout};
use weir::demand::Limits;
use weir::dispatch::{DemandDispatcher, Dispatcher, FairDispatcher};
use weir::pool::{Pool, PoolSettings, Spread};
use weir::stage::{
    self, CancelMode, Consumer, ProducerRef, Reason, RunningConsumer, RunningProducer, SubscribeOptions,
};

use crate::support::{Numbers, Seen};

const MS: Duration = Duration::from_millis(1);

#[derive(Debug, Clone)]
enum Step {
    /// A further consumer, whose batches take this long.
    Come {
        max: usize,
        min: usize,
        work: u64,
        panics_at: Option<usize>,
    },
    Stop(usize),
    Kill(usize),
    /// Cancels its subscription, and makes a new one with other limits.
    Again {
        whom: usize,
        max: usize,
    },
    /// The producer ends its subscription.
    Dismiss(usize),
    Pool {
        concurrency: usize,
        per_event: bool,
    },
    Resize {
        whom: usize,
        concurrency: usize,
    },
    StopPool(usize),
    Pause,
    Resume,
    /// Events beyond the demand.
    Emit(u64),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let come = (1usize..30, 0usize..30, 0u64..5, prop::option::weighted(0.2, 0usize..4))
        .prop_map(|(max, min, work, panics_at)| Step::Come { max, min: min % max, work, panics_at });
    prop_oneof![
        4 => come,
        1 => (0usize..8).prop_map(Step::Stop),
        1 => (0usize..8).prop_map(Step::Kill),
        1 => (0usize..8, 1usize..30).prop_map(|(whom, max)| Step::Again { whom, max }),
        1 => (0usize..8).prop_map(Step::Dismiss),
        1 => (0usize..4, any::<bool>()).prop_map(|(concurrency, per_event)| Step::Pool { concurrency, per_event }),
        1 => (0usize..3, 0usize..5).prop_map(|(whom, concurrency)| Step::Resize { whom, concurrency }),
        1 => (0usize..3).prop_map(Step::StopPool),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => (1u64..40).prop_map(Step::Emit),
        4 => (0u64..8).prop_map(Step::Wait),
    ]
}

/// Notes each event as begun, and panics in one of its batches.
struct Work {
    begun: Seen<u64>,
    batch: usize,
    work: u64,
    panics_at: Option<usize>,
    batches: usize,
}

impl Consumer for Work {
    type Event = u64;

    async fn consume(&mut self, events: Vec<u64>) {
        assert!(!events.is_empty() && events.len() <= self.batch, "never more than the limits allow");
        for event in events {
            self.begun.add(event);
        }
        self.batches += 1;
        assert!(self.panics_at != Some(self.batches), "as the script says");
        sleep(self.work as u32 * MS).await;
    }
}

/// The first number of extra events, far above the producer's own.
const EXTRA: u64 = 1 << 32;
const OWN: u64 = 300;

struct World {
    producer: RunningProducer<u64>,
    refers: ProducerRef<u64>,
    consumers: Vec<RunningConsumer<u64>>,
    pools: Vec<Pool<u64>>,
    begun: Seen<u64>,
    emitted: u64,
}

impl World {
    fn new(dispatcher: impl Dispatcher<u64>) -> Self {
        let producer = stage::producer(Numbers::below(OWN)).dispatcher(dispatcher).spawn();
        let refers = producer.producer();
        let (consumers, pools) = (Vec::new(), Vec::new());
        Self { producer, refers, consumers, pools, begun: Seen::nothing(), emitted: 0 }
    }

    fn come(&mut self, limits: Limits, work: u64, panics_at: Option<usize>) {
        let begun = self.begun.clone();
        // A resubscription may allow larger batches.
        let consumer = Work { begun, batch: limits.batch().max(30), work, panics_at, batches: 0 };
        let options = SubscribeOptions::from(limits).cancel(CancelMode::Temporary);
        self.consumers.push(stage::consumer(consumer).subscribe_to(&self.refers, options).spawn());
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Come { max, min, work, panics_at } => {
                self.come(Limits::new(max, min).unwrap(), work, panics_at);
            }
            Step::Stop(whom) => {
                if let Some(consumer) = self.consumers.get(whom) {
                    consumer.stop();
                }
            }
            Step::Kill(whom) => {
                if let Some(consumer) = self.consumers.get(whom) {
                    consumer.abort();
                }
            }
            Step::Again { whom, max } => {
                let Some(consumer) = self.consumers.get(whom).map(RunningConsumer::consumer) else {
                    return;
                };
                // One that has gone says so, and that is fine.
                if let Ok(producers) = consumer.producers().await
                    && let Some(peer) = producers.first()
                {
                    let options = SubscribeOptions::from(Limits::with_max(max).unwrap());
                    let options = options.cancel(CancelMode::Temporary);
                    drop(consumer.resubscribe(peer.tag, &self.refers, options).await);
                }
            }
            Step::Dismiss(whom) => {
                let Some(consumer) = self.consumers.get(whom).map(RunningConsumer::consumer) else {
                    return;
                };
                if let Ok(producers) = consumer.producers().await
                    && let Some(peer) = producers.first()
                {
                    drop(self.refers.cancel(peer.tag, Reason::failed("dismissed")).await);
                }
            }
            Step::Pool { concurrency, per_event } => {
                let spread = if per_event { Spread::PerEvent } else { Spread::Workers };
                let settings = PoolSettings { spread, ..PoolSettings::workers(concurrency) };
                let begun = self.begun.clone();
                let handler = move |event| {
                    begun.add(event);
                    sleep(MS)
                };
                self.pools.push(Pool::spawn(self.refers.clone(), handler, settings));
            }
            Step::Resize { whom, concurrency } => {
                if let Some(pool) = self.pools.get(whom) {
                    pool.resize(PoolSettings::workers(concurrency)).await;
                }
            }
            Step::StopPool(whom) => {
                if whom < self.pools.len() {
                    // Not aborted: what has a task of its own and has not begun is
                    // then dropped with it.
                    let pool = self.pools.remove(whom);
                    pool.stop();
                    pool.ended().await;
                }
            }
            Step::Pause => drop(self.refers.pause().await),
            Step::Resume => drop(self.refers.resume()),
            Step::Emit(n) => {
                let extra = (self.emitted..self.emitted + n).map(|n| EXTRA + n).collect();
                if self.refers.emit(extra).await.is_ok() {
                    self.emitted += n;
                }
            }
            Step::Wait(ms) => sleep(ms as u32 * MS).await,
        }
    }

    /// When all have gone, one more comes and takes whatever is left; and then
    /// everything was begun once.
    async fn settle(mut self) {
        drop(self.refers.resume());
        for pool in self.pools.drain(..) {
            pool.stop();
            pool.ended().await;
        }
        for consumer in self.consumers.drain(..) {
            consumer.stop();
            consumer.join().await;
        }
        self.come(Limits::new(7, 3).unwrap(), 0, None);
        let ended = timeout(Duration::from_secs(60), self.producer.join()).await;
        assert_eq!(ended, Ok(Reason::Finished));
        let mut begun = self.begun.all();
        begun.sort_unstable();
        let all: Vec<u64> = (0..OWN).chain((0..self.emitted).map(|n| EXTRA + n)).collect();
        assert_eq!(begun, all);
    }
}

async fn play(script: Vec<Step>, fair: bool) {
    let mut world =
        if fair { World::new(FairDispatcher::new()) } else { World::new(DemandDispatcher::new()) };
    for step in script {
        world.take(step).await;
    }
    world.settle().await;
}

/// Found by the scripts: a consumer that has stopped still returns what it finds
/// in its closed mailbox, after its cancellation, and that was lost.
#[tokio::test(start_paused = true)]
async fn events_that_a_stopped_consumer_returns_are_begun_by_the_next() {
    let come = |max, min| Step::Come { max, min, work: 0, panics_at: None };
    let emit = [26, 20, 33, 12].map(Step::Emit);
    let [first, second, third, fourth] = emit;
    play(vec![come(1, 0), Step::Pause, first, second, come(16, 6), third, fourth], false).await;
}

fn cases(usual: u32) -> ProptestConfig {
    let long = std::env::var("WEIR_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(long.unwrap_or(usual))
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn whatever_consumers_do_every_event_is_begun_exactly_once(
        script in prop::collection::vec(step(), 1..40),
        fair: bool,
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap().block_on(play(script, fair));
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn and_on_two_threads(script in prop::collection::vec(step(), 1..30), fair: bool) {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_time().build().unwrap();
        runtime.block_on(async { tokio::spawn(play(script, fair)).await }).unwrap();
    }
}
