//! The server: accepts connections and serves HTTP/1 on them.
//!
//! It replaces axum's `serve`, which has no limits. With that one, a client that sends
//! its request head one byte a minute, or never reads a reply, keeps its connection for
//! ever, and idle connections use up the descriptors of the process.

mod answer;
mod connections;
mod limits;
mod refusal;
mod takeover;
mod throttle;
mod wire;

use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::{self, Parts};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::shutdown::Shutdown;
use answer::answer;
use connections::{CloseReason, ConnectionState, Connections, Entry};
pub use limits::Limits;
use refusal::{Refusal, linger};
use takeover::until_drained;
pub use takeover::{Place, TakenSocket, Takeover};
use throttle::Throttle;
use wire::Wire;

/// The largest request head, in bytes; a larger one is answered with 431.
const HEAD_SIZE: usize = 32 * 1024;
/// The largest request body, in bytes. No route uses one, so it is discarded while it is
/// counted; a larger one is answered with 413.
const BODY_SIZE: usize = 1024 * 1024;
/// How long a connection without a request in progress may delay the shutdown.
const LAST_WORD: Duration = Duration::from_millis(250);
/// How long to back off when the system has no more file descriptors.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown` stops, within the limits of the
/// default configuration. See [`serve_within`].
///
/// # Cancel safety
/// Dropping the future closes the listener; open connections continue.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    serve_within(listener, router, shutdown, Limits::default).await;
}

/// Serves `router` on `listener` until `shutdown` stops, within the limits that
/// `limits` returns: it is called for each connection, and a few times a second.
/// Connections are tasks of `shutdown`: a drain waits for the requests on them.
///
/// At the limit of connections, the longest idle ones are closed for new ones. If none is
/// idle, a new connection is answered with 503.
///
/// # Cancel safety
/// Dropping the future closes the listener; open connections continue.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
    limits: impl Fn() -> Limits + Clone + Send + Sync + 'static,
) {
    let highest = limits::highest_descriptor().unwrap_or(u64::MAX);
    let mut connections = Connections::new();
    let mut complaints = Throttle::default();
    let mut look = Instant::now();
    loop {
        let now = limits();
        let accepted = tokio::select! {
            biased;
            () = shutdown.stopping() => return,
            // Before the next connection; otherwise a flood of connections would postpone
            // it for ever.
            () = sleep_until(look), if connections.len() > 0 || complaints.waits() => {
                connections.look(&now);
                complaints.tell();
                look = Instant::now() + now.look();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                if is_ours(&error) {
                    complaints.note(format!("cannot accept a connection: {error}"));
                    connections.make_room();
                    sleep(OUT_OF_FILES).await;
                }
                continue;
            }
        };
        let few_descriptors = stream.as_raw_fd() as u64 > highest;
        let full = connections.len() >= now.max_connections;
        if (full || few_descriptors) && !connections.make_room() {
            let refusal = if full { Refusal::Full(now.max_connections) } else { Refusal::NoDescriptors };
            complaints.note(format!("a connection is refused: {}", refusal.sentence().trim_end()));
            refuse(stream, refusal);
            continue;
        }
        let entry = connections.add();
        shutdown.spawn(connection(stream, entry, router.clone(), shutdown.clone(), limits.clone()));
    }
}

/// Returns whether accepting failed for a local reason, such as EMFILE: back off then
/// instead of spinning. If the peer gave up before it was accepted, retry at once.
fn is_ours(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers without a task and without waiting, because there may be thousands of
/// refusals.
fn refuse(stream: TcpStream, refusal: Refusal) {
    // A new socket has room for the answer, unless the client has disconnected.
    let said = stream.into_std().and_then(|mut stream| io::Write::write_all(&mut stream, &refusal.bytes()));
    drop(said);
}

/// Serves a connection until it ends or a handler takes its socket. Nothing else decides
/// what happens to the socket, so it needs neither hyper's upgrades nor a look at the bytes
/// ahead of hyper.
async fn connection(
    stream: TcpStream,
    entry: Entry,
    router: Router,
    shutdown: Shutdown,
    limits: impl Fn() -> Limits + Clone,
) {
    // Replies are small and complete, so Nagle's algorithm would only delay them. If the
    // option fails, the connection is served all the same.
    let _ = stream.set_nodelay(true);
    let state = Arc::clone(&entry.connection);
    let taken = OnceLock::new();
    let service = service_fn(|request| answer(router.clone(), request, &state, &shutdown, &limits, &taken));
    let mut http = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(Wire::new(stream, Arc::clone(&state))), service);
    let last_word = tokio::select! {
        ended = &mut http => ended.err().map(|error| {
            log::debug!("a connection ended: {error}");
            Refusal::Malformed
        }),
        verdict = state.must_close() => match verdict {
            CloseReason::SlowHead => Some(Refusal::head_timeout(&limits())),
            CloseReason::Idle | CloseReason::Unread => None,
        },
        () = shutdown.stopping() => {
            Pin::new(&mut http).graceful_shutdown();
            // A client that has sent half a request, or does not read the end of a
            // stream, has nothing accepted and must not delay the shutdown.
            loop {
                match timeout(LAST_WORD, &mut http).await {
                    Ok(_) => break None,
                    Err(_) if state.phase() == ConnectionState::Busy => {}
                    Err(_) => break Some(Refusal::Stopping),
                }
            }
        }
    };
    let Parts { io, read_buf, .. } = http.into_parts();
    let wire = io.into_inner();
    // Unless the connection is free, the 101 is not written completely.
    if let Some(owner) = taken.into_inner().and_then(|takeover: Takeover| takeover.owner())
        && state.is_free()
    {
        state.is_at(ConnectionState::Taken);
        let socket = TakenSocket {
            stream: wire.stream,
            early: read_buf,
            limits: limits(),
            shutdown: shutdown.clone(),
            place: Place::of(entry),
        };
        // In a task of its own, because this one is as large as what HTTP needs.
        shutdown.spawn(until_drained(owner(socket), shutdown.clone()));
        return;
    }
    let refused = wire.refused().map(Refusal::of);
    let half_a_head = last_word.filter(|_| state.phase() == ConnectionState::Head && state.is_free());
    let mut stream = wire.stream;
    let refusal = refused.or(half_a_head);
    if let Some(refusal) = refusal {
        refusal.send(&mut stream).await;
    }
    let early = refusal.is_some() || state.was_answered_early();
    if early && !shutdown.is_stopping() {
        linger(&mut stream).await;
    }
}
