//! The bench behind one handle: three modes, one resource, a queue and its pipeline,
//! their figures and their configuration.
//!
//! ```text
//!   serial ─────────── inside the request ───────────┐
//!   async ──────────── spawned ──────────────────────┼─▶ resource
//!   pipelined ─▶ queue ─▶ producer ─▶ pool ──────────┘
//! ```
//!
//! The faces (HTTP, the command line) hold an `Arc<Workbench>` and nothing else. The
//! workbench does not know them.

mod backlog;
mod busy;
mod cells;
mod change;
mod columns;
mod components;
mod curves;
mod delta;
mod drain;
mod exposition;
mod heat;
mod history;
mod judge;
mod keeping;
mod mark;
mod modes;
mod nodes;
mod numbers;
mod orders;
mod point;
mod purge;
mod recording;
mod reload;
mod retry_after;
mod running;
mod runs;
mod sampler;
mod service_time;
mod snapshot;
mod spawned;
mod stages;
mod stats;
mod tree;
mod trend;
mod verdict;
mod window;
mod work;

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::UNIX_EPOCH;

pub use backlog::{BookState, DepthState, EngineOpenError, PayloadError, QueueReport};
pub use change::{ChangeError, Editable, EditableKey, Made};
pub use components::Component;
pub use curves::{Curves, ModeCurves, PERCENTS};
pub use drain::{DrainReport, LeftOver};
pub use history::{HISTORY_INTERVAL, History};
pub use keeping::KeepingState;
pub use modes::{Accepted, Refusal};
pub use orders::{OrderError, OrderReport};
pub use point::Point;
pub use purge::Purged;
pub use recording::Recorded;
pub use reload::{Edit, EditError};
pub use running::{Killed, Running};
pub use snapshot::{ConsumerCell, ConsumerState, QueueState, Snapshot, SnapshotFigure, SnapshotValue};
pub use spawned::TooMany;
pub use stages::Order;
pub use stats::Request;
pub use tree::{ComponentTree, LabNode, RestOfWorkers, StageNode, SupervisorNode, WorkerNode};
pub use verdict::{Part, Tone, Verdict, Word};
pub use window::WindowError;
pub use work::{Arrival, InvalidInput};

use crate::config::{Config, ConfigFile, Settings, Sources};
use crate::lab::Lab;
use crate::metrics::Registry;
use crate::nodes::Nodes;
use crate::pipeline::Clock;
use crate::pool::PoolSettings;
use crate::queue::{QueueSettings, WhenFull};
use crate::record::{self, ByMode, Mode};
use crate::resource::{Freeze, Latency, Mock, MockSettings};
use crate::shutdown::Shutdown;
use backlog::{Backlog, Opened, Payloads};
use cells::Cells;
use keeping::Keeping;
use reload::InForce;
use sampler::Sampler;
use spawned::Flights;
use stages::Stages;
use stats::ModeStats;
use work::Works;

/// The workbench.
#[derive(Debug)]
pub struct Workbench {
    bench: Arc<Bench>,
    stages: Stages,
    /// Held by the order that is carried out, so that each knows what it cost.
    orders: tokio::sync::Mutex<()>,
    in_force: Mutex<InForce>,
    /// The file that is watched. Locked before `in_force`.
    file: Mutex<Option<ConfigFile>>,
    /// Held by a change of the configuration from reading the old one to applying the new
    /// one, so that two changes do not undo each other.
    editing: tokio::sync::Mutex<()>,
    sampler: Mutex<Sampler>,
    /// Behind an `Arc`, because threads that write files outlive a call.
    keeping: Arc<Keeping>,
    peaks: Mutex<Peaks>,
    registry: Registry,
    /// The labs beside the pipeline, given once.
    labs: OnceLock<Vec<Arc<dyn Lab>>>,
    /// The other nodes, given once.
    nodes: OnceLock<Arc<Nodes>>,
    shutdown: Shutdown,
    /// Pipelined events finished per second, as the bits of a float. Each refusal reads
    /// it and must not wait for the sampler's lock.
    drain_rate: AtomicU64,
    /// True if the last request was to pause. The stage knows whether the pause is in
    /// force.
    paused: AtomicBool,
}

/// The highest levels from the last reset to the beginning of the run that is being
/// recorded. The parts count their peaks from then on, so each run has its own.
#[derive(Debug, Clone, Copy, Default)]
struct Peaks {
    in_use: usize,
    depth: usize,
    modes: ByMode<usize>,
}

impl Peaks {
    /// Returns the higher of these peaks and those that the parts have counted since.
    fn with(self, bench: &Bench) -> Self {
        let usage = bench.resource.usage();
        let modes =
            ByMode::from_fn(|mode| self.modes[mode].max(bench.modes[mode].account.peak_in_resource()));
        Self {
            in_use: self.in_use.max(usage.peak_in_use),
            depth: self.depth.max(bench.queue.peak_depth()),
            modes,
        }
    }
}

/// The parts that the modes use. The pipeline's handler holds them too, so the pipeline
/// is not among them.
#[derive(Debug)]
struct Bench {
    clock: Clock,
    resource: Mock,
    queue: Backlog,
    payloads: Payloads,
    modes: ByMode<ModeStats>,
    flights: Flights,
    cells: Cells,
    works: Works,
    /// The id of the last accepted event.
    last_id: AtomicU64,
}

