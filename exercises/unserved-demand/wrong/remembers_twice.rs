// Keeps its own account of demand in `produce` too.

use std::collections::VecDeque;

use weir_stage::stage::Producer;

use crate::inbox::Inbox;

/// GenStage's way. Both callbacks return at once, and the stage sends what they return.
#[derive(Default)]
pub(crate) struct Callbacks {
    /// Events that have arrived and are not asked for yet.
    waiting: VecDeque<u32>,
    /// How many events are asked for and not sent yet.
    pending: usize,
}

impl Callbacks {
    /// Consumers ask for `demand` *more* events, and will not repeat the ask.
    pub(crate) fn handle_demand(&mut self, demand: usize) -> Vec<u32> {
        self.pending += demand;
        self.serve()
    }

    /// An event arrives.
    pub(crate) fn handle_event(&mut self, event: u32) -> Vec<u32> {
        self.waiting.push_back(event);
        self.serve()
    }

    fn serve(&mut self) -> Vec<u32> {
        let n = self.pending.min(self.waiting.len());
        self.pending -= n;
        self.waiting.drain(..n).collect()
    }
}

/// Weir's way: one async method over an inbox.
pub(crate) struct Source {
    inbox: Inbox,
    pending: usize,
}

impl From<Inbox> for Source {
    fn from(inbox: Inbox) -> Self {
        Self { inbox, pending: 0 }
    }
}

impl Producer for Source {
    type Event = u32;

    /// Returns at least one event and at most `demand`, and waits while there are none.
    /// Returns `None` when no event will ever arrive again.
    ///
    /// `demand` is all that the consumers want now, older demand included.
    async fn produce(&mut self, demand: usize) -> Option<Vec<u32>> {
        self.pending += demand;
        loop {
            let events = self.inbox.take(self.pending);
            if !events.is_empty() {
                self.pending -= events.len();
                return Some(events);
            }
            if self.inbox.is_over() {
                return None;
            }
            self.inbox.changed().await;
        }
    }
}
