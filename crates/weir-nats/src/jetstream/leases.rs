//! The events that this node holds, and what it knows of those that it gave back.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use tokio::time::Instant;

/// Events that were given back or settled and are remembered.
const REMEMBERED: usize = 65_536;

/// A delivery of an event, as its reply subject describes it.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) reply: Subject,
    /// The number of the event in the stream.
    pub(super) id: u64,
    /// The deliveries of this event, this one included.
    pub(super) count: u64,
}

impl Delivery {
    /// Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<number>.…`, or the longer form of later
    /// servers with a domain and an account before the stream.
    pub(super) fn read(reply: Subject) -> Option<Self> {
        let mut parts = reply.strip_prefix("$JS.ACK.")?.split('.');
        let skipped = if parts.clone().count() >= 9 { 4 } else { 2 };
        let count = parts.nth(skipped)?.parse().ok()?;
        let id = parts.next()?.parse().ok()?;
        Some(Self { reply, id, count })
    }
}

#[derive(Debug)]
struct Lease {
    delivery: Delivery,
    tries: u32,
    extended: Instant,
    is_settling: bool,
}

/// An event that is being settled.
#[derive(Debug, Clone)]
pub(super) struct Settling {
    pub(super) delivery: Delivery,
    pub(super) tries: u32,
}

/// What is known of an event that this node gave back: its deliveries and failed attempts.
type Returned = (u64, u32);

