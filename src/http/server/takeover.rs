//! Takes a socket out of HTTP. A handler answers 101, or 200 with [`endless`] as its body, and
//! provides the future that owns the socket from then on.
//!
//! The connection's task waits until the answer is written, takes the socket back from hyper
//! and starts the owner. A 101 is a whole answer. A 200 is taken behind its head: the owner
//! writes the body, in chunks. A taken socket still counts among the connections, is never closed as idle, and
//! a drain waits for its owner for at most [`LAST_WORD`].

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures::StreamExt;
use futures::future::{BoxFuture, ready};
use futures::stream::{once, pending};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::LAST_WORD;
use super::connections::Entry;
use super::limits::Limits;
use crate::shutdown::Shutdown;

/// A socket that a handler has taken out of HTTP.
#[derive(Debug)]
pub struct TakenSocket {
    /// The stream, without Nagle's algorithm and with a small send buffer.
    pub stream: TcpStream,
    /// Bytes that the client sent behind its request and that were read with it.
    pub early: Bytes,
    /// The limits of the server when the socket was taken.
    pub limits: Limits,
    /// Asks the owner to end. Shortly after, the socket is closed in any case.
    pub shutdown: Shutdown,
    /// The socket's place among the connections of the server.
    pub place: Place,
    /// When the client asked for the socket: when its connection was accepted or, for a later
    /// request on it, when the first byte of that request was read.
    pub asked: Instant,
}

/// A place among the connections of a server (`server.max_connections`), free again when it
/// is dropped. It belongs beside the stream.
#[derive(Debug)]
pub struct Place {
    _entry: Entry,
}

impl Place {
    pub(super) fn of(entry: Entry) -> Self {
        Self { _entry: entry }
    }
}

type Owner = Box<dyn FnOnce(TakenSocket) -> BoxFuture<'static, ()> + Send>;

/// The future that owns a socket after its handler has answered. The handler adds it to the
/// extensions of an answer with status 101, or with status 200 and an [`endless`] body. With
/// another status it has no effect.
#[derive(Clone)]
pub struct Takeover(Arc<Mutex<Option<Owner>>>);

impl Takeover {
    /// Hands the socket to the future that `owner` returns. The future is dropped if it
    /// still runs shortly after the server was asked to stop.
    pub fn by<F>(owner: impl FnOnce(TakenSocket) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(Mutex::new(Some(Box::new(|socket| Box::pin(owner(socket)))))))
    }

    /// Returns the owner, once: answers can be cloned, and sockets cannot.
    pub(super) fn owner(&self) -> Option<Owner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takeover")
    }
}

/// A body that begins with `first` and never ends. hyper writes the head of the answer
/// (`transfer-encoding: chunked`) and one chunk, and waits. The server then takes the socket.
pub fn endless(first: Bytes) -> Body {
    Body::from_stream(once(ready(Ok::<_, Infallible>(first))).chain(pending()))
}

/// Returns whether the socket is taken behind the whole answer, or behind its head.
pub(super) fn is_stream(status: StatusCode) -> Option<bool> {
    match status {
        StatusCode::SWITCHING_PROTOCOLS => Some(false),
        StatusCode::OK => Some(true),
        _ => None,
    }
}

/// Runs the owner of a socket until it ends, or until a moment after the server was asked to
/// stop.
pub(super) async fn until_drained(owner: BoxFuture<'static, ()>, shutdown: Shutdown) {
    let last_word = async {
        shutdown.stopping().await;
        sleep(LAST_WORD).await;
    };
    tokio::select! {
        () = owner => {}
        () = last_word => {}
    }
}
