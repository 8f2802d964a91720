//! The jobs lab over HTTP: its figures, and the orders of an operator.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/jobs` | shows all figures |
//! | `GET /api/jobs/ID?calls=50&for_ms=1000` | shows the stack of a job, and traces its calls |
//! | `GET /api/jobs/code` | shows the running code, and the text of the file |
//! | `GET /api/jobs/history` | lists the versions of the code |
//! | `GET /api/jobs/names` | lists the names of jobs, with the node that owns each |
//! | `POST /api/jobs/names/NAME` | registers a name at this node |
//! | `POST /api/jobs/names/NAME/call?n=13` | runs a job at the node that owns the name, and waits for its answer |
//! | `DELETE /api/jobs/names/NAME` | removes a name |
//! | `GET /api/jobs/socket` | WebSocket: the figures as they change, submissions and answers |
//! | `POST /api/jobs/submit?n=13&wait=true` | submits a job, and waits for its answer |
//! | `POST /api/jobs/ID/kill` | kills a job |
//! | `POST /api/jobs/load?workers=10000&rate=1&fail_share=0.02` | changes the load |
//! | `POST /api/jobs/rehearse?file=PATH` | tries the watched file on the latest inputs |
//! | `POST /api/jobs/swap?unrehearsed=true&file=PATH` | makes new jobs run the rehearsed code |
//! | `POST /api/jobs/back` | makes new jobs run the former version again |
//! | `POST /api/jobs/reset` | stops the load; zeroes counters and curves |

mod feed;
mod names;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_job_wasm::jobs::{Jobs, Refusal};

use super::access::Access;
use crate::config::{ConfigError, assignment};
use crate::lab::Lab;
use crate::lab::jobs::{By, JobsError, JobsLab};
use crate::workbench::{ChangeError, Workbench};

type Both = (Arc<Workbench>, Arc<JobsLab>);

/// Returns the routes.
pub(super) fn routes(workbench: &Arc<Workbench>, access: &Arc<Access>, jobs: &Arc<JobsLab>) -> Router {
    Router::new()
        .route("/api/jobs", get(show))
        .route("/api/jobs/code", get(code))
        .route("/api/jobs/history", get(history))
        .route("/api/jobs/submit", post(submit))
        .route("/api/jobs/load", post(load))
        .route("/api/jobs/rehearse", post(rehearse))
        .route("/api/jobs/swap", post(swap))
        .route("/api/jobs/back", post(back))
        .route("/api/jobs/reset", post(reset))
        .route("/api/jobs/{id}", get(inspect))
        .route("/api/jobs/{id}/kill", post(kill))
        .with_state((Arc::clone(workbench), Arc::clone(jobs)))
        .merge(names::routes(jobs))
        .merge(socket::routes(workbench, access, jobs))
}

async fn show(State((_, jobs)): State<Both>) -> Response {
    fresh(jobs.snapshot_since(0))
}

async fn code(State((_, jobs)): State<Both>) -> Response {
    fresh(jobs.code())
}

async fn history(State((_, jobs)): State<Both>) -> Response {
    fresh(jobs.versions())
}

#[derive(Debug, Deserialize)]
struct Wanted {
    calls: Option<String>,
    for_ms: Option<String>,
}

