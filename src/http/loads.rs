//! Loads that the page starts: like `weir load` at this server's address, on a separate
//! thread.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

use super::Access;
use crate::duration;
use crate::load::{CONNECTIONS, PlanError, Progress};
use crate::measure::{LoadTarget, Measure, Peer, Phase, local_url};
use crate::record::{Arrivals, ArrivalsError, Mode, Plan, Validity};
use crate::runs::Store;
use crate::shutdown::StopToken;
use crate::workbench::Workbench;

/// How long a load waits for the bench to drain.
const DRAIN: Duration = Duration::from_secs(30);

/// The present load, and the outcome of the last one.
#[derive(Debug, Default)]
struct Loads {
    /// The server's address; without it, no load can be made.
    access: Arc<Access>,
    state: Mutex<LoadState>,
}

#[derive(Debug, Default)]
struct LoadState {
    running: Option<Running>,
    last: Option<Last>,
}

#[derive(Debug)]
struct Running {
    plan: Plan,
    mode: Mode,
    stop: StopToken,
    phase: Phase,
}

/// The outcome of a load.
#[derive(Debug, Clone, Serialize)]
struct Last {
    /// The id of its run, if it was saved.
    run: Option<String>,
    /// Whether its figures can be trusted.
    valid: Option<bool>,
    /// Valid, disturbed or invalid.
    verdict: Option<Validity>,
    /// Why there is no run, or why it is not saved.
    error: Option<String>,
}

impl Loads {
    fn lock(&self) -> MutexGuard<'_, LoadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the routes.
pub(super) fn routes(workbench: &Arc<Workbench>, access: &Arc<Access>) -> Router {
    let loads = Arc::new(Loads { access: Arc::clone(access), state: Mutex::default() });
    Router::new()
        .route("/api/load", get(show))
        .route("/api/load/start", post(start))
        .route("/api/load/stop", post(stop))
        .with_state((Arc::clone(workbench), loads))
}

type Both = (Arc<Workbench>, Arc<Loads>);

async fn show(State((_, loads)): State<Both>) -> Response {
    let state = loads.lock();
    let running = state.running.as_ref();
    let (phase, progress, held) = match running.map(|running| running.phase) {
        None => (None, None, None),
        Some(Phase::Load(progress)) => (Some("load"), Some(progress), None),
        Some(Phase::Draining(held)) => (Some("draining"), None, Some(held)),
    };
    let shown = json!({
        "running": running.is_some(),
        "plan": running.map(|running| running.plan.to_string()),
        "mode": running.map(|running| running.mode.name()),
        "stage": phase,
        "progress": progress,
        "held": held,
        "last": state.last,
    });
    Json(shown).into_response()
}

/// The page's form of a load, with each field as it was entered.
#[derive(Debug, Deserialize)]
struct Form {
    mode: String,
    clients: Option<String>,
    requests: Option<String>,
    duration: Option<String>,
    rate: Option<String>,
    arrivals: Option<String>,
    seed: Option<String>,
}

/// What is wrong with a form.
#[derive(Debug, Error)]
enum FormError {
    #[error("mode {0:?}: expected serial, async or pipelined")]
    Mode(String),
    #[error("duration {0:?}: expected such as 10s or 2min")]
    Duration(String),
    #[error("{name} {text:?}: expected a whole number")]
    Number { name: &'static str, text: String },
    #[error(transparent)]
    Arrivals(#[from] ArrivalsError),
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Form {
    /// Reads the mode and the load.
    fn read(&self) -> Result<(Mode, Plan), FormError> {
        let mode = Mode::named(&self.mode).ok_or_else(|| FormError::Mode(self.mode.clone()))?;
        let requests = number("requests", self.requests.as_ref())?;
        let duration = match written(self.duration.as_ref()) {
            None => None,
            Some(text) => match duration::parse_seconds(text).filter(|duration| !duration.is_zero()) {
                None => return Err(FormError::Duration(text.to_owned())),
                some => some,
            },
        };
        let plan = match written(self.rate.as_ref()) {
            None => Plan::closed(written(self.clients.as_ref()).unwrap_or("50"), requests, duration),
            Some(rate) => {
                let arrivals: Arrivals = written(self.arrivals.as_ref()).unwrap_or("poisson").parse()?;
                let seed = number("seed", self.seed.as_ref())?.unwrap_or(1);
                Plan::open(rate, requests, duration, arrivals, seed, CONNECTIONS)
            }
        };
        Ok((mode, plan?))
    }
}

/// Returns the text of a field, unless it is empty.
fn written(field: Option<&String>) -> Option<&str> {
    field.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn number(name: &'static str, field: Option<&String>) -> Result<Option<u64>, FormError> {
    let Some(text) = written(field) else { return Ok(None) };
    let number = text.parse().map_err(|_| FormError::Number { name, text: text.to_owned() })?;
    Ok(Some(number))
}

async fn start(State((workbench, loads)): State<Both>, Query(form): Query<Form>) -> Response {
    let conflict = |message: &str| (StatusCode::CONFLICT, format!("{message}\n")).into_response();
    let Some(address) = loads.access.listen else {
        return conflict("this server does not know its address");
    };
    let (mode, plan) = match form.read() {
        Ok(load) => load,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let told = json!({ "plan": plan.to_string() });
    // The load ends before the server does, so that its run is complete.
    let feeder = workbench.shutdown().feeder();
    let stop = feeder.token().clone();
    {
        let mut state = loads.lock();
        if state.running.is_some() {
            return conflict("a load is running already");
        }
        let phase = Phase::Load(Progress::default());
        state.running = Some(Running { plan: plan.clone(), mode, stop: stop.clone(), phase });
    }
    let make = {
        let loads = Arc::clone(&loads);
        move || {
            let last = make(&workbench, &loads, address, mode, &plan, stop);
            let mut state = loads.lock();
            state.running = None;
            state.last = Some(last);
            drop(state);
            // The drain may begin now.
            drop(feeder);
        }
    };
    match std::thread::Builder::new().name("weir-load".to_owned()).spawn(make) {
        Ok(_) => (StatusCode::ACCEPTED, Json(told)).into_response(),
        Err(error) => {
            loads.lock().running = None;
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
        }
    }
}

fn make(
    workbench: &Workbench,
    loads: &Loads,
    address: SocketAddr,
    mode: Mode,
    plan: &Plan,
    stop: StopToken,
) -> Last {
    let peer = Peer { base: local_url(address), token: loads.access.token.clone() };
    let target = LoadTarget::Bench { peer, mode };
    let measured = Measure { target, plan, drain: DRAIN, stop }.run(&mut |phase| {
        if let Some(running) = &mut loads.lock().running {
            running.phase = phase;
        }
    });
    let mut run = match measured {
        Ok(run) => run,
        Err(error) => {
            return Last { run: None, valid: None, verdict: None, error: Some(error.to_string()) };
        }
    };
    let store = Store::new(workbench.settings().data.runs());
    store.give_id(&mut run);
    let (valid, verdict) = (Some(!run.audit.is_invalid()), Some(run.audit.validity()));
    match store.save(&run) {
        Ok(()) => Last { run: Some(run.id), valid, verdict, error: None },
        Err(error) => {
            workbench.keep_later(run);
            let error = Some(format!("the run is not kept yet: {error}"));
            Last { run: None, valid, verdict, error }
        }
    }
}

async fn stop(State((_, loads)): State<Both>) -> &'static str {
    if let Some(running) = &loads.lock().running {
        running.stop.cancel();
    }
    "OK"
}
