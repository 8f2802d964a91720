//! Runs the loads of an exercise, and its runs in the labs, three ways: by theory, in a
//! simulation, and on a bench or in a lab.

mod engine;
mod error;
mod figure;
mod folder;
mod jobs;
mod lab;
mod rooms;
mod time_scale;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::Instant;

pub(super) use time_scale::TimeScale;

use super::format::bounds::{LONGEST_S, MOST_REQUESTS, check_plan};
use super::format::{EngineRun, JobsRun, RoomsRun, WatchRun};
use super::{Exercise, Load};
use crate::config::{Config, QueueEngine, Sources};
use crate::http;
use crate::measure::{LoadTarget, Measure, MeasureError, Peer, Phase, PlanArgs};
use crate::record::{Mode, Plan, Prediction, Run};
use crate::shutdown::StopToken;
use crate::simulate::{Bounds, simulate_edited};
use crate::theory::predict;
use crate::workbench::{Edit, Snapshot, Workbench};

use error::LoadProblem;
pub use error::TrialError;
pub use figure::{FigureName, FigureNameError};
use folder::Folder;
use lab::LabFound;
pub use watch::{MEASURE_RUN, measure_told_run, set_program};

/// The time limit for the drain of an exercise's own bench.
const DRAIN: Duration = Duration::from_secs(120);
/// The time limit for the drain of a running bench, which cannot be sped up.
const SLOW_DRAIN: Duration = Duration::from_secs(3600);

/// The bounds of a simulation: the load, and the events that it leaves to finish.
const SIMULATED: Bounds = Bounds { requests: MOST_REQUESTS, seconds: 24.0 * LONGEST_S };
/// The longest load in real time: answers may take longer than planned.
const LONGEST: Duration = Duration::from_secs(1800);

/// The bench on which an exercise is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialBench {
    /// One of its own, on a free port, with the exercise's configuration.
    Own,
    /// On none: theory and simulation only, of all loads.
    Nowhere,
    /// A running one. It must have the exercise's configuration, so loads with a
    /// configuration of their own are left out.
    Running(Peer),
}

/// Tries an exercise.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// The bench.
    pub place: TrialBench,
    /// Ends it early.
    pub stop: StopToken,
}

/// One load as theory predicts it, as a simulation finds it, and as it was measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The name of the load.
    pub load: String,
    /// What theory predicts, if a model fits.
    pub predicted: Option<Prediction>,
    /// The run of the simulation, if it could be simulated.
    pub simulated: Option<Run>,
    /// The run that was measured, at the speed of the measurement, if it was.
    pub measured: Option<Run>,
    /// The bench's snapshot after that run.
    pub snapshot: Option<Snapshot>,
    /// How much faster than the question asks it was measured.
    pub(super) scale: TimeScale,
    /// The audit's reasons to distrust the run, if it is invalid.
    pub invalid: Vec<String>,
    /// The figures, if it is a run in a lab.
    pub(super) lab: Option<LabFound>,
}

impl Measured {
    /// A run in a lab.
    fn in_lab(name: &str, found: LabFound) -> Self {
        Self {
            load: name.to_owned(),
            predicted: None,
            simulated: None,
            measured: None,
            snapshot: None,
            scale: TimeScale::ONE,
            invalid: Vec::new(),
            lab: Some(found),
        }
    }
}

/// A load, ready to be made.
struct Ready {
    mode: Mode,
    plan: Plan,
    config: Config,
}

