//! The listening socket of the server, and how much the system keeps for a client that
//! does not read. For how long such a client is kept, `server.write_timeout` says.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// What the system keeps of what a client leaves unread, in bytes. It would keep megabytes, and a
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
