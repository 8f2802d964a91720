//! The door of the watchers: reads who wants to watch which match, and gives the socket to it.
//!
//! | client | asks by |
//! |---|---|
//! | WebSocket | the address, or a command: `{"command":"watch","user":"ada","match":"weir-sluice","since":17}` |
//! | server-sent events | the address; `Last-Event-ID: 17` resumes behind event 17 |
//!
//! The answer to something wrong is `{"error":{"name":"missing_user","message":"…"}}`: with 400 or
//! 404 for an address, as a message for a command. A WebSocket stays open for another try, until
//! `matches.silence` has passed.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{RequestPartsExt, Router};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::command::{self, Command, Wish, Wrong};
use super::{SSE, WS, sse, ws};
use crate::http::{CloseCode, Handshake, Message, TakenSocket, Takeover, WebSocket, endless, text_frame};
use crate::lab::matches::{Arrival, LiveMatch, MatchesLab};
use crate::workbench::Workbench;

/// The state that all watchers share.
#[derive(Debug)]
struct Door {
    workbench: Arc<Workbench>,
    matches: Arc<MatchesLab>,
}

/// Returns the route.
pub(super) fn routes(workbench: &Arc<Workbench>, matches: &Arc<MatchesLab>) -> Router {
    let door = Door { workbench: Arc::clone(workbench), matches: Arc::clone(matches) };
    Router::new().route("/api/matches/watch", get(watch)).with_state(Arc::new(door))
}

/// The parameters of the address.
#[derive(Debug, Default, Deserialize)]
struct Parameters {
    #[serde(rename = "match")]
    id: Option<String>,
    user: Option<String>,
    since: Option<String>,
}

impl Parameters {
    fn is_empty(&self) -> bool {
        self.id.is_none() && self.user.is_none() && self.since.is_none()
    }

    fn wish(&self) -> Result<Wish, Wrong> {
        command::read_parameters(self.id.as_deref(), self.user.as_deref(), self.since.as_deref())
    }
}

async fn watch(
    State(door): State<Arc<Door>>,
    Query(parameters): Query<Parameters>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    if parts.headers.contains_key(header::UPGRADE) {
        match parts.extract::<Handshake>().await {
            Ok(handshake) => door.by_websocket(handshake, &parameters),
            Err(refusal) => refusal,
        }
    } else {
        door.by_events(&parts.method, parts.version, &parts.headers, &parameters)
    }
}

impl Door {
    /// Finds the match that a client wants, and drops a `since` that the match cannot have: the
    /// client knows an earlier match under this id, and needs the snapshot.
    fn find(&self, mut wish: Wish) -> Result<(Arc<LiveMatch>, Wish), Wrong> {
        let found = self.matches.find(&wish.id);
        let found = found.ok_or_else(|| Wrong::unknown_match(&wish.id, &super::known(&self.matches)))?;
        wish.since = wish.since.filter(|since| *since <= next(&found));
        Ok((found, wish))
    }

    fn by_websocket(self: Arc<Self>, handshake: Handshake, parameters: &Parameters) -> Response {
        if parameters.is_empty() {
            return handshake.upgrade(ws::MESSAGES, move |socket| self.by_command(socket));
        }
        let wanted = parameters.wish().and_then(|wish| self.find(wish));
        match wanted {
            Ok((found, wish)) => handshake.take(move |socket| hand_over(socket, found, wish, WS)),
            Err(wrong) => refuse(&wrong),
        }
    }

    /// Waits for a command that names a match.
    async fn by_command(self: Arc<Self>, mut socket: WebSocket) {
        let deadline = Instant::now() + self.workbench.settings().matches.silence;
        let (found, wish) = loop {
            let message = match timeout_at(deadline, socket.next()).await {
                Ok(Some(message)) => message,
                Ok(None) => return,
                Err(_) => return close(socket, CloseCode::POLICY).await,
            };
            let command = match &message {
                Message::Text(text) => command::read(text),
                Message::Binary(_) => Err(Wrong::binary()),
            };
            let wanted = match command {
                Ok(Command::Watch(wish)) => self.find(wish),
                Ok(Command::Leave) => return close(socket, CloseCode::NORMAL).await,
                Err(wrong) => Err(wrong),
            };
            match wanted {
                Ok(wanted) => break wanted,
                Err(wrong) => socket.answer(text_frame(&wrong.json())),
            }
        };
        let asked = Instant::now();
        if let Some(socket) = socket.into_taken().await {
            hand_over(TakenSocket { asked, ..socket }, found, wish, WS).await;
        }
    }

    fn by_events(
        &self,
        method: &Method,
        version: Version,
        headers: &HeaderMap,
        parameters: &Parameters,
    ) -> Response {
        if version < Version::HTTP_11 {
            let why = "server-sent events need HTTP/1.1, because they are sent in chunks\n";
            return (StatusCode::HTTP_VERSION_NOT_SUPPORTED, why).into_response();
        }
        let wish = || {
            let mut wish = parameters.wish()?;
            wish.since = last_event(headers)?.or(wish.since);
            self.find(wish)
        };
        let (found, wish) = match wish() {
            Ok(wanted) => wanted,
            Err(wrong) => return refuse(&wrong),
        };
        // A browser does not come back after this one.
        if wish.since.is_some_and(|since| since >= next(&found)) && found.state().is_over() {
            return StatusCode::NO_CONTENT.into_response();
        }
        let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
        if method == Method::HEAD {
            return kind.into_response();
        }
        let mut response = (kind, endless(sse::RETRY.into())).into_response();
        let takeover = Takeover::by(move |socket| hand_over(socket, found, wish, SSE));
        response.extensions_mut().insert(takeover);
        response
    }
}

/// The event behind the one that the client had last.
fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Wrong> {
    let Some(last) = headers.get("last-event-id").filter(|last| !last.is_empty()) else { return Ok(None) };
    let last = String::from_utf8_lossy(last.as_bytes());
    match last.parse::<u64>() {
        Ok(last) => Ok(last.checked_add(1)),
        Err(_) => Err(command::bad_since(&last)),
    }
}

/// The number of the next event of a match.
fn next(found: &LiveMatch) -> u64 {
    found.history().len() as u64
}

/// Gives a socket to the match, which owns it from then on.
async fn hand_over(socket: TakenSocket, found: Arc<LiveMatch>, wish: Wish, transport: usize) {
    let TakenSocket { stream, early, asked, place, .. } = socket;
    let Wish { user, since, id } = wish;
    let arrival =
        Arrival { stream, early, transport, user, since, accepted: asked, place: Box::new(place) };
    if let Err(why) = found.watch(arrival).await {
        log::debug!("a connection does not watch {id}: {why}");
    }
}

async fn close(mut socket: WebSocket, code: CloseCode) {
    socket.close(code);
    while socket.next().await.is_some() {}
}

fn refuse(wrong: &Wrong) -> Response {
    let status =
        if wrong.name == "unknown_match" { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    (status, [(header::CONTENT_TYPE, "application/json")], wrong.json()).into_response()
}
