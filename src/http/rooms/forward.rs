//! Passes requests for a room on to the node that has it, so that a room can be reached from any
//! node. The answer is streamed, so watching works too.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HOST, ORIGIN, REFERER, UPGRADE};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::answers::Wrong;
use super::{RESERVED, Rooms};
use crate::lab::rooms::RoomPlace;

/// Marks a request that a node has passed on.
const FORWARDED: HeaderName = HeaderName::from_static("weir-forwarded");
/// How long a node may take to accept a connection and to begin its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Passes a request on, or lets this node answer.
pub(super) async fn forward(State(rooms): State<Rooms>, request: Request, next: Next) -> Response {
    let Some(place) = name_of(request.uri().path()).and_then(|name| elsewhere(&rooms, name)) else {
        return next.run(request).await;
    };
    let node = place.node.clone();
    if request.headers().contains_key(FORWARDED) {
        let message = format!("the room is on its way to the node {node}; try again");
        return Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "moving", message).into_response();
    }
    match timeout(PATIENCE, pass_on(&place, request)).await {
        Ok(Some(response)) => response,
        _ => {
            let message = format!(
                "the node {node} has the room and does not answer; another node takes it over soon"
            );
            Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "node_away", message).into_response()
        }
    }
}

/// Returns the name in a path of one room.
fn name_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("/api/rooms/")?.split('/').next()?;
    (!name.is_empty() && !RESERVED.contains(&name)).then_some(name)
}

/// Returns the place of a room that another node has.
fn elsewhere(rooms: &Rooms, name: &str) -> Option<RoomPlace> {
    rooms.place(name).filter(|place| !place.is_here)
}

async fn pass_on(place: &RoomPlace, request: Request) -> Option<Response> {
    let authority = place.url.strip_prefix("http://")?;
    let stream = TcpStream::connect(authority).await.ok()?;
    let (mut sender, connection) = handshake::<_, Body>(TokioIo::new(stream)).await.ok()?;
    // It ends with the answer.
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.path_and_query()?.as_str().parse::<Uri>().ok()?;
    // This node has checked where the request comes from.
    for header in [CONNECTION, UPGRADE, ORIGIN, REFERER, HeaderName::from_static("sec-fetch-site")] {
        parts.headers.remove(header);
    }
    parts.headers.insert(HOST, HeaderValue::from_str(authority).ok()?);
    parts.headers.insert(FORWARDED, HeaderValue::from_static("1"));
    let response = sender.send_request(Request::from_parts(parts, body)).await.ok()?;
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONNECTION);
    Some(Response::from_parts(parts, Body::new(body)))
}

/// Answers where a room is.
pub(super) async fn place(
    State(rooms): State<Rooms>,
    axum::extract::Path(name): axum::extract::Path<String>,
) -> Result<Response, Wrong> {
    let generation = rooms.find(&name).map(|room| room.generation());
    match (rooms.place(&name), generation) {
        (Some(RoomPlace { node, url, generation, is_here }), _) => Ok(super::fresh(serde_json::json!({
            "name": name, "node": node, "url": url, "generation": generation, "here": is_here,
        }))),
        (None, Some(generation)) => Ok(super::fresh(serde_json::json!({
            "name": name, "node": null, "url": null, "generation": generation, "here": true,
        }))),
        (None, None) => Err(Wrong::no_room(&name)),
    }
}
