//! The HTTP face: the three endpoints, the page, and the numbers as JSON and
//! Prometheus text.
//!
//! [`router`] builds it all; tests call it without a socket. [`serve`] brings it
//! to a listener.

mod endpoints;
mod live;
mod loads;
mod page;
mod runs;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;

use crate::workbench::Workbench;

pub use server::serve;

/// Every route of the workbench. Its page cannot start loads, as nobody knows
/// where it will be served.
pub fn router(workbench: Arc<Workbench>) -> Router {
    router_at(workbench, None)
}

/// Every route of the workbench, to be served at `address`.
pub fn router_at(workbench: Arc<Workbench>, address: Option<SocketAddr>) -> Router {
    Router::new()
        .merge(page::routes())
        .merge(runs::routes())
        .route("/healthz", get(healthz).post(healthz))
        .route("/metrics", get(metrics))
        .route("/api/snapshot", get(live::snapshot))
        .route("/api/history", get(live::history))
        .route("/api/live", get(live::live))
        .route("/api/reset", post(reset))
        .route("/api/curves", get(curves))
        .route("/api/concurrency", post(concurrency))
        .route("/api/pause", post(pause))
        .route("/api/resume", post(resume))
        .route("/api/purge", post(purge))
        .fallback(any(not_found))
        .with_state(Arc::clone(&workbench))
        .merge(endpoints::routes(&workbench))
        .merge(loads::routes(&workbench, address))
}

/// Says `OK` and does nothing else: what the endpoints are compared with.
async fn healthz() -> &'static str {
    "OK"
}

async fn metrics(State(workbench): State<Arc<Workbench>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, workbench.prometheus()).into_response()
}

async fn reset(State(workbench): State<Arc<Workbench>>, _: SameOrigin) -> &'static str {
    workbench.reset();
    "OK"
}

async fn curves(State(workbench): State<Arc<Workbench>>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(workbench.curves())).into_response()
}

#[derive(Debug, Deserialize)]
struct Value {
    value: String,
}

/// Changes the concurrency until the file is edited.
async fn concurrency(
    State(workbench): State<Arc<Workbench>>,
    Query(Value { value }): Query<Value>,
    _: SameOrigin,
) -> Response {
    match workbench.set("consumers.concurrency", &value).await {
        Ok(_) => "OK".into_response(),
        // On the command line it would have been a flag.
        Err(error) => {
            let message = error.to_string();
            let message = message.trim_start_matches("--set ");
            (StatusCode::BAD_REQUEST, format!("{message}\n")).into_response()
        }
    }
}

async fn pause(State(workbench): State<Arc<Workbench>>, _: SameOrigin) -> &'static str {
    workbench.pause().await;
    "OK"
}

async fn resume(State(workbench): State<Arc<Workbench>>, _: SameOrigin) -> &'static str {
    workbench.resume();
    "OK"
}

/// Empties the queue. Says how many events were dropped, and how many had left it.
async fn purge(State(workbench): State<Arc<Workbench>>, _: SameOrigin) -> Response {
    Json(workbench.purge()).into_response()
}

/// A request that may change something: not one from another site's page.
pub(crate) struct SameOrigin;

impl<S: Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        if is_same_origin(&parts.headers) {
            Ok(Self)
        } else {
            Err((StatusCode::FORBIDDEN, "refused: this request comes from another site's page\n"))
        }
    }
}

/// Browsers say where a request comes from; programs say nothing.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (headers.get(header::ORIGIN), text("host")) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.as_bytes() == format!("http://{host}").as_bytes(),
        (Some(_), None) => false,
    }
}

async fn not_found(uri: Uri) -> Response {
    let message = format!(
        "there is nothing at {}\n\n\
         the page            /\n\
         the exercises       /exercises  /api/exercises\n\
         use the resource    /serial  /async  /pipelined   (GET or POST)\n\
         the same, by their\n\
         workshop names      /part1/serial  /part1/async  /part2/genstage\n\
         numbers             /api/snapshot  /api/live  /api/history  /api/curves  /metrics\n\
         runs                /api/runs  /api/runs/RUN  /api/compare?a=RUN&b=RUN\n\
         zero them           POST /api/reset\n\
         hold the pipeline   POST /api/pause  /api/resume\n\
         empty the queue     POST /api/purge\n\
         change it           POST /api/concurrency?value=3\n\
         make load           POST /api/load/start?mode=serial&clients=50&requests=1000\n\
         say OK              /healthz\n",
        uri.path()
    );
    (StatusCode::NOT_FOUND, message).into_response()
}