impl Trial<'_> {
    /// Predicts, simulates and measures each load in turn, and calls `watch` with the load and
    /// its phase. At a running bench, leaves out the loads with their own configuration.
    ///
    /// # Errors
    /// [`TrialError`].
    ///
    /// # Panics
    /// Inside a runtime: it has its own.
    pub fn run(&self, watch: &mut dyn FnMut(&Load, Phase)) -> Result<Vec<Measured>, TrialError> {
        let loads: Vec<&Load> = match self.place {
            TrialBench::Nowhere => self.exercise.loads.iter().collect(),
            TrialBench::Own => self.exercise.measured_loads().collect(),
            TrialBench::Running(_) => {
                let plain = |load: &&Load| load.config.is_empty() && load.edits.is_empty();
                let plain: Vec<&Load> = self.exercise.measured_loads().filter(plain).collect();
                if plain.is_empty() && self.exercise.is_measured() {
                    return Err(TrialError::NeedsOwnBench);
                }
                plain
            }
        };
        let of_loads = loads.into_iter().map(|load| self.one(load, watch));
        let mut measured = of_loads.collect::<Result<Vec<_>, _>>()?;
        // A running server's labs have another load.
        let has_labs = !matches!(self.place, TrialBench::Running(_));
        for run in self.exercise.jobs.iter().filter(|_| has_labs) {
            if !self.stop.is_cancelled() {
                measured.push(Measured::in_lab(&run.name, self.jobs(run)?));
            }
        }
        for run in self.exercise.watch.iter().filter(|_| has_labs) {
            if !self.stop.is_cancelled() {
                measured.push(Measured::in_lab(&run.name, self.watch(run)?));
            }
        }
        for run in self.exercise.rooms.iter().filter(|_| has_labs) {
            if !self.stop.is_cancelled() {
                measured.push(Measured::in_lab(&run.name, self.rooms(run)?));
            }
        }
        for run in self.exercise.engine.iter().filter(|_| has_labs) {
            if !self.stop.is_cancelled() {
                measured.push(Measured::in_lab(&run.name, self.engine(run)?));
            }
        }
        Ok(measured)
    }

    /// The keys of the exercise and of a run.
    fn flags(&self, of_run: &[String]) -> Vec<String> {
        self.exercise.config.iter().chain(of_run).cloned().collect()
    }

    /// The configuration of a run in a lab.
    fn config(&self, of_run: &[String]) -> Result<Config, TrialError> {
        let config = Sources { file: None, flags: self.flags(of_run) }.load()?;
        Ok(Config { by_flag: Vec::new(), ..config })
    }

    fn jobs(&self, run: &JobsRun) -> Result<LabFound, TrialError> {
        let settings = self.config(&run.config)?.settings;
        let mut found = jobs::expected(&settings.jobs, run);
        if self.place == TrialBench::Own {
            found.measured = jobs::measure(&settings, run)?;
        }
        Ok(found)
    }

    fn watch(&self, run: &WatchRun) -> Result<LabFound, TrialError> {
        let config = self.config(&run.config)?;
        let mut found = watch::expected(&config.settings.matches, run);
        if self.place == TrialBench::Own {
            found.measured = watch::measure_apart(self.flags(&run.config), run, &self.stop)?;
        }
        Ok(found)
    }

    fn rooms(&self, run: &RoomsRun) -> Result<LabFound, TrialError> {
        let settings = self.config(&run.config)?.settings;
        let mut found = rooms::expected(&settings.rooms, run);
        if self.place == TrialBench::Own {
            found.measured = rooms::measure(&settings, run)?;
        }
        Ok(found)
    }

    fn engine(&self, run: &EngineRun) -> Result<LabFound, TrialError> {
        let mut found = engine::expected(run)?;
        if self.place == TrialBench::Own {
            found.measured = engine::measure(&self.flags(&run.config), run, &self.stop)?;
        }
        Ok(found)
    }

    fn one(&self, load: &Load, watch: &mut dyn FnMut(&Load, Phase)) -> Result<Measured, TrialError> {
        let Ready { mode, plan, config } = self.ready(load)?;
        let predicted = match load.edits.is_empty() {
            true => predict(&config.settings, mode, &plan).ok(),
            false => None,
        };
        let simulated = simulate_edited(config.clone(), mode, &plan, &load.edits, SIMULATED, &mut |_| ());
        let mut tried = Measured {
            load: load.name.clone(),
            predicted,
            simulated: simulated.ok(),
            measured: None,
            snapshot: None,
            scale: self.scale(load),
            invalid: Vec::new(),
            lab: None,
        };
        if self.place != TrialBench::Nowhere {
            let (run, snapshot) = self.measure(load, mode, &plan, config, watch)?;
            let remarks = run.audit.remarks().filter(|_| run.audit.is_invalid());
            tried.invalid = remarks.map(|check| check.says.clone()).collect();
            (tried.measured, tried.snapshot) = (Some(run), Some(snapshot));
        }
        Ok(tried)
    }

    /// The time scale at which a load is measured. A running bench goes as fast as it is
    /// configured.
    fn scale(&self, load: &Load) -> TimeScale {
        match self.place {
            TrialBench::Own => TimeScale::new(load.faster),
            TrialBench::Running(_) | TrialBench::Nowhere => TimeScale::ONE,
        }
    }

    fn ready(&self, load: &Load) -> Result<Ready, TrialError> {
        let failed = |problem: LoadProblem| TrialError::Load {
            exercise: self.exercise.id.clone(),
            load: load.name.clone(),
            problem,
        };
        let (mode, plan) = PlanArgs::read(&load.run)
            .and_then(|args| args.on_bench("measure"))
            .map_err(|error| failed(error.into()))?;
        check_plan(&plan).map_err(|error| failed(error.into()))?;
        let config = self.config(&load.config)?;
        Edit::check(&load.edits, &config).map_err(|error| failed(error.into()))?;
        Ok(Ready { mode, plan, config })
    }

    fn measure(
        &self,
        load: &Load,
        mode: Mode,
        plan: &Plan,
        config: Config,
        watch: &mut dyn FnMut(&Load, Phase),
    ) -> Result<(Run, Snapshot), TrialError> {
        let scale = self.scale(load);
        let plan = scale.plan(plan);
        let config = scale.config(&config)?;
        // The bench stays up until this returns.
        let (peer, drain, _own) = if let TrialBench::Running(peer) = &self.place {
            (peer.clone(), SLOW_DRAIN, None)
        } else {
            let bench = Bench::start_apart(config).map_err(TrialError::NoBench)?;
            bench.edit(load.edits.iter().map(|edit| scale.edit(edit)).collect());
            (Peer { base: bench.base.clone(), token: None }, DRAIN, Some(bench))
        };
        let target = LoadTarget::Bench { peer: peer.clone(), mode };
        let stop = self.stop.child_token();
        let measure = Measure { target, plan: &plan, drain, stop: stop.clone() };
        let began = Instant::now();
        let run = measure.run(&mut |phase| {
            if matches!(phase, Phase::Load(_)) && began.elapsed() > LONGEST {
                stop.cancel();
            }
            watch(load, scale.phase_asked(phase));
        })?;
        if stop.is_cancelled() && !self.stop.is_cancelled() {
            return Err(TrialError::TooLong { load: load.name.clone(), minutes: LONGEST.as_secs() / 60 });
        }
        let snapshot = peer.request(Method::GET, "/api/snapshot").map_err(MeasureError::from)?;
        Ok((run, serde_json::from_slice(&snapshot).map_err(TrialError::NoSnapshot)?))
    }
}

