//! The rooms lab over HTTP. Bodies are JSON; an error is `{"error": "taken", "message": "…"}`.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/rooms?from=MS` | shows all figures, with the history from that time on |
//! | `POST /api/rooms` `{"name":"moon"}` | creates a room |
//! | `POST /api/rooms/many` `{"prefix":"r","count":1000}` | creates those of `r-0` to `r-999` that do not exist |
//! | `DELETE /api/rooms?prefix=r-` | removes many rooms |
//! | `GET /api/rooms/NAME?seat=ada` | the figures, with a room and a player's view of it |
//! | `DELETE /api/rooms/NAME` | removes a room with its state |
//! | `POST /api/rooms/NAME/move` | makes a move: `{"move":"join","player":"ada","client":"9f3a","number":7}` |
//! | `GET /api/rooms/NAME/clients`, `/api/rooms/clients?prefix=r-` | which moves of which client are in the state |
//! | `GET /api/rooms/NAME/history?most=200` | lists the newest records of the history |
//! | `GET /api/rooms/NAME/where` | which node has the room |
//! | `GET /api/rooms/NAME/watch?who=ada` | server-sent events: the status, updates, new lives, gaps |
//! | `POST /api/rooms/NAME/kill` `{"what":"room"}` | kills a process, and answers after the repair |
//! | `POST /api/rooms/kill` `{"what":"registry"}` | kills the registry, or a process of a `random` room |
//! | `GET /api/rooms/dead` | lists the dead letters |
//! | `POST /api/rooms/NAME/play?rate=5`, `/pause` | lets players play by themselves |
//! | `POST /api/rooms/play?prefix=r-&rate=5`, `/api/rooms/pause?prefix=r-` | the same in many rooms |
//! | `POST /api/rooms/reset` | zeroes counters and curves |
//! | `GET /api/rooms/socket?room=moon&seat=ada` | WebSocket: the figures four times a second |

mod answers;
mod forward;
mod frames;
mod kills;
mod moves;
mod socket;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use weir_parts::rooms::CreateError;

use self::answers::{Wrong, fresh, read};
use crate::lab::rooms::{NotCreated, NotPlaying, Room, RoomsLab};
use crate::lab::{Lab, NAMES, is_name};

pub use frames::RoomFrames;

type Rooms = Arc<RoomsLab>;

/// The longest body, in bytes.
const BODY: usize = 16 * 1024;

/// The most rooms that one request creates.
const MANY: u64 = 100_000;

/// Names that paths of the lab have already.
const RESERVED: [&str; 8] = ["clients", "dead", "kill", "many", "pause", "play", "reset", "socket"];

/// Returns the routes.
pub(super) fn routes(rooms: &Arc<RoomsLab>) -> Router {
    Router::new()
        .route("/api/rooms", get(list).post(create).delete(remove_all))
        .route("/api/rooms/many", post(create_many))
        .route("/api/rooms/clients", get(moves::clients_of_many))
        .route("/api/rooms/kill", post(kills::kill_any))
        .route("/api/rooms/dead", get(kills::dead))
        .route("/api/rooms/play", post(play_many))
        .route("/api/rooms/pause", post(pause_many))
        .route("/api/rooms/reset", post(reset))
        .route("/api/rooms/socket", get(socket::connect))
        .route("/api/rooms/{name}", get(show).delete(remove))
        .route("/api/rooms/{name}/move", post(moves::act))
        .route("/api/rooms/{name}/clients", get(moves::clients))
        .route("/api/rooms/{name}/history", get(moves::history))
        .route("/api/rooms/{name}/where", get(forward::place))
        .route("/api/rooms/{name}/watch", get(watch::watch))
        .route("/api/rooms/{name}/kill", post(kills::kill))
        .route("/api/rooms/{name}/play", post(play))
        .route("/api/rooms/{name}/pause", post(pause))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(rooms), forward::elsewhere))
        .with_state(Arc::clone(rooms))
}

/// Finds a room.
fn find(rooms: &RoomsLab, name: &str) -> Result<Room, Wrong> {
    rooms.find(name).ok_or_else(|| Wrong::no_room(name))
}

/// The parameters of an address. Numbers are text, so that an error can name what was found.
#[derive(Debug, Default, Deserialize)]
struct Parameters {
    from: Option<String>,
    seat: Option<String>,
    prefix: Option<String>,
    rate: Option<String>,
    most: Option<String>,
}

impl Parameters {
    /// Returns the prefix of names; without one, it is that of all rooms.
    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }
}

async fn list(State(rooms): State<Rooms>, Query(asked): Query<Parameters>) -> Result<Response, Wrong> {
    let from = answers::number("from", asked.from.as_deref(), "milliseconds")?.unwrap_or(0);
    Ok(fresh(rooms.snapshot_of(None, None, from).await))
}

