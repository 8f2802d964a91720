//! Runs over HTTP: begun and fetched by whoever makes a load, listed, shown,
//! compared, named and deleted.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::runs::{Store, StoreError, compare, to_json};
use crate::workbench::Workbench;

pub(super) fn routes() -> Router<Arc<Workbench>> {
    Router::new()
        .route("/api/runs", get(list))
        .route("/api/runs/begin", post(begin))
        .route("/api/runs/hold/{number}", post(hold))
        .route("/api/runs/take/{number}", post(take))
        .route("/api/runs/{run}", get(show))
        .route("/api/runs/{run}/rename", post(rename))
        .route("/api/runs/{run}/delete", post(delete))
        .route("/api/compare", get(compared))
}

/// Begins to record a run for whoever asks.
async fn begin(State(workbench): State<Arc<Workbench>>) -> Response {
    let config = workbench.effective();
    Json(json!({ "run": workbench.begin_run(), "config": config })).into_response()
}

/// Keeps a run in progress while its load is silent: 204; or says that there is no
/// such run in progress: 404.
async fn hold(State(workbench): State<Arc<Workbench>>, Path(number): Path<u64>) -> StatusCode {
    if workbench.hold_run(number) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[derive(Debug, Deserialize)]
struct Now {
    /// Drained or not.
    #[serde(default)]
    now: bool,
}

/// Ends the run of that number and returns what the bench has seen: 200; or says
/// that it has not drained: 202; or that there is no such run in progress: 404.
async fn take(
    State(workbench): State<Arc<Workbench>>,
    Path(number): Path<u64>,
    Query(Now { now }): Query<Now>,
) -> Response {
    let gone = (StatusCode::NOT_FOUND, "no run of this number is in progress\n");
    match workbench.run_is_drained(number) {
        None => gone.into_response(),
        Some(false) if !now => {
            let held = workbench.snapshot().ledger.held;
            (StatusCode::ACCEPTED, Json(json!({ "held": held }))).into_response()
        }
        Some(_) => match workbench.take_run(number) {
            Some(recorded) => Json(recorded).into_response(),
            None => gone.into_response(),
        },
    }
}

/// Every run, oldest first.
async fn list(State(workbench): State<Arc<Workbench>>) -> Response {
    with_store(&workbench, |store| Ok(Json(store.list()?).into_response())).await
}

/// A run as it is kept.
async fn show(State(workbench): State<Arc<Workbench>>, Path(run): Path<String>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let show = move |store: &Store| {
        let run = store.load(&run)?;
        Ok(match to_json(&run) {
            Ok(text) => (kind, text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
        })
    };
    with_store(&workbench, show).await
}

#[derive(Debug, Deserialize)]
struct Name {
    /// Nothing takes the name away.
    #[serde(default)]
    name: String,
}

async fn rename(
    State(workbench): State<Arc<Workbench>>,
    Path(run): Path<String>,
    Query(Name { name }): Query<Name>,
) -> Response {
    let name = (!name.is_empty()).then_some(name);
    with_store(&workbench, move |store| Ok(store.rename(&run, name.as_deref())?.into_response())).await
}

async fn delete(State(workbench): State<Arc<Workbench>>, Path(run): Path<String>) -> Response {
    with_store(&workbench, move |store| Ok(store.delete(&run)?.into_response())).await
}

#[derive(Debug, Deserialize)]
struct Pair {
    a: String,
    b: String,
}

/// What differs between two runs, and whether it is more than noise.
async fn compared(State(workbench): State<Arc<Workbench>>, Query(pair): Query<Pair>) -> Response {
    let compared = move |store: &Store| {
        let (a, b) = (store.load(&pair.a)?, store.load(&pair.b)?);
        Ok(Json(compare(&a, &b)).into_response())
    };
    with_store(&workbench, compared).await
}

/// Files are read and written on a thread that may wait for them.
async fn with_store(
    workbench: &Workbench,
    work: impl FnOnce(&Store) -> Result<Response, StoreError> + Send + 'static,
) -> Response {
    let store = Store::new(workbench.settings().data.runs());
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => (status(&error), format!("{error}\n")).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// What is malformed can be no run's; what is well-formed may be one that is not there.
fn status(error: &StoreError) -> StatusCode {
    match error {
        StoreError::BadId(_) | StoreError::BadName(_) | StoreError::BadReference(_) => {
            StatusCode::BAD_REQUEST
        }
        StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
        StoreError::Taken { .. } | StoreError::Ambiguous { .. } => StatusCode::CONFLICT,
        StoreError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        StoreError::Io { .. } | StoreError::Format { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
