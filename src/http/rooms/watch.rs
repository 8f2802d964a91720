//! The watchers of a room: server-sent events, which end with the room or with the client.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio::time::timeout;
use weir_parts::rooms::Position;

use super::answers::{Wrong, short};
use super::frames::{PING, RETRY};
use super::{Rooms, find};
use crate::lab::rooms::{PipeReader, Watched};

/// The longest name of a watcher, in characters.
const LONGEST_NAME: usize = 40;

/// After this time without a message a comment is sent, so that a client that has gone is noticed.
const SILENCE: Duration = Duration::from_secs(15);

/// The parameters of the address.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    who: Option<String>,
    since: Option<String>,
}

pub(super) async fn watch(
    State(rooms): State<Rooms>,
    Path(name): Path<String>,
    Query(asked): Query<Parameters>,
    method: Method,
    version: Version,
    headers: HeaderMap,
) -> Result<Response, Wrong> {
    let room = find(&rooms, &name)?;
    if version < Version::HTTP_11 {
        let why = "server-sent events need HTTP/1.1, because they are sent in chunks";
        return Err(Wrong::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "old_http", why));
    }
    let since = since(&headers, asked.since.as_deref())?;
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    if method == Method::HEAD {
        return Ok(kind.into_response());
    }
    let who = asked.who.unwrap_or_else(|| "a watcher".to_owned()).chars().take(LONGEST_NAME).collect();
    // Browsers say what a request is for, programs do not.
    let how = if headers.contains_key("sec-fetch-mode") { "browser" } else { "program" };
    match rooms.watch(&room, (who, how), RETRY.to_vec(), since).await {
        Ok((messages, watched)) => Ok((kind, Body::from_stream(body(messages, watched))).into_response()),
        Err(_) if rooms.is_draining() => Err(Wrong::shutting_down()),
        Err(_) => Err(Wrong::no_room(&name)),
    }
}

/// Returns the position that the client has: of its last event, or of the address.
fn since(headers: &HeaderMap, asked: Option<&str>) -> Result<Option<Position>, Wrong> {
    let last = headers.get("last-event-id").filter(|last| !last.is_empty());
    let last = last.map(|last| String::from_utf8_lossy(last.as_bytes()).into_owned());
    let Some(text) = last.or_else(|| asked.map(str::to_owned)) else { return Ok(None) };
    let read = text.parse::<Position>();
    read.map(Some).map_err(|error| Wrong::bad("bad_since", format!("{:?} is {error}", short(&text))))
}

/// The messages until the room ends. The watcher leaves when the body is dropped.
fn body(messages: PipeReader, watched: Watched) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let state = (messages, watched, true);
    stream::unfold(state, async |(mut messages, watched, is_between)| {
        loop {
            match timeout(SILENCE, messages.next()).await {
                Ok(Some(bytes)) => {
                    // A comment must not cut a message in two.
                    let is_between = bytes.ends_with(b"\n\n");
                    return Some((Ok(bytes), (messages, watched, is_between)));
                }
                Ok(None) => return None,
                Err(_) if is_between => {
                    return Some((Ok(Bytes::from_static(PING)), (messages, watched, true)));
                }
                Err(_) => {}
            }
        }
    })
}
