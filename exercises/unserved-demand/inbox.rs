//! A source that is sometimes empty: events come in from outside, now and then.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How often an empty inbox may be asked before this counts as going in circles.
const PATIENCE: usize = 1000;

/// Where events come in. Clones are the same inbox.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<(Mutex<State>, Notify)>);

#[derive(Default)]
struct State {
    events: VecDeque<u32>,
    closed: bool,
    in_vain: usize,
}

impl Inbox {
    /// Takes what there is, but no more than `most`. Does not wait: there may be
    /// nothing.
    pub(crate) fn take(&self, most: usize) -> Vec<u32> {
        let mut state = self.state();
        let n = most.min(state.events.len());
        state.in_vain = if n == 0 { state.in_vain + 1 } else { 0 };
        assert!(state.in_vain < PATIENCE, "an empty inbox was asked {PATIENCE} times without waiting");
        state.events.drain(..n).collect()
    }

    /// Waits until something has changed since the last time: events have come, or
    /// the inbox was closed. It may also return when nothing has; look again.
    pub(crate) async fn changed(&self) {
        self.0.1.notified().await;
    }

    /// Whether it is empty and nothing more will ever come.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state();
        state.closed && state.events.is_empty()
    }

    /// Puts events in, from outside.
    pub(crate) fn put(&self, events: impl IntoIterator<Item = u32>) {
        self.state().events.extend(events);
        self.0.1.notify_one();
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.0.1.notify_one();
    }

    /// How many events wait here.
    pub(crate) fn len(&self) -> usize {
        self.state().events.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
