//! The events that this node holds, and what it knows of those that it gave back.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use tokio::time::Instant;

use super::delivery::{Attempts, Delivery};
use super::recent::Recent;

#[derive(Debug)]
struct Lease {
    delivery: Delivery,
    attempts: Attempts,
    extended: Instant,
    is_settling: bool,
    /// The work on it has begun.
    has_begun: bool,
    /// A note of that may be stored.
    is_noted: bool,
}

/// An event that is being settled.
#[derive(Debug, Clone)]
pub(super) struct Settling {
    pub(super) delivery: Delivery,
    pub(super) attempts: Attempts,
    has_begun: bool,
    /// A note that its work has begun may be stored.
    pub(super) is_noted: bool,
}

/// An event that was given back: its number, the delivery that ended so, its attempts.
#[derive(Debug)]
struct Returned {
    id: u64,
    count: u64,
    attempts: Attempts,
}

#[derive(Debug, Default)]
struct State {
    leases: HashMap<u64, Lease>,
    settling: usize,
    /// The messages of the leases, and their numbers.
    held: HashMap<Arc<str>, u64>,
    /// Messages that this node gave back.
    returned: Recent<Arc<str>, Returned>,
    /// Messages that this node settled for good, and their numbers.
    settled: Recent<Arc<str>, u64>,
    /// Messages that were delivered to this node and of which it is not decided yet whether it holds
    /// them, and how often each is among them.
    arriving: HashMap<Arc<str>, usize>,
    /// Events that this node gave back with a delay, until it is over.
    delayed: BTreeMap<u64, (Instant, Delivery)>,
    /// Events that were settled for good.
    gone: u64,
    /// The highest number that was delivered to this node.
    highest: u64,
    /// Events up to this number may have been delivered to other nodes before, although the server
    /// does not say so.
    elsewhere_up_to: u64,
}

/// What has become of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is leased.
    Leased {
        /// Its failed attempts.
        attempts: Attempts,
        /// It is new, or this node gave it back last, so that its attempts are known here.
        is_known: bool,
    },
    /// This node holds it. If its lease was over, it goes on with this delivery; if this is a copy of
    /// it, the copy comes again.
    Held,
    /// This node has settled it or a copy of it, and the server does not know.
    Settled,
}

/// What this node knows of an event that another node was given, the most important last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// This node has given it back.
    Returned,
    /// This node holds it.
    Held,
    /// This node has settled it for good.
    Settled,
}

/// Events that have arrived at this node, until it is decided whether it holds them. Other nodes
/// hear meanwhile that it does.
#[derive(Debug)]
pub(super) struct Arriving<'a> {
    leases: &'a Leases,
    messages: Vec<Arc<str>>,
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        let mut state = self.leases.lock();
        for message in &self.messages {
            if let Entry::Occupied(mut times) = state.arriving.entry(Arc::clone(message)) {
                *times.get_mut() -= 1;
                if *times.get() == 0 {
                    times.remove();
                }
            }
        }
    }
}

/// The events of this node.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<State>);

