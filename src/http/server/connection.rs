//! The task of one connection: drives hyper, and alone decides what becomes of the socket.
//!
//! It closes the socket, answers a request that hyper refused, or gives the socket to the
//! handler that takes it. Nothing needs hyper's upgrades or a look at the bytes ahead of hyper.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use axum::Router;
use hyper::server::conn::http1::{self, Parts};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answer::answer;
use super::connections::{CloseReason, Connection, ConnectionState, Entry};
use super::limits::Limits;
use super::refusal::{Refusal, linger};
use super::takeover::{Place, TakenSocket, Takeover, until_drained};
use super::wire::Wire;
use super::{HEAD_SIZE, LAST_WORD};
use crate::shutdown::Shutdown;

/// Serves a connection until it ends or a handler takes its socket.
pub(super) async fn connection(
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
        driven = drive(&mut http, &state) => match driven {
            Driven::Ended(Err(error)) => {
                log::debug!("a connection ended: {error}");
                Some(Refusal::Malformed)
            }
            Driven::Ended(Ok(())) | Driven::HeadSent => None,
        },
        verdict = state.must_close() => match verdict {
            CloseReason::SlowHead => Some(Refusal::head_timeout(&limits())),
            CloseReason::Idle | CloseReason::Unread => None,
        },
        () = shutdown.stopping() => {
            Pin::new(&mut http).graceful_shutdown();
            // A client that has sent half a request, or does not read the end of a
            // stream, has nothing accepted and must not delay the shutdown.
            loop {
                match timeout(LAST_WORD, drive(&mut http, &state)).await {
                    Ok(_) => break None,
                    Err(_) if state.phase() == ConnectionState::Busy => {}
                    Err(_) => break Some(Refusal::Stopping),
                }
            }
        }
    };
    let Parts { io, read_buf, .. } = http.into_parts();
    let wire = io.into_inner();
    // Unless the connection is free, a 101 is not written completely.
    if let Some(owner) = taken.into_inner().and_then(|takeover: Takeover| takeover.owner())
        && (state.is_free() || state.is_head_sent())
    {
        state.is_at(ConnectionState::Taken);
        let socket = TakenSocket {
            stream: wire.stream,
            early: read_buf,
            limits: limits(),
            shutdown: shutdown.clone(),
            asked: state.asked(),
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

/// How far hyper was driven.
enum Driven {
    /// The connection has ended, or hyper has answered 101.
    Ended(hyper::Result<()>),
    /// The head of a stream is with the system, and hyper has no more to write.
    HeadSent,
}

/// Drives hyper. The head of a stream is flushed while hyper is polled, so nothing has to wake
/// this future for it.
fn drive<'a>(
    http: &'a mut (impl Future<Output = hyper::Result<()>> + Unpin),
    state: &'a Connection,
) -> impl Future<Output = Driven> + 'a {
    poll_fn(move |context| match Pin::new(&mut *http).poll(context) {
        Poll::Ready(ended) => Poll::Ready(Driven::Ended(ended)),
        Poll::Pending if state.is_head_sent() => Poll::Ready(Driven::HeadSent),
        Poll::Pending => Poll::Pending,
    })
}
