//! The socket of a connection, as hyper sees it: notes what happens on it, and keeps
//! hyper's own refusals back.
//!
//! hyper answers what is not HTTP by a status without a word. Such an answer is
//! swallowed here, and the connection's task sends one with a sentence.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::{Connection, Phase};

#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    connection: Arc<Connection>,
    /// The status by which hyper has answered on its own.
    refused: Option<StatusCode>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection, refused: None }
    }

    /// The status by which hyper refused what it read; `None` if it did not.
    pub(super) fn refused(&self) -> Option<StatusCode> {
        self.refused
    }

    /// Keeps the bytes back if they are hyper's own: what it writes while no reply of
    /// ours is under way.
    fn swallow(&mut self, bytes: &[u8]) -> bool {
        if self.refused.is_none() && !self.connection.is_free() {
            return false;
        }
        // HTTP/1.1 400 Bad Request
        let status = bytes.get(9..12).and_then(|status| StatusCode::from_bytes(status).ok());
        self.refused = self.refused.or(status).or(Some(StatusCode::BAD_REQUEST));
        true
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && self.connection.phase() == Phase::Idle {
            self.connection.begins(Phase::Head);
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.swallow(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.connection.wrote(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = parts.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| part);
        if self.swallow(first) {
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.connection.wrote(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Called when hyper's buffer is empty: of a reply that has ended, everything is
        // with the system.
        self.connection.flushed();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// The connection's task closes it, after a last word of its own.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