impl Leases {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that events have arrived.
    pub(super) fn arrive(&self, deliveries: &[Delivery]) -> Arriving<'_> {
        let mut state = self.lock();
        for delivery in deliveries {
            state.highest = state.highest.max(delivery.id);
            *state.arriving.entry(Arc::clone(&delivery.message)).or_default() += 1;
        }
        let messages = deliveries.iter().map(|delivery| Arc::clone(&delivery.message)).collect();
        Arriving { leases: self, messages }
    }

    /// Leases an event, unless this node holds it or has settled it. Its failed attempts are those
    /// that were found at other nodes, or those that are known here.
    pub(super) fn admit(&self, delivery: &Delivery, found: Option<Attempts>) -> Admitted {
        let mut state = self.lock();
        if let Some(lease) = state.leases.get_mut(&delivery.id) {
            let count = delivery.count.max(lease.attempts.upto + 1);
            lease.delivery = Delivery { count, ..delivery.clone() };
            lease.extended = Instant::now();
            return Admitted::Held;
        }
        if state.held.contains_key(&delivery.message) {
            return Admitted::Held;
        }
        if state.settled.get(&delivery.message).is_some() {
            return Admitted::Settled;
        }
        state.delayed.remove(&delivery.id);
        let known = if found.is_some() { None } else { Self::known_attempts(&state, delivery) };
        let attempts = found.or(known).unwrap_or_default();
        Self::hold(&mut state, delivery.clone(), attempts);
        Admitted::Leased { attempts, is_known: known.is_some() }
    }

    /// Returns whether other nodes must be asked before an event is handed out: not if it is new, or
    /// if this node gave it back last, unless that is in doubt or there may be a copy; and not if it is
    /// not handed out.
    pub(super) fn must_ask(&self, delivery: &Delivery, is_in_doubt: bool) -> bool {
        let state = self.lock();
        let is_handed_out = !state.leases.contains_key(&delivery.id)
            && !state.held.contains_key(&delivery.message)
            && state.settled.get(&delivery.message).is_none();
        is_handed_out
            && (is_in_doubt || delivery.was_sent_before || Self::known_attempts(&state, delivery).is_none())
    }

    fn known_attempts(state: &State, delivery: &Delivery) -> Option<Attempts> {
        match state.returned.get(&delivery.message) {
            _ if delivery.id <= state.elsewhere_up_to => None,
            Some(last) if last.id == delivery.id && last.count + 1 == delivery.count => Some(last.attempts),
            // A server that leads since then may have forgotten the deliveries before.
            Some(_) => None,
            None if delivery.count > 1 => None,
            None => Some(Attempts::default()),
        }
    }

    /// Returns the highest number that was delivered to this node.
    pub(super) fn highest(&self) -> u64 {
        self.lock().highest
    }

    /// Other nodes have to be asked about events up to this number, whatever the server says.
    pub(super) fn ask_up_to(&self, number: u64) {
        let mut state = self.lock();
        state.elsewhere_up_to = state.elsewhere_up_to.max(number);
    }

    /// Returns what this node knows of a message.
    pub(super) fn said(&self, message: &str) -> Option<Said> {
        let state = self.lock();
        if state.held.contains_key(message) || state.arriving.contains_key(message) {
            return Some(Said::Held);
        }
        if state.settled.get(message).is_some() {
            return Some(Said::Settled);
        }
        state.returned.get(message).map(|_| Said::Returned)
    }

    /// Returns the number of a message that this node holds, has settled or has given back.
    pub(super) fn number_of(&self, message: &str) -> Option<u64> {
        let state = self.lock();
        let known = state.held.get(message).or_else(|| state.settled.get(message));
        known.copied().or_else(|| state.returned.get(message).map(|returned| returned.id))
    }

    fn hold(state: &mut State, mut delivery: Delivery, attempts: Attempts) {
        // One that the server takes for new is a later one than those that are recorded.
        delivery.count = delivery.count.max(attempts.upto + 1);
        let (extended, is_settling, has_begun, is_noted) = (Instant::now(), false, false, false);
        let lease = Lease { delivery, attempts, extended, is_settling, has_begun, is_noted };
        state.held.insert(Arc::clone(&lease.delivery.message), lease.delivery.id);
        state.leases.insert(lease.delivery.id, lease);
    }

    /// Notes that the work on events begins. Returns whether any of them is leased, and whether one
    /// was delivered before.
    pub(super) fn begin(&self, ids: impl Iterator<Item = u64>) -> (bool, bool) {
        let (mut any, mut again) = (false, false);
        let mut state = self.lock();
        for id in ids {
            if let Some(lease) = state.leases.get_mut(&id) {
                lease.has_begun = true;
                any = true;
                again |= lease.delivery.count > 1;
            }
        }
        (any, again)
    }

    /// Returns the events whose work has begun and whose settling has not, at most `most`, with the
    /// number of their delivery. They count as noted from now on.
    pub(super) fn note_begun(&self, most: usize) -> BTreeMap<u64, u64> {
        let mut state = self.lock();
        let begun = state.leases.values_mut().filter(|lease| lease.has_begun && !lease.is_settling);
        let note = |lease: &mut Lease| {
            lease.is_noted = true;
            (lease.delivery.id, lease.delivery.count)
        };
        begun.take(most).map(note).collect()
    }

    /// Begins to settle an event, unless it is not leased or is being settled.
    pub(super) fn begin_settling(&self, id: u64) -> Option<Settling> {
        let mut state = self.lock();
        let lease = state.leases.get_mut(&id).filter(|lease| !lease.is_settling)?;
        lease.is_settling = true;
        let (delivery, attempts) = (lease.delivery.clone(), lease.attempts);
        let (has_begun, is_noted) = (lease.has_begun, lease.is_noted);
        let settling = Settling { delivery, attempts, has_begun, is_noted };
        state.settling += 1;
        Some(settling)
    }

    fn end_lease(state: &mut State, id: u64) {
        if let Some(lease) = state.leases.remove(&id) {
            state.held.remove(&lease.delivery.message);
        }
        state.settling -= 1;
    }

    /// The event stays leased.
    pub(super) fn not_settled(&self, id: u64) {
        let mut state = self.lock();
        state.settling -= 1;
        if let Some(lease) = state.leases.get_mut(&id) {
            lease.is_settling = false;
        }
    }

    /// The event is not held any more, and not settled: it comes again.
    pub(super) fn forget(&self, id: u64) {
        Self::end_lease(&mut self.lock(), id);
    }

    /// The event is gone for good.
    pub(super) fn gone(&self, event: &Delivery) {
        let mut state = self.lock();
        Self::end_lease(&mut state, event.id);
        state.settled.insert(Arc::clone(&event.message), event.id);
        state.gone += 1;
    }

    /// The event is given back.
    pub(super) fn go_back(&self, event: &Settling, attempts: Attempts) {
        let mut state = self.lock();
        let Delivery { id, count, .. } = event.delivery;
        Self::end_lease(&mut state, id);
        let returned = Returned { id, count, attempts };
        state.returned.insert(Arc::clone(&event.delivery.message), returned);
    }

    /// The event could not be given back. Returns whether it is being settled as before: not if it has
    /// come again meanwhile.
    pub(super) fn take_back(&self, event: &Settling) -> bool {
        let Settling { delivery, attempts, has_begun, is_noted } = event.clone();
        let mut state = self.lock();
        let has_come_again = state.leases.contains_key(&delivery.id)
            || state.held.contains_key(&delivery.message)
            || state.settled.get(&delivery.message).is_some();
        if !has_come_again {
            let id = delivery.id;
            Self::hold(&mut state, delivery, attempts);
            state.settling += 1;
            if let Some(lease) = state.leases.get_mut(&id) {
                (lease.is_settling, lease.has_begun, lease.is_noted) = (true, has_begun, is_noted);
            }
        }
        !has_come_again
    }

    /// The event was given back with a delay.
    pub(super) fn delay(&self, delivery: &Delivery, after: Duration) {
        if !after.is_zero()
            && let Some(due) = Instant::now().checked_add(after)
        {
            self.lock().delayed.insert(delivery.id, (due, delivery.clone()));
        }
    }

    /// Takes at most `most` events that wait for their next attempt, to purge them.
    pub(super) fn take_delayed(&self, most: usize) -> Vec<Delivery> {
        let mut state = self.lock();
        Self::forget_due(&mut state);
        let first = state.delayed.keys().copied().take(most).collect::<Vec<_>>();
        first.iter().filter_map(|id| state.delayed.remove(id)).map(|(_, delivery)| delivery).collect()
    }

    /// Counts events that were purged.
    pub(super) fn purged<'a>(&self, events: impl Iterator<Item = &'a Delivery>) {
        let mut state = self.lock();
        for event in events {
            state.gone += 1;
            state.settled.insert(Arc::clone(&event.message), event.id);
        }
    }

    fn forget_due(state: &mut State) {
        let now = Instant::now();
        state.delayed.retain(|_, (due, _)| *due > now);
    }

    /// Returns the number of events that are leased, settling, delayed, and settled for good.
    pub(super) fn counts(&self) -> (u64, u64, u64, u64) {
        let mut state = self.lock();
        Self::forget_due(&mut state);
        let (leased, delayed) = (state.leases.len() as u64, state.delayed.len() as u64);
        (leased, state.settling as u64, delayed, state.gone)
    }

    /// Returns the replies of all events whose lease was not extended for this long.
    pub(super) fn to_extend(&self, older_than: Duration) -> Vec<Subject> {
        let now = Instant::now();
        let mut due = Vec::new();
        for lease in self.lock().leases.values_mut() {
            if now.duration_since(lease.extended) >= older_than {
                lease.extended = now;
                due.push(lease.delivery.reply.clone());
            }
        }
        due
    }
}

#[cfg(test)]
mod tests;
