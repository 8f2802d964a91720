//! The tree of components over HTTP: shows it, and kills, restarts, pauses and resumes its
//! stages and workers.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::workbench::{Order, OrderError, OrderReport, Workbench};

pub(super) fn routes() -> Router<Arc<Workbench>> {
    Router::new()
        .route("/api/components", get(tree))
        .route("/api/components/{component}/kill", post(kill))
        .route("/api/components/{component}/restart", post(restart))
        .route("/api/components/{component}/pause", post(pause))
        .route("/api/components/{component}/resume", post(resume))
        .route("/api/components/{component}/workers/{worker}/kill", post(kill_worker))
}

async fn tree(State(workbench): State<Arc<Workbench>>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.component_tree().await)).into_response()
}

async fn kill(State(workbench): State<Arc<Workbench>>, Path(component): Path<String>) -> Response {
    reported(workbench.order(&component, Order::Kill).await)
}

async fn restart(State(workbench): State<Arc<Workbench>>, Path(component): Path<String>) -> Response {
    reported(workbench.order(&component, Order::Restart).await)
}

async fn kill_worker(
    State(workbench): State<Arc<Workbench>>,
    Path((component, worker)): Path<(String, String)>,
) -> Response {
    reported(workbench.kill_worker(&component, &worker).await)
}

async fn pause(State(workbench): State<Arc<Workbench>>, Path(component): Path<String>) -> Response {
    paused(&workbench, &component, true).await
}

async fn resume(State(workbench): State<Arc<Workbench>>, Path(component): Path<String>) -> Response {
    paused(&workbench, &component, false).await
}

async fn paused(workbench: &Workbench, component: &str, paused: bool) -> Response {
    match workbench.pause_component(component, paused).await {
        Ok(said) => Json(json!({ "component": component, "paused": paused, "said": said })).into_response(),
        Err(error) => refused(&error),
    }
}

/// Answers with what the order cost, or why it was not carried out.
fn reported(report: Result<OrderReport, OrderError>) -> Response {
    match report {
        Ok(report) => Json(report).into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &OrderError) -> Response {
    let status = match error {
        OrderError::NoComponent(_) | OrderError::NoWorker { .. } => StatusCode::NOT_FOUND,
        OrderError::Draining | OrderError::GivenUp => StatusCode::CONFLICT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, format!("{error}\n")).into_response()
}
