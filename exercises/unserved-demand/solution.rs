// Two callbacks need an account of demand, kept right in both of them. One method
// that may wait needs none.

use std::collections::VecDeque;

use weir_stage::stage::Producer;

use crate::inbox::Inbox;

/// GenStage's way. Both callbacks return at once, and what they return goes out.
#[derive(Default)]
pub(crate) struct Callbacks {
    /// Events that have come and that nobody has asked for yet.
    waiting: VecDeque<u32>,
    /// What was asked for and not served yet.
    pending: usize,
}

impl Callbacks {
    /// Consumers ask for `demand` events *more*. Nobody will ask for them again.
    pub(crate) fn handle_demand(&mut self, demand: usize) -> Vec<u32> {
        // Added, as each call tells of *more*. It is the only time that we hear of it.
        self.pending += demand;
        self.serve()
    }

    /// An event has come in.
    pub(crate) fn handle_event(&mut self, event: u32) -> Vec<u32> {
        self.waiting.push_back(event);
        self.serve()
    }

    fn serve(&mut self) -> Vec<u32> {
        // Never more than was asked for, never more than there is, and the account
        // is kept in one place.
        let n = self.pending.min(self.waiting.len());
        self.pending -= n;
        self.waiting.drain(..n).collect()
    }
}

/// Weir's way: one async method over an inbox.
pub(crate) struct Source {
    inbox: Inbox,
}

impl From<Inbox> for Source {
    fn from(inbox: Inbox) -> Self {
        Self { inbox }
    }
}

impl Producer for Source {
    type Event = u32;

    /// Returns at least one event and at most `demand`; waits if there are none yet;
    /// `None` means that there will never be any again.
    ///
    /// `demand` is all that is wanted at the moment, older demand included.
    async fn produce(&mut self, demand: usize) -> Option<Vec<u32>> {
        loop {
            let events = self.inbox.take(demand);
            // Some are enough: what is missing is asked for again, by the stage.
            if !events.is_empty() {
                return Some(events);
            }
            if self.inbox.is_over() {
                return None;
            }
            // An inbox that was empty a moment ago is no reason to end, and none to
            // answer with nothing. The demand waits here, in our caller.
            self.inbox.changed().await;
        }
    }
}
