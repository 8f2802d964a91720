//! Expected figures of a load before it runs, from theory and from simulation, for the
//! settings in force. Both describe the load in the request's parameters, or without
//! parameters, the load that is running or ran last.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::form::{Form, FormError};
use super::{Both, Loads};
use crate::config::Config;
use crate::record::{LoadFigures, Mode, Plan};
use crate::simulate::{Bounds, simulate_edited};
use crate::theory::{left_out, predict};
use crate::workbench::Workbench;

/// The largest load that is simulated, which takes a few seconds at most: a simulation shares
/// the cores with the bench.
const BOUNDS: Bounds = Bounds { requests: 50_000, seconds: 3600.0 };
/// How long a simulation waits for another one to finish.
const PATIENCE: Duration = Duration::from_secs(12);

type Here = (Both, Arc<Semaphore>);

/// Returns the routes.
pub(super) fn routes(workbench: &Arc<Workbench>, loads: &Arc<Loads>) -> Router {
    // One simulation at a time.
    let turn = Arc::new(Semaphore::new(1));
    Router::new()
        .route("/api/load/predict", get(predicted))
        .route("/api/load/simulate", get(simulated))
        .with_state(((Arc::clone(workbench), Arc::clone(loads)), turn))
}

impl Loads {
    /// Returns the load of a form. For an empty form, returns the newest load, or `None` if
    /// there was none.
    fn load_of(&self, form: &Form) -> Result<Option<(Mode, Plan)>, FormError> {
        if form.is_empty() { Ok(self.lock().newest.clone()) } else { form.read().map(Some) }
    }
}

/// The status and the sentence of a refused request.
type Refusal = (StatusCode, String);

fn refusal(status: StatusCode, why: impl std::fmt::Display) -> Refusal {
    (status, format!("{why}\n"))
}

/// Returns the load that a request describes, or the answer if there is none.
fn load_of(loads: &Loads, form: &Form) -> Result<(Mode, Plan), Refusal> {
    match loads.load_of(form) {
        Ok(Some(load)) => Ok(load),
        Ok(None) => Err(refusal(StatusCode::NOT_FOUND, "no load has been started from the page yet")),
        Err(error) => Err(refusal(StatusCode::BAD_REQUEST, error)),
    }
}

/// Answers with the figures that theory predicts. If no model covers the load, there are no
/// figures, and the note has the reason.
async fn predicted(
    State(((workbench, loads), _)): State<Here>,
    Query(form): Query<Form>,
) -> Result<Response, Refusal> {
    let (mode, plan) = load_of(&loads, &form)?;
    let settings = workbench.settings();
    let (figures, note) = match predict(&settings, mode, &plan) {
        Ok(prediction) => {
            let note = format!("{}: {}", prediction.model, prediction.exactness);
            (Some(LoadFigures::of_prediction(&prediction, mode)), Some(note))
        }
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(told(mode, &plan, figures, note))
}

/// Answers with the figures of a simulated run. If the load is too long, there are no figures,
/// and the note has the reason. Answers 503 if another simulation takes too long.
///
/// Once begun, a simulation runs to its end even if the client disconnects.
async fn simulated(
    State(((workbench, loads), turn)): State<Here>,
    Query(form): Query<Form>,
) -> Result<Response, Refusal> {
    let (mode, plan) = load_of(&loads, &form)?;
    let Ok(Ok(permit)) = timeout(PATIENCE, turn.acquire_owned()).await else {
        return Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "another simulation is under way"));
    };
    let settings = workbench.settings();
    let note = left_out(&settings, mode);
    let work = {
        let plan = plan.clone();
        move || {
            let _permit = permit;
            let config = Config { settings, by_flag: Vec::new() };
            simulate_edited(config, mode, &plan, &[], BOUNDS, &mut |_| {})
        }
    };
    let run = tokio::task::spawn_blocking(work).await;
    let (figures, note) = match run.map_err(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, error))? {
        Ok(run) => (Some(LoadFigures::of_run(&run, mode)), note),
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(told(mode, &plan, figures, note))
}

fn told(mode: Mode, plan: &Plan, figures: Option<LoadFigures>, note: Option<String>) -> Response {
    let plan = plan.to_string();
    Json(json!({ "mode": mode.name(), "plan": plan, "figures": figures, "note": note })).into_response()
}
