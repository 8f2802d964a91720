//! A WebSocket server that sends back each message: `cargo run --example echo 127.0.0.1:9001`.
//!
//! `.ci/websocket/run` holds it against the cases of the Autobahn test suite. It serves until
//! Ctrl-C.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use weir::http::{self, Handshake, MessageLimits, WebSocket};
use weir::shutdown::Shutdown;

/// The suite sends up to 16 MiB in one message, and 4 MiB in frames of 64 bytes.
const LIMITS: MessageLimits = MessageLimits { size: 16 << 20, frames: 1 << 16 };

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let address: SocketAddr = address.parse().map_err(std::io::Error::other)?;
    let listener = http::listen(address)?;
    println!("ws://{}/", listener.local_addr()?);
    let router = Router::new().route("/", get(upgrade));
    let shutdown = Shutdown::new();
    tokio::select! {
        () = http::serve(listener, router, shutdown.clone()) => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    shutdown.drain(Duration::from_secs(1)).await;
    Ok(())
}

async fn upgrade(handshake: Handshake) -> axum::response::Response {
    handshake.upgrade(LIMITS, echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.next().await {
        socket.answer(message.frame());
    }
}
