//! A server as the target of a load, over HTTP/1.1 on raw sockets.
//!
//! It makes connections and exchanges one request for one answer on each. The loops that
//! use it decide when to send, when to give up, and what to count.
//!
//! ```text
//!   url, plan ──▶ Request (bytes, built once)          url.rs, request.rs
//!                    │
//!   HttpTarget ──▶ HttpConnection: write, read         connection.rs
//!                    │
//!                 Reading: where an answer ends        answer.rs
//!                    ├── Head: what its head says      head.rs
//!                    └── Chunks: a chunked body        chunks.rs
//!
//!   Talker ──▶ Talk: requests that differ, answers that are read   talk.rs
//! ```
//!
//! It does not use a general HTTP client, which spends a task, a channel and several
//! allocations on each request; a load generator needs its core for requests. When the
//! request is always the same and the body of the answer is only counted, the rest of
//! HTTP fits into these files.
//!
//! Only `http://` is supported: encryption would dominate the measurement.

mod answer;
mod chunks;
mod connection;
mod head;
mod request;
mod talk;
pub(super) mod url;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;
use tokio::net::TcpStream;

use super::target::{RequestError, Target};
use crate::record::RequestPlan;
use request::Request;

pub use connection::HttpConnection;
pub(super) use head::{Body, read as read_head};
pub(super) use talk::{Reply, Talk, Talker, connect};

/// A server, and the request that is sent to it repeatedly.
///
/// Cheap to clone. Clones may be on different threads.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// At least one, in the system's order.
    addresses: Vec<SocketAddr>,
    /// The address that answered last. `localhost` often has two addresses and the server
    /// listens on the second, so trying them in order would cost a refused connection
    /// each time. It is a hint and needs no ordering.
    answered: AtomicUsize,
    request: Arc<Request>,
}

/// Why a target cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The URL does not name a server that this client supports.
    #[error("{url:?}: {reason}; expected http://HOST[:PORT][/PATH]")]
    Url {
        /// The text that was given.
        url: String,
        /// The reason.
        reason: String,
    },
    /// The host has no address.
    #[error("{host:?} has no address: {reason}")]
    Unresolved {
        /// The host.
        host: String,
        /// The system's reason.
        reason: String,
    },
    /// The method does not exist, or is not one request with one answer.
    #[error("{method:?} cannot be the method: {reason}")]
    Method {
        /// The text that was given.
        method: String,
        /// The reason.
        reason: &'static str,
    },
    /// A header is malformed, or must not be set by the caller.
    #[error("{name:?} cannot be a header: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// The reason.
        reason: &'static str,
    },
}

impl HttpTarget {
    /// Returns a target at `url`, whose requests are those of the plan with `headers`
    /// added. Resolves the host, which may block as long as the system's resolver does.
    ///
    /// `headers` may replace `Host` and `User-Agent`. `Connection`, `Content-Length` and
    /// `Transfer-Encoding` follow from the plan and must not be given.
    ///
    /// # Errors
    /// [`TargetError`], with what was found and what is allowed.
    pub fn new(
        url: &str,
        request: &RequestPlan,
        headers: &[(String, String)],
    ) -> Result<Self, TargetError> {
        let uri = url::parse(url)?;
        let request = Request::new(&uri, request, headers)?;
        let addresses = url::resolve(&uri)?;
        let shared = Shared { addresses, answered: AtomicUsize::new(0), request: Arc::new(request) };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl HttpTarget {
    /// Returns the addresses of the host, in the system's order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }
}

impl Target for HttpTarget {
    type Connection = HttpConnection;

    /// Connects to the address that answered last, or else to the next one that accepts.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the connection.
    async fn connect(&self) -> Result<HttpConnection, RequestError> {
        let Shared { addresses, answered, request } = &*self.shared;
        let first = answered.load(Ordering::Relaxed);
        let mut failure = None;
        for n in (0..addresses.len()).map(|n| (first + n) % addresses.len()) {
            match TcpStream::connect(addresses[n]).await {
                Ok(stream) => {
                    if n != first {
                        answered.store(n, Ordering::Relaxed);
                    }
                    return Ok(HttpConnection::new(stream, Arc::clone(request)));
                }
                // The preferred address comes first; its error is the one to report.
                Err(error) => _ = failure.get_or_insert(error),
            }
        }
        Err(RequestError::Connect(failure.map_or("no address".to_owned(), |error| reason(&error))))
    }
}

/// Returns the cause as a row in a table of reasons, such as `connection refused`,
/// without the system's number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_carry_neither_numbers_nor_addresses() {
        let error = io::Error::from_raw_os_error(if cfg!(target_os = "macos") { 61 } else { 111 });
        assert_eq!(reason(&error), "connection refused");
        assert_eq!(reason(&io::Error::other("Odd")), "odd");
    }
}
