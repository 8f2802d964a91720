//! The stages of the pipelined mode under their supervisor.
//!
//! ```text
//!   supervisor (one for one) ─┬─ queue       takes events out of the queue against demand
//!                             └─ consumers   the pool
//! ```
//!
//! The supervisor restarts a stage that dies, and no other. This module keeps what outlives
//! the stage: the settings and pauses that its successor starts with, and the events at the
//! gate. Events in the queue
//! are not affected; those that consumers had prefetched go back to the gate; those in hand
//! are dropped with their tickets, and the ledger counts them as failed.

mod gate;
mod lives;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::gate::{Gate, GateSource};
use self::lives::EarlierLives;
use super::Bench;
use super::backlog::BacklogSource;
use super::modes::ResourceHandler;
use crate::backoff::Backoff;
use crate::pipeline::Ticket;
use crate::pool::{self, PoolRef, PoolSettings};
use crate::record::Mode;
use crate::stage::{self, ProducerRef, Reason, State, Status};
use crate::supervise::{
    ChildInfo, ChildSpec, ChildState, Grace, Restart, Strategy, Supervisor, SupervisorError,
    SupervisorHandle,
};

/// The most failures of stages within [`PERIOD`], all stages together, before the supervisor
/// gives up. Ordered kills and restarts do not count.
pub(super) const MAX_RESTARTS: usize = 5;
/// The period of [`MAX_RESTARTS`].
pub(super) const PERIOD: Duration = Duration::from_secs(10);
/// The delays before restarts after failures.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(10), Duration::from_secs(1));
/// How long consumers may take to finish the events in hand before a restart.
pub(super) const GRACE: Duration = Duration::from_secs(3);

/// An order to a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Abort it at once, as a crash would, and start its successor.
    Kill,
    /// Let it finish what it has in hand, for up to 3 seconds, and start its successor.
    Restart,
}

impl Order {
    pub(super) const fn past(self) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::Restart => "restarted",
        }
    }
}

/// A stage, by its place in the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StageName {
    Queue,
    Consumers,
}

