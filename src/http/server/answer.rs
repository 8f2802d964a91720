//! Answers one request: reads and discards its body, routes it, and notes when its reply ends.

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

/// Reads and discards the body, then routes the request. A client that is still sending
/// when the server replies and closes would lose the reply.
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
    let refused = if body.is_end_stream() {
        connection.takes(ConnectionState::Busy);
        None
    } else {
        connection.takes(ConnectionState::Body);
        let refused = Box::pin(discard(body, shutdown, limits().body)).await.err();
        connection.is_at(ConnectionState::Busy);
        refused
    };
    let mut response = if let Some(refusal) = refused {
        connection.answered_early();
        refusal.into_response()
    } else {
        let Ok(response) = router.oneshot(Request::from_parts(head, Body::empty())).await;
        response
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

/// Reads and discards a body, and checks its size.
async fn discard(mut body: Incoming, shutdown: &Shutdown, limit: Duration) -> Result<(), Refusal> {
    let count = async {
        if body.size_hint().lower() > BODY_SIZE as u64 {
            return Err(Refusal::BodyTooLarge);
        }
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::BodyBroken)?;
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > BODY_SIZE {
                return Err(Refusal::BodyTooLarge);
            }
        }
        Ok(())
    };
    let stopping = async {
        shutdown.stopping().await;
        sleep(LAST_WORD).await;
    };
    tokio::select! {
        counted = timeout(limit, count) => counted.unwrap_or(Err(Refusal::BodyTimeout(limit))),
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