async fn show(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
    Query(asked): Query<Parameters>,
) -> Result<Response, Wrong> {
    find(&rooms, &name)?;
    let from = answers::number("from", asked.from.as_deref(), "milliseconds")?.unwrap_or(0);
    let figures = rooms.snapshot_of(Some(&name), asked.seat.as_deref(), from).await;
    match figures.open {
        Some(_) => Ok(fresh(figures)),
        None => Err(Wrong::no_room(&name)),
    }
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

async fn create(State(rooms): State<Rooms>, body: Bytes) -> Result<Response, Wrong> {
    let Named { name } = read(&body, "{\"name\":\"moon\"}")?;
    check_name(&name)?;
    match rooms.create(&name).await {
        Ok(room) => {
            let answer = json!({ "name": name, "generation": room.generation() });
            Ok((StatusCode::CREATED, Json(answer)).into_response())
        }
        Err(error) => Err(not_created(&name, &error)),
    }
}

#[derive(Debug, Deserialize)]
struct Many {
    prefix: String,
    count: u64,
}

async fn create_many(State(rooms): State<Rooms>, body: Bytes) -> Result<Response, Wrong> {
    let Many { prefix, count } = read(&body, "{\"prefix\":\"r\",\"count\":1000}")?;
    if count > MANY {
        return Err(Wrong::bad("bad_count", format!("count = {count}, expected 0 to {MANY}")));
    }
    check_name(&format!("{prefix}-{count}"))?;
    match rooms.create_many(&prefix, count).await {
        Ok(many) => Ok(Json(json!({ "created": many.created, "existed": many.existed })).into_response()),
        Err(error) => Err(not_created(&prefix, &error)),
    }
}

fn check_name(name: &str) -> Result<(), Wrong> {
    if !is_name(name) {
        return Err(Wrong::bad("bad_name", format!("a name has {NAMES}")));
    }
    if RESERVED.contains(&name) {
        return Err(Wrong::bad("bad_name", format!("{name} is part of an address, choose another name")));
    }
    Ok(())
}

fn not_created(name: &str, error: &NotCreated) -> Wrong {
    match error {
        NotCreated::Here(CreateError::Taken { generation }) => {
            let message = format!("Game exists already: {name} (generation {generation})");
            Wrong::new(StatusCode::CONFLICT, "taken", message)
        }
        NotCreated::Taken(place) => {
            let (node, generation) = (&place.node, place.generation);
            let message =
                format!("Game exists already: {name} (generation {generation}, at the node {node})");
            Wrong::new(StatusCode::CONFLICT, "taken", message)
        }
        NotCreated::Away { .. } => {
            Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "registry_away", error.to_string())
        }
        NotCreated::Here(CreateError::TooMany { max }) => {
            let message = format!("there are {max} rooms, as many as rooms.max_rooms allows");
            Wrong::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message)
        }
        _ => Wrong::shutting_down(),
    }
}

async fn remove(State(rooms): State<Rooms>, Path(name): Path<String>) -> Result<Response, Wrong> {
    match rooms.remove(&name).await {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Wrong::no_room(&name)),
    }
}

async fn remove_all(
    State(rooms): State<Rooms>,
    Query(asked): Query<Parameters>,
) -> Result<Response, Wrong> {
    let Some(prefix) = asked.prefix.filter(|prefix| !prefix.is_empty()) else {
        return Err(Wrong::bad("missing_prefix", "prefix is missing; expected the beginning of names"));
    };
    Ok(Json(json!({ "removed": rooms.remove_all(&prefix).await })).into_response())
}

async fn play(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
    Query(asked): Query<Parameters>,
) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    begin(&rooms, &[room], &asked)
}

async fn play_many(State(rooms): State<Rooms>, Query(asked): Query<Parameters>) -> Result<Response, Wrong> {
    begin(&rooms, &rooms.with_prefix(asked.prefix()), &asked)
}

fn begin(rooms: &RoomsLab, which: &[Room], asked: &Parameters) -> Result<Response, Wrong> {
    let rate = answers::number("rate", asked.rate.as_deref(), "moves per second")?.unwrap_or(1.0);
    match rooms.play(which, rate) {
        Ok(()) => Ok(Json(json!({ "rooms": which.len(), "rate": rate })).into_response()),
        Err(error @ NotPlaying::Rate { .. }) => Err(Wrong::bad("bad_rate", error.to_string())),
        Err(_) => Err(Wrong::shutting_down()),
    }
}

async fn pause(State(rooms): State<Rooms>, Path(name): Path<String>) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    rooms.pause(&[room]);
    Ok(Json(json!({ "rooms": 1 })).into_response())
}

async fn pause_many(State(rooms): State<Rooms>, Query(asked): Query<Parameters>) -> Response {
    let which = rooms.with_prefix(asked.prefix());
    rooms.pause(&which);
    Json(json!({ "rooms": which.len() })).into_response()
}

async fn reset(State(rooms): State<Rooms>) -> &'static str {
    rooms.reset();
    "OK"
}
