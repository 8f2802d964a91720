//! The messages to the watchers of a room, and the records of its history.

use std::fmt;
use std::sync::Arc;

use super::{Position, Room};

/// A message to the watchers of a room. Positions only grow, and each comes once.
pub enum Told<R: Room> {
    /// An update. The events of one move have the same status, that after the last of them.
    Update {
        /// Its position.
        at: Position,
        /// What happened.
        event: Arc<R::Event>,
        /// The status after the move.
        status: Arc<R::Status>,
    },
    /// The room has begun a new life, and nothing is lost.
    Resumed {
        /// The position at which it goes on.
        at: Position,
        /// The status there.
        status: Arc<R::Status>,
    },
    /// Updates that the watchers did not get, or that are no longer in the state.
    Gap {
        /// The life in which they were made.
        life: u64,
        /// The number of the first.
        from: u64,
        /// The number of the last.
        to: u64,
        /// The position at which the room goes on.
        at: Position,
        /// The status there.
        status: Arc<R::Status>,
    },
    /// The status, with which the first watcher begins.
    Status {
        /// Its position.
        at: Position,
        /// The status.
        status: Arc<R::Status>,
    },
}

impl<R: Room> Told<R> {
    /// Returns the position after the message.
    pub fn at(&self) -> Position {
        match self {
            Self::Update { at, .. }
            | Self::Resumed { at, .. }
            | Self::Gap { at, .. }
            | Self::Status { at, .. } => *at,
        }
    }

    /// Returns the status at that position, or later within the same move.
    pub fn status(&self) -> &Arc<R::Status> {
        match self {
            Self::Update { status, .. }
            | Self::Resumed { status, .. }
            | Self::Gap { status, .. }
            | Self::Status { status, .. } => status,
        }
    }
}

impl<R: Room> fmt::Debug for Told<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update { at, .. } => write!(f, "update {at}"),
            Self::Resumed { at, .. } => write!(f, "resumed {at}"),
            Self::Gap { life, from, to, at, .. } => write!(f, "gap {from} to {to} of life {life}, {at}"),
            Self::Status { at, .. } => write!(f, "status {at}"),
        }
    }
}

/// An entry of a history.
pub enum Past<R: Room> {
    /// An update.
    Update {
        /// Its position.
        at: Position,
        /// What happened.
        event: Arc<R::Event>,
    },
    /// Updates that are lost, or that the history did not record.
    Gap {
        /// The life in which they were made.
        life: u64,
        /// The number of the first.
        from: u64,
        /// The number of the last.
        to: u64,
    },
    /// The beginning of a new life.
    Resumed {
        /// The position at which it goes on.
        at: Position,
    },
}

impl<R: Room> Clone for Past<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Update { at, event } => Self::Update { at: *at, event: Arc::clone(event) },
            Self::Gap { life, from, to } => Self::Gap { life: *life, from: *from, to: *to },
            Self::Resumed { at } => Self::Resumed { at: *at },
        }
    }
}

impl<R: Room> fmt::Debug for Past<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update { at, .. } => write!(f, "update {at}"),
            Self::Gap { life, from, to } => write!(f, "gap {from} to {to} of life {life}"),
            Self::Resumed { at } => write!(f, "resumed {at}"),
        }
    }
}
