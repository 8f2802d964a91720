//! The listening socket of the server, with a small send buffer for each connection.
//! `server.write_timeout` decides how long a client may leave it unread.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// The send buffer of a connection, in bytes. By default it holds megabytes, and it would
/// take a minute to notice that a reader of the live stream has stopped reading.
const SEND_BUFFER: u32 = 64 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens at `address`. Accepted connections have a small send buffer, so that
/// [`serve`](super::serve) soon notices a client that does not read.
///
/// # Errors
/// The system's error, such as that the address is in use.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows this would let two servers share an address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it. If the system refuses, the buffer stays larger.
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
