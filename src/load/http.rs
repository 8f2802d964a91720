//! A server as the target of a load: HTTP/1.1 on raw sockets.
//!
//! It makes connections and exchanges one request for one answer on each. Who
//! sends when, what is given up after how long, and what is counted is decided
//! by the loops that use it.
//!
//! ```text
//!   url, plan ──▶ Request (bytes, built once)          url.rs, request.rs
//!                    │
//!   HttpTarget ──▶ HttpConnection: write, read         connection.rs
//!                    │
//!                 Reading: where an answer ends        answer.rs
//!                    ├── Head: what its head says      head.rs
//!                    └── Chunks: a chunked body        chunks.rs
//! ```
//!
//! There is no general client underneath. A load generator needs the core that
//! it runs on for requests, and a general client has a task, a channel and some
//! allocations in each of them. What is left of HTTP when the request is always
//! the same and the body of the answer is only counted fits into these files.
//!
//! Only `http://` is spoken: encryption would be most of what is measured.

mod answer;
mod chunks;
mod connection;
mod head;
mod request;
mod url;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;
use tokio::net::TcpStream;

use super::target::{Failure, Target};
use crate::record::RequestPlan;
use request::Request;

pub use connection::HttpConnection;

/// A server, and the request that is sent to it again and again.
///
/// Cheap to clone; clones may live on different threads.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// In the order in which the system named them; at least one.
    addresses: Vec<SocketAddr>,
    /// Which of them answered last. `localhost` is often two addresses, of which
    /// the server listens on the second: to try them in order for each connection
    /// would cost a refusal each time. A hint, so that no ordering is needed.
    answered: AtomicUsize,
    request: Arc<Request>,
}

/// Why there can be no load against a target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The URL names no server that we can speak to.
    #[error("{url:?}: {reason}; expected http://HOST[:PORT][/PATH]")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host has no address.
    #[error("{host:?} has no address: {reason}")]
    Unresolved {
        /// The host.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// There is no such method, or it makes no request and answer.
    #[error("{method:?} cannot be the method: {reason}")]
    Method {
        /// What was given.
        method: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header is not well-formed, or not the caller's to set.
    #[error("{name:?} cannot be a header: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl HttpTarget {
    /// A target at `url`, where each request is as in the plan, with `headers`
    /// added. Looks up the host, which may block for as long as the system's
    /// resolver does.
    ///
    /// `Host` and `User-Agent` may be replaced by headers of one's own;
    /// `Connection`, `Content-Length` and `Transfer-Encoding` follow from the plan
    /// and may not.
    ///
    /// # Errors
    /// [`TargetError`], which says what was found and what is allowed.
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
    /// Where its host is, in the order in which the system named the addresses.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }
}

impl Target for HttpTarget {
    type Connection = HttpConnection;

    /// Connects to the address that answered last, or else to the next that does.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    async fn connect(&self) -> Result<HttpConnection, Failure> {
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
                // The preferred address comes first, and its reason is the telling one.
                Err(error) => _ = failure.get_or_insert(error),
            }
        }
        Err(Failure::Connect(failure.map_or("no address".to_owned(), |error| reason(&error))))
    }
}

/// What went wrong, the same words for the same cause, as rows of a table need
/// it: such as `connection refused`, without the system's number for it.
fn reason(error: &io::Error) -> String {
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
