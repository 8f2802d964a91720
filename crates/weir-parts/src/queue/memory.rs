//! The queue that keeps its events in memory.
//!
//! One mutex guards everything, and is held for a few dozen instructions: a push
//! that finds room takes it once. A sender that has to wait leaves a one-shot
//! channel in line and is sent a [`Place`] through it, which is its own from then
//! on. Nobody waits while holding the lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use super::{PushError, QueueSettings, WhenFull};

/// Below this many places the allocation is not worth giving back.
const SMALL: usize = 1024;

/// A bounded first-in, first-out queue for many senders and one taker.
#[derive(Debug)]
pub struct MemoryQueue<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    /// Wakes the taker. Stores one wake-up, so one between the taker's look and
    /// its wait is not missed.
    arrived: Notify,
}

/// Invariants, whenever the lock is free:
/// 1. `events.len() + promised <= capacity`, unless the capacity has shrunk;
/// 2. if anybody waits in line, there is no room;
/// 3. `taker_waits` only if there are no events.
#[derive(Debug)]
struct State<T> {
    events: VecDeque<T>,
    settings: QueueSettings,
    /// Places that were given to waiting senders and are not filled yet.
    promised: usize,
    line: VecDeque<oneshot::Sender<Place<T>>>,
    /// How many events were ever pushed.
    pushed: u64,
    peak: usize,
    /// In virtual time: when the number of events last changed.
    changed: Option<Instant>,
    taker_waits: bool,
    closed: bool,
}

/// A promised place. Dropped unfilled, because its sender gave up just then, it
/// goes to the next in line.
#[derive(Debug)]
struct Place<T>(Option<Arc<Shared<T>>>);

/// What the first look of a push comes to.
enum Look<T, F> {
    /// Done; with the event that was dropped.
    Pushed(Option<T>),
    /// Not yet; with what is still to be called.
    Wait(Duration, oneshot::Receiver<Place<T>>, F),
}

