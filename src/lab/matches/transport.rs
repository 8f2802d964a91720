//! Transports: the framings in which watchers are sent messages, and the readers of what they
//! send. The lab knows no protocol; a face implements these traits.

use std::fmt;
use std::sync::Arc;

/// The transports of a lab. A watcher names its transport by the place in this list.
pub type Transports = Vec<Arc<dyn Transport>>;

/// A message to one watcher, before it is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// `snapshot`, `event`, `gap` or `end`.
    pub kind: &'static str,
    /// The number of the last event that the watcher then has, if it has one.
    pub seq: Option<u64>,
    /// The whole message as a JSON object, on one line.
    pub json: &'a str,
}

/// The framing of one protocol.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// The name in figures and metrics, such as `ws` or `sse`.
    fn name(&self) -> &'static str;

    /// Appends the frame of a message. The same message must give the same bytes every time.
    fn frame(&self, message: Message<'_>, out: &mut Vec<u8>);

    /// Appends the last frame of a connection, such as a close frame with a code.
    fn last(&self, why: Ending, out: &mut Vec<u8>);

    /// Appends a frame that asks whether the client is there, such as a ping or a comment.
    fn ping(&self, out: &mut Vec<u8>);

    /// Returns true if a client answers [`ping`](Self::ping). If so, a client from which nothing
    /// is heard for `matches.silence` is closed.
    fn is_answered(&self) -> bool;

    /// Makes the reader of one connection.
    fn reader(&self) -> Box<dyn Reader>;
}

/// Reads what one client sends.
pub trait Reader: Send {
    /// Takes bytes from the client, and appends the frames that answer them, such as a pong or a
    /// close frame.
    fn feed(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Heard;
}

/// What a client wants after what it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It keeps watching.
    Open,
    /// It leaves. The connection is closed after the answers.
    Ended,
}

/// Why the lab closes a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The match has not begun. The watcher has its snapshot.
    NotBegun,
    /// The match is over.
    Over,
    /// The dispatcher of the match has failed and is restarted.
    Restarted,
    /// Nothing was heard from the client, or it read nothing, for `matches.silence`.
    Silent,
    /// The client was too far behind (`matches.behind = "close"`).
    Behind,
    /// The client left its answers unread.
    Unread,
    /// The server shuts down.
    ShuttingDown,
}

impl Ending {
    /// Returns the status code of RFC 6455 for this end.
    pub fn code(self) -> u16 {
        match self {
            Self::NotBegun | Self::Over => 1000,
            Self::ShuttingDown => 1001,
            Self::Silent | Self::Behind | Self::Unread => 1008,
            Self::Restarted => 1012,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBegun => "the match has not begun",
            Self::Over => "the match is over",
            Self::Restarted => "the dispatcher of the match was restarted",
            Self::Silent => "nothing was heard for too long",
            Self::Behind => "too many events behind",
            Self::Unread => "too many answers left unread",
            Self::ShuttingDown => "the server is shutting down",
        })
    }
}
