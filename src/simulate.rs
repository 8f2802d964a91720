//! Simulations: the bench and a load on it under virtual time. They use the same stages,
//! queue, resource, ledger and load generator, on one thread, with a clock that jumps to
//! the next event.
//!
//! The same seeds give the same run, in every figure. Replies and the network take no
//! time: a simulation covers waiting and working, not a machine.
//!
//! Time is stretched (see [`Clock`]): tokio's timers are a millisecond coarse, and
//! a thousand times slower that is a microsecond, which is as fine as times are
//! recorded.

pub mod jobs;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::task::{LocalSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

use crate::config::{Config, ResourceKind, Settings, Sources};
use crate::load::{Answer, Connection, Driver, Progress, RequestError, Target, Time};
use crate::pipeline::Clock;
use crate::record::{self, Mode, Model, Origin, Plan, Run};
use crate::shutdown::StopToken;
use crate::workbench::{Edit, HISTORY_INTERVAL, Refusal, Workbench};

/// A microsecond of simulated time is a millisecond of tokio's.
const TIME_SCALE: u32 = 1000;
/// After the first minute, one sample a second is enough.
const FINE: Duration = Duration::from_secs(60);
const COARSE: Duration = Duration::from_secs(1);
/// If a load that ends by the clock makes more requests than this in one instant, time
/// has stopped.
const AT_ONCE: u64 = 500_000;
/// A bench that has finished nothing for this long will not finish anything.
const HOPELESS: Duration = Duration::from_secs(3 * 3600);

/// Why a load cannot be simulated.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// A closed loop whose requests take no time would never end.
    #[error(
        "a closed load by time needs answers that take time, and {0} requests are answered at once: \
         give a number of requests (-n), or an open load (--rate)"
    )]
    Endless(&'static str),
    /// Jobs take real time, which a simulation does not have.
    #[error(
        "a job takes the time that its code needs on this machine, which virtual time does not know: \
             only the mock can be simulated (resource.kind = \"mock\")"
    )]
    Jobs,
    /// The simulation exceeds its bounds.
    #[error("the load and what it leaves to finish take more than {} requests or {} s", .0.requests, .0.seconds)]
    TooLong(Bounds),
    /// The system does not provide a runtime.
    #[error("cannot simulate: {0}")]
    Runtime(std::io::Error),
}

impl From<std::io::Error> for SimulateError {
    fn from(error: std::io::Error) -> Self {
        Self::Runtime(error)
    }
}

/// The bounds of a simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The most requests. A closed load by time makes as many as its answers allow.
    pub requests: u64,
    /// The longest time, in simulated seconds, including the drain.
    pub seconds: f64,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Self = Self { requests: u64::MAX, seconds: f64::INFINITY };
}

/// A mode of the bench as a target, without HTTP in between.
#[derive(Debug, Clone)]
struct BenchTarget {
    workbench: Arc<Workbench>,
    mode: Mode,
    watchdog: Arc<Watchdog>,
}

/// Ends a load that is too long, or in which no time passes.
#[derive(Debug)]
struct Watchdog {
    /// The number of requests left.
    left: AtomicU64,
    /// The time of the last request, and the number of requests in that instant.
    instant: Mutex<(Instant, u64)>,
    /// True if the load is closed and ends by the clock, not by a number of requests.
    by_time: bool,
    /// True once requests take no time, so that the load would never end.
    is_endless: AtomicBool,
    stop: StopToken,
}

impl Watchdog {
    fn new(requests: u64, plan: &Plan, stop: StopToken) -> Self {
        Self {
            left: AtomicU64::new(requests),
            instant: Mutex::new((Instant::now(), 0)),
            by_time: plan.requests.is_none() && matches!(plan.model, Model::Closed { .. }),
            is_endless: AtomicBool::new(false),
            stop,
        }
    }

    /// Returns whether a request may be made now.
    fn allows(&self) -> bool {
        let mut instant = self.instant.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        *instant = if instant.0 == now { (now, instant.1 + 1) } else { (now, 0) };
        let is_endless = self.by_time && instant.1 > AT_ONCE;
        let is_allowed =
            !is_endless && self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        if !is_allowed {
            self.is_endless.store(is_endless, Relaxed);
            self.stop.cancel();
        }
        is_allowed
    }
}

/// The status with which the server would answer a refusal, so that a simulated run counts
/// what a measured one does.
fn status_of(refusal: &Refusal, settings: &Settings) -> u16 {
    match refusal {
        Refusal::ResourceFull(_) => settings.resource.reject_status,
        Refusal::TooMany(_) | Refusal::Queue(_) | Refusal::Stopping => 503,
        // Only requests have payloads, and a simulation keeps its events in memory.
        Refusal::Stored(_) | Refusal::Payload(_) => 503,
        Refusal::Input(_) => 400,
        Refusal::Failed(_) => 500,
    }
}

impl Target for BenchTarget {
    type Connection = Self;

    async fn connect(&self) -> Result<Self, RequestError> {
        Ok(self.clone())
    }
}

impl Connection for BenchTarget {
    fn is_open(&self) -> bool {
        true
    }

