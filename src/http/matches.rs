//! The matches lab over HTTP: its figures, the orders of an operator, and the watchers.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/matches` | lists the matches, the settings, the ladder and the connections |
//! | `POST /api/matches` | adds the next sample match |
//! | `GET /api/matches/watch?match=ID&user=NAME&since=N` | watches: a WebSocket, or server-sent events |
//! | `GET /api/matches/ID` | shows all figures of a match |
//! | `GET /api/matches/ID/history` | lists its events |
//! | `GET /api/matches/ID/socket` | WebSocket: the figures as they change |
//! | `POST /api/matches/ID/play?rate=2&seed=1&events=300` | plays it by itself, or changes the rate |
//! | `POST /api/matches/ID/pause`, `/stop`, `/again` | pauses the play, ends the match, begins a new one |
//! | `POST /api/matches/ID/event?kind=goal&side=home&player=9` | applies one event |
//! | `POST /api/matches/ID/crash?part=dispatcher` | makes a part crash |
//! | `POST /api/matches/rung?rung=5&n=10000` | notes what was measured on a rung of the ladder |
//! | `POST /api/matches/reset` | zeroes counters and curves |

mod command;
mod connections;
mod orders;
mod socket;
mod sse;
#[cfg(test)]
mod tests;
mod watch;
mod ws;

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::orders::EventParameters;
use crate::lab::Lab;
use crate::lab::matches::{
    LiveMatch, MatchesLab, OrderError, Past, PlayPlan, RungResult, Transport, Transports,
};
use crate::workbench::Workbench;

/// Returns the transports over which this face serves watchers, for
/// [`MatchesLab::start`].
#[must_use]
pub fn match_transports() -> Transports {
    let ws: Arc<dyn Transport> = Arc::new(ws::WebSockets);
    vec![ws, Arc::new(sse::ServerSentEvents)]
}

/// The places of the transports in that list.
const WS: usize = 0;
const SSE: usize = 1;

type Matches = Arc<MatchesLab>;

/// Returns the routes.
pub(super) fn routes(workbench: &Arc<Workbench>, matches: &Arc<MatchesLab>) -> Router {
    Router::new()
        .route("/api/matches", get(list).post(add))
        .route("/api/matches/rung", post(rung))
        .route("/api/matches/reset", post(reset))
        .route("/api/matches/{id}", get(show))
        .route("/api/matches/{id}/history", get(history))
        .route("/api/matches/{id}/play", post(play))
        .route("/api/matches/{id}/pause", post(pause))
        .route("/api/matches/{id}/stop", post(stop))
        .route("/api/matches/{id}/again", post(again))
        .route("/api/matches/{id}/event", post(event))
        .route("/api/matches/{id}/crash", post(crash))
        .with_state(Arc::clone(matches))
        .merge(watch::routes(workbench, matches))
        .merge(socket::routes(matches))
}

async fn list(State(matches): State<Matches>) -> Response {
    fresh(matches.snapshot())
}

async fn add(State(matches): State<Matches>) -> Response {
    match matches.add() {
        Ok(added) => Json(json!({ "id": added.id() })).into_response(),
        Err(error) => (StatusCode::CONFLICT, format!("{error}\n")).into_response(),
    }
}

async fn show(State(matches): State<Matches>, Path(id): Path<String>) -> Response {
    match matches.snapshot_since(&id, 0) {
        Some(figures) => fresh(figures),
        None => no_match(&matches, &id),
    }
}

/// An event of the history, with its number.
#[derive(Serialize)]
struct Numbered {
    seq: usize,
    #[serde(flatten)]
    past: Past,
}

async fn history(State(matches): State<Matches>, Path(id): Path<String>) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    let events = found.history().into_iter().enumerate();
    let events: Vec<_> = events.map(|(seq, past)| Numbered { seq, past }).collect();
    fresh(json!({ "events": events }))
}

#[derive(Debug, Deserialize)]
struct Play {
    rate: Option<String>,
    seed: Option<String>,
    events: Option<String>,
}

async fn play(
    State(matches): State<Matches>,
    Path(id): Path<String>,
    Query(Play { rate, seed, events }): Query<Play>,
) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    let default = PlayPlan::default();
    let plan = || {
        Ok::<_, String>(PlayPlan {
            rate: orders::number("rate", rate.as_deref(), "events per second")?.unwrap_or(default.rate),
            seed: orders::number("seed", seed.as_deref(), "a whole number")?.unwrap_or(default.seed),
            events: orders::number("events", events.as_deref(), "a whole number")?
                .unwrap_or(default.events),
        })
    };
    match plan() {
        Ok(plan) => done(found.play(plan).await),
        Err(why) => bad(why),
    }
}