impl StageName {
    pub(super) const ALL: [Self; 2] = [Self::Queue, Self::Consumers];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Consumers => "consumers",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// The running stages. Dropping them aborts them.
pub(super) struct Stages {
    tree: SupervisorHandle,
    queue: ProducerRef<Ticket>,
    gate: Arc<Gate>,
    current: Arc<Mutex<Current>>,
}

/// The stages that run now, and what their successors start with.
///
/// One lock guards all of it: a change reaches either the running stage or the start of its
/// successor.
struct Current {
    settings: PoolSettings,
    queue_paused: bool,
    consumers_paused: bool,
    queue: Option<Arc<dyn Fn() -> Status + Send + Sync>>,
    pool: Option<PoolRef<Ticket>>,
    /// The earlier lives of each stage.
    earlier: [EarlierLives; StageName::ALL.len()],
    /// The last order to each stage.
    orders: [Option<Order>; StageName::ALL.len()],
    /// The number of orders given to each stage.
    given: [u64; StageName::ALL.len()],
    /// The reported failures of each stage, and whether the supervisor's end was reported.
    reported: [u64; StageName::ALL.len()],
    end_reported: bool,
}

impl Current {
    /// Returns the settings of the pool. A paused pool has a concurrency of 0.
    fn pool_settings(&self) -> PoolSettings {
        match self.consumers_paused {
            true => PoolSettings { concurrency: 0, requeue: true, ..self.settings },
            false => self.settings,
        }
    }
}

fn lock(current: &Mutex<Current>) -> MutexGuard<'_, Current> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stages {
    /// Starts the stages.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn spawn(bench: &Arc<Bench>, settings: PoolSettings) -> Self {
        let queue = ProducerRef::reserve(StageName::Queue.name());
        let (gate, grace) = (Arc::<Gate>::default(), bench.clock.to_tokio(GRACE));
        let current = Arc::new(Mutex::new(Current {
            settings,
            queue_paused: false,
            consumers_paused: false,
            queue: None,
            pool: None,
            earlier: Default::default(),
            orders: [None; 2],
            given: [0; 2],
            reported: [0; 2],
            end_reported: false,
        }));
        let source = queue_child(bench, &queue, &gate, &current);
        let pool = pool_child(bench, &queue, &current);
        let tree = Supervisor::new(Strategy::OneForOne)
            .max_restarts(MAX_RESTARTS, bench.clock.to_tokio(PERIOD))
            .backoff(BACKOFF)
            // It has nothing to finish: what it holds goes to its successor.
            .child(source.restart(Restart::Transient).grace(Grace::Kill))
            .child(pool.restart(Restart::Transient).grace(Grace::After(grace)))
            .ends_with_last_child()
            .spawn()
            .expect("the two stages have different names");
        Self { tree, queue, gate, current }
    }

    /// Applies new settings to the pool, and to its successors.
    ///
    /// # Cancel safety
    /// The resize goes on if the future is dropped.
    pub(super) async fn resize(&self, settings: PoolSettings) {
        self.change(|current| current.settings = settings).await;
    }

    /// Pauses the consumers or lets them continue: while paused they begin nothing, and what
    /// they have prefetched goes back to the gate.
    pub(super) async fn pause_consumers(&self, paused: bool) {
        self.change(|current| current.consumers_paused = paused).await;
    }

    async fn change(&self, change: impl FnOnce(&mut Current)) {
        let (pool, settings) = {
            let mut current = lock(&self.current);
            change(&mut current);
            (current.pool.clone(), current.pool_settings())
        };
        if let Some(pool) = pool {
            pool.resize(settings).await;
        }
    }

    /// Has the queue's stage dispatch nothing until [`resume`](Self::resume).
    pub(super) async fn pause(&self) {
        lock(&self.current).queue_paused = true;
        // A stage that is down will start paused.
        drop(self.queue.pause().await);
    }

    /// Continues after [`pause`](Self::pause).
    pub(super) fn resume(&self) {
        lock(&self.current).queue_paused = false;
        drop(self.queue.resume());
    }

    /// Returns true while the queue's stage is paused, or is down and will start paused.
    pub(super) fn queue_is_paused(&self) -> bool {
        let current = lock(&self.current);
        match current.queue.as_ref().map(|read| read().state) {
            Some(State::Ended) | None => current.queue_paused,
            state => state == Some(State::Paused),
        }
    }

    pub(super) fn consumers_are_paused(&self) -> bool {
        lock(&self.current).consumers_paused
    }

    /// Returns the status of each stage, in the order in which events go through them. A stage
    /// that is down has the last status of its predecessor.
    pub(super) fn inspect(&self) -> Vec<Status> {
        let (queue, pool, earlier) = {
            let current = lock(&self.current);
            (current.queue.clone(), current.pool.clone(), current.earlier)
        };
        let queue = queue.map(|read| {
            let mut status = earlier[StageName::Queue as usize].with(read());
            status.buffered += self.gate.len();
            status
        });
        let pool = pool.map(|pool| earlier[StageName::Consumers as usize].with(pool.status()));
        queue.into_iter().chain(pool).collect()
    }

    /// Returns the pool that runs now.
    pub(super) fn pool(&self) -> Option<PoolRef<Ticket>> {
        lock(&self.current).pool.clone()
    }

    /// Returns the number of events that are being handled.
    pub(super) fn busy(&self) -> usize {
        self.pool().map_or(0, |pool| pool.busy())
    }

    /// Returns how many events the gate has passed to a successor of the queue's stage.
    pub(super) fn handed_over(&self) -> u64 {
        self.gate.handed_over()
    }

    /// Returns the supervisor's list of its children.
    pub(super) fn children(&self) -> Vec<ChildInfo> {
        self.tree.list()
    }

    /// Returns the last order to a stage.
    pub(super) fn last_order(&self, stage: StageName) -> Option<Order> {
        lock(&self.current).orders[stage as usize]
    }

    /// Kills or restarts a stage, and returns once its successor runs.
    ///
    /// # Errors
    /// If the supervisor has ended.
    pub(super) async fn order(&self, stage: StageName, order: Order) -> Result<(), SupervisorError> {
        {
            let mut current = lock(&self.current);
            current.orders[stage as usize] = Some(order);
            // Counted first, because the order is carried out even if this future is dropped.
            current.given[stage as usize] += 1;
        }
        match order {
            Order::Kill => self.tree.kill(stage.name()).await,
            Order::Restart => self.tree.restart(stage.name()).await,
        }
    }

    /// Returns in words which stages have failed by themselves since the last call. Do not
    /// call it while an order is carried out: the order would count as a failure.
    pub(super) fn new_failures(&self) -> Vec<String> {
        let (children, mut said) = (self.tree.list(), Vec::new());
        let mut current = lock(&self.current);
        for (stage, child) in StageName::ALL.into_iter().zip(&children) {
            let failures = child.restarts.saturating_sub(current.given[stage as usize]);
            if std::mem::replace(&mut current.reported[stage as usize], failures) < failures {
                let why = child.last_exit.as_ref().map_or("ended".to_owned(), ToString::to_string);
                said.push(format!("{} {why}; started again", stage.name()));
            }
        }
        if have_ended(&children) && !std::mem::replace(&mut current.end_reported, true) {
            said.push("the supervisor has given up".to_owned());
        }
        said
    }

    /// Returns true once no stage runs or will run again.
    pub(super) fn have_ended(&self) -> bool {
        have_ended(&self.tree.list())
    }

    /// Waits until the queue is closed and empty and all events are finished, or the
    /// supervisor has given up. Returns why.
    pub(super) async fn ended(&self) -> Reason {
        self.tree.join().await
    }

    /// Drops every event that has left the queue and is not finished.
    pub(super) fn abort(&self) {
        self.tree.abort();
        self.gate.close();
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        self.abort();
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.inspect()).finish()
    }
}

