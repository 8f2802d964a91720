//! The errors of NATS.

use std::error::Error;
use std::fmt::Write as _;

use thiserror::Error;

/// Why something could not be done with NATS.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NatsError {
    /// The address cannot be read.
    #[error(
        "{url:?} is not the address of a NATS server (expected one such as nats://127.0.0.1:4222): {why}"
    )]
    Address {
        /// The text.
        url: String,
        /// Why it cannot be read.
        why: String,
    },
    /// No server answers there.
    #[error("no NATS server answers at {url}: {why}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// The server keeps no streams.
    #[error("the NATS server at {url} runs without JetStream: start it with `nats-server -js`")]
    NoJetStream {
        /// The address.
        url: String,
    },
    /// A stream could not be made or opened.
    #[error("the stream {stream} could not be opened: {why}")]
    Stream {
        /// Its name.
        stream: String,
        /// Why.
        why: String,
    },
    /// The name has a character that is not allowed.
    #[error("{name:?} cannot name {what}: only letters, digits, `-` and `_` are allowed")]
    Name {
        /// The kind of thing that it names, such as `a stream`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The server does not answer at present, or its answer cannot be used.
    #[error("NATS does not answer: {why}")]
    Away {
        /// Why.
        why: String,
    },
}

impl NatsError {
    pub(crate) fn away(why: impl Error) -> Self {
        Self::Away { why: in_words(&why) }
    }

    pub(crate) fn silent_pull() -> Self {
        Self::Away { why: "a pull was not answered".to_owned() }
    }
}

/// Writes an error and its causes in one line.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        let more = found.to_string();
        // Many errors repeat their cause.
        if !words.contains(&more) {
            // Writing to a string cannot fail.
            _ = write!(words, ": {more}");
        }
        cause = found.source();
    }
    words
}
