//! Accepts connections and speaks HTTP/1 on them.
//!
//! In place of axum's own `serve`, which sets no limits: a client that sends its
//! request head one byte a minute would keep its connection for ever.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower::ServiceExt;

use super::socket::Impatient;
use crate::shutdown::Shutdown;

/// How long a request head may take, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How large a request head may be, in bytes; a larger one is answered with 431.
const HEAD_SIZE: usize = 32 * 1024;
/// How large a request body may be, in bytes; nothing wants one, and a larger one
/// is answered with 413.
const BODY_SIZE: usize = 1024 * 1024;
/// How long a connection without a request in progress may hold up the end.
const LAST_WORD: Duration = Duration::from_millis(250);
/// How long to wait when the system has no more file descriptors.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown` stops. Connections are tasks of
/// `shutdown`: a drain waits for the requests on them.
///
/// # Cancel safety
/// Dropping the future closes the listener; open connections go on.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    loop {
        let stream = tokio::select! {
            biased;
            () = shutdown.stopping() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
        };
        shutdown.spawn(connection(stream, router.clone(), shutdown.clone()));
    }
}

/// A connection that was gone before we took it is nobody's trouble. Anything
/// else is the system's, and trying again at once would only burn the core.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        log::error!("cannot accept a connection: {error}");
        tokio::time::sleep(OUT_OF_FILES).await;
    }
}

async fn connection(stream: TcpStream, router: Router, shutdown: Shutdown) {
    // Replies are small and complete; waiting for more to send only delays them.
    // Failing to say so is no reason to refuse the connection.
    let _ = stream.set_nodelay(true);
    let in_progress = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&in_progress);
    let service = service_fn(move |request| answer(router.clone(), request, InProgress::new(&counted)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(Impatient::new(stream)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = shutdown.stopping() => {
            connection.as_mut().graceful_shutdown();
            // One who has sent half a request, or does not read the end of a
            // stream, has nothing accepted here and holds nobody up.
            loop {
                match timeout(LAST_WORD, connection.as_mut()).await {
                    Ok(ended) => break Some(ended),
                    Err(_) if in_progress.load(Ordering::Acquire) > 0 => {}
                    Err(_) => break None,
                }
            }
        }
    };
    if let Some(Err(error)) = ended {
        log::debug!("a connection ended: {error}");
    }
}

/// Reads the body, which no route wants, and routes the request. A client that is
/// still sending when we reply and close would lose the reply.
async fn answer(
    router: Router,
    request: Request<Incoming>,
    in_progress: InProgress,
) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    if !body.is_end_stream() {
        let read = timeout(HEAD_TIMEOUT, Limited::new(body, BODY_SIZE).collect()).await;
        let refused = match read {
            Ok(Ok(_)) => None,
            Ok(Err(error)) if error.is::<LengthLimitError>() => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Ok(Err(_)) => Some(StatusCode::BAD_REQUEST),
            Err(_) => Some(StatusCode::REQUEST_TIMEOUT),
        };
        if let Some(status) = refused {
            return Ok((status, [(header::CONNECTION, "close")]).into_response());
        }
    }
    let Ok(response) = router.oneshot(Request::from_parts(head, Body::empty())).await;
    drop(in_progress);
    Ok(response)
}

/// Counts a request as in progress until its reply is ready.
struct InProgress(Arc<AtomicUsize>);

impl InProgress {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
