//! Runs over HTTP: clients begin and fetch a run around a load, and list, show, compare,
//! name and delete runs.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::clean;
use crate::duration;
use crate::record::Run;
use crate::runs::{Document, Store, StoreError, Table, check_name, compare, to_json, without_first};
use crate::workbench::Workbench;

/// Allows an exported file its own styles and nothing else, in case a browser shows it.
const DOCUMENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; sandbox";

pub(super) fn routes() -> Router<Arc<Workbench>> {
    Router::new()
        .route("/api/runs", get(list))
        .route("/api/runs/begin", post(begin))
        .route("/api/runs/keep", post(keep))
        .route("/api/runs/hold/{number}", post(hold))
        .route("/api/runs/take/{number}", post(take))
        .route("/api/runs/{run}", get(show))
        .route("/api/runs/{run}/export", get(export))
        .route("/api/runs/{run}/rename", post(rename))
        .route("/api/runs/{run}/delete", post(delete))
        .route("/api/compare", get(compared))
}

/// Begins to record a run.
async fn begin(State(workbench): State<Arc<Workbench>>) -> Response {
    let config = workbench.effective();
    Json(json!({ "run": workbench.begin_run(), "config": config })).into_response()
}

#[derive(Debug, Deserialize)]
struct Window {
    /// The beginning, an uptime in seconds.
    from_s: f64,
    /// The end.
    to_s: f64,
    /// The name of the run, if it gets one.
    #[serde(default)]
    name: String,
}

/// Keeps a stretch of the history as a run. Answers 200 with the run's id, or 409 if the
/// history does not contain the stretch.
async fn keep(State(workbench): State<Arc<Workbench>>, Query(window): Query<Window>) -> Response {
    let mut run = match workbench.window(window.from_s, window.to_s) {
        Ok(run) => run,
        Err(error) => return (StatusCode::CONFLICT, format!("{error}\n")).into_response(),
    };
    let name = (!window.name.is_empty()).then_some(window.name);
    let keep = move |store: &Store| {
        if let Some(name) = &name {
            check_name(name)?;
            let runs = store.list()?.runs;
            if let Some(taken) = runs.into_iter().find(|run| run.name.as_ref() == Some(name)) {
                return Err(StoreError::Taken { name: name.clone(), id: taken.id });
            }
        }
        run.name = name;
        store.give_id(&mut run);
        store.save(&run)?;
        Ok(Json(json!({ "id": run.id })).into_response())
    };
    with_store(&workbench, keep).await
}

