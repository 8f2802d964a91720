//! The server: accepts connections and serves HTTP/1 on them.
//!
//! It replaces axum's `serve`, which has no limits. With that one, a client that sends
//! its request head one byte a minute, or never reads a reply, keeps its connection for
//! ever, and idle connections use up the descriptors of the process.

mod acceptors;
mod answer;
mod connection;
mod connections;
mod counts;
mod limits;
mod refusal;
mod takeover;
#[cfg(test)]
mod tests;
mod throttle;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;
use acceptors::Acceptors;
pub use counts::ConnectionCounts;
pub use limits::Limits;
pub use takeover::{Place, TakenSocket, Takeover, endless};

/// The largest request head, in bytes; a larger one is answered with 431.
const HEAD_SIZE: usize = 32 * 1024;
/// The largest request body, in bytes; a larger one is answered with 413.
const BODY_SIZE: usize = 1024 * 1024;
/// How long a connection without a request in progress may delay the shutdown.
const LAST_WORD: Duration = Duration::from_millis(250);

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
    serve_counted(listener, router, shutdown, limits, Arc::default()).await;
}

/// Like [`serve_within`], and counts the connections in `counts`.
///
/// # Cancel safety
/// Dropping the future closes the listener; open connections continue.
pub async fn serve_counted(
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
    limits: impl Fn() -> Limits + Clone + Send + Sync + 'static,
    counts: Arc<ConnectionCounts>,
) {
    Acceptors::new(listener, router, shutdown, limits, counts).run().await;
}
