//! Tries an exercise: what theory says of its loads, what a simulation does, and
//! what a real bench does.

mod figure;
mod time_scale;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::Method;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::Instant;

pub(super) use time_scale::TimeScale;

use super::format::bounds::{LONGEST_S, MOST_REQUESTS, check_plan};
use super::{Exercise, Load};
use crate::config::{Config, Sources};
use crate::http;
use crate::measure::{Measure, Peer, Phase, PlanArgs, What};
use crate::record::{Mode, Plan, Prediction, Run};
use crate::shutdown::StopToken;
use crate::simulate::{Bounds, simulate_edited};
use crate::theory::predict;
use crate::workbench::{Edit, Snapshot, Workbench};

pub use figure::{FigureName, FigureNameError};

/// How long a bench of an exercise's own may take to drain after a load.
const DRAIN: Duration = Duration::from_secs(120);
/// How long a running bench may: it is no faster than it is.
const SLOW_DRAIN: Duration = Duration::from_secs(3600);

/// How long the simulation of a load may be: the load, and what it leaves to finish.
const SIMULATED: Bounds = Bounds { requests: MOST_REQUESTS, seconds: 24.0 * LONGEST_S };
/// How long a load may really take. Answers may take longer than anybody has planned.
const LONGEST: Duration = Duration::from_secs(1800);

/// On which bench an exercise is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// One of its own, on a free port, with the exercise's configuration.
    Own,
    /// On none: theory and simulation only, of all loads.
    Nowhere,
    /// A running one. It has to have the
    /// exercise's configuration, which then is the same for all loads; and it takes
    /// its time.
    Running(Peer),
}

/// Tries an exercise.
#[derive(Debug)]
pub struct Trial<'a> {
    /// Which.
    pub exercise: &'a Exercise,
    /// On which bench.
    pub place: Where,
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
}

/// A load, ready to be made.
struct Ready {
    mode: Mode,
    plan: Plan,
    config: Config,
}

impl Trial<'_> {
    /// Makes each load in turn: predicts it, simulates it, measures it. `watch` is
    /// told which load it is and how it goes. At a running bench those are left out
    /// that need a configuration of their own.
    ///
    /// # Errors
    /// When the exercise's loads cannot be read, when there is no bench, or when a
    /// running one is of no use for any of them.
    ///
    /// # Panics
    /// Within a runtime: it has its own.
    pub fn run(&self, watch: &mut dyn FnMut(&Load, Phase)) -> anyhow::Result<Vec<Measured>> {
        let loads: Vec<&Load> = match self.place {
            Where::Nowhere => self.exercise.loads.iter().collect(),
            Where::Own => self.exercise.measured_loads().collect(),
            Where::Running(_) => {
                let plain = |load: &&Load| load.config.is_empty() && load.edits.is_empty();
                let plain: Vec<&Load> = self.exercise.measured_loads().filter(plain).collect();
                if plain.is_empty() && !self.exercise.loads.is_empty() {
                    bail!("the loads of this exercise need a configuration each; check it without --url");
                }
                plain
            }
        };
        loads.into_iter().map(|load| self.one(load, watch)).collect()
    }

    fn one(&self, load: &Load, watch: &mut dyn FnMut(&Load, Phase)) -> anyhow::Result<Measured> {
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
        };
        if self.place != Where::Nowhere {
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
            Where::Own => TimeScale::new(load.faster),
            Where::Running(_) | Where::Nowhere => TimeScale::ONE,
        }
    }

    fn ready(&self, load: &Load) -> anyhow::Result<Ready> {
        let (mode, plan) = PlanArgs::read(&load.run)
            .and_then(|args| args.on_bench("measure"))
            .with_context(|| format!("{}: load {}", self.exercise.id, load.name))?;
        check_plan(&plan)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("{}: load {}", self.exercise.id, load.name))?;
        let flags = self.exercise.config.iter().chain(&load.config).cloned().collect();
        let config = Sources { file: None, flags }.load()?;
        Edit::check(&load.edits, &config)
            .with_context(|| format!("{}: an edit of load {}", self.exercise.id, load.name))?;
        Ok(Ready { mode, plan, config: Config { by_flag: Vec::new(), ..config } })
    }

    fn measure(
        &self,
        load: &Load,
        mode: Mode,
        plan: &Plan,
        config: Config,
        watch: &mut dyn FnMut(&Load, Phase),
    ) -> anyhow::Result<(Run, Snapshot)> {
        let scale = self.scale(load);
        let plan = scale.plan(plan);
        let config = scale.config(&config)?;
        // The bench stays up until this returns.
        let (peer, drain, _own) = if let Where::Running(peer) = &self.place {
            (peer.clone(), SLOW_DRAIN, None)
        } else {
            let bench = Bench::start(config)?;
            bench.edit(load.edits.iter().map(|edit| scale.edit(edit)).collect());
            (Peer { base: bench.base.clone(), token: None }, DRAIN, Some(bench))
        };
        let what = What::Bench { peer: peer.clone(), mode };
        let stop = self.stop.child_token();
        let measure = Measure { what, plan: &plan, drain, stop: stop.clone() };
        let began = Instant::now();
        let run = measure.run(&mut |phase| {
            if matches!(phase, Phase::Load(_)) && began.elapsed() > LONGEST {
                stop.cancel();
            }
            watch(load, scale.phase_asked(phase));
        })?;
        if stop.is_cancelled() && !self.stop.is_cancelled() {
            bail!("load {} took longer than {} minutes", load.name, LONGEST.as_secs() / 60);
        }
        Ok((run, serde_json::from_slice(&peer.request(Method::GET, "/api/snapshot")?)?))
    }
}

/// A bench on a free port, with a runtime of its own. Dropping it ends both.
struct Bench {
    runtime: Runtime,
    workbench: Arc<Workbench>,
    base: String,
}

impl Bench {
    fn start(config: Config) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (workbench, base) = runtime.block_on(async {
            let listener =
                TcpListener::bind("127.0.0.1:0").await.context("cannot listen on a free port")?;
            let address = listener.local_addr()?;
            let workbench = Workbench::start(config, &Sources::default());
            let router = http::router(Arc::clone(&workbench));
            tokio::spawn(http::serve(listener, router, workbench.shutdown().clone()));
            tokio::spawn(Arc::clone(&workbench).sample_forever(None));
            anyhow::Ok((workbench, format!("http://{address}")))
        })?;
        Ok(Self { runtime, workbench, base })
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
