//! The queue that keeps its events in memory.
//!
//! One mutex guards everything and is held for a few dozen instructions: a push that finds
//! room locks it once. A sender that has to wait leaves a one-shot channel in the line, and
//! receives a [`Place`] through it, which is promised to it from then on. No task waits while
//! it holds the lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use super::{PushError, QueueSettings, WhenFull};

/// Below this number of places, the allocation is not worth freeing.
const SMALL: usize = 1024;

/// A bounded first-in, first-out queue for many senders and one taker. Dropping it drops the
/// events in it.
#[derive(Debug)]
#[must_use = "dropping a queue drops its events"]
pub struct MemoryQueue<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    /// Wakes the taker. It stores one wake-up, so the taker does not miss an event that comes
    /// after it has found the queue empty.
    arrived: Notify,
}

/// The state behind the lock.
///
/// Invariants, whenever the lock is free:
/// 1. `events.len() + promised <= capacity + excess`;
/// 2. if a sender waits in the line, there is no room;
/// 3. `taker_waits` only if there are no events.
#[derive(Debug)]
struct State<T> {
    events: VecDeque<T>,
    settings: QueueSettings,
    /// The number of places that were promised to waiting senders and are not filled yet.
    promised: usize,
    /// Events and promises that were allowed beyond the capacity: it has shrunk, or an event
    /// was to replace the oldest while every place was only promised.
    excess: usize,
    line: VecDeque<oneshot::Sender<Place<T>>>,
    /// The number of events pushed so far.
    pushed: u64,
    peak: usize,
    /// In virtual time, the moment the number of events last changed.
    changed: Option<Instant>,
    taker_waits: bool,
    closed: bool,
}

/// A promised place. If it is dropped unfilled, because its sender gave up meanwhile, it goes
/// to the next sender in the line.
#[derive(Debug)]
struct Place<T>(Option<Arc<Shared<T>>>);

/// The result of a push that does not wait.
enum Attempt<T, F> {
    /// The event is in, in place of the one that was dropped.
    Pushed(Option<T>),
    /// The sender waits in the line for the timeout, and makes its event later.
    Wait(Duration, oneshot::Receiver<Place<T>>, F),
}

