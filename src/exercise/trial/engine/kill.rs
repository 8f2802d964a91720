//! A bench that is killed with events in it, and started again.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::found;
use super::life::{Alive, Life, Said, key};
use crate::config::{Config, Sources};
use crate::exercise::format::Kill;
use crate::exercise::trial::folder::Folder;
use crate::exercise::trial::lab::Found;
use crate::exercise::trial::{Bench, TrialError};
use crate::measure::{LoadTarget, Measure, MeasureError, Peer, PlanArgs};
use crate::shutdown::StopToken;

/// The time limit for the second life to work off what it holds.
const WORK: Duration = Duration::from_secs(60);
/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(20);

/// Serves a bench in this process, and says where, until `wait` returns.
pub(super) fn serve(keys: Vec<String>, wait: impl FnOnce()) -> anyhow::Result<()> {
    let config = Sources { file: None, flags: keys }.load()?;
    let bench = Bench::start(Config { by_flag: Vec::new(), ..config })?;
    Said::Serves(bench.base.clone()).say()?;
    wait();
    Ok(())
}

/// Measures a run.
pub(super) fn measure(
    flags: &[String],
    kill: &Kill,
    stop: &StopToken,
    failed: &dyn Fn(String) -> TrialError,
) -> Result<Found, TrialError> {
    let folder = Folder::create().map_err(TrialError::NoBench)?;
    let life = |more: &[String]| {
        let place = key("data.directory", folder.path());
        Life::Serve(flags.iter().chain(more).cloned().chain([place]).collect())
    };
    let (mode, plan) = PlanArgs::read(&kill.run)
        .and_then(|args| args.on_bench("measure"))
        .map_err(|error| failed(error.to_string()))?;
    let (first, peer) = served(&life(&[])).map_err(failed)?;
    let target = LoadTarget::Bench { peer: peer.clone(), mode };
    let measure = Measure { target, plan: &plan, drain: Duration::ZERO, stop: stop.clone() };
    let run = measure.run(&mut |_| ())?;
    let before = snapshot(&peer)?;
    first.kill();
    let (second, peer) = served(&life(&kill.again)).map_err(failed)?;
    let there = recovered(&snapshot(&peer)?);
    let after = worked_off(&peer, stop)?;
    drop(second);
    let uses = |of: &Value| number(of, "/resource/calls");
    Ok(found([
        ("acknowledged", run.client.as_ref().map_or(f64::NAN, |client| client.ok as f64)),
        ("there", there),
        ("done", number(&before, "/ledger/done") + number(&after, "/ledger/done")),
        ("begun", uses(&before) + uses(&after)),
    ]))
}

/// Starts a life that serves.
fn served(life: &Life) -> Result<(Alive, Peer), String> {
    let mut alive = Alive::start(life)?;
    let lines = alive.until(|line| matches!(line, Said::Serves(_)))?;
    match lines.into_iter().next_back() {
        Some(Said::Serves(base)) => Ok((alive, Peer { base, token: None })),
        _ => Err("the process that the run kills serves nothing".to_owned()),
    }
}

fn snapshot(peer: &Peer) -> Result<Value, TrialError> {
    let snapshot = peer.request(Method::GET, "/api/snapshot").map_err(MeasureError::from)?;
    serde_json::from_slice(&snapshot).map_err(TrialError::NoSnapshot)
}

fn number(of: &Value, pointer: &str) -> f64 {
    of.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Returns the events that a bench held at its start. A ledger without the count had none.
fn recovered(of: &Value) -> f64 {
    match of.pointer("/ledger") {
        Some(ledger) => ledger["recovered"].as_f64().unwrap_or(0.0),
        None => f64::NAN,
    }
}

/// Waits until a bench holds nothing, and returns its snapshot.
fn worked_off(peer: &Peer, stop: &StopToken) -> Result<Value, TrialError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(TrialError::NoBench)?;
    let began = tokio::time::Instant::now();
    loop {
        let now = snapshot(peer)?;
        let is_over = number(&now, "/ledger/held") == 0.0 || began.elapsed() > WORK;
        if is_over || stop.is_cancelled() {
            return Ok(now);
        }
        // A sleep must be created inside the runtime.
        runtime.block_on(async { tokio::time::sleep(LOOK).await });
    }
}