impl Bench {
    fn stats(&self, mode: Mode) -> &ModeStats {
        &self.modes[mode]
    }
}

impl Workbench {
    /// Assembles a workbench and starts its pipeline. `sources` names the file and the
    /// flags of the configuration.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(config: Config, sources: &Sources) -> Arc<Self> {
        Self::by_clock(config, sources, Clock::start())
    }

    /// Like [`start`](Self::start), with the engine that `queue.engine` names. [`start`](Self::start)
    /// keeps events in memory, as tests and simulations do.
    ///
    /// # Errors
    /// [`EngineOpenError`], if the engine cannot be opened.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    /// The file of the engine may stay open until the process ends if the future is dropped.
    pub async fn open(config: Config, sources: &Sources) -> Result<Arc<Self>, EngineOpenError> {
        let opened = backlog::open(&config.settings).await?;
        Ok(Self::assemble(config, sources, Clock::start(), opened))
    }

    /// Like [`start`](Self::start), with a clock of the caller's, as for a simulation.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn by_clock(config: Config, sources: &Sources, clock: Clock) -> Arc<Self> {
        Self::assemble(config, sources, clock, None)
    }

    fn assemble(config: Config, sources: &Sources, clock: Clock, opened: Option<Opened>) -> Arc<Self> {
        let registry = Registry::new();
        let settings = &config.settings;
        let modes = ByMode::from_fn(|mode| ModeStats::new(mode, &registry));
        let (queue, first_id) = match opened {
            Some(opened) => {
                let account = &modes[Mode::Pipelined].account;
                (opened.into_backlog(account, clock, settings), first_id_beside_an_engine())
            }
            None => (Backlog::in_memory(settings, clock), 0),
        };
        let bench = Arc::new(Bench {
            clock,
            resource: Mock::new(mock_settings(settings, clock)),
            queue,
            payloads: Payloads::default(),
            modes,
            flights: Flights::new(settings.asynchronous.max_in_flight),
            cells: Cells::default(),
            works: Works::default(),
            last_id: AtomicU64::new(first_id),
        });
        bench.works.configure(settings);
        bench.payloads.configure(settings);
        let stages = Stages::spawn(&bench, pool_settings(settings));
        exposition::describe(&registry);
        Arc::new(Self {
            bench,
            stages,
            orders: tokio::sync::Mutex::default(),
            in_force: Mutex::new(InForce::new(config, sources)),
            file: Mutex::default(),
            editing: tokio::sync::Mutex::default(),
            sampler: Mutex::default(),
            keeping: Arc::default(),
            peaks: Mutex::default(),
            registry,
            labs: OnceLock::new(),
            nodes: OnceLock::new(),
            shutdown: Shutdown::new(),
            drain_rate: AtomicU64::new(0),
            paused: AtomicBool::new(false),
        })
    }

    /// Returns the shutdown of the workbench and its tasks.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Returns the metrics registry, to be installed as the process's recorder.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Gives the workbench its labs: it passes on changes of the configuration, resets and
    /// the drain. Only the first call has an effect.
    pub fn host(&self, labs: Vec<Arc<dyn Lab>>) {
        let _ = self.labs.set(labs);
    }

    /// Returns the labs beside the pipeline.
    pub fn labs(&self) -> &[Arc<dyn Lab>] {
        self.labs.get().map_or(&[], Vec::as_slice)
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> Settings {
        self.in_force().config.settings.clone()
    }

    /// Returns the time since the start.
    pub fn uptime(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.bench.clock.now().as_nanos())
    }

    fn peaks(&self) -> MutexGuard<'_, Peaks> {
        self.peaks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_force(&self) -> MutexGuard<'_, InForce> {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns where the ids of serial and async events begin if an engine gives those of pipelined
/// ones: at the microseconds since 1970, so that no life of the process repeats an id.
fn first_id_beside_an_engine() -> u64 {
    record::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

fn mock_settings(settings: &Settings, clock: Clock) -> MockSettings {
    let resource = &settings.resource;
    let Latency { distribution, mean, min, max } = resource.latency.to_resource();
    let [mean, min, max] = [mean, min, max].map(|time| clock.to_tokio(time));
    MockSettings {
        latency: Latency { distribution, mean, min, max },
        max_concurrent: (resource.max_concurrent > 0).then_some(resource.max_concurrent as usize),
        on_full: resource.on_full,
        failure_rate: resource.failure_rate,
        freeze: Freeze::new(clock.to_tokio(resource.freeze_every), clock.to_tokio(resource.freeze_for)),
        seed: resource.seed,
    }
}

fn queue_settings(settings: &Settings, clock: Clock) -> QueueSettings {
    let queue = &settings.queue;
    let when_full = match queue.when_full() {
        WhenFull::Wait { timeout } => WhenFull::Wait { timeout: clock.to_tokio(timeout) },
        policy => policy,
    };
    QueueSettings { capacity: queue.capacity as usize, when_full }
}

fn pool_settings(settings: &Settings) -> PoolSettings {
    let consumers = &settings.consumers;
    PoolSettings {
        concurrency: consumers.concurrency as usize,
        spread: consumers.mode,
        limits: consumers.limits(),
        requeue: consumers.recall,
    }
}