impl<T> MemoryQueue<T> {
    /// Creates an empty queue.
    pub fn new(settings: QueueSettings) -> Self {
        let state = State {
            events: VecDeque::new(),
            settings,
            promised: 0,
            excess: 0,
            line: VecDeque::new(),
            pushed: 0,
            peak: 0,
            changed: None,
            taker_waits: false,
            closed: false,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), arrived: Notify::new() }))
    }

    /// Makes the peak count only levels that outlast an instant. In virtual time a thousand
    /// events may come and go in one instant.
    pub fn in_virtual_time(self) -> Self {
        self.0.lock().changed = Some(Instant::now());
        self
    }

    /// Applies new settings. Senders that already wait keep their timeout. Events that wait
    /// stay, even beyond a smaller capacity.
    pub fn configure(&self, settings: QueueSettings) {
        let mut state = self.0.lock();
        state.settings = settings;
        state.excess = state.taken_places().saturating_sub(settings.capacity);
        state.offer_room(&self.0);
        state.check();
    }

    /// Finds a place by the policy in force, and puts there the event that `accept` makes.
    /// Returns the event that the policy dropped, if any: the oldest or this one.
    ///
    /// `accept` receives the event's number in this queue, counted from 1. It is called once
    /// the event is accepted, and not at all if it is refused.
    ///
    /// # Errors
    /// [`PushError`], by the policy in force or because the queue is closed.
    ///
    /// # Cancel safety
    /// The place in the line is lost if the future is dropped, and nothing else.
    pub async fn push(&self, accept: impl FnOnce(u64) -> T) -> Result<Option<T>, PushError> {
        let attempt = self.0.lock().try_push(&self.0, accept)?;
        let (limit, receiver, accept) = match attempt {
            Attempt::Pushed(dropped) => return Ok(dropped),
            Attempt::Wait(limit, receiver, accept) => (limit, receiver, accept),
        };
        // Boxed, because most pushes do not wait and should not carry a timer.
        let mut place = Box::pin(wait(limit, receiver)).await?;
        place.0 = None;
        let mut state = self.0.lock();
        state.promised -= 1;
        if state.closed {
            return Err(PushError::Closed);
        }
        state.fill(&self.0, accept);
        state.check();
        Ok(None)
    }

    /// Waits for events and takes up to `max` of them, oldest first. Returns `None` once the
    /// queue is closed and empty.
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn pop(&self, max: usize) -> Option<Vec<T>> {
        loop {
            {
                let mut state = self.0.lock();
                if !state.events.is_empty() {
                    return Some(state.take(&self.0, max));
                }
                if state.closed {
                    return None;
                }
                state.taker_waits = true;
            }
            self.0.arrived.notified().await;
        }
    }

    /// Refuses new events from now on, and the senders that wait. Events inside can still be
    /// taken.
    pub fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.line.clear();
        drop(state);
        self.0.arrived.notify_one();
    }

    /// Takes all events, oldest first.
    pub fn take_all(&self) -> Vec<T> {
        self.0.lock().take(&self.0, usize::MAX)
    }

    /// Returns what `read` returns for the event that has waited longest, or `None` when no
    /// event waits. The queue is locked while `read` runs.
    pub fn oldest<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.lock().events.front().map(read)
    }

    /// Returns the number of events that wait.
    pub fn depth(&self) -> usize {
        self.0.lock().events.len()
    }

    /// Returns the largest number of events that waited at the same time since the last
    /// [`reset_peak`](Self::reset_peak).
    pub fn peak_depth(&self) -> usize {
        let mut state = self.0.lock();
        state.update_peak();
        state.peak
    }

    /// Restarts the peak from the number of events that wait now.
    pub fn reset_peak(&self) {
        let mut state = self.0.lock();
        state.update_peak();
        state.peak = state.events.len();
    }

    /// Returns the number of events that may wait.
    pub fn capacity(&self) -> usize {
        self.0.lock().settings.capacity
    }

    /// Returns the policy in force.
    pub fn policy(&self) -> WhenFull {
        self.0.lock().settings.when_full
    }

    /// Returns the number of senders that wait for a place.
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
    /// Counts the number of events towards the peak, in virtual time, if it has lasted longer
    /// than this instant. Called before the number changes.
    fn update_peak(&mut self) {
        let Some(changed) = &mut self.changed else { return };
        let now = Instant::now();
        if now > *changed {
            *changed = now;
            self.peak = self.peak.max(self.events.len());
        }
    }

    fn taken_places(&self) -> usize {
        self.events.len() + self.promised
    }

    fn has_room(&self) -> bool {
        self.taken_places() < self.settings.capacity
    }

    /// Asserts the invariants in debug builds. Called before the lock is released.
    fn check(&mut self) {
        if cfg!(debug_assertions) {
            let (taken, capacity) = (self.taken_places(), self.settings.capacity);
            assert!(taken <= capacity + self.excess, "invariant 1: {taken} of {capacity} places");
            // An excess that was worked off does not come back.
            self.excess = self.excess.min(taken.saturating_sub(capacity));
            let waits = self.line.front().is_some_and(|sender| !sender.is_closed());
            assert!(!waits || !self.has_room(), "invariant 2: a sender waits although there is room");
            assert!(!self.taker_waits || self.events.is_empty(), "invariant 3: the taker waits");
        }
    }

    /// Pushes at once if possible. Otherwise does what the policy says.
    fn try_push<F>(&mut self, shared: &Shared<T>, accept: F) -> Result<Attempt<T, F>, PushError>
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
                WhenFull::Wait { timeout } => return Ok(Attempt::Wait(timeout, self.join_line(), accept)),
                WhenFull::DropNewest => {
                    self.pushed += 1;
                    return Ok(Attempt::Pushed(Some(accept(self.pushed))));
                }
                WhenFull::DropOldest => {
                    self.update_peak();
                    dropped = self.events.pop_front();
                    if dropped.is_none() {
                        // Every place is promised. One event too many for a moment is better
                        // than dropping this one for nothing.
                        self.excess = self.taken_places() + 1 - self.settings.capacity;
                    }
                }
            }
        }
        self.fill(shared, accept);
        self.check();
        Ok(Attempt::Pushed(dropped))
    }

    /// Puts an event in a place that is free.
    fn fill(&mut self, shared: &Shared<T>, accept: impl FnOnce(u64) -> T) {
        self.update_peak();
        self.pushed += 1;
        self.events.push_back(accept(self.pushed));
        if self.changed.is_none() {
            self.peak = self.peak.max(self.events.len());
        }
        if std::mem::take(&mut self.taker_waits) {
            shared.arrived.notify_one();
        }
    }

    /// Adds a sender to the line.
    fn join_line(&mut self) -> oneshot::Receiver<Place<T>> {
        // Senders that gave up while nothing moved would otherwise add up.
        while self.line.front().is_some_and(oneshot::Sender::is_closed) {
            self.line.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        self.line.push_back(sender);
        receiver
    }

    /// Promises free places to the senders in the line.
    fn offer_room(&mut self, shared: &Arc<Shared<T>>) {
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

    /// Takes up to `max` events, oldest first.
    fn take(&mut self, shared: &Arc<Shared<T>>, max: usize) -> Vec<T> {
        self.update_peak();
        let n = max.min(self.events.len());
        let taken = self.events.drain(..n).collect();
        // The memory of a burst is freed once the burst is over.
        if self.events.capacity() > SMALL && self.events.len() < self.events.capacity() / 4 {
            self.events.shrink_to(SMALL.max(self.events.len() * 2));
        }
        self.offer_room(shared);
        self.check();
        taken
    }
}

async fn wait<T>(limit: Duration, place: oneshot::Receiver<Place<T>>) -> Result<Place<T>, PushError> {
    let place = timeout(limit, place).await.map_err(|_| PushError::TimedOut { timeout: limit })?;
    // Closing a queue drops the senders of its line.
    place.map_err(|_| PushError::Closed)
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let mut state = shared.lock();
            state.promised -= 1;
            state.offer_room(&shared);
            state.check();
        }
    }
}