    async fn exchange(&mut self) -> Result<Answer, RequestError> {
        if !self.watchdog.allows() {
            // Yield, so that the driver notices the end.
            yield_now().await;
            return Err(RequestError::Ended);
        }
        let request = self.workbench.request(self.mode);
        let arrived = request.arrived();
        let result = match self.mode {
            Mode::Serial => self.workbench.serial(arrived).await.map(drop),
            Mode::Async => self.workbench.spawn(arrived).map(drop),
            Mode::Pipelined => self.workbench.enqueue(arrived).await.map(drop),
        };
        request.answered(result.is_ok());
        // Yield between two requests, so that other tasks run, as on a real machine.
        yield_now().await;
        let status = match result {
            Ok(()) if self.mode == Mode::Serial => 200,
            Ok(()) => 202,
            Err(refusal) => status_of(&refusal, &self.workbench.settings()),
        };
        Ok(Answer { status, bytes: 0, reusable: true })
    }
}

/// Simulates a load on one mode of a bench with this configuration, until everything
/// accepted is finished. `watch` receives the progress four times a simulated second.
///
/// The run has no id yet.
///
/// # Errors
/// [`SimulateError`].
///
/// # Panics
/// Within a runtime: it has one of its own.
pub fn simulate(
    config: Config,
    mode: Mode,
    plan: &Plan,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Run, SimulateError> {
    simulate_edited(config, mode, plan, &[], Bounds::NONE, watch)
}

/// Like [`simulate`], with edits of the configuration, and within bounds.
///
/// # Errors
/// [`SimulateError`].
///
/// # Panics
/// Within a runtime: it has one of its own.
pub fn simulate_edited(
    config: Config,
    mode: Mode,
    plan: &Plan,
    edits: &[Edit],
    bounds: Bounds,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Run, SimulateError> {
    if config.settings.resource.kind == ResourceKind::Jobs {
        return Err(SimulateError::Jobs);
    }
    let by_time = matches!(&plan.model, Model::Closed { .. }) && plan.requests.is_none();
    if by_time && mode != Mode::Serial {
        return Err(SimulateError::Endless(mode.name()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    LocalSet::new().block_on(&runtime, run(config, mode, plan, edits, bounds, watch))
}

async fn run(
    config: Config,
    mode: Mode,
    plan: &Plan,
    edits: &[Edit],
    bounds: Bounds,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Run, SimulateError> {
    let clock = Clock::scaled(TIME_SCALE);
    let began = record::now();
    let refusals = config.settings.refusals();
    let workbench = Workbench::by_clock(config, &Sources::default(), clock);
    let claim = workbench.begin_run();
    let sampler = tokio::task::spawn_local(sample(Arc::clone(&workbench), claim, clock));
    let editor = tokio::task::spawn_local(Arc::clone(&workbench).edit(edits.to_vec()));
    let stop = StopToken::new();
    let watchdog = Arc::new(Watchdog::new(bounds.requests, plan, stop.clone()));
    let target = BenchTarget { workbench: Arc::clone(&workbench), mode, watchdog: Arc::clone(&watchdog) };
    let ends =
        Duration::try_from_secs_f64(bounds.seconds).ok().map(|time| Instant::now() + clock.to_tokio(time));
    let timer = tokio::task::spawn_local(end_at(ends, stop.clone()));
    let driver = Driver { clock, time: Time::Virtual, server: None, refusals, stop: stop.clone(), watch };
    let client = driver.run(target, plan).await?;
    tokio::select! {
        () = drained(&workbench, clock) => {}
        () = stop.cancelled() => {}
    }
    timer.abort();
    if watchdog.is_endless.load(Relaxed) {
        return Err(SimulateError::Endless(mode.name()));
    }
    if stop.is_cancelled() {
        return Err(SimulateError::TooLong(bounds));
    }
    sampler.abort();
    editor.abort();
    let recorded = workbench.take_run(claim);
    let mut run = Run::new(Origin::Simulated, mode.name(), began);
    run.load = Some(plan.clone());
    run.seconds = recorded.as_ref().map_or(client.seconds, |recorded| recorded.bench.seconds);
    run.client = Some(client);
    if let Some(recorded) = recorded {
        run.set_bench_config(recorded.config);
        run.bench = Some(recorded.bench);
    }
    Ok(run.audited())
}

/// Stops the simulation at `moment`, if any.
async fn end_at(moment: Option<Instant>, stop: StopToken) {
    if let Some(moment) = moment {
        sleep_until(moment).await;
        stop.cancel();
    }
}

async fn sample(workbench: Arc<Workbench>, claim: u64, clock: Clock) {
    let began = Instant::now();
    loop {
        let fine = began.elapsed() < clock.to_tokio(FINE);
        sleep(clock.to_tokio(if fine { HISTORY_INTERVAL } else { COARSE })).await;
        // A load may be silent for longer than the bench waits for a client.
        workbench.hold_run(claim);
        workbench.sample();
    }
}

/// Waits until everything accepted is finished, or until nothing more will be.
async fn drained(workbench: &Workbench, clock: Clock) {
    let (mut finished, mut since) = (0, Instant::now());
    loop {
        let ledger = workbench.ledger();
        let ended = ledger.accepted - ledger.held;
        if ledger.held == 0 || since.elapsed() > clock.to_tokio(HOPELESS) {
            return;
        }
        if ended != finished {
            (finished, since) = (ended, Instant::now());
        }
        sleep(clock.to_tokio(COARSE)).await;
    }
}
