//! The sockets of the server: how much the system keeps for a client that does not
//! read, and for how long.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Sleep, sleep};

/// How long a client may leave what we send unread.
const UNREAD: Duration = Duration::from_secs(10);
/// What the system keeps of it meanwhile, in bytes. It would keep megabytes, and a
/// reader of the live stream that has stopped reading would show after a minute only.
const SEND_BUFFER: u32 = 64 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens at `address`. Accepted connections keep little for a client that does not
/// read, so that [`serve`](super::serve) notices it soon.
///
/// # Errors
/// The system's, such as when the address is taken.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows it would let two servers share an address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it. A system that refuses keeps more.
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A stream whose writes fail once the other side has read nothing for 10 s.
#[derive(Debug)]
pub(super) struct Impatient<S> {
    stream: S,
    /// Runs while a write waits.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, patience: None }
    }

    /// Passes on what a write came to, and fails if it has waited too long.
    fn limit(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.patience = None;
            return written;
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(UNREAD)));
        ready!(patience.as_mut().poll(cx));
        let message = format!("the client has read nothing for {UNREAD:?}");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        self.limit(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.limit(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_for_ten_seconds_is_given_up() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = Impatient::new(ours);
        let start = Instant::now();
        // It reads after nine seconds, and never again.
        let client = async {
            sleep(Duration::from_secs(9)).await;
            theirs.read_exact(&mut [0; 8]).await.unwrap();
            std::future::pending::<()>().await;
        };
        let error = tokio::select! {
            written = ours.write_all(&[0; 100]) => written.unwrap_err(),
            () = client => unreachable!(),
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), Duration::from_secs(19));
    }
}