impl<T> MemoryQueue<T> {
    /// An empty queue.
    pub fn new(settings: QueueSettings) -> Self {
        let state = State {
            events: VecDeque::new(),
            settings,
            promised: 0,
            line: VecDeque::new(),
            pushed: 0,
            peak: 0,
            changed: None,
            taker_waits: false,
            closed: false,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), arrived: Notify::new() }))
    }

    /// The same queue for virtual time, in which a thousand events may come and go in one
    /// instant. Its peak counts what is there once the instant has settled.
    #[must_use]
    pub fn in_virtual_time(self) -> Self {
        self.0.lock().changed = Some(Instant::now());
        self
    }

    /// Applies new settings. Senders that wait already go on waiting as they
    /// were told, and events that wait stay, even beyond a smaller capacity.
    pub fn configure(&self, settings: QueueSettings) {
        let mut state = self.0.lock();
        state.settings = settings;
        state.offer_room(&self.0);
    }

    /// Finds a place by the policy in force and puts the event that `accept`
    /// makes there. Returns the event that was dropped for it, if the policy
    /// drops: the oldest, or this one.
    ///
    /// `accept` is given the event's number in this queue, counted from 1. It is
    /// called once the event is accepted, and not at all if it is refused; so a
    /// refused event has never left its owner's hands.
    ///
    /// # Errors
    /// [`PushError`], by the policy in force or because the queue is closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line and nothing else.
    pub async fn push(&self, accept: impl FnOnce(u64) -> T) -> Result<Option<T>, PushError> {
        let look = self.0.lock().look(&self.0, accept)?;
        let (limit, receiver, accept) = match look {
            Look::Pushed(dropped) => return Ok(dropped),
            Look::Wait(limit, receiver, accept) => (limit, receiver, accept),
        };
        // Boxed: most pushes never wait, and should not carry a timer about.
        let mut place = Box::pin(wait(limit, receiver)).await?;
        place.0 = None;
        let mut state = self.0.lock();
        state.promised -= 1;
        if state.closed {
            return Err(PushError::Closed);
        }
        state.fill(&self.0, accept);
        Ok(None)
    }

    /// Waits for events and takes up to `most` of them, oldest first. `None`
    /// once the queue is closed and empty, and ever after.
    ///
    /// # Cancel safety
    /// Cancelling it loses no event.
    pub async fn pop(&self, most: usize) -> Option<Vec<T>> {
        loop {
            {
                let mut state = self.0.lock();
                if !state.events.is_empty() {
                    return Some(state.take(&self.0, most));
                }
                if state.closed {
                    return None;
                }
                state.taker_waits = true;
            }
            self.0.arrived.notified().await;
        }
    }

    /// Takes nothing new from now on, and refuses those who wait. What is inside
    /// can still be taken.
    pub fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.line.clear();
        drop(state);
        self.0.arrived.notify_one();
    }

    /// Takes everything that waits, oldest first.
    pub fn take_all(&self) -> Vec<T> {
        self.0.lock().take(&self.0, usize::MAX)
    }

    /// What `read` says of the event that has waited longest; `None` when none waits.
    /// The queue is locked meanwhile.
    pub fn oldest<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.lock().events.front().map(read)
    }

    /// How many events wait.
    pub fn depth(&self) -> usize {
        self.0.lock().events.len()
    }

    /// The most events that waited at once since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak_depth(&self) -> usize {
        let mut state = self.0.lock();
        state.settle();
        state.peak
    }

    /// Lets the peak start anew from what waits now.
    pub fn reset_peak(&self) {
        let mut state = self.0.lock();
        state.settle();
        state.peak = state.events.len();
    }

    /// How many events may wait.
    pub fn capacity(&self) -> usize {
        self.0.lock().settings.capacity
    }

    /// How many senders wait for a place.
    pub fn waiting(&self) -> usize {
        self.0.lock().line.iter().filter(|sender| !sender.is_closed()).count()
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Before the number of events changes in virtual time: counts it towards the peak
    /// if it has lasted longer than this instant.
    fn settle(&mut self) {
        let Some(changed) = &mut self.changed else { return };
        let now = Instant::now();
        if now > *changed {
            *changed = now;
            self.peak = self.peak.max(self.events.len());
        }
    }

    fn has_room(&self) -> bool {
        self.events.len() + self.promised < self.settings.capacity
    }

    /// Pushes at once if that is possible, or says what the policy says.
    fn look<F>(&mut self, shared: &Shared<T>, accept: F) -> Result<Look<T, F>, PushError>
    where
        F: FnOnce(u64) -> T,
    {
        if self.closed {
            return Err(PushError::Closed);
        }
        let mut dropped = None;
        if !self.has_room() {
            match self.settings.when_full {
                WhenFull::Reject => return Err(PushError::Full { capacity: self.settings.capacity }),
                WhenFull::Wait { timeout } => return Ok(Look::Wait(timeout, self.stand_in_line(), accept)),
                WhenFull::DropNewest => {
                    self.pushed += 1;
                    return Ok(Look::Pushed(Some(accept(self.pushed))));
                }
                // With nothing to drop, every place is promised, and one event
                // too many for a moment is better than one dropped for nothing.
                WhenFull::DropOldest => {
                    self.settle();
                    dropped = self.events.pop_front();
                }
            }
        }
        self.fill(shared, accept);
        Ok(Look::Pushed(dropped))
    }

    /// Puts an event in a place that is known to be free.
    fn fill(&mut self, shared: &Shared<T>, accept: impl FnOnce(u64) -> T) {
        self.settle();
        self.pushed += 1;
        self.events.push_back(accept(self.pushed));
        if self.changed.is_none() {
            self.peak = self.peak.max(self.events.len());
        }
        if std::mem::take(&mut self.taker_waits) {
            shared.arrived.notify_one();
        }
    }

    fn stand_in_line(&mut self) -> oneshot::Receiver<Place<T>> {
        // Those who gave up while nothing moved would otherwise add up.
        while self.line.front().is_some_and(oneshot::Sender::is_closed) {
            self.line.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        self.line.push_back(sender);
        receiver
    }

    /// Promises free places to those in line.
    fn offer_room(&mut self, shared: &Arc<Shared<T>>) {
        while self.has_room()
            && let Some(sender) = self.line.pop_front()
        {
            match sender.send(Place(Some(Arc::clone(shared)))) {
                Ok(()) => self.promised += 1,
                // It gave up. Disarmed, as the lock is held here.
                Err(mut place) => place.0 = None,
            }
        }
    }

    fn take(&mut self, shared: &Arc<Shared<T>>, most: usize) -> Vec<T> {
        self.settle();
        let n = most.min(self.events.len());
        let taken = self.events.drain(..n).collect();
        // A burst that has been worked off should not keep its memory.
        if self.events.capacity() > SMALL && self.events.len() < self.events.capacity() / 4 {
            self.events.shrink_to(SMALL.max(self.events.len() * 2));
        }
        self.offer_room(shared);
        taken
    }
}

async fn wait<T>(limit: Duration, place: oneshot::Receiver<Place<T>>) -> Result<Place<T>, PushError> {
    let place = timeout(limit, place).await.map_err(|_| PushError::TimedOut { timeout: limit })?;
    // A queue that closes drops its line.
    place.map_err(|_| PushError::Closed)
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let mut state = shared.lock();
            state.promised -= 1;
            state.offer_room(&shared);
        }
    }
}
