//! The encoder of a hub: the messages of a match in the frames of one transport.

use std::sync::Arc;

use tokio::time::Instant;

use super::messages;
use super::{Common, Ending, MatchState, Message, Recorded, Transport};
use crate::hub::{Encode, LeftReason};

/// An event of a match with the time of its publication.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) recorded: Recorded,
    /// Microseconds since the epoch.
    pub(super) at: u64,
    /// The time of publication on the clock of the runtime.
    pub(super) published: Instant,
    /// True if its way to the watchers is recorded.
    pub(super) is_traced: bool,
}

/// Encodes the events of one life of a dispatcher for one transport.
#[derive(Debug)]
pub(super) struct Framing {
    pub(super) common: Arc<Common>,
    /// The state before the first event of this life.
    pub(super) before: Arc<MatchState>,
}

impl Encode<Published> for Framing {
    fn event(&self, event: &Published, seq: u64, out: &mut Vec<u8>) {
        if event.is_traced {
            self.common.times.activate(seq);
        }
        let json = messages::event(&event.recorded, event.at);
        self.common.transport.frame(Message { kind: "event", seq: Some(seq), json: &json }, out);
    }

    fn snapshot(&self, last: Option<&Published>, next: u64, out: &mut Vec<u8>) {
        let state = last.map_or(&self.before, |last| &last.recorded.state);
        snapshot(&*self.common.transport, state, next, out);
    }

    fn gap(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        let json = messages::gap(from, to);
        self.common.transport.frame(Message { kind: "gap", seq: to.checked_sub(1), json: &json }, out);
    }

    fn end(&self, out: &mut Vec<u8>) {
        end(&*self.common.transport, Ending::Over, out);
    }

    fn last(&self, reason: LeftReason, out: &mut Vec<u8>) {
        let why = match reason {
            LeftReason::Stopped => Ending::Restarted,
            LeftReason::Behind => Ending::Behind,
            LeftReason::Silent => Ending::Silent,
            LeftReason::Unread => Ending::Unread,
            // The client has gone, or had its last frame.
            _ => return,
        };
        self.common.transport.last(why, out);
    }
}

/// Appends the frame of the status before event `next`.
pub(super) fn snapshot(transport: &dyn Transport, state: &MatchState, next: u64, out: &mut Vec<u8>) {
    let json = messages::snapshot(state, next);
    transport.frame(Message { kind: "snapshot", seq: next.checked_sub(1), json: &json }, out);
}

/// Appends the message that the events have ended, and the last frame.
pub(super) fn end(transport: &dyn Transport, why: Ending, out: &mut Vec<u8>) {
    let json = messages::end(why);
    transport.frame(Message { kind: "end", seq: None, json: &json }, out);
    transport.last(why, out);
}
