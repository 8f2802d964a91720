//! The places of a queue whose events an engine keeps: the capacity, the line of senders that wait
//! for a place, and the peak.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::queue::{PushError, QueueSettings, WhenFull};

/// The places.
#[derive(Debug)]
pub(in crate::workbench) struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    settings: QueueSettings,
    /// The number of waiting events at the last update.
    waiting: usize,
    /// Places that were given to senders whose events the engine does not have yet.
    promised: usize,
    line: VecDeque<oneshot::Sender<Place>>,
    peak: usize,
    is_closed: bool,
}

/// A place for one event. Drop it when the engine has the event, or has refused it.
#[derive(Debug)]
pub(in crate::workbench) struct Place(Option<Arc<Mutex<State>>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    pub(super) fn new(settings: QueueSettings) -> Self {
        let state =
            State { settings, waiting: 0, promised: 0, line: VecDeque::new(), peak: 0, is_closed: false };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Finds a place by the policy in force. `waiting` is the number of events that wait now.
    ///
    /// # Errors
    /// [`PushError`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the sender loses its place in the line.
    pub(super) async fn reserve(&self, waiting: usize) -> Result<Place, PushError> {
        let (limit, place) = {
            let mut state = lock(&self.0);
            state.look(waiting);
            if state.is_closed {
                return Err(PushError::Closed);
            }
            if state.has_room() {
                state.promised += 1;
                return Ok(Place(Some(Arc::clone(&self.0))));
            }
            let WhenFull::Wait { timeout } = state.settings.when_full else {
                return Err(PushError::Full { capacity: state.settings.capacity });
            };
            // Otherwise senders that gave up would pile up while no place becomes free.
            while state.line.front().is_some_and(oneshot::Sender::is_closed) {
                state.line.pop_front();
            }
            let (sender, place) = oneshot::channel();
            state.line.push_back(sender);
            (timeout, place)
        };
        let place = timeout(limit, place).await.map_err(|_| PushError::TimedOut { timeout: limit })?;
        place.map_err(|_| PushError::Closed)
    }

    /// Notes how many events wait, and gives free places to the line.
    pub(super) fn update(&self, waiting: usize) {
        let mut state = lock(&self.0);
        state.look(waiting);
        state.offer(&self.0);
    }

    pub(super) fn configure(&self, settings: QueueSettings) {
        let mut state = lock(&self.0);
        state.settings = settings;
        state.offer(&self.0);
    }

    pub(super) fn close(&self) {
        let mut state = lock(&self.0);
        state.is_closed = true;
        state.line.clear();
    }

    pub(super) fn policy(&self) -> WhenFull {
        lock(&self.0).settings.when_full
    }

    pub(super) fn capacity(&self) -> usize {
        lock(&self.0).settings.capacity
    }

    pub(super) fn line(&self) -> usize {
        lock(&self.0).line.iter().filter(|sender| !sender.is_closed()).count()
    }

    pub(super) fn peak(&self) -> usize {
        lock(&self.0).peak
    }

    pub(super) fn reset_peak(&self, waiting: usize) {
        let mut state = lock(&self.0);
        (state.waiting, state.peak) = (waiting, waiting);
    }
}

impl State {
    fn look(&mut self, waiting: usize) {
        self.waiting = waiting;
        self.peak = self.peak.max(waiting);
    }

    fn has_room(&self) -> bool {
        self.waiting + self.promised < self.settings.capacity
    }

    fn offer(&mut self, shared: &Arc<Mutex<Self>>) {
        while self.has_room()
            && let Some(sender) = self.line.pop_front()
        {
            match sender.send(Place(Some(Arc::clone(shared)))) {
                Ok(()) => self.promised += 1,
                // The sender gave up. Disarmed, because dropping a place takes the lock.
                Err(mut place) => place.0 = None,
            }
        }
    }
}

impl Place {
    /// Gives the place up for an event that the engine has, which counts among those that wait.
    pub(super) fn fill(mut self) {
        if let Some(shared) = self.0.take() {
            let mut state = lock(&shared);
            state.promised -= 1;
            state.waiting += 1;
            state.peak = state.peak.max(state.waiting);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let mut state = lock(&shared);
            state.promised -= 1;
            state.offer(&shared);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn places(capacity: usize, when_full: WhenFull) -> Places {
        Places::new(QueueSettings { capacity, when_full })
    }

    #[tokio::test(start_paused = true)]
    async fn promised_places_count_until_they_are_filled_or_given_up() {
        let places = places(2, WhenFull::Reject);
        let first = places.reserve(0).await.unwrap();
        let second = places.reserve(0).await.unwrap();
        assert_eq!(places.reserve(0).await.unwrap_err(), PushError::Full { capacity: 2 });
        first.fill();
        assert_eq!(places.reserve(1).await.unwrap_err(), PushError::Full { capacity: 2 });
        drop(second);
        assert!(places.reserve(1).await.is_ok());
        assert_eq!(places.peak(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_waits_for_a_place_in_order_and_gives_up_after_the_timeout() {
        let places = places(1, WhenFull::Wait { timeout: Duration::from_secs(1) });
        let late = places.reserve(1).await;
        assert_eq!(late.unwrap_err(), PushError::TimedOut { timeout: Duration::from_secs(1) });
        let waits = places.reserve(1);
        tokio::pin!(waits);
        assert!(futures::poll!(&mut waits).is_pending());
        assert_eq!(places.line(), 1);
        places.update(0);
        assert!(waits.await.is_ok());
        places.close();
        assert_eq!(places.reserve(0).await.unwrap_err(), PushError::Closed);
    }
}
