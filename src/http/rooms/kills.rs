//! Kills of processes, and the dead letters.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_parts::rooms::{Kill, Part, Position};

use super::answers::{Wrong, fresh, read, short};
use super::{Rooms, find};

const EXAMPLE: &str = "{\"what\":\"room\"}, with room, backup, both or history";
const ANY: &str = "{\"what\":\"registry\"} or {\"what\":\"random\",\"prefix\":\"r-\"}";

/// What a client wants to kill.
#[derive(Debug, Deserialize)]
struct What {
    what: String,
    /// With `random`: the beginning of the rooms' names, and the process.
    #[serde(default)]
    prefix: String,
    part: Option<String>,
}

/// A kill, and its repair.
#[derive(Debug, Serialize)]
struct Report<'a> {
    name: &'a str,
    what: String,
    /// The position at which the room goes on.
    life: u64,
    n: u64,
    /// The number of acknowledged updates that are lost.
    lost: u64,
    /// The first and the last of them.
    from: Option<u64>,
    to: Option<u64>,
    /// The number of the last acknowledged update.
    acked: u64,
    backed: Option<u64>,
    down_ms: f64,
}

impl<'a> Report<'a> {
    fn of(name: &'a str, kill: &Kill) -> Self {
        let Position { life, n } = kill.resumed;
        Self {
            name,
            what: kill.part.to_string(),
            life,
            n,
            lost: kill.lost_updates,
            from: kill.lost.map(|(from, _)| from),
            to: kill.lost.map(|(_, to)| to),
            acked: kill.acknowledged.n,
            backed: kill.backed.map(|backed| backed.n),
            down_ms: (kill.down.as_secs_f64() * 1e6).round() / 1e3,
        }
    }
}

fn part(word: &str) -> Result<Part, Wrong> {
    match word {
        "room" => Ok(Part::Room),
        "backup" => Ok(Part::Backup),
        "both" => Ok(Part::Both),
        "history" => Ok(Part::History),
        other => {
            let message = format!("what = {:?}, expected room, backup, both or history", short(other));
            Err(Wrong::bad("bad_part", message))
        }
    }
}

/// Kills a process of a room, and answers after the repair.
pub(super) async fn kill(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    let What { what, .. } = read(&body, EXAMPLE)?;
    match rooms.kill(&room, part(&what)?).await {
        Ok(kill) => Ok(Json(Report::of(&name, &kill)).into_response()),
        Err(_) => Err(Wrong::no_room(&name)),
    }
}

/// Kills the registry, or a process of one of many rooms.
pub(super) async fn kill_any(State(rooms): State<Rooms>, body: Bytes) -> Result<Response, Wrong> {
    let asked: What = read(&body, ANY)?;
    match asked.what.as_str() {
        "registry" => {
            rooms.kill_registry();
            let registry = rooms.house().registry();
            let answer =
                json!({ "what": "registry", "names": registry.names, "restarts": registry.restarts });
            Ok(Json(answer).into_response())
        }
        "random" => {
            let part = part(asked.part.as_deref().unwrap_or("room"))?;
            match rooms.kill_random(&asked.prefix, part).await {
                Some((room, kill)) => Ok(Json(Report::of(room.name(), &kill)).into_response()),
                None => Err(Wrong::no_room(&format!("{}…", asked.prefix))),
            }
        }
        other => {
            let message = format!("what = {:?}, expected registry or random", short(other));
            Err(Wrong::bad("bad_part", message))
        }
    }
}

/// A move that was given up.
#[derive(Debug, Serialize)]
struct Letter {
    ago_ms: u64,
    room: String,
    command: String,
    panic: String,
    attempts: u32,
}

/// Lists the dead letters, newest first.
pub(super) async fn dead(State(rooms): State<Rooms>) -> Response {
    let letters = rooms.house().dead_letters().into_iter();
    let letters: Vec<Letter> = letters
        .map(|letter| Letter {
            ago_ms: u64::try_from(letter.at.elapsed().as_millis()).unwrap_or(u64::MAX),
            room: letter.room.to_string(),
            command: letter.command,
            panic: letter.panic,
            attempts: letter.attempts,
        })
        .collect();
    fresh(json!({ "dead": letters }))
}