/// Numbers with a value, of which the oldest are forgotten.
#[derive(Debug)]
struct Recent<T> {
    values: HashMap<u64, T>,
    order: VecDeque<u64>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Recent<T> {
    fn insert(&mut self, id: u64, value: T) {
        if self.values.insert(id, value).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

#[derive(Debug, Default)]
struct State {
    leases: HashMap<u64, Lease>,
    settling: usize,
    returned: Recent<Returned>,
    settled: Recent<()>,
    /// Events that this node gave back with a delay, until it is over.
    delayed: BTreeMap<u64, (Instant, Delivery)>,
    /// Events that were settled for good.
    gone: u64,
}

/// What becomes of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is new to this node, or comes again after this node gave it back. The failed attempts are
    /// known unless it was delivered elsewhere before.
    Lease { tries: Option<u32> },
    /// This node holds it: its lease was over, and goes on with this delivery.
    Held,
    /// This node has settled it, and the server does not know.
    Settled,
}

/// The events of this node.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<State>);

impl Leases {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides about a delivery. One that is `Lease` must be [held](Self::hold) or given back.
    pub(super) fn admit(&self, delivery: &Delivery) -> Admitted {
        let mut state = self.lock();
        if let Some(lease) = state.leases.get_mut(&delivery.id) {
            lease.delivery = delivery.clone();
            lease.extended = Instant::now();
            return Admitted::Held;
        }
        if delivery.count > 1 && state.settled.values.contains_key(&delivery.id) {
            return Admitted::Settled;
        }
        state.delayed.remove(&delivery.id);
        Admitted::Lease { tries: Self::known_tries(&state, delivery) }
    }

    /// Returns the failed attempts of an event: of a new one, of one that this node gave back last,
    /// and 0 for one that is not handed out.
    pub(super) fn tries_of(&self, delivery: &Delivery) -> Option<u32> {
        let state = self.lock();
        let is_handed_out =
            !state.leases.contains_key(&delivery.id) && !state.settled.values.contains_key(&delivery.id);
        if is_handed_out { Self::known_tries(&state, delivery) } else { Some(0) }
    }

    fn known_tries(state: &State, delivery: &Delivery) -> Option<u32> {
        if delivery.count == 1 {
            return Some(0);
        }
        let known = state.returned.values.get(&delivery.id).copied();
        known.filter(|(count, _)| count + 1 == delivery.count).map(|(_, tries)| tries)
    }

    /// Leases an event.
    pub(super) fn hold(&self, delivery: Delivery, tries: u32) {
        let lease = Lease { tries, extended: Instant::now(), is_settling: false, delivery };
        self.lock().leases.insert(lease.delivery.id, lease);
    }

    /// Begins to settle an event, unless it is not leased or is being settled.
    pub(super) fn begin_settling(&self, id: u64) -> Option<Settling> {
        let mut state = self.lock();
        let lease = state.leases.get_mut(&id).filter(|lease| !lease.is_settling)?;
        lease.is_settling = true;
        let settling = Settling { delivery: lease.delivery.clone(), tries: lease.tries };
        state.settling += 1;
        Some(settling)
    }

    fn end_lease(state: &mut State, id: u64) {
        state.leases.remove(&id);
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

    /// The event is gone for good.
    pub(super) fn gone(&self, id: u64) {
        let mut state = self.lock();
        Self::end_lease(&mut state, id);
        state.settled.insert(id, ());
        state.gone += 1;
    }

    /// The event was given back, with a delay or at once.
    pub(super) fn returned(&self, delivery: Delivery, tries: u32, after: Duration) {
        let mut state = self.lock();
        Self::end_lease(&mut state, delivery.id);
        state.returned.insert(delivery.id, (delivery.count, tries));
        if !after.is_zero()
            && let Some(due) = Instant::now().checked_add(after)
        {
            state.delayed.insert(delivery.id, (due, delivery));
        }
    }

    /// Takes the events that wait for their next attempt, to purge them.
    pub(super) fn take_delayed(&self) -> Vec<Delivery> {
        let mut state = self.lock();
        Self::forget_due(&mut state);
        std::mem::take(&mut state.delayed).into_values().map(|(_, delivery)| delivery).collect()
    }

    /// Counts events that were purged.
    pub(super) fn purged(&self, ids: &HashSet<u64>) {
        let mut state = self.lock();
        state.gone += ids.len() as u64;
        for id in ids {
            state.settled.insert(*id, ());
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
mod tests {
    use super::*;

    fn delivery(id: u64, count: u64) -> Delivery {
        Delivery::read(format!("$JS.ACK.weir.workers.{count}.{id}.9.1796084797517380145.2").into()).unwrap()
    }

    #[test]
    fn a_reply_names_the_event_and_its_deliveries() {
        let short = delivery(7, 2);
        assert_eq!((short.id, short.count), (7, 2));
        let long = Delivery::read("$JS.ACK._.hash.weir.workers.2.7.9.1796084797517380145.2.x".into());
        assert!(matches!(long, Some(Delivery { id: 7, count: 2, .. })));
        assert!(Delivery::read("_INBOX.7".into()).is_none());
    }

    #[test]
    fn an_event_that_comes_again_is_not_handed_out_while_it_is_held_or_after_it_was_settled() {
        let leases = Leases::default();
        assert_eq!(leases.admit(&delivery(7, 1)), Admitted::Lease { tries: Some(0) });
        leases.hold(delivery(7, 1), 0);
        assert_eq!(leases.admit(&delivery(7, 2)), Admitted::Held);
        assert_eq!(leases.begin_settling(7).map(|settling| settling.delivery.count), Some(2));
        assert!(leases.begin_settling(7).is_none(), "it is being settled");
        leases.not_settled(7);
        assert!(leases.begin_settling(7).is_some());
        assert_eq!(leases.counts(), (1, 1, 0, 0));
        leases.gone(7);
        assert_eq!(leases.admit(&delivery(7, 3)), Admitted::Settled);
        assert_eq!(leases.counts(), (0, 0, 0, 1));
    }

    #[test]
    fn attempts_are_known_only_if_this_node_gave_the_event_back_last() {
        let leases = Leases::default();
        leases.hold(delivery(7, 1), 0);
        assert!(leases.begin_settling(7).is_some());
        leases.returned(delivery(7, 1), 1, Duration::from_secs(60));
        assert_eq!(leases.counts(), (0, 0, 1, 0));
        assert_eq!(leases.admit(&delivery(7, 2)), Admitted::Lease { tries: Some(1) });
        assert_eq!(leases.counts(), (0, 0, 0, 0));
        assert_eq!(leases.admit(&delivery(7, 3)), Admitted::Lease { tries: None }, "elsewhere in between");
        assert_eq!(leases.admit(&delivery(8, 2)), Admitted::Lease { tries: None });
    }
}