/// Shows the stack of a job, and traces its calls.
async fn inspect(
    State((_, jobs)): State<Both>,
    Path(id): Path<String>,
    Query(Wanted { calls, for_ms }): Query<Wanted>,
) -> Response {
    let Some(id) = job_id(&id) else { return no_job(&id) };
    let number = |text: Option<String>, default: u64| match text {
        None => Ok(default),
        Some(text) => text.parse::<u64>().map_err(|_| text),
    };
    let (calls, for_ms) = match (number(calls, Jobs::MAX_CALLS.into()), number(for_ms, 1_000)) {
        (Ok(calls), Ok(for_ms)) => (u32::try_from(calls).unwrap_or(u32::MAX), for_ms),
        (Err(text), _) => return bad(&format!("calls = {text:?}, expected a whole number from 0 to 50")),
        (_, Err(text)) => {
            return bad(&format!("for_ms = {text:?}, expected a whole number from 0 to 1000"));
        }
    };
    match jobs.inspect(id, calls, Duration::from_millis(for_ms)).await {
        Ok(inspection) => fresh(inspection),
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Submit {
    n: String,
    #[serde(default)]
    wait: bool,
}

/// Submits a job. Waits for its answer on request.
async fn submit(State((_, jobs)): State<Both>, Query(Submit { n, wait }): Query<Submit>) -> Response {
    let submitted = jobs.read_input(&n).and_then(|input| jobs.submit(input, By::You));
    match submitted {
        Ok(submission) if wait => Json(submission.await).into_response(),
        Ok(submission) => (StatusCode::ACCEPTED, Json(json!({ "id": submission.id }))).into_response(),
        Err(error) => refused(&error),
    }
}

async fn kill(State((_, jobs)): State<Both>, Path(id): Path<String>) -> Response {
    let Some(id) = job_id(&id) else { return no_job(&id) };
    match jobs.kill(id).await {
        Ok(killed) => Json(killed).into_response(),
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Load {
    workers: Option<String>,
    rate: Option<String>,
    fail_share: Option<String>,
}

/// Changes the load until the next edit of the file.
async fn load(State((workbench, _)): State<Both>, Query(load): Query<Load>) -> Response {
    let keys = [("workers", load.workers), ("rate", load.rate), ("fail_share", load.fail_share)];
    let written = |(key, value): (&str, Option<String>)| assignment(&format!("jobs.load.{key}={}", value?));
    let toml: Vec<String> = keys.into_iter().filter_map(written).collect();
    if toml.is_empty() {
        return bad("nothing to change: expected workers, rate or fail_share");
    }
    changed(&workbench, &toml.join("\n")).await
}

#[derive(Debug, Deserialize)]
struct File {
    file: Option<String>,
}

async fn rehearse(State((_, jobs)): State<Both>, Query(File { file }): Query<File>) -> Response {
    match jobs.rehearse(file.as_deref()).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
struct SwapIn {
    #[serde(default)]
    unrehearsed: bool,
    file: Option<String>,
}

/// Makes new jobs run the code that was rehearsed last, or a file without a rehearsal.
async fn swap(
    State((_, jobs)): State<Both>,
    Query(SwapIn { unrehearsed, file }): Query<SwapIn>,
) -> Response {
    if file.is_some() && !unrehearsed {
        return bad("rehearse the file first, or swap it in with unrehearsed=true");
    }
    let swapped = if unrehearsed {
        // Compiling takes a while for large code.
        let jobs = Arc::clone(&jobs);
        let swapped = tokio::task::spawn_blocking(move || jobs.swap_unrehearsed(file.as_deref())).await;
        swapped.unwrap_or_else(|error| Err(JobsError::Code(error.to_string())))
    } else {
        jobs.swap()
    };
    version(swapped)
}

async fn back(State((_, jobs)): State<Both>) -> Response {
    version(jobs.back())
}

/// Stops the load, and zeroes counters and curves.
async fn reset(State((workbench, jobs)): State<Both>) -> Response {
    if workbench.settings().jobs.load.workers > 0 {
        let answer = changed(&workbench, "jobs.load.workers = 0").await;
        if !answer.status().is_success() {
            return answer;
        }
    }
    jobs.reset();
    "OK".into_response()
}

async fn changed(workbench: &Arc<Workbench>, toml: &str) -> Response {
    match workbench.make_change(toml, false).await {
        Ok(_) => "OK".into_response(),
        Err(ChangeError::Invalid(ConfigError::Invalid(problems))) => {
            bad(problems.first().map_or("invalid", |problem| &problem.message))
        }
        Err(error) => (StatusCode::CONFLICT, format!("{error}\n")).into_response(),
    }
}

fn version(swapped: Result<u32, JobsError>) -> Response {
    match swapped {
        Ok(version) => Json(json!({ "version": version })).into_response(),
        Err(error) => refused(&error),
    }
}

/// Answers with figures, which no cache may keep.
fn fresh(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn bad(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{message}\n")).into_response()
}

/// The id of a job, in digits only.
fn job_id(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn no_job(id: &str) -> Response {
    let id: String = id.chars().take(30).collect();
    (StatusCode::NOT_FOUND, format!("there is no job {id:?}: an id is a whole number\n")).into_response()
}

/// Answers with the reason in one line.
fn refused(error: &JobsError) -> Response {
    let status = match error {
        JobsError::Refused(_) | JobsError::Registry(_) => StatusCode::SERVICE_UNAVAILABLE,
        JobsError::Order(Refusal::NoSuchJob { .. }) | JobsError::NoName { .. } => StatusCode::NOT_FOUND,
        JobsError::Order(Refusal::Ended { .. }) => StatusCode::GONE,
        JobsError::Order(Refusal::NotInterruptible { .. } | Refusal::NoFormerVersion)
        | JobsError::NoAnswer { .. }
        | JobsError::Taken { .. }
        | JobsError::Swap(_) => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, format!("{error}\n")).into_response()
}
