//! The names of jobs over HTTP. A call or a removal is passed on to the node that owns the name.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::super::forward;
use super::{fresh, refused};
use crate::lab::jobs::JobsLab;

type Jobs = Arc<JobsLab>;

pub(super) fn routes(jobs: &Jobs) -> Router {
    let passed_on = Router::new()
        .route("/api/jobs/names/{name}/call", post(call))
        .route("/api/jobs/names/{name}", axum::routing::delete(unregister))
        .layer(from_fn_with_state(Arc::clone(jobs), elsewhere));
    Router::new()
        .route("/api/jobs/names", get(list))
        .route("/api/jobs/names/{name}", post(register))
        .merge(passed_on)
        .with_state(Arc::clone(jobs))
}

async fn list(State(jobs): State<Jobs>) -> Response {
    fresh(json!({ "names": jobs.names() }))
}

async fn register(State(jobs): State<Jobs>, Path(name): Path<String>) -> Response {
    match jobs.register(&name).await {
        Ok(place) => {
            let body = json!({ "name": name, "node": place.node, "generation": place.generation });
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Err(error) => refused(&error),
    }
}

async fn unregister(State(jobs): State<Jobs>, Path(name): Path<String>) -> Response {
    match jobs.unregister(&name).await {
        Ok(()) => "OK".into_response(),
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Called {
    n: String,
}

async fn call(
    State(jobs): State<Jobs>,
    Path(name): Path<String>,
    Query(Called { n }): Query<Called>,
) -> Response {
    match jobs.read_input(&n) {
        Ok(input) => match jobs.call(&name, input).await {
            Ok(called) => Json(called).into_response(),
            Err(error) => refused(&error),
        },
        Err(error) => refused(&error),
    }
}

/// Passes a request on to the node that owns the name. A job may take as long as it likes, so the
/// wait ends only with the answer, the connection, or a new owner.
async fn elsewhere(
    State(jobs): State<Jobs>,
    Path(name): Path<String>,
    request: Request,
    next: Next,
) -> Response {
    let Some(place) = jobs.place(&name).filter(|place| !place.is_here) else {
        return next.run(request).await;
    };
    let (node, unavailable) = (&place.node, StatusCode::SERVICE_UNAVAILABLE);
    if forward::is_forwarded(&request) {
        let message = format!("{name} is on its way to the node {node}; try again\n");
        return (unavailable, message).into_response();
    }
    match forward::forward(&place, request, None, || jobs.place(&name)).await {
        Some(response) => response,
        None => {
            let message = format!(
                "the node {node} owns {name} and does not answer; another node takes it over soon: try again\n"
            );
            (unavailable, message).into_response()
        }
    }
}
