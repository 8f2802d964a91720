//! The floor: accepts, answers the handshake, and calls `send` for each socket in a loop.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use weir::http::text_frame;

use super::{SEND_BUFFER, Server, next_event};

/// The answer to the key of the generator, which is the example of RFC 6455.
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Blocking sockets of one thread.
pub(crate) struct Bare {
    address: SocketAddr,
    sockets: Arc<Mutex<Vec<TcpStream>>>,
    /// True if a burst is sent in one write.
    joined: bool,
}

impl Bare {
    pub(crate) fn start(joined: bool) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a descriptor is free");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port is free");
        socket.listen(4096).expect("it is bound");
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().expect("it is bound");
        let sockets = Arc::<Mutex<Vec<TcpStream>>>::default();
        let accepted = Arc::clone(&sockets);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                accepted.lock().expect("no panic").extend(handshake(socket));
            }
        });
        Self { address, sockets, joined }
    }
}

/// Returns the socket once it watches; `None` if the client has gone away.
fn handshake(mut socket: TcpStream) -> Option<TcpStream> {
    socket.set_nodelay(true).ok()?;
    SockRef::from(&socket).set_send_buffer_size(SEND_BUFFER).ok()?;
    let (mut request, mut length) = ([0; 2048], 0);
    while !request[..length].ends_with(b"\r\n\r\n") {
        length += socket.read(&mut request[length..]).ok().filter(|n| *n > 0)?;
    }
    socket.write_all(ANSWER).ok()?;
    Some(socket)
}

impl Server for Bare {
    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn publish(&mut self, events: u32) -> Duration {
        let frames: Vec<Vec<u8>> = (0..events).map(|_| text_frame(&next_event()).to_vec()).collect();
        let frames = if self.joined { vec![frames.concat()] } else { frames };
        let mut sockets = self.sockets.lock().expect("no panic");
        for frame in frames {
            // A write to a client that has gone away fails, and its socket goes too.
            sockets.retain_mut(|socket| socket.write_all(&frame).is_ok());
        }
        // All have the time before the first write.
        Duration::ZERO
    }
}
