//! The peers: axum's WebSockets, with its buffers and with small ones, and its server-sent
//! events. Each connection has a task that waits on a broadcast channel, as in axum's examples.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use axum::serve::ListenerExt;
use futures::stream::{self, Stream};
use socket2::SockRef;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};
use tokio::time::Instant;

use super::{SEND_BUFFER, Server, next_event, runtime};

/// The events that the channel keeps for tasks that are behind.
const CHANNEL: usize = 256;
/// The buffers of a WebSocket of the row *tuned*.
const SMALL: usize = 2 * 1024;

/// A server with one of the three routes in use.
pub(crate) struct Axum {
    runtime: Runtime,
    events: Sender<axum::body::Bytes>,
    address: SocketAddr,
    path: &'static str,
}

impl Axum {
    pub(crate) fn start(path: &'static str) -> Self {
        let (runtime, events) = (runtime(), Sender::new(CHANNEL));
        let [plain, tuned, sse] = std::array::from_fn(|_| events.clone());
        let plain = move |upgrade: WebSocketUpgrade| async move { watched(upgrade, &plain) };
        let tuned = move |upgrade: WebSocketUpgrade| async move {
            watched(upgrade.read_buffer_size(SMALL).write_buffer_size(0), &tuned)
        };
        let sse = move || async move { Sse::new(streamed(sse.subscribe())) };
        let router =
            Router::new().route("/ws", get(plain)).route("/tuned", get(tuned)).route("/sse", get(sse));
        let _guard = runtime.enter();
        let socket = TcpSocket::new_v4().expect("a descriptor is free");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port is free");
        let listener = socket.listen(4096).expect("it is bound");
        let address = listener.local_addr().expect("it is bound");
        let listener = listener.tap_io(|socket| {
            // As for the other servers. Fails if the client has gone away.
            _ = socket.set_nodelay(true);
            _ = SockRef::from(&*socket).set_send_buffer_size(SEND_BUFFER);
        });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { runtime, events, address, path }
    }
}

fn watched(upgrade: WebSocketUpgrade, events: &Sender<axum::body::Bytes>) -> Response {
    let events = events.subscribe();
    upgrade.on_upgrade(move |socket| send(socket, events))
}

/// Sends the events until the client goes away.
async fn send(mut socket: WebSocket, mut events: Receiver<axum::body::Bytes>) {
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => {
                    let text = axum::extract::ws::Utf8Bytes::try_from(event).expect("it is JSON");
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            read = socket.recv() => match read {
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}

fn streamed(events: Receiver<axum::body::Bytes>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(events, async |mut events| {
        loop {
            match events.recv().await {
                Ok(event) => {
                    let text = String::from_utf8_lossy(&event);
                    return Some((Ok(Event::default().data(text)), events));
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

impl Server for Axum {
    fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// In a task of the runtime, as a handler would.
    fn publish(&mut self, count: u32) -> Duration {
        let events = self.events.clone();
        let published = self.runtime.spawn(async move {
            let begin = Instant::now();
            for _ in 0..count {
                // Fails if no watcher is connected.
                _ = events.send(next_event().into());
            }
            begin.elapsed()
        });
        self.runtime.block_on(published).expect("no panic")
    }
}
