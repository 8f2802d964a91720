//! The socket of a connection, as hyper sees it. It notes activity, and holds back
//! hyper's own refusals.
//!
//! hyper answers malformed requests with a status and no text. Such an answer is
//! swallowed here, and the connection's task sends one with a sentence.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::{Connection, ConnectionState};

#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    connection: Arc<Connection>,
    /// The status with which hyper answered on its own.
    refused: Option<StatusCode>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection, refused: None }
    }

    /// Returns the status with which hyper refused a request, if it did.
    pub(super) fn refused(&self) -> Option<StatusCode> {
        self.refused
    }

    /// Holds bytes back if they are hyper's own: those written while no reply is in
    /// progress.
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
        if buffer.filled().len() > before && self.connection.phase() == ConnectionState::Idle {
            self.connection.begins(ConnectionState::Head);
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
        // Called when hyper's buffer is empty, so a reply that has ended is written
        // completely.
        self.connection.flushed();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// The connection's task closes the socket, after an answer of its own.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
