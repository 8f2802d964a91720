//! What load is made against: anything that can be connected to and answers.
//!
//! The loops that make load know nothing else, so the same ones drive a server
//! over HTTP and, under virtual time, the bench itself.

use thiserror::Error;

/// What connections can be made to.
pub trait Target {
    /// One connection. It carries one request at a time.
    type Connection: Connection;

    /// Makes a connection.
    ///
    /// # Errors
    /// [`Failure::Connect`].
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Failure>>;
}

/// Carries one request at a time.
pub trait Connection {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// [`Failure`]. The connection is then of no more use.
    ///
    /// # Cancel safety
    /// After the future was dropped the connection is of no more use.
    fn exchange(&mut self) -> impl Future<Output = Result<Answer, Failure>>;

    /// Whether another request can be sent on it: false once the server has closed
    /// it after its last answer.
    fn is_open(&self) -> bool;
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Bytes received, head and body.
    pub bytes: u64,
    /// Whether the connection can be used again.
    pub reusable: bool,
}

/// Why there was no answer. Each reads as a reason in a table of reasons.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// There was no connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// It broke off, or was closed before the first byte of an answer. On a
    /// connection that was used before, the server may have closed it at the moment
    /// when the request was sent.
    #[error("connection broken: {0}")]
    Unanswered(String),
    /// It broke off, or was closed before the answer was complete.
    #[error("connection broken: {0}")]
    Broken(String),
    /// What came is not HTTP.
    #[error("not an HTTP answer: {0}")]
    Malformed(String),
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// The load ended first.
    #[error("the load ended first")]
    Ended,
}
