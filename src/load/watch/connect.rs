//! Opens the socket of a watcher.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

/// The receive buffer of a slow watcher, so that the server soon notices that it is slow.
/// Linux doubles it.
const SLOW_BUFFER: usize = 4096;

/// The source addresses of watchers, taken in turn. A pair of addresses has some 28,000
/// ports, so more watchers than that need several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources {
    count: u8,
}

impl Sources {
    /// Source addresses for watchers of `server`. Only the loopback network has more than
    /// one that needs no configuration.
    pub(super) fn new(server: SocketAddr, count: u8) -> Self {
        let has_many =
            cfg!(target_os = "linux") && matches!(server.ip(), IpAddr::V4(ip) if ip.is_loopback());
        Self { count: if has_many { count } else { 0 } }
    }

    /// Returns the source of watcher `n`, from 127.0.0.2 on; `None` leaves it to the system.
    fn of(self, n: usize) -> Option<SocketAddr> {
        if self.count <= 1 {
            return None;
        }
        let last = 2 + (n % usize::from(self.count)) as u32;
        // 127.0.0.2 + 254 and more are still in 127.0.0.0/8.
        Some(SocketAddr::from((Ipv4Addr::from(0x7f00_0000 + last), 0)))
    }
}

/// Begins to connect watcher `n`. The connection is established when the socket becomes
/// writable.
///
/// # Errors
/// If the system refuses: no free port, no descriptor, no listener.
pub(super) fn connect(server: SocketAddr, sources: Sources, n: usize, slow: bool) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if slow {
        // Before the connect, which tells the server the size of the window.
        socket.set_recv_buffer_size(SLOW_BUFFER)?;
    }
    if let Some(source) = sources.of(n) {
        socket.bind(&source.into())?;
    }
    match socket.connect(&server.into()) {
        Ok(()) => {}
        Err(error) if is_under_way(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(socket.into()))
}

/// True if the connect goes on (`EINPROGRESS`).
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_taken_in_turn_on_loopback_only() {
        let here = Sources::new(([127, 0, 0, 1], 4000).into(), 16);
        if cfg!(target_os = "linux") {
            assert_eq!(here.of(0), Some(([127, 0, 0, 2], 0).into()));
            assert_eq!(here.of(15), Some(([127, 0, 0, 17], 0).into()));
            assert_eq!(here.of(16), here.of(0));
        }
        assert_eq!(Sources::new(([192, 0, 2, 1], 4000).into(), 16).of(3), None);
        assert_eq!(Sources::new(([127, 0, 0, 1], 4000).into(), 1).of(3), None);
    }
}
