//! The server's own answers: a status and a sentence.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::limits::Limits;
use super::{BODY_SIZE, HEAD_SIZE};
use crate::duration;

/// How long to keep reading after a refusal. If the server closed while the client sends,
/// the client would lose the refusal.
const LINGER: Duration = Duration::from_millis(500);
/// The most bytes to read after a refusal.
const LINGER_SIZE: usize = 16 * BODY_SIZE;

/// Why a request was not routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not HTTP/1, or is malformed.
    Malformed,
    /// Its head is too large.
    HeadTooLarge,
    /// Its address is too long.
    TargetTooLong,
    /// Its head takes too long.
    HeadTimeout(Duration),
    /// Its body is too large.
    BodyTooLarge,
    /// Its body takes too long.
    BodyTimeout(Duration),
    /// Its body broke off, or its chunks are wrong.
    BodyBroken,
    /// The server is stopping, and the request is not complete.
    Stopping,
    /// There are too many connections.
    Full(usize),
    /// The process has too few descriptors for another connection.
    NoDescriptors,
}

impl Refusal {
    /// Returns the refusal that hyper answered with `status`.
    pub(super) fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Self::HeadTooLarge,
            StatusCode::URI_TOO_LONG => Self::TargetTooLong,
            _ => Self::Malformed,
        }
    }

    pub(super) fn head_timeout(limits: &Limits) -> Self {
        Self::HeadTimeout(limits.head)
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTimeout(_) | Self::BodyTimeout(_) => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Stopping | Self::Full(_) | Self::NoDescriptors => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) fn sentence(self) -> String {
        match self {
            Self::Malformed => "this is not an HTTP/1 request: expected a line such as \
                                GET /healthz HTTP/1.1, then headers\n"
                .to_owned(),
            Self::HeadTooLarge => format!(
                "the request head is too large: at most {} KiB and 100 headers are allowed\n",
                HEAD_SIZE / 1024
            ),
            Self::TargetTooLong => "the address of the request is too long\n".to_owned(),
            Self::HeadTimeout(limit) => format!(
                "the request head was not complete after {} (server.head_timeout)\n",
                duration::format(limit)
            ),
            Self::BodyTooLarge => {
                format!("the request body is larger than {} MiB, which is the limit\n", BODY_SIZE >> 20)
            }
            Self::BodyTimeout(limit) => format!(
                "the request body was not complete after {} (server.body_timeout)\n",
                duration::format(limit)
            ),
            Self::BodyBroken => "the request body broke off, or its chunks are malformed\n".to_owned(),
            Self::Stopping => "the server is shutting down, and the request was not complete\n".to_owned(),
            Self::Full(limit) => {
                format!("the server has {limit} connections already (server.max_connections)\n")
            }
            Self::NoDescriptors => {
                "the server has no file descriptor for another connection (ulimit -n)\n".to_owned()
            }
        }
    }

    /// Returns the whole answer as bytes, for a socket without hyper.
    pub(super) fn bytes(self) -> Vec<u8> {
        let (status, sentence) = (self.status(), self.sentence());
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n\
             x-content-type-options: nosniff\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{sentence}",
            sentence.len()
        )
        .into_bytes()
    }

    /// Sends the answer.
    ///
    /// # Cancel safety
    /// Part of it may have been sent.
    pub(super) async fn send(self, stream: &mut TcpStream) {
        // A client that has disconnected needs no answer.
        let _ = stream.write_all(&self.bytes()).await;
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [(header::CONNECTION, "close"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (self.status(), headers, self.sentence()).into_response()
    }
}

/// Shuts down sending, and reads for a while what the client still sends.
///
/// # Cancel safety
/// Cancel safe.
pub(super) async fn linger(stream: &mut TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let read = async {
        let mut scrap = vec![0; 16 * 1024];
        let mut size = 0;
        while size < LINGER_SIZE {
            match stream.read(&mut scrap).await {
                Ok(n) if n > 0 => size += n,
                _ => return,
            }
        }
    };
    let _ = timeout(LINGER, read).await;
}
