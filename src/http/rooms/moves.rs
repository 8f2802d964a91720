//! Moves, and what is in the state: by client, and by the history.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_parts::rooms::{ActError, MoveId, Past};

use super::answers::{Wrong, fresh, number, read};
use super::{Parameters, Rooms, find};
use crate::lab::rooms::{Command, NotMoved, Room, RoomsLab, Village};

/// The records of a history that an answer has, unless it is asked for another number.
const RECORDS: usize = 200;

/// Rooms that are asked for their clients at a time.
const AT_ONCE: usize = 64;

/// A move, and its number from the client.
#[derive(Debug, Deserialize)]
struct Asked {
    client: Option<String>,
    number: Option<u64>,
    #[serde(flatten)]
    command: Command,
}

impl Asked {
    fn id(&self) -> Result<Option<MoveId>, Wrong> {
        match (&self.client, self.number) {
            (None, None) => Ok(None),
            (Some(client), Some(number)) => {
                let client = u64::from_str_radix(client, 16);
                let client = client.map_err(|_| {
                    Wrong::bad("bad_client", "client: expected a number of 64 bits in hexadecimal")
                })?;
                Ok(Some(MoveId { client, number }))
            }
            _ => Err(Wrong::bad("bad_client", "expected client and number, or neither")),
        }
    }
}

/// Makes a move, and answers with its position once it is acknowledged.
pub(super) async fn act(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    let asked: Asked = read(&body, "a move such as {\"move\":\"join\",\"player\":\"ada\"}")?;
    let id = asked.id()?;
    match rooms.act(&room, asked.command, id).await {
        Ok(acknowledged) => {
            let (at, repeated) = (acknowledged.at, acknowledged.repeated);
            Ok(Json(json!({ "life": at.life, "n": at.n, "repeated": repeated })).into_response())
        }
        Err(error) => Err(wrong(&rooms, &name, error)),
    }
}

fn wrong(rooms: &RoomsLab, name: &str, error: NotMoved) -> Wrong {
    let error = match error {
        NotMoved::Act(error) => error,
        NotMoved::Fenced { .. } => return Wrong::new(StatusCode::CONFLICT, "fenced", error.to_string()),
        _ => return Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "log_away", error.to_string()),
    };
    match error {
        ActError::Refused(refused) => Wrong::new(StatusCode::CONFLICT, "refused", refused.to_string()),
        ActError::Poison { attempts, .. } => {
            let message = format!("the room panicked on the move {attempts} times; it is a dead letter");
            Wrong::new(StatusCode::UNPROCESSABLE_ENTITY, "poison", message)
        }
        ActError::Gone if rooms.is_draining() => Wrong::shutting_down(),
        ActError::Gone => Wrong::no_room(name),
        _ => {
            let message = "the move may have been made or not; send it again with its client and number";
            Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "unknown", message)
        }
    }
}

/// The moves of a client in a state.
#[derive(Debug, Serialize)]
struct Client {
    moves: u64,
    last: u64,
    life: u64,
    n: u64,
}

/// The clients of a room.
#[derive(Debug, Serialize)]
struct Clients {
    life: u64,
    n: u64,
    clients: BTreeMap<String, Client>,
}

async fn clients_of(room: &Room) -> Option<Clients> {
    let (at, clients) = room.clients().await.ok()?;
    let client = |(id, moves): (u64, weir_parts::rooms::ClientMoves)| {
        let at = moves.at;
        (format!("{id:x}"), Client { moves: moves.moves, last: moves.last, life: at.life, n: at.n })
    };
    Some(Clients { life: at.life, n: at.n, clients: clients.into_iter().map(client).collect() })
}

pub(super) async fn clients(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    clients_of(&room).await.map(fresh).ok_or_else(|| Wrong::no_room(&name))
}

pub(super) async fn clients_of_many(
    State(rooms): State<Rooms>,
    Query(asked): Query<Parameters>,
) -> Response {
    let which = rooms.with_prefix(asked.prefix());
    let asking =
        which.into_iter().map(|room| async move { (room.name().to_string(), clients_of(&room).await) });
    let all: Vec<_> = stream::iter(asking).buffer_unordered(AT_ONCE).collect().await;
    // A room that was removed meanwhile has no clients.
    let found: BTreeMap<String, Clients> =
        all.into_iter().filter_map(|(name, clients)| Some((name, clients?))).collect();
    fresh(json!({ "rooms": found }))
}

/// A record of a history.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Entry {
    Update { life: u64, n: u64, text: String },
    Gap { life: u64, from: u64, to: u64 },
    Resumed { life: u64, n: u64 },
}

pub(super) async fn history(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
    Query(asked): Query<Parameters>,
) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    let most = number("most", asked.most.as_deref(), "a whole number")?.unwrap_or(RECORDS);
    let all = room.history();
    let entry = |past: &Past<Village>| match past {
        Past::Update { at, event } => Entry::Update { life: at.life, n: at.n, text: Village::text(event) },
        Past::Gap { life, from, to } => Entry::Gap { life: *life, from: *from, to: *to },
        Past::Resumed { at } => Entry::Resumed { life: at.life, n: at.n },
    };
    let entries: Vec<Entry> = all[all.len().saturating_sub(most)..].iter().map(entry).collect();
    Ok(fresh(json!({ "entries": entries })))
}
