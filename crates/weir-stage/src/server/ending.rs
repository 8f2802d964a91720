//! The end of a server: its exit reason, and the monitors that wait for it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::stage::Reason;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// The exit reason of a server, and whether its monitors may fire.
#[derive(Default)]
pub(super) struct Ending(Mutex<State>);

#[derive(Default)]
struct State {
    reason: Option<Reason>,
    /// True once the state is dropped and the mailbox emptied.
    is_over: bool,
    next: u64,
    monitors: Vec<(u64, Waker)>,
}

impl Ending {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the reason; the first one counts.
    pub(super) fn begin(&self, reason: Reason) -> Reason {
        self.lock().reason.get_or_insert(reason).clone()
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        self.lock().reason.clone()
    }

    /// Fires the monitors.
    pub(super) fn complete(&self) {
        let mut state = self.lock();
        state.is_over = true;
        let monitors = std::mem::take(&mut state.monitors);
        drop(state);
        for (_, monitor) in monitors {
            monitor.wake();
        }
    }
}

/// Something that ends.
pub(super) trait Ends: Send + Sync {
    fn ending(&self) -> &Ending;
}

/// Watches for the end of one server. Made by [`ServerRef::monitor`](super::ServerRef::monitor).
/// It does not keep the server alive.
pub struct Monitor(pub(super) Arc<dyn Ends>);

impl Monitor {
    /// Waits until the server has ended and its state is dropped, and returns why it ended. If
    /// the server has ended already, returns the same reason at once.
    ///
    /// # Cancel safety
    /// Dropping the future drops the monitor.
    pub async fn down(self) -> Reason {
        let mut waiting = Waiting { ends: &*self.0, key: None };
        std::future::poll_fn(|cx| waiting.poll(cx)).await
    }
}

/// A place among the monitors, given up when it is dropped.
struct Waiting<'a> {
    ends: &'a dyn Ends,
    key: Option<u64>,
}

impl Waiting<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        let mut state = self.ends.ending().lock();
        if state.is_over {
            self.key = None;
            return Poll::Ready(state.reason.clone().unwrap_or(Reason::Aborted));
        }
        let key = *self.key.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        match state.monitors.iter_mut().find(|(known, _)| *known == key) {
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => state.monitors.push((key, cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.ends.ending().lock().monitors.retain(|(known, _)| *known != key);
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("reason", &self.0.ending().reason()).finish()
    }
}