/// A bench on a free port, with a runtime of its own. Dropping it ends both.
struct Bench {
    runtime: Runtime,
    workbench: Arc<Workbench>,
    base: String,
    /// The folder of its files, if it is the bench's own. It is removed last.
    _folder: Option<Folder>,
}

impl Bench {
    /// Starts a bench that touches no file of the participant: a queue on the disk has a folder of
    /// its own.
    fn start_apart(mut config: Config) -> std::io::Result<Self> {
        let needs_folder = config.settings.queue.engine == QueueEngine::Disk;
        let folder = needs_folder.then(Folder::create).transpose()?;
        if let Some(folder) = &folder {
            config.settings.data.directory = folder.path().display().to_string();
        }
        Self::start_in(config, folder)
    }

    fn start(config: Config) -> std::io::Result<Self> {
        Self::start_in(config, None)
    }

    fn start_in(config: Config, folder: Option<Folder>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (workbench, base) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let opened = Workbench::open(config, &Sources::default()).await;
            let workbench = opened.map_err(std::io::Error::other)?;
            let router = http::router(Arc::clone(&workbench));
            tokio::spawn(http::serve(listener, router, workbench.shutdown().clone()));
            tokio::spawn(Arc::clone(&workbench).sample_forever(None));
            std::io::Result::Ok((workbench, format!("http://{address}")))
        })?;
        Ok(Self { runtime, workbench, base, _folder: folder })
    }

    /// Makes the edits from now on, each when it is due.
    fn edit(&self, edits: Vec<Edit>) {
        self.runtime.spawn(Arc::clone(&self.workbench).edit(edits));
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.workbench.shutdown().abort();
    }
}
