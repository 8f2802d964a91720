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
    bind(address, false)
}

/// Listens at `address` together with other processes of the same user that do the same. The
/// system gives each connection to one of them, by a hash of both addresses (`SO_REUSEPORT`).
/// Connections that wait at a process are reset when it closes its listener.
///
/// # Errors
/// The system's error, such as that a process has the address for itself.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn listen_shared(address: SocketAddr) -> io::Result<TcpListener> {
    bind(address, true)
}

fn bind(address: SocketAddr, is_shared: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows this would let two servers share an address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    if is_shared {
        socket.set_reuseport(true)?;
    }
    // Accepted connections inherit it. If the system refuses, the buffer stays larger.
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_is_shared_only_if_all_of_its_listeners_share_it() {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = listen_shared(free).unwrap();
        let address = first.local_addr().unwrap();
        let second = listen_shared(address).unwrap();
        assert_eq!(second.local_addr().unwrap(), address);
        assert_eq!(listen(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let alone = listen(free).unwrap();
        let taken = listen_shared(alone.local_addr().unwrap()).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
