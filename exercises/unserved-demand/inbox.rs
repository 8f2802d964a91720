//! A source that is sometimes empty: events arrive from outside, now and then.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How many times in a row an empty inbox may be asked before the check fails.
const PATIENCE: usize = 1000;

/// The place where events arrive. Clones share the same inbox.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<(Mutex<State>, Notify)>);

#[derive(Default)]
struct State {
    events: VecDeque<u32>,
    closed: bool,
    /// How many times in a row it was asked while it was empty.
    empty_takes: usize,
}

impl Inbox {
    /// Takes the events that are there, at most `most`. Does not wait, so the result may be
    /// empty.
    pub(crate) fn take(&self, most: usize) -> Vec<u32> {
        let mut state = self.state();
        let n = most.min(state.events.len());
        state.empty_takes = if n == 0 { state.empty_takes + 1 } else { 0 };
        assert!(state.empty_takes < PATIENCE, "an empty inbox was asked {PATIENCE} times without waiting");
        state.events.drain(..n).collect()
    }

    /// Waits until the inbox has changed since the last call: events arrived, or the inbox
    /// was closed. It may also return without a change, so look again.
    pub(crate) async fn changed(&self) {
        self.0.1.notified().await;
    }

    /// True if the inbox is empty and closed, so that no event will ever arrive again.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state();
        state.closed && state.events.is_empty()
    }

    /// Puts events in, from outside.
    pub(crate) fn put(&self, events: impl IntoIterator<Item = u32>) {
        self.state().events.extend(events);
        self.0.1.notify_one();
    }

    /// Closes the inbox: no more events will arrive.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.0.1.notify_one();
    }

    /// The number of events that wait here.
    pub(crate) fn len(&self) -> usize {
        self.state().events.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
