//! One connection to the server. It writes the request, and reads the answer into a
//! buffer that is reused.
//!
//! In the steady state a request costs one write, one read and a share of one wait for
//! events, and allocates nothing. This has two reasons:
//!
//! - Reads go through `poll_read`, which notes after a read that did not fill the
//!   buffer that the socket is empty. The next one, straight after the write, then
//!   waits without asking the system. If answers were read with `try_read`, that
//!   knowledge would be lost, and each request would cost a read that finds nothing.
//! - The request is written while the answer is awaited, at one place. So a server that
//!   answers before it has read the whole of a long request is noticed.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::answer::{Incomplete, Reading};
use super::request::Request;
use super::{RequestError, reason};
use crate::load::target::{Answer, Connection};

/// The most bytes of one read. A head, a chunk's first line and trailers must fit into
/// it. Servers usually limit request heads to 8 or 16 KiB.
const BUFFER: usize = 16 * 1024;

/// A connection to a server, with one request at a time.
#[derive(Debug)]
pub struct HttpConnection {
    stream: TcpStream,
    request: Arc<Request>,
    buffer: Box<[u8]>,
}

impl HttpConnection {
    pub(super) fn new(stream: TcpStream, request: Arc<Request>) -> Self {
        // Requests are complete, so Nagle's algorithm would only delay them. If the
        // option fails, nothing but time is lost.
        let _ = stream.set_nodelay(true);
        Self { stream, request, buffer: buffer() }
    }
}

impl Connection for HttpConnection {
    /// Between two requests there must be nothing to read. Otherwise the connection has
    /// ended, or there are bytes that belong to no answer. This costs no system call
    /// while tokio knows that the socket is empty, which is nearly always.
    fn is_open(&self) -> bool {
        is_open(&self.stream)
    }

    async fn exchange(&mut self) -> Result<Answer, RequestError> {
        let Self { stream, request, buffer } = self;
        let answer = exchange(stream, buffer, &request.bytes, request.head_only, |_| {}).await?;
        Ok(Answer { reusable: answer.reusable && request.keep_alive, ..answer })
    }
}

/// Returns a buffer for [`exchange`].
pub(super) fn buffer() -> Box<[u8]> {
    vec![0; BUFFER].into()
}

/// Sends the bytes of a request and reads the whole answer. `taken` gets all bytes of the answer
/// in order, in pieces that end anywhere.
///
/// # Errors
/// [`RequestError`]. The connection cannot be used afterwards.
///
/// # Cancel safety
/// The connection cannot be used after the future was dropped.
pub(super) async fn exchange(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    request: &[u8],
    head_only: bool,
    mut taken: impl FnMut(&[u8]),
) -> Result<Answer, RequestError> {
    let mut sending = Sending { left: request, broken: None };
    let mut reading = Reading::new(head_only);
    // Bytes at the front of the buffer that were read and not consumed.
    let mut held = 0;
    loop {
        let read = poll_fn(|cx| {
            sending.poll(stream, cx);
            poll_read(stream, cx, &mut buffer[held..])
        });
        let end = match read.await {
            Ok(0) if held == 0 && reading.is_untouched() => {
                return Err(RequestError::Unanswered(
                    sending.failure("closed before an answer".to_owned()),
                ));
            }
            Ok(0) => {
                let broken = |error: Incomplete| RequestError::Broken(sending.failure(error.to_string()));
                let answer = reading.closed().map_err(broken)?;
                return Ok(Answer { reusable: false, ..answer });
            }
            Ok(count) => held + count,
            Err(error) => {
                let why = sending.failure(reason(&error));
                let untouched = held == 0 && reading.is_untouched();
                return Err(if untouched {
                    RequestError::Unanswered(why)
                } else {
                    RequestError::Broken(why)
                });
            }
        };
        let mut input = &buffer[..end];
        let ended = reading.take(&mut input)?;
        taken(&buffer[..end - input.len()]);
        if let Some(answer) = ended {
            if !input.is_empty() {
                return Err(RequestError::Malformed("more than one answer".to_owned()));
            }
            return Ok(Answer { reusable: answer.reusable && sending.complete(), ..answer });
        }
        held = input.len();
        if held == buffer.len() {
            return Err(RequestError::Malformed(format!(
                "a head or a chunk's line of over {BUFFER} bytes"
            )));
        }
        buffer.copy_within(end - held..end, 0);
    }
}

/// Returns whether there is nothing to read and the connection has not ended.
pub(super) fn is_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    let read = stream.try_read(&mut byte);
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// A request that is being sent.
struct Sending<'a> {
    left: &'a [u8],
    broken: Option<io::Error>,
}

impl Sending<'_> {
    /// Writes as much as the socket accepts. A failure is only noted, because there may
    /// be an answer that explains it.
    fn poll(&mut self, stream: &mut TcpStream, cx: &mut Context<'_>) {
        while !self.left.is_empty() && self.broken.is_none() {
            match Pin::new(&mut *stream).poll_write(cx, self.left) {
                Poll::Ready(Ok(0)) => self.broken = Some(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => self.left = &self.left[count..],
                Poll::Ready(Err(error)) => self.broken = Some(error),
                Poll::Pending => return,
            }
        }
    }

    fn complete(&self) -> bool {
        self.left.is_empty() && self.broken.is_none()
    }

    /// Returns why the request could not be sent, or else why the reading failed. The
    /// first comes earlier and says more.
    fn failure(&self, reading: String) -> String {
        self.broken.as_ref().map_or(reading, reason)
    }
}

fn poll_read(stream: &mut TcpStream, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
    let mut into = ReadBuf::new(into);
    Pin::new(stream).poll_read(cx, &mut into).map_ok(|()| into.filled().len())
}
