//! Puts a hub together: the numbering stage and the shards, under a supervisor.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::thread::available_parallelism;

use weir_stage::demand::Limits;
use weir_stage::dispatch::BroadcastDispatcher;
use weir_stage::stage::{self, CancelMode, ProducerRef, SubscribeOptions};
use weir_stage::supervise::{ChildSpec, Restart, Strategy, Supervisor, SupervisorHandle};

use super::handle::{Hub, Inner};
use super::number::{Counter, Number, Numbered};
use super::seat::{Observer, OnTraced, Seat};
use super::shard::Shard;
use super::sink::Sink;
use super::task;
use super::watcher::{Left, LeftReason};
use super::{Encode, Settings};

/// The most events that are on their way to a shard.
const IN_FLIGHT: usize = 64;

/// A hub that is configured and not spawned yet. Made by [`Hub::builder`].
#[must_use = "a builder does nothing until `spawn`"]
pub struct HubBuilder<E, S> {
    producer: ProducerRef<E>,
    framings: Vec<Arc<dyn Encode<E>>>,
    shards: usize,
    settings: Settings,
    first: u64,
    observer: Option<Observer<S>>,
    on_traced: Option<OnTraced>,
    trace_if: fn(&E) -> bool,
    sinks: PhantomData<fn(S)>,
}

impl<E, S> Hub<E, S>
where
    E: Send + Sync + 'static,
    S: Sink,
{
    /// Configures a hub for the events of `producer`.
    pub fn builder(producer: &ProducerRef<E>, encoder: impl Encode<E>) -> HubBuilder<E, S> {
        HubBuilder {
            producer: producer.clone(),
            framings: vec![Arc::new(encoder)],
            shards: 0,
            settings: Settings::default(),
            first: 0,
            observer: None,
            on_traced: None,
            trace_if: |_| false,
            sinks: PhantomData,
        }
    }
}

impl<E, S> HubBuilder<E, S>
where
    E: Send + Sync + 'static,
    S: Sink,
{
    /// Adds a framing, with shards of its own. The encoder of [`Hub::builder`] is framing 0, and
    /// each call adds the next.
    pub fn framing(mut self, encoder: impl Encode<E>) -> Self {
        self.framings.push(Arc::new(encoder));
        self
    }

    /// Sets the number of shards per framing. 0, the default, is one per CPU.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Sets the settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the number of the first event; 0 by default.
    pub fn first(mut self, seq: u64) -> Self {
        self.first = seq;
        self
    }

    /// Calls `observer` with each watcher that the hub has let go of, and its sink. It runs in
    /// the shard's task and must not block.
    pub fn observe(mut self, observer: impl Fn(&Left, &S) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Records, as [`Hub::trace_next`] does, the events for which `which` returns true.
    pub fn trace_if(mut self, which: fn(&E) -> bool) -> Self {
        self.trace_if = which;
        self
    }

    /// Calls `observer` with the number of a traced event whenever one more shard has its record
    /// ([`Curve::is_settled`](super::Curve::is_settled)). It runs in the shard's task and must
    /// not block.
    pub fn on_traced(mut self, observer: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.on_traced = Some(Arc::new(observer));
        self
    }

    /// Spawns the hub's tasks. The hub takes the producer's events from now on, as one of its
    /// consumers. If the producer has a [reserved](ProducerRef::reserve) name and fails, the hub
    /// continues with its successor.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> Hub<E, S> {
        let shards = match self.shards {
            0 => available_parallelism().map_or(1, usize::from),
            shards => shards,
        };
        let seat = |number: usize, framing: usize| {
            let shard = Shard::new(number as u32, framing, self.settings, self.first);
            let encoder = Arc::clone(&self.framings[framing]);
            Arc::new(Seat::new(shard, encoder, self.observer.clone(), self.on_traced.clone()))
        };
        let seats: Vec<_> =
            (0..shards * self.framings.len()).map(|number| seat(number, number / shards)).collect();

        let counter = Arc::new(Counter { next: AtomicU64::new(self.first), trace: AtomicBool::new(false) });
        let numbered: ProducerRef<Numbered<E>> = ProducerRef::reserve("events");
        let mut supervisor = Supervisor::new(Strategy::OneForOne).ends_with_last_child().child(
            numbering(&self.producer, &numbered, &counter, self.trace_if).restart(Restart::Transient),
        );
        for (number, seat) in seats.iter().enumerate() {
            let spec = living(format!("shard-{number}"), Arc::clone(seat), numbered.clone());
            supervisor = supervisor.child(spec.restart(Restart::Transient));
        }
        let tree = supervisor.spawn().expect("the names are numbered, so they are unique");
        // Every shard has subscribed, so no shard misses the first events.
        _ = numbered.resume();
        tokio::spawn(close_the_rest(tree.clone(), seats.clone()));
        Hub(Arc::new(Inner { seats, shards, turn: AtomicUsize::new(0), counter, numbered, tree }))
    }
}

fn limits() -> Limits {
    Limits::with_max(IN_FLIGHT).expect("the limit is above 0")
}

/// The stage that numbers the events. Its first life starts paused.
fn numbering<E: Send + Sync + 'static>(
    producer: &ProducerRef<E>,
    name: &ProducerRef<Numbered<E>>,
    counter: &Arc<Counter>,
    trace_if: fn(&E) -> bool,
) -> ChildSpec {
    let (producer, name, counter) = (producer.clone(), name.clone(), Arc::clone(counter));
    let mut is_first = true;
    ChildSpec::new("events", move || {
        let number = Number { counter: Arc::clone(&counter), trace_if };
        let options = SubscribeOptions::from(limits()).cancel(CancelMode::Resubscribe);
        let stage = stage::producer_consumer(number)
            .subscribe_to(&producer, options)
            .dispatcher(BroadcastDispatcher::new())
            .register(&name);
        if std::mem::take(&mut is_first) { stage.paused().spawn() } else { stage.spawn() }
    })
}

/// A shard. It subscribes where it is started, so before anything that is done later.
fn living<E, S>(name: String, seat: Arc<Seat<E, S>>, events: ProducerRef<Numbered<E>>) -> ChildSpec
where
    E: Send + Sync + 'static,
    S: Sink,
{
    let mut lives = 0;
    ChildSpec::task(name, move |stop| {
        let options = SubscribeOptions::from(limits()).cancel(CancelMode::Resubscribe);
        let subscription = events.subscribe(options);
        let life = seat.take();
        lives += 1;
        let is_restart = lives > 1;
        async move {
            // The supervisor starts the next life when the last one has ended.
            let mut life = life.expect("the last life has given the shard back");
            if is_restart {
                life.shard.count_restart();
                life.report();
            }
            task::run(life, Some(subscription), stop).await
        }
    })
}

/// Closes the watchers that are left when the supervisor has ended, because a caller stopped it
/// or because a shard failed too often.
async fn close_the_rest<E: 'static, S: Sink>(tree: SupervisorHandle, seats: Vec<Arc<Seat<E, S>>>) {
    tree.join().await;
    for life in seats.iter().filter_map(Seat::take) {
        let mut life = life;
        life.close(LeftReason::Stopped);
    }
}

impl<E, S> fmt::Debug for HubBuilder<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubBuilder")
            .field("framings", &self.framings.len())
            .field("shards", &self.shards)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