/// Keeps a run in progress while its load is silent: 204, or 404 if it is not in
/// progress.
async fn hold(State(workbench): State<Arc<Workbench>>, Path(number): Path<u64>) -> StatusCode {
    if workbench.hold_run(number) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[derive(Debug, Deserialize)]
struct Now {
    /// End the run even if it has not drained.
    #[serde(default)]
    now: bool,
}

/// Ends the run and returns its bench side: 200. Answers 202 if it has not drained, and
/// 404 if it is not in progress.
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

/// Lists all runs, oldest first.
async fn list(State(workbench): State<Arc<Workbench>>) -> Response {
    with_store(&workbench, |store| Ok(Json(store.list()?).into_response())).await
}

/// The warm-up to leave out.
#[derive(Debug, Default, Deserialize)]
struct Skip {
    /// Such as `5s`.
    skip: Option<String>,
}

impl Skip {
    /// Returns the length of the warm-up, or the answer to a text that is not a duration.
    #[expect(clippy::result_large_err, reason = "the answer of a handler")]
    fn length(&self) -> Result<Duration, Response> {
        let Some(text) = &self.skip else { return Ok(Duration::ZERO) };
        duration::parse(text).ok_or_else(|| {
            let said = format!("skip={}: not a duration, such as 5s\n", clean::line(text));
            (StatusCode::BAD_REQUEST, said).into_response()
        })
    }
}

/// Returns a run as it is stored, or without its first seconds.
async fn show(
    State(workbench): State<Arc<Workbench>>,
    Path(run): Path<String>,
    Query(skip): Query<Skip>,
) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let skip = match skip.length() {
        Ok(skip) => skip,
        Err(refusal) => return refusal,
    };
    let show = move |store: &Store| {
        let run = without_first(&store.load(&run)?, skip);
        Ok(match to_json(&run) {
            Ok(text) => (kind, text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
        })
    };
    with_store(&workbench, show).await
}

/// Answers with a run as a file to save: `as` is html, svg, csv or json, and each `with`
/// names another run beside it. For csv, `what` is series, percentiles or histogram.
async fn export(
    State(workbench): State<Arc<Workbench>>,
    Path(run): Path<String>,
    Query(fields): Query<Vec<(String, String)>>,
) -> Response {
    let (document, with, skip) = match exported(fields) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let export = move |store: &Store| {
        let load = |reference: &String| Ok(without_first(&store.load(reference)?, skip));
        let runs: Vec<Run> =
            std::iter::once(&run).chain(&with).map(load).collect::<Result<_, StoreError>>()?;
        Ok(match document.write(&runs) {
            Ok(text) => {
                let file = format!("attachment; filename=\"weir-{}.{}\"", runs[0].id, document.extension());
                let headers = [
                    (header::CONTENT_TYPE, document.media_type().to_owned()),
                    (header::CONTENT_DISPOSITION, file),
                    (header::CONTENT_SECURITY_POLICY, DOCUMENT_POLICY.to_owned()),
                ];
                (headers, text).into_response()
            }
            Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")).into_response(),
        })
    };
    with_store(&workbench, export).await
}

/// Reads the kind of file, the other runs and the warm-up.
#[expect(clippy::result_large_err, reason = "the answer of a handler")]
fn exported(fields: Vec<(String, String)>) -> Result<(Document, Vec<String>, Duration), Response> {
    let (mut kind, mut what, mut with, mut skip) = (String::new(), "series".to_owned(), Vec::new(), None);
    for (name, value) in fields {
        match name.as_str() {
            "as" => kind = value,
            "what" => what = value,
            "with" if !value.is_empty() => with.push(value),
            "skip" => skip = Some(value),
            _ => {}
        }
    }
    let table = match what.as_str() {
        "series" => Table::Series,
        "percentiles" => Table::Percentiles,
        "histogram" => Table::Histogram,
        _ => return Err(unknown("what", &what, "series, percentiles or histogram")),
    };
    let document = match kind.as_str() {
        "html" => Document::Html,
        "svg" => Document::Svg,
        "csv" => Document::Csv(table),
        "json" => Document::Json,
        _ => return Err(unknown("as", &kind, "html, svg, csv or json")),
    };
    Ok((document, with, Skip { skip }.length()?))
}

fn unknown(field: &str, value: &str, allowed: &str) -> Response {
    let said = format!("a run cannot be exported with {field}={}: {allowed}\n", clean::line(value));
    (StatusCode::BAD_REQUEST, said).into_response()
}

#[derive(Debug, Deserialize)]
struct Name {
    /// Without a name, the present one is removed.
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
    /// See [`Skip`].
    skip: Option<String>,
}

/// Compares two runs, whole or without their first seconds.
async fn compared(State(workbench): State<Arc<Workbench>>, Query(pair): Query<Pair>) -> Response {
    let Pair { a, b, skip } = pair;
    let skip = match (Skip { skip }).length() {
        Ok(skip) => skip,
        Err(refusal) => return refusal,
    };
    let compared = move |store: &Store| {
        let [a, b] = [store.load(&a)?, store.load(&b)?].map(|run| without_first(&run, skip));
        Ok(Json(compare(&a, &b)).into_response())
    };
    with_store(&workbench, compared).await
}

/// Reads and writes files on a blocking thread.
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

/// A malformed reference is a bad request; a well-formed one may not be found.
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
