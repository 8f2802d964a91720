//! The queue over HTTP: what a 202 means, where the events are, and the dead letters.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/queue` | shows the engine, its promise, the book and the depth |
//! | `GET /api/queue/dead?after=7&most=100&start=200` | lists dead letters with a higher id; with the first `start` bytes of each payload |
//! | `POST /api/queue/dead/retry` | accepts a dead letter again: `{"id":7}`; or all: `{}` |
//! | `POST /api/queue/dead/purge` | deletes the dead letters |
//! | `POST /api/queue/purge` | drops the waiting events |
//!
//! The memory engine keeps no dead letters: its list is empty.

mod letter;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clean;
use crate::engine::EngineError;
use crate::workbench::Workbench;

pub use letter::DeadLetter;

/// The length of a list without `most`.
const USUAL: usize = 100;
/// The largest length of a list.
const MOST: usize = 1_000;
/// How many letters are read at a time, because payloads may be long.
const GROUP: usize = 16;
/// The bytes of payloads after which a list ends early. The client continues after its last id.
const LONGEST: usize = 8 << 20;

pub(super) fn routes() -> Router<Arc<Workbench>> {
    Router::new()
        .route("/api/queue", get(show))
        .route("/api/queue/purge", post(purge))
        .route("/api/queue/dead", get(dead))
        .route("/api/queue/dead/retry", post(retry))
        .route("/api/queue/dead/purge", post(purge_dead))
}

async fn show(State(workbench): State<Arc<Workbench>>) -> Response {
    fresh(workbench.queue_report())
}

/// Drops the waiting events. Answers with the number of dropped events and of those still held.
pub(super) async fn purge(State(workbench): State<Arc<Workbench>>) -> Response {
    answered(workbench.purge().await)
}

#[derive(Debug, Deserialize)]
struct Wanted {
    after: Option<String>,
    most: Option<String>,
    start: Option<String>,
}

async fn dead(State(workbench): State<Arc<Workbench>>, Query(wanted): Query<Wanted>) -> Response {
    let Wanted { after, most, start } = wanted;
    let read = (|| {
        let after = number("after", after, 0, u64::MAX)?;
        let most = number("most", most, 1, MOST as u64)?.map_or(USUAL, |most| most as usize);
        let start = number("start", start, 0, u64::MAX)?;
        let start = start.map_or(usize::MAX, |start| usize::try_from(start).unwrap_or(usize::MAX));
        Ok::<_, String>((after, most, start))
    })();
    let (after, most, start) = match read {
        Ok(read) => read,
        Err(message) => return bad(&message),
    };
    match listed(&workbench, after, most, start).await {
        Ok(letters) => fresh(json!({ "letters": letters, "dead": workbench.queue_report().depth.dead })),
        Err(error) => refused(&error),
    }
}

/// Reads dead letters until there are `most`, or until their payloads are longer than
/// [`LONGEST`].
async fn listed(
    workbench: &Workbench,
    mut after: Option<u64>,
    most: usize,
    start: usize,
) -> Result<Vec<DeadLetter>, EngineError> {
    let (mut letters, mut bytes) = (Vec::new(), 0);
    while letters.len() < most && bytes < LONGEST {
        let wanted = GROUP.min(most - letters.len());
        let group = workbench.dead_letters(after, wanted).await?;
        let found = group.len();
        for event in group {
            after = Some(event.id.0);
            bytes += event.payload.len().min(start);
            letters.push(DeadLetter::new(event, start));
        }
        if found < wanted {
            break;
        }
    }
    Ok(letters)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    id: Option<u64>,
}

async fn retry(State(workbench): State<Arc<Workbench>>, body: Bytes) -> Response {
    let which =
        if body.trim_ascii().is_empty() { Ok(Which::default()) } else { serde_json::from_slice(&body) };
    let Which { id } = match which {
        Ok(which) => which,
        Err(error) => {
            let found = error.to_string();
            return bad(&format!("{}; expected {{\"id\":7}}, or {{}} for all", clean::line(&found)));
        }
    };
    match (workbench.retry_dead(id).await, id) {
        (Ok(0), Some(id)) => {
            (StatusCode::NOT_FOUND, format!("there is no dead letter {id}\n")).into_response()
        }
        (retried, _) => answered(retried.map(|retried| json!({ "retried": retried }))),
    }
}

async fn purge_dead(State(workbench): State<Arc<Workbench>>) -> Response {
    answered(workbench.purge_dead().await.map(|purged| json!({ "purged": purged })))
}

/// Reads a number of the query, if it is there.
fn number(name: &str, text: Option<String>, least: u64, most: u64) -> Result<Option<u64>, String> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => {
            let text: String = text.chars().take(30).collect();
            Err(format!("{name} = {text:?}, expected a whole number from {least} to {most}"))
        }
    }
}

/// Answers with figures, which no cache may keep.
fn fresh(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn bad(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{message}\n")).into_response()
}

/// Answers with the result of an order, or with the reason of its failure.
fn answered(result: Result<impl Serialize, EngineError>) -> Response {
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => refused(&error),
    }
}

/// Answers with 503: the disk is full, the NATS server is away, or the engine has ended.
fn refused(error: &EngineError) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response()
}
