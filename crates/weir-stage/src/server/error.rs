//! The errors of calls and casts.

use std::fmt;

use thiserror::Error;

use crate::stage::Reason;

/// The reason why a call has no reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// The server has ended.
    #[error("the server has ended ({reason}); {}", effect(*.begun))]
    Down {
        /// Why it ended.
        reason: Reason,
        /// False if the message was certainly not handled.
        begun: bool,
    },
    /// The time limit has passed.
    #[error("no reply within the time limit; {}", effect(*.begun))]
    Late {
        /// False if the message was withdrawn and will not be handled.
        begun: bool,
    },
    /// The server dropped the [`Reply`](super::Reply), and runs on.
    #[error("the server handled the message and sent no reply")]
    Unanswered,
}

fn effect(begun: bool) -> &'static str {
    if begun { "the message may have been handled" } else { "the message was not handled" }
}

impl CallError {
    /// Returns true if the message may have been handled.
    pub fn has_begun(&self) -> bool {
        match self {
            Self::Down { begun, .. } | Self::Late { begun } => *begun,
            Self::Unanswered => true,
        }
    }
}

/// The reason why a message was not accepted, with the message.
#[derive(Clone, PartialEq, Eq, Error)]
pub enum CastError<M> {
    /// The mailbox is full.
    #[error("the mailbox is full")]
    Full(M),
    /// The server has ended.
    #[error("the server has ended ({1})")]
    Down(M, Reason),
}

impl<M> CastError<M> {
    /// Returns the message.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Down(message, _) => message,
        }
    }
}

impl<M> fmt::Debug for CastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full"),
            Self::Down(_, reason) => f.debug_tuple("Down").field(reason).finish(),
        }
    }
}
