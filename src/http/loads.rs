//! Loads that the page starts: like `weir load` at this server's address, on a separate
//! thread.

mod expect;
mod form;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;

use super::Access;
use crate::load::Progress;
use crate::measure::{LoadTarget, Measure, Peer, Phase, local_url};
use crate::record::{LoadFigures, Mode, Plan, Validity};
use crate::runs::Store;
use crate::shutdown::StopToken;
use crate::workbench::Workbench;
use form::Form;

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
    /// The load that runs, or the last one.
    newest: Option<(Mode, Plan)>,
}

#[derive(Debug)]
struct Running {
    plan: Plan,
    mode: Mode,
    stop: StopToken,
    phase: Phase,
    /// What the client had measured when the load was last in progress.
    client: Progress,
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
    /// Its mode and its plan, in words.
    mode: &'static str,
    plan: String,
    /// Its figures; `None` if the load could not be run.
    measured: Option<LoadFigures>,
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
        .with_state((Arc::clone(workbench), Arc::clone(&loads)))
        .merge(expect::routes(workbench, &loads))
}

type Both = (Arc<Workbench>, Arc<Loads>);

async fn show(State((workbench, loads)): State<Both>) -> Response {
    // Before the lock, because the workbench has locks of its own.
    let mode = loads.lock().running.as_ref().map(|running| running.mode);
    let bench = mode.and_then(|mode| workbench.figures_so_far(mode));
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
        "measured": running.map(|running| so_far(&running.client, bench)),
        "last": state.last,
    });
    Json(shown).into_response()
}

/// Returns the figures that client and bench have measured so far of the load in progress.
fn so_far(client: &Progress, bench: Option<LoadFigures>) -> LoadFigures {
    let has_answers = client.answered > client.refused + client.failed;
    LoadFigures {
        answered_per_s: (client.seconds > 0.0).then(|| client.answered as f64 / client.seconds),
        answer_p50_ms: has_answers.then_some(client.p50_ms),
        answer_p99_ms: has_answers.then_some(client.p99_ms),
        ..bench.unwrap_or_default()
    }
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
        let client = Progress::default();
        state.running = Some(Running { plan: plan.clone(), mode, stop: stop.clone(), phase, client });
        state.newest = Some((mode, plan.clone()));
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
            if let Phase::Load(progress) = phase {
                running.client = progress;
            }
        }
    });
    let last = |measured| {
        let plan = plan.to_string();
        Last { run: None, valid: None, verdict: None, error: None, mode: mode.name(), plan, measured }
    };
    let mut run = match measured {
        Ok(run) => run,
        Err(error) => return Last { error: Some(error.to_string()), ..last(None) },
    };
    let last = last(Some(LoadFigures::of_run(&run, mode)));
    let store = Store::new(workbench.settings().data.runs());
    store.give_id(&mut run);
    let (valid, verdict) = (Some(!run.audit.is_invalid()), Some(run.audit.validity()));
    match store.save(&run) {
        Ok(()) => Last { run: Some(run.id), valid, verdict, ..last },
        Err(error) => {
            workbench.keep_later(run);
            let error = Some(format!("the run is not kept yet: {error}"));
            Last { valid, verdict, error, ..last }
        }
    }
}

async fn stop(State((_, loads)): State<Both>) -> &'static str {
    if let Some(running) = &loads.lock().running {
        running.stop.cancel();
    }
    "OK"
}
