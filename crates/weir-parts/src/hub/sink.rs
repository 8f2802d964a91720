//! The sinks that a hub writes to: a trait, and its implementation for TCP.

use std::future::Future;
use std::io;
use std::net::Shutdown;

use socket2::SockRef;
use tokio::net::TcpStream;

/// Something that takes bytes without blocking, such as a non-blocking socket.
///
/// The hub holds a sink in an `Arc`, so the application can read from the same socket.
pub trait Sink: Send + Sync + 'static {
    /// Writes some bytes and returns how many were taken.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the sink takes no bytes at the moment. After
    /// any other error, or `Ok(0)`, the hub lets go of the watcher.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Waits until the sink may take bytes again, or has failed, or was shut down.
    ///
    /// # Errors
    /// Ignored: the next write reports them.
    ///
    /// # Cancel safety
    /// Must be cancel safe.
    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Ends writing. A pending [`writable`](Self::writable) must return. Called once, when the
    /// hub lets go of the watcher.
    fn shutdown(&self);
}

/// Set `TCP_NODELAY`, and a small `SO_SNDBUF` (16 KiB): by default the kernel takes 190 kB and
/// more per socket, and a watcher that reads nothing is not behind for minutes.
impl Sink for TcpStream {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    async fn writable(&self) -> io::Result<()> {
        Self::writable(self).await
    }

    /// Shuts down the writing side. The application may still read.
    fn shutdown(&self) {
        // Fails if the peer has gone, which is the end that was wanted.
        _ = SockRef::from(self).shutdown(Shutdown::Write);
    }
}
