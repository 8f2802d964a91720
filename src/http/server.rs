//! Accepts connections and speaks HTTP/1 on them.
//!
//! In place of axum's own `serve`, which sets no limits: a client that sends its
//! request head one byte a minute would keep its connection for ever.

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::shutdown::Shutdown;

/// How long a request head may take, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How large a request head may be, in bytes; a larger one is answered with 431.
const HEAD_SIZE: usize = 32 * 1024;
/// How long to wait when the system has no more file descriptors.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown` stops. Connections are tasks of
/// `shutdown`: a drain waits for the requests on them.
///
/// # Cancel safety
/// Dropping the future closes the listener; open connections go on.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    loop {
        let stream = tokio::select! {
            biased;
            () = shutdown.stopping() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
        };
        shutdown.spawn(connection(stream, router.clone(), shutdown.clone()));
    }
}

/// A connection that was gone before we took it is nobody's trouble. Anything
/// else is the system's, and trying again at once would only burn the core.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        log::error!("cannot accept a connection: {error}");
        tokio::time::sleep(OUT_OF_FILES).await;
    }
}

async fn connection(stream: TcpStream, router: Router, shutdown: Shutdown) {
    // Replies are small and complete; waiting for more to send only delays them.
    // Failing to say so is no reason to refuse the connection.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        log::debug!("a connection ended: {error}");
    }
}
