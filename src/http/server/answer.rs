//! Answers one request: reads its body, routes it, and notes when its reply ends.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::connections::{Connection, ConnectionState};
use super::limits::Limits;
use super::refusal::Refusal;
use super::takeover::{Takeover, is_stream};
use super::{BODY_SIZE, LAST_WORD};
use crate::shutdown::Shutdown;

/// Only routes below the first path use a body, and the pipelined endpoint, by both of its names.
/// Others, such as the other work endpoints, discard it.
const WITH_BODY: [&str; 3] = ["/api/", "/pipelined", "/part2/genstage"];

/// Reads the body, then routes the request. A client that is still sending when the server
/// replies and closes would lose the reply.
pub(super) async fn answer(
    router: Router,
    request: Request<Incoming>,
    connection: &Arc<Connection>,
    shutdown: &Shutdown,
    limits: &impl Fn() -> Limits,
    taken: &OnceLock<Takeover>,
) -> Result<Response<Reply>, Infallible> {
    let (head, body) = request.into_parts();
    let has_body = head.method != Method::HEAD;
    let body = if body.is_end_stream() {
        connection.takes(ConnectionState::Busy);
        Ok(Body::empty())
    } else {
        connection.takes(ConnectionState::Body);
        let path = head.uri.path();
        let keep = WITH_BODY.iter().any(|with_body| path.starts_with(with_body));
        let read = Box::pin(read(body, shutdown, limits().body, keep)).await;
        connection.is_at(ConnectionState::Busy);
        read.map(Body::from)
    };
    let mut response = match body {
        Ok(body) => {
            let Ok(response) = router.oneshot(Request::from_parts(head, body)).await;
            response
        }
        Err(refusal) => {
            connection.answered_early();
            refusal.into_response()
        }
    };
    if let Some(takeover) = response.extensions_mut().remove()
        && let Some(behind_its_head) = is_stream(response.status())
        && has_body
    {
        if behind_its_head {
            connection.streams();
        }
        // Nothing is read as HTTP behind such an answer, so there is no second one.
        let _ = taken.set(takeover);
    }
    connection.is_at(ConnectionState::Reply);
    Ok(response.map(|body| Reply { body, connection: Arc::clone(connection) }))
}

/// Reads a body, and checks its size. Returns it if `keep` says so, and else nothing.
async fn read(
    mut body: Incoming,
    shutdown: &Shutdown,
    limit: Duration,
    keep: bool,
) -> Result<Vec<u8>, Refusal> {
    let all = async {
        if body.size_hint().lower() > BODY_SIZE as u64 {
            return Err(Refusal::BodyTooLarge);
        }
        let (mut size, mut kept) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::BodyBroken)?;
            let data = frame.data_ref().map_or(&[][..], |data| data);
            size += data.len();
            if size > BODY_SIZE {
                return Err(Refusal::BodyTooLarge);
            }
            if keep {
                kept.extend_from_slice(data);
            }
        }
        Ok(kept)
    };
    let stopping = async {
        shutdown.stopping().await;
        sleep(LAST_WORD).await;
    };
    tokio::select! {
        read = timeout(limit, all) => read.unwrap_or(Err(Refusal::BodyTimeout(limit))),
        () = stopping => Err(Refusal::Stopping),
    }
}

/// The body of a reply. When it ends, the connection is idle again.
pub(super) struct Reply {
    body: Body,
    connection: Arc<Connection>,
}

impl HttpBody for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() {
            self.connection.waits();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.connection.begins(ConnectionState::Idle);
    }
}
