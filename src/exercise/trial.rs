//! Tries an exercise: what theory says of its loads, what a simulation does, and
//! what a real bench does.

mod pace;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::Method;
use serde::Serialize;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use pace::{convert, faster, slower, sooner};

use super::format::bounds::{LONGEST_S, MOST_REQUESTS, check_plan};
use super::{Exercise, Load, Value};
use crate::config::{Config, Sources};
use crate::http;
use crate::measure::{Measure, Peer, Phase, PlanArgs, What};
use crate::record::{Mode, Plan, Prediction, Run};
use crate::simulate::{Bounds, simulate_edited};
use crate::theory::predict;
use crate::workbench::{Edit, Workbench};

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
    pub stop: CancellationToken,
}

/// What came of one load.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Its name.
    pub load: String,
    /// What theory says, if a model fits.
    pub predicted: Option<Prediction>,
    /// What a simulation came to.
    pub simulated: Json,
    /// What was measured, converted to the speed that is asked about; and in
    /// `snapshot` what the bench has said when all was done.
    pub measured: Json,
    /// What its run's audit says against it, if anything.
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
        let simulated = simulated.ok().map(serde_json::to_value).transpose()?.unwrap_or_default();
        let load_name = load.name.clone();
        let mut tried =
            Measured { load: load_name, predicted, simulated, measured: Json::Null, invalid: Vec::new() };
        if self.place != Where::Nowhere {
            let (run, snapshot) = self.measure(load, mode, &plan, config, watch)?;
            let remarks = run.audit.remarks().filter(|_| run.audit.is_invalid());
            tried.invalid = remarks.map(|check| check.says.clone()).collect();
            tried.measured = serde_json::to_value(run)?;
            tried.measured["snapshot"] = snapshot;
            convert(&mut tried.measured, f64::from(self.times(load)));
        }
        Ok(tried)
    }

    /// How many times faster than asked about a load is measured: a running bench
    /// goes as fast as it is configured.
    fn times(&self, load: &Load) -> u32 {
        match self.place {
            Where::Own => load.faster,
            Where::Running(_) | Where::Nowhere => 1,
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
    ) -> anyhow::Result<(Run, Json)> {
        let times = self.times(load);
        let plan = plan.faster(f64::from(times));
        let config = faster(&config, times)?;
        // The bench stays up until this returns.
        let (peer, drain, _own) = if let Where::Running(peer) = &self.place {
            (peer.clone(), SLOW_DRAIN, None)
        } else {
            let bench = Bench::start(config)?;
            bench.edit(load.edits.iter().map(|edit| sooner(edit, times)).collect());
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
            watch(load, slower(phase, f64::from(times)));
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

impl Measured {
    /// What was measured at `path`, such as `client.seconds` or
    /// `bench.modes.pipelined.response.p50_ms`: the fields of a run. Or the fields
    /// of a snapshot after it, such as `snapshot.components.0.source`.
    pub fn measured(&self, path: &str) -> Option<Value> {
        find(&self.measured, path)
    }

    /// What was simulated there.
    pub fn simulated(&self, path: &str) -> Option<Value> {
        find(&self.simulated, path)
    }

    /// What theory says of it.
    pub fn predicted(&self, path: &str) -> Option<f64> {
        let theory = self.predicted.as_ref()?;
        let (place, figure) = path.rsplit_once('.')?;
        let times = match place.rsplit_once('.').map_or(place, |(_, kind)| kind) {
            "wait" => theory.wait,
            "service" if place.contains("modes") => theory.service,
            "response" if place.contains("modes") => theory.response,
            "http" | "ok" => theory.answer,
            _ => None,
        };
        match figure {
            "seconds" if place == "client" => theory.load_s,
            "rate" => theory.rate,
            "done_rate" => theory.done_rate,
            "peak_in_use" => theory.peak_in_use,
            "peak_depth" => theory.peak_depth,
            "drain_s" => theory.drain_s,
            "mean_ms" => times?.mean_ms,
            "p50_ms" => times?.p50_ms,
            "p90_ms" => times?.p90_ms,
            "p99_ms" => times?.p99_ms,
            _ => None,
        }
    }
}

fn find(json: &Json, path: &str) -> Option<Value> {
    let step = |json: &Json, name: &str| match json {
        Json::Array(all) => all.get(name.parse::<usize>().ok()?).cloned(),
        other => other.get(name).cloned(),
    };
    match path.split('.').try_fold(json.clone(), |json, name| step(&json, name))? {
        Json::Number(number) => number.as_f64().map(Value::Number),
        Json::String(text) => Some(Value::Text(text)),
        Json::Bool(yes) => Some(Value::Text(if yes { "yes" } else { "no" }.to_owned())),
        _ => None,
    }
}
