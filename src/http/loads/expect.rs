//! Expectations of a load before it is made: theory and simulation, for the settings in
//! force. Both speak of the load in the request's parameters, or without any, of the load
//! that runs or was made last.

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

/// A simulation shares the cores with the bench, so it has to be short: this much takes at
/// most a few seconds.
const BOUNDS: Bounds = Bounds { requests: 50_000, seconds: 3600.0 };
/// How long a simulation waits for the one that is under way.
const PATIENCE: Duration = Duration::from_secs(12);

type Here = (Both, Arc<Semaphore>);

/// Returns the routes.
pub(super) fn routes(workbench: &Arc<Workbench>, loads: &Arc<Loads>) -> Router {
    // One at a time.
    let turn = Arc::new(Semaphore::new(1));
    Router::new()
        .route("/api/load/predict", get(predicted))
        .route("/api/load/simulate", get(simulated))
        .with_state(((Arc::clone(workbench), Arc::clone(loads)), turn))
}

impl Loads {
    /// Returns the load of a form, or of an empty one, the newest; `None` if there was none.
    fn load_of(&self, form: &Form) -> Result<Option<(Mode, Plan)>, FormError> {
        if form.is_empty() { Ok(self.lock().newest.clone()) } else { form.read().map(Some) }
    }
}

/// The status and the sentence of an answer without an expectation.
type Refusal = (StatusCode, String);

fn refusal(status: StatusCode, why: impl std::fmt::Display) -> Refusal {
    (status, format!("{why}\n"))
}

/// Returns the load that a request speaks of, or why there is none.
fn load_of(loads: &Loads, form: &Form) -> Result<(Mode, Plan), Refusal> {
    match loads.load_of(form) {
        Ok(Some(load)) => Ok(load),
        Ok(None) => Err(refusal(StatusCode::NOT_FOUND, "no load has been started from the page yet")),
        Err(error) => Err(refusal(StatusCode::BAD_REQUEST, error)),
    }
}

/// Answers with what theory predicts: without figures, and with the reason as the note, if it
/// has no model for the load.
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

/// Answers with the figures of a simulated run: without figures, and with the reason as the
/// note, if the load is too long; 503 if another simulation is under way for too long.
///
/// A simulation that has begun ends by itself, even if its client has left.
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
