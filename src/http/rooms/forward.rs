//! Passes requests for a room on to the node that has it.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Duration;

use super::super::forward;
use super::answers::Wrong;
use super::{RESERVED, Rooms};
use crate::nodes::Place;

/// How long a node may take to accept a connection and to begin its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Passes a request on, or lets this node answer.
pub(super) async fn elsewhere(State(rooms): State<Rooms>, request: Request, next: Next) -> Response {
    let Some((name, place)) = name_of(request.uri().path()).and_then(|name| {
        let place = rooms.place(name).filter(|place| !place.is_here)?;
        Some((name.to_owned(), place))
    }) else {
        return next.run(request).await;
    };
    let node = place.node.clone();
    if forward::is_forwarded(&request) {
        let message = format!("the room is on its way to the node {node}; try again");
        return Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "moving", message).into_response();
    }
    match forward::forward(&place, request, Some(PATIENCE), || rooms.place(&name)).await {
        Some(response) => response,
        None => {
            let message = format!(
                "the node {node} has the room and does not answer; another node takes it over soon"
            );
            Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "node_away", message).into_response()
        }
    }
}

/// Returns the name in a path of one room. Each node says by itself where a room is.
fn name_of(path: &str) -> Option<&str> {
    let mut parts = path.strip_prefix("/api/rooms/")?.split('/');
    let name = parts.next().filter(|name| !name.is_empty() && !RESERVED.contains(name))?;
    (parts.next() != Some("where")).then_some(name)
}

/// Answers where a room is.
pub(super) async fn place(State(rooms): State<Rooms>, Path(name): Path<String>) -> Result<Response, Wrong> {
    let generation = rooms.find(&name).map(|room| room.generation());
    match (rooms.place(&name), generation) {
        (Some(Place { node, url, generation, is_here }), _) => Ok(super::fresh(serde_json::json!({
            "name": name, "node": node, "url": url, "generation": generation, "here": is_here,
        }))),
        (None, Some(generation)) => Ok(super::fresh(serde_json::json!({
            "name": name, "node": null, "url": null, "generation": generation, "here": true,
        }))),
        (None, None) => Err(Wrong::no_room(&name)),
    }
}
