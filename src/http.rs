//! The HTTP face: the three endpoints, the page, and the figures as JSON and Prometheus
//! text.
//!
//! [`router`] builds the routes; tests call it without a socket. [`serve`] serves them on
//! a listener.

mod access;
mod base64;
mod components;
mod config;
mod encoding;
mod endpoints;
mod feed;
mod forward;
mod headers;
mod jobs;
mod listener;
mod live;
mod loads;
mod matches;
mod nodes;
mod page;
mod page_files;
mod queue;
mod rooms;
mod runs;
mod server;
mod socket;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;

use crate::lab::jobs::JobsLab;
use crate::lab::matches::MatchesLab;
use crate::lab::rooms::RoomsLab;
use crate::workbench::Workbench;

pub use access::{Access, guarded, reachable};
pub use listener::{listen, listen_shared};
pub use matches::match_transports;
pub use queue::DeadLetter;
pub use rooms::RoomFrames;
pub use server::{
    ConnectionCounts, Limits, Place, TakenSocket, Takeover, endless, serve, serve_counted, serve_within,
};
pub use socket::{CloseCode, Handshake, Message, MessageLimits, Step, WebSocket, text_frame};

/// Returns all routes of the workbench, for an unknown address. The page cannot start
/// loads, and has no token to change anything.
pub fn router(workbench: Arc<Workbench>) -> Router {
    router_for(&workbench, &Arc::new(Access::default()))
}

/// Returns all routes of the workbench, with their access rules.
pub fn router_for(workbench: &Arc<Workbench>, access: &Arc<Access>) -> Router {
    routes(workbench, access, Router::new())
}

/// Like [`router_for`], with the routes of the jobs lab.
pub fn router_with_jobs(workbench: &Arc<Workbench>, access: &Arc<Access>, jobs: &Arc<JobsLab>) -> Router {
    routes(workbench, access, jobs::routes(workbench, access, jobs))
}

/// Like [`router_for`], with the routes of all labs.
pub fn router_with_labs(
    workbench: &Arc<Workbench>,
    access: &Arc<Access>,
    jobs: &Arc<JobsLab>,
    matches: &Arc<MatchesLab>,
    rooms: &Arc<RoomsLab>,
) -> Router {
    let labs = jobs::routes(workbench, access, jobs)
        .merge(matches::routes(workbench, matches))
        .merge(rooms::routes(rooms));
    routes(workbench, access, labs)
}

/// Like [`router_for`], with the routes of the rooms lab.
pub fn router_with_rooms(
    workbench: &Arc<Workbench>,
    access: &Arc<Access>,
    rooms: &Arc<RoomsLab>,
) -> Router {
    routes(workbench, access, rooms::routes(rooms))
}

/// Like [`router_for`], with the routes of the matches lab.
pub fn router_with_matches(
    workbench: &Arc<Workbench>,
    access: &Arc<Access>,
    matches: &Arc<MatchesLab>,
) -> Router {
    routes(workbench, access, matches::routes(workbench, matches))
}

/// Returns all routes, with those of the labs behind the same guard.
fn routes(workbench: &Arc<Workbench>, access: &Arc<Access>, labs: Router) -> Router {
    let routes = Router::new()
        .merge(page::routes(access))
        .merge(runs::routes())
        .merge(config::routes())
        .merge(components::routes())
        .merge(queue::routes())
        .route("/metrics", get(metrics))
        .route("/api/snapshot", get(live::snapshot))
        .route("/api/history", get(live::history))
        .route("/api/reset", post(reset))
        .route("/api/curves", get(curves))
        .route("/api/concurrency", post(concurrency))
        .route("/api/pause", post(pause))
        .route("/api/resume", post(resume))
        .route("/api/purge", post(queue::purge))
        .fallback(any(not_found))
        .with_state(Arc::clone(workbench))
        .merge(live::routes(workbench))
        .merge(loads::routes(workbench, access))
        .merge(nodes::routes(workbench, access))
        .merge(labs);
    let healthz = Router::new().route("/healthz", get(healthz).post(healthz));
    guarded(routes, workbench, access).merge(headers::worded(healthz)).merge(endpoints::routes(workbench))
}

/// Answers `OK` and does nothing else: the baseline for the endpoints.
async fn healthz() -> &'static str {
    "OK"
}

async fn metrics(State(workbench): State<Arc<Workbench>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, workbench.prometheus()).into_response()
}

async fn reset(State(workbench): State<Arc<Workbench>>) -> &'static str {
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