fn have_ended(children: &[ChildInfo]) -> bool {
    children.iter().all(|child| matches!(child.state, ChildState::Ended(_)))
}

fn queue_child(
    bench: &Arc<Bench>,
    reserved: &ProducerRef<Ticket>,
    gate: &Arc<Gate>,
    current: &Arc<Mutex<Current>>,
) -> ChildSpec {
    let (bench, reserved) = (Arc::clone(bench), reserved.clone());
    let (gate, current) = (Arc::clone(gate), Arc::clone(current));
    ChildSpec::new(StageName::Queue.name(), move || {
        let mut current = lock(&current);
        let account = &bench.stats(Mode::Pipelined).account;
        let queue = BacklogSource::new(&bench.queue, account, bench.clock);
        let kept = Arc::clone(&gate);
        let source = stage::producer(GateSource { gate: Arc::clone(&gate), queue })
            .named(StageName::Queue.name())
            .register(&reserved)
            .rescue(move |events| kept.put_back(events));
        let source = if current.queue_paused { source.paused() } else { source }.spawn();
        if let Some(earlier) = current.queue.replace(Arc::new(source.status_fn())) {
            current.earlier[StageName::Queue as usize].add(&earlier());
        }
        source
    })
}

fn pool_child(bench: &Arc<Bench>, queue: &ProducerRef<Ticket>, current: &Arc<Mutex<Current>>) -> ChildSpec {
    let (bench, queue, current) = (Arc::clone(bench), queue.clone(), Arc::clone(current));
    ChildSpec::new(StageName::Consumers.name(), move || {
        let mut current = lock(&current);
        let handler = ResourceHandler(Arc::clone(&bench));
        let pool = pool::builder(handler, current.pool_settings());
        let pool = pool.named(StageName::Consumers.name()).spawn(&queue);
        if let Some(earlier) = current.pool.replace(pool.reference()) {
            current.earlier[StageName::Consumers as usize].add(&earlier.status());
        }
        pool
    })
}
