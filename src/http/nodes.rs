//! The list of nodes over HTTP: `GET /api/nodes`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use super::{Access, reachable};
use crate::nodes;
use crate::workbench::Workbench;

#[derive(Debug, Clone)]
struct Here {
    workbench: Arc<Workbench>,
    name: Arc<str>,
    url: Arc<str>,
}

/// Returns the route.
pub(super) fn routes(workbench: &Arc<Workbench>, access: &Access) -> Router {
    let server = workbench.settings().server;
    let listen = access.listen.unwrap_or(server.listen);
    let here = Here {
        workbench: Arc::clone(workbench),
        name: nodes::name(&server, listen).into(),
        url: format!("http://{}", reachable(listen)).into(),
    };
    Router::new().route("/api/nodes", get(list)).with_state(here)
}

async fn list(State(Here { workbench, name, url }): State<Here>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.nodes_report(&name, &url))).into_response()
}
