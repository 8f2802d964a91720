//! The target of a load: anything that accepts connections and answers requests.
//!
//! The loops that make load know nothing else. The same loops drive a server over HTTP
//! and, under virtual time, the bench itself.

use thiserror::Error;

/// A target of connections.
pub trait Target {
    /// A connection to the target.
    type Connection: Connection;

    /// Connects to the target.
    ///
    /// # Errors
    /// [`RequestError::Connect`].
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, RequestError>>;
}

/// A connection, which carries one request at a time.
pub trait Connection {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// [`RequestError`]. The connection cannot be used afterwards.
    ///
    /// # Cancel safety
    /// The connection cannot be used after the future was dropped.
    fn exchange(&mut self) -> impl Future<Output = Result<Answer, RequestError>>;

    /// Returns whether another request can be sent: false once the server has closed the
    /// connection.
    fn is_open(&self) -> bool;
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Bytes received, head and body.
    pub bytes: u64,
    /// True if the connection can be used again.
    pub reusable: bool,
}

/// Why a request has no answer. Each text is a row in a table of reasons.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The connection failed.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke before the first byte of an answer. If it was used before,
    /// the server may have closed it just when the request was sent.
    #[error("connection broken: {0}")]
    Unanswered(String),
    /// The connection broke before the answer was complete.
    #[error("connection broken: {0}")]
    Broken(String),
    /// The answer is not HTTP.
    #[error("not an HTTP answer: {0}")]
    Malformed(String),
    /// The answer took longer than the timeout.
    #[error("timed out")]
    TimedOut,
    /// The load ended before the answer.
    #[error("the load ended first")]
    Ended,
}