async fn pause(State(matches): State<Matches>, Path(id): Path<String>) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    done(found.pause().await)
}

async fn stop(State(matches): State<Matches>, Path(id): Path<String>) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    done(found.stop().await)
}

async fn again(State(matches): State<Matches>, Path(id): Path<String>) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    done(found.again().await)
}

/// Applies an event, and answers with it.
async fn event(
    State(matches): State<Matches>,
    Path(id): Path<String>,
    Query(parameters): Query<EventParameters>,
) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    let event = match parameters.event(found.state().minute) {
        Ok(event) => event,
        Err(why) => return bad(why),
    };
    match found.apply(event).await {
        Ok(recorded) => {
            let (seq, score) = (recorded.seq, recorded.state.score);
            let past = Past { event: recorded.event, text: recorded.text };
            let numbered = Numbered { seq: usize::try_from(seq).unwrap_or(usize::MAX), past };
            let mut answer = json!(numbered);
            answer["score"] = json!(score);
            Json(answer).into_response()
        }
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Part {
    part: Option<String>,
}

async fn crash(
    State(matches): State<Matches>,
    Path(id): Path<String>,
    Query(Part { part }): Query<Part>,
) -> Response {
    let Some(found) = matches.find(&id) else { return no_match(&matches, &id) };
    match part {
        Some(part) => done(found.crash(&part)),
        None => bad("part is missing; expected dispatcher, or a shard such as shard-0"),
    }
}

#[derive(Debug, Deserialize)]
struct Measured {
    rung: Option<String>,
    n: Option<String>,
    c: Option<String>,
    art_ms: Option<String>,
    last_ms: Option<String>,
    kb: Option<String>,
    run: Option<String>,
}

async fn rung(State(matches): State<Matches>, Query(measured): Query<Measured>) -> Response {
    let figure = |name, text: &Option<String>| {
        orders::number::<f64>(name, text.as_deref(), "a figure, such as 12.5")
    };
    let result = || {
        Ok::<_, String>(RungResult {
            rung: orders::number("rung", measured.rung.as_deref(), "a whole number")?
                .ok_or("rung is missing; expected the number of a rung")?,
            n: figure("n", &measured.n)?,
            c: figure("c", &measured.c)?,
            art_ms: figure("art_ms", &measured.art_ms)?,
            last_ms: figure("last_ms", &measured.last_ms)?,
            kb: figure("kb", &measured.kb)?,
            run: measured.run.clone(),
        })
    };
    match result().map(|result| matches.note_rung(result)) {
        Ok(Ok(())) => "OK".into_response(),
        Ok(Err(error)) => bad(error.to_string()),
        Err(why) => bad(why),
    }
}

async fn reset(State(matches): State<Matches>) -> &'static str {
    matches.reset();
    "OK"
}

/// Answers with figures, which no cache may keep.
fn fresh(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn done(result: Result<(), OrderError>) -> Response {
    match result {
        Ok(()) => "OK".into_response(),
        Err(error) => refused(&error),
    }
}

/// Answers with the reason in one line.
fn refused(error: &OrderError) -> Response {
    let status = match error {
        OrderError::Rate(_) => StatusCode::BAD_REQUEST,
        OrderError::NoPart { .. } => StatusCode::NOT_FOUND,
        OrderError::ShuttingDown | OrderError::Away { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    };
    (status, format!("{error}\n")).into_response()
}

fn bad(message: impl AsRef<str>) -> Response {
    (StatusCode::BAD_REQUEST, format!("{}\n", message.as_ref())).into_response()
}

fn no_match(matches: &MatchesLab, id: &str) -> Response {
    let id: String = id.chars().take(command::LONGEST_NAME).collect();
    let message = format!("there is no match {id:?}; matches: {}\n", known(matches));
    (StatusCode::NOT_FOUND, message).into_response()
}

/// The ids of the matches, at most ten.
fn known(matches: &MatchesLab) -> String {
    let all: Vec<Arc<LiveMatch>> = matches.matches();
    let ids: Vec<&str> = all.iter().take(10).map(|found| found.id()).collect();
    let more = if all.len() > ids.len() { ", …" } else { "" };
    format!("{}{more}", ids.join(", "))
}