/// Changes the concurrency until the next edit of the file.
async fn concurrency(
    State(workbench): State<Arc<Workbench>>,
    Query(Value { value }): Query<Value>,
) -> Response {
    match workbench.set("consumers.concurrency", &value).await {
        Ok(_) => "OK".into_response(),
        // The message names the flag that would be used on the command line.
        Err(error) => {
            let message = error.to_string();
            let message = message.trim_start_matches("--set ");
            (StatusCode::BAD_REQUEST, format!("{message}\n")).into_response()
        }
    }
}

async fn pause(State(workbench): State<Arc<Workbench>>) -> &'static str {
    workbench.pause().await;
    "OK"
}

/// Resumes both stages, so that nothing stays paused.
async fn resume(State(workbench): State<Arc<Workbench>>) -> &'static str {
    workbench.resume();
    workbench.pause_consumers(false).await;
    "OK"
}

async fn not_found(uri: Uri) -> Response {
    let message = format!(
        "there is nothing at {}\n\n\
         the page            /\n\
         the exercises       /exercises  /api/exercises\n\
         use the resource    /serial  /async  /pipelined   (GET or POST; ?n=5 for jobs)\n\
         the same, by their\n\
         workshop names      /part1/serial  /part1/async  /part2/genstage\n\
         numbers             /api/snapshot  /api/live  /api/history  /api/curves  /metrics\n\
         runs                /api/runs  /api/runs/RUN  /api/compare?a=RUN&b=RUN  (&skip=5s)\n\
         a run as a file     /api/runs/RUN/export?as=html  (svg, csv, json; &with=RUN)\n\
         the components      /api/components\n\
         the nodes           /api/nodes\n\
         keep a stretch      POST /api/runs/keep?from_s=10&to_s=70&name=x\n\
         zero them           POST /api/reset\n\
         hold the pipeline   POST /api/pause  /api/resume\n\
         kill or restart     POST /api/components/NAME/kill  …/restart\n\
         kill one worker     POST /api/components/NAME/workers/ID/kill\n\
         the queue           /api/queue  /api/queue/dead?after=7&most=100\n\
         empty it            POST /api/queue/purge\n\
         dead letters again  POST /api/queue/dead/retry {{\"id\":7}}\n\
         delete them         POST /api/queue/dead/purge\n\
         the consumers       POST /api/concurrency?value=3\n\
         the configuration   /api/config  /api/config/check?toml=queue.capacity=5\n\
         change a key        POST /api/config?toml=queue.capacity=5&write=true\n\
         make load           POST /api/load/start?mode=serial&clients=50&requests=1000\n\
         jobs                /api/jobs  /api/jobs/ID  /api/jobs/code  /api/jobs/history\n\
         jobs, as they run   /api/jobs/socket (WebSocket)\n\
         submit or kill one  POST /api/jobs/submit?n=13  /api/jobs/ID/kill\n\
         load them           POST /api/jobs/load?workers=10000&rate=1&fail_share=0.02\n\
         repair their code   POST /api/jobs/rehearse  /api/jobs/swap  /api/jobs/back\n\
         zero them           POST /api/jobs/reset\n\
         matches             /api/matches  /api/matches/ID  /api/matches/ID/history\n\
         watch one           /api/matches/watch?match=ID&user=NAME (WebSocket, events)\n\
         play or end one     POST /api/matches/ID/play?rate=2  …/pause  …/stop  …/again\n\
         apply an event      POST /api/matches/ID/event?kind=goal&side=home&player=9\n\
         make a part crash   POST /api/matches/ID/crash?part=dispatcher\n\
         zero them           POST /api/matches/reset\n\
         rooms               /api/rooms  /api/rooms/NAME?seat=PLAYER  /api/rooms/dead\n\
         watch one           /api/rooms/NAME/watch?who=NAME (events)\n\
         create, remove one  POST /api/rooms {{\"name\":\"moon\"}}  DELETE /api/rooms/NAME\n\
         make a move         POST /api/rooms/NAME/move {{\"move\":\"join\",\"player\":\"ada\"}}\n\
         what is in it       /api/rooms/NAME/clients  /api/rooms/NAME/history\n\
         kill a process      POST /api/rooms/NAME/kill {{\"what\":\"room\"}}\n\
         play by itself      POST /api/rooms/NAME/play?rate=5  /api/rooms/NAME/pause\n\
         zero them           POST /api/rooms/reset\n\
         say OK              /healthz\n",
        uri.path()
    );
    (StatusCode::NOT_FOUND, message).into_response()
}
