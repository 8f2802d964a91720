//! The queue that keeps its events in memory.
//!
//! Two things are kept apart: `room`, a [`Limiter`] that says who may put an
//! event in, and the events themselves under a mutex. A waiting sender waits for
//! room only, so it holds no lock, and its place in line is the semaphore's.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::{QueueSettings, Refused, WhenFull};
use crate::limit::{Limiter, Permit};

/// Below this many places the allocation is not worth giving back.
const SMALL: usize = 1024;

/// A bounded first-in, first-out queue for many senders and one taker.
#[derive(Debug)]
pub struct MemoryQueue<T> {
    room: Limiter,
    state: Mutex<State<T>>,
    /// Stores one permit, so a push between the taker's look and its wait is not
    /// missed.
    arrived: Notify,
}

#[derive(Debug)]
struct State<T> {
    events: VecDeque<T>,
    when_full: WhenFull,
    peak: usize,
    closed: bool,
    /// The taker has been told that nothing more will come.
    finished: bool,
}

/// A place in the queue, found and not yet filled. Dropping it gives the place
/// back.
#[derive(Debug)]
pub struct Slot<'a, T> {
    queue: &'a MemoryQueue<T>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Free(Permit),
    /// There is none: the oldest event has to make room.
    OfTheOldest,
    /// There is none, and the newcomer will be dropped.
    None,
}

impl<T> MemoryQueue<T> {
    /// An empty queue.
    pub fn new(settings: QueueSettings) -> Self {
        Self {
            room: Limiter::new(Some(settings.capacity)),
            state: Mutex::new(State {
                events: VecDeque::new(),
                when_full: settings.when_full,
                peak: 0,
                closed: false,
                finished: false,
            }),
            arrived: Notify::new(),
        }
    }

    /// Applies new settings. Senders that wait already go on waiting as they
    /// were told.
    pub fn configure(&self, settings: QueueSettings) {
        self.lock().when_full = settings.when_full;
        if self.room.limit() != Some(settings.capacity) {
            self.room.resize(Some(settings.capacity));
        }
    }

    /// Finds a place for one event.
    ///
    /// # Errors
    /// [`Refused`], by the policy in force or because the queue is closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line and nothing else.
    pub async fn reserve(&self) -> Result<Slot<'_, T>, Refused> {
        let (when_full, closed) = {
            let state = self.lock();
            (state.when_full, state.closed)
        };
        if closed {
            return Err(Refused::Closed);
        }
        let place = match (self.room.try_acquire(), when_full) {
            (Some(permit), _) => Place::Free(permit),
            (None, WhenFull::Reject) => return Err(Refused::Full { capacity: self.capacity() }),
            (None, WhenFull::Wait { timeout }) => Place::Free(self.wait(timeout).await?),
            (None, WhenFull::DropNewest) => Place::None,
            (None, WhenFull::DropOldest) => Place::OfTheOldest,
        };
        Ok(Slot { queue: self, place })
    }

    async fn wait(&self, limit: std::time::Duration) -> Result<Permit, Refused> {
        let permit = timeout(limit, self.room.acquire())
            .await
            .map_err(|_| Refused::TimedOut { timeout: limit })?;
        // Closing wakes nobody; whoever was let in since is turned away here.
        if self.lock().closed { Err(Refused::Closed) } else { Ok(permit) }
    }

    /// Waits for events and takes up to `most` of them, oldest first. `None`
    /// once the queue is closed and empty, and ever after.
    ///
    /// # Cancel safety
    /// Cancelling it loses no event.
    pub async fn pop(&self, most: usize) -> Option<Vec<T>> {
        loop {
            {
                let mut state = self.lock();
                if !state.events.is_empty() {
                    let taken = state.take(most);
                    drop(state);
                    self.room.release(taken.len());
                    return Some(taken);
                }
                if state.closed {
                    state.finished = true;
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }

    /// Takes nothing new from now on. What is inside can still be taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Takes everything that waits, oldest first.
    pub fn take_all(&self) -> Vec<T> {
        let taken = self.lock().take(usize::MAX);
        self.room.release(taken.len());
        taken
    }

    /// How many events wait.
    pub fn depth(&self) -> usize {
        self.lock().events.len()
    }

    /// The most events that waited at once since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak_depth(&self) -> usize {
        self.lock().peak
    }

    /// Lets the peak start anew from what waits now.
    pub fn reset_peak(&self) {
        let mut state = self.lock();
        state.peak = state.events.len();
    }

    /// How many events may wait.
    pub fn capacity(&self) -> usize {
        self.room.limit().unwrap_or(usize::MAX)
    }

    /// How many senders wait for a place.
    pub fn waiting(&self) -> usize {
        self.room.waiting()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self, most: usize) -> Vec<T> {
        let n = most.min(self.events.len());
        let taken = self.events.drain(..n).collect();
        // A burst that has been worked off should not keep its memory.
        if self.events.capacity() > SMALL && self.events.len() < self.events.capacity() / 4 {
            self.events.shrink_to(SMALL.max(self.events.len() * 2));
        }
        taken
    }
}

impl<T> Slot<'_, T> {
    /// Puts the event in its place, and returns the event that was dropped for
    /// it, if the policy drops: the oldest, or this one.
    #[must_use = "a dropped event must be accounted for"]
    pub fn push(self, event: T) -> Option<T> {
        let queue = self.queue;
        let mut state = queue.lock();
        if state.finished {
            // The taker has left: closed between the two steps of this push.
            return Some(event);
        }
        let dropped = match self.place {
            Place::Free(permit) => {
                permit.keep();
                None
            }
            Place::None => return Some(event),
            // The event inherits the place of the one it pushes out. If the
            // taker emptied the queue a moment ago there is room after all.
            Place::OfTheOldest => match state.events.pop_front() {
                Some(oldest) => Some(oldest),
                None => match queue.room.try_acquire() {
                    Some(permit) => {
                        permit.keep();
                        None
                    }
                    None => return Some(event),
                },
            },
        };
        state.events.push_back(event);
        state.peak = state.peak.max(state.events.len());
        drop(state);
        queue.arrived.notify_one();
        dropped
    }
}
