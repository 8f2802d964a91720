// Returns when it has all that was asked for.

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
        self.pending += demand;
        self.serve()
    }

    /// An event has come in.
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
        let mut events = self.inbox.take(demand);
        while events.len() < demand && !self.inbox.is_over() {
            self.inbox.changed().await;
            events.extend(self.inbox.take(demand - events.len()));
        }
        Some(events).filter(|events| !events.is_empty())
    }
}
