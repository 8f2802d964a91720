//! Passes a request on to the node that owns a name, so that a name can be reached from any node.
//! The answer is streamed, so watching works too.

use std::future::pending;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, HOST, ORIGIN, REFERER, UPGRADE};
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::Response;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, interval, sleep};

use crate::nodes::Place;

/// Marks a request that a node has passed on.
const FORWARDED: HeaderName = HeaderName::from_static("weir-forwarded");
/// How often a waiting request looks where the name is.
const LOOK: Duration = Duration::from_millis(100);
/// How long a request waits for a node that is not known to own the name any more: it may have
/// removed it, and be about to say so.
const GONE: Duration = Duration::from_secs(5);

/// Returns whether another node has passed the request on.
pub(super) fn is_forwarded(request: &Request) -> bool {
    request.headers().contains_key(FORWARDED)
}

/// Passes a request on, and returns the answer once its head is there. Returns `None` if the node
/// cannot be reached, if it begins no answer within `patience`, or once `now` says that the name is
/// elsewhere. The node may have handled the request all the same.
///
/// # Cancel safety
/// The connection is closed. The node may have handled the request.
pub(super) async fn forward(
    place: &Place,
    request: Request,
    patience: Option<Duration>,
    now: impl Fn() -> Option<Place>,
) -> Option<Response> {
    let moved = async {
        let (mut looks, mut seen) = (interval(LOOK), Instant::now());
        loop {
            looks.tick().await;
            match now() {
                Some(now) if now == *place => seen = Instant::now(),
                Some(_) => return,
                None if seen.elapsed() >= GONE => return,
                None => {}
            }
        }
    };
    let late = async {
        match patience {
            Some(patience) => sleep(patience).await,
            None => pending().await,
        }
    };
    tokio::select! {
        response = pass_on(place, request) => response,
        () = moved => None,
        () = late => None,
    }
}

async fn pass_on(place: &Place, request: Request) -> Option<Response> {
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
