//! What the queue knows in memory: which events are ready, leased or delayed. It is rebuilt from
//! the file when a queue is opened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tokio::time::Instant;
use weir_parts::engine::{Book, Depth};

/// A lease.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    /// The attempts that have failed so far.
    pub(crate) tries: u32,
    /// True while its settling is on the way to the disk.
    is_settling: bool,
}

/// The index. Events from `cursor` to `committed` that are in no set are ready and were never
/// leased.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) book: Book,
    /// The number of events in the file that are held.
    pub(crate) live: u64,
    /// The number of dead letters.
    pub(crate) dead: u64,
    pub(crate) cursor: u64,
    pub(crate) committed: u64,
    pub(crate) is_closed: bool,
    /// Events below this number were held when the queue was opened.
    pub(crate) recovered_below: u64,
    back: BTreeSet<u64>,
    leased: HashMap<u64, Lease>,
    delayed: BTreeMap<(Instant, u64), ()>,
    waiting: HashSet<u64>,
    tries: HashMap<u64, u32>,
    settling: u64,
}

impl Index {
    /// Delays an event until `due`.
    pub(crate) fn delay(&mut self, id: u64, due: Instant) {
        self.delayed.insert((due, id), ());
        self.waiting.insert(id);
    }

    /// Notes the failed attempts of an event.
    pub(crate) fn set_tries(&mut self, id: u64, tries: u32) {
        self.tries.insert(id, tries);
    }

    /// Makes events ready whose delay is over. Returns when the next delay is.
    pub(crate) fn wake(&mut self, now: Instant) -> Option<Instant> {
        while let Some((&(due, id), ())) = self.delayed.first_key_value() {
            if due > now {
                return Some(due);
            }
            self.delayed.pop_first();
            self.waiting.remove(&id);
            self.back.insert(id);
        }
        None
    }

    /// Returns the next event that was leased before and is ready again.
    pub(crate) fn next_back(&mut self) -> Option<u64> {
        self.back.pop_first()
    }

    /// Returns true if an event that the cursor meets may be leased: it is not delayed, and not
    /// ready again.
    pub(crate) fn is_new(&self, id: u64) -> bool {
        !self.waiting.contains(&id) && !self.back.contains(&id)
    }

    /// Leases an event, and returns its failed attempts.
    pub(crate) fn lease(&mut self, id: u64) -> u32 {
        let tries = self.tries.get(&id).copied().unwrap_or(0);
        self.leased.insert(id, Lease { tries, is_settling: false });
        tries
    }

    /// Gives a leased event back, as if it had not been leased.
    pub(crate) fn give_back(&mut self, id: u64) {
        self.leased.remove(&id);
        self.back.insert(id);
    }

    /// Marks a leased event as settling. Returns false if it is not leased, or settles already.
    pub(crate) fn begin_settling(&mut self, id: u64) -> bool {
        let lease = self.leased.get_mut(&id).filter(|lease| !lease.is_settling);
        let is_leased = lease.map(|lease| lease.is_settling = true).is_some();
        self.settling += u64::from(is_leased);
        is_leased
    }

    /// Marks a settling event as leased again, because it could not be stored.
    pub(crate) fn stop_settling(&mut self, id: u64) {
        if let Some(lease) = self.leased.get_mut(&id) {
            lease.is_settling = false;
            self.settling -= 1;
        }
    }

    /// Ends the lease of a settling event.
    pub(crate) fn settled(&mut self, id: u64) {
        if self.leased.remove(&id).is_some_and(|lease| lease.is_settling) {
            self.settling -= 1;
        }
    }

    /// Forgets an event that is not held any more.
    pub(crate) fn remove(&mut self, id: u64) {
        self.tries.remove(&id);
    }

    /// Returns the failed attempts of a leased event.
    pub(crate) fn tries_of(&self, id: u64) -> u32 {
        self.leased.get(&id).map_or(0, |lease| lease.tries)
    }

    /// Leases all events that are not leased to the one who purges, of those in `live`, and returns
    /// them.
    pub(crate) fn take_all(&mut self, live: impl Iterator<Item = u64>) -> Vec<u64> {
        let free: Vec<u64> = live.filter(|id| !self.leased.contains_key(id)).collect();
        for id in &free {
            self.lease(*id);
            self.begin_settling(*id);
        }
        self.cursor = self.committed;
        self.back.clear();
        self.delayed.clear();
        self.waiting.clear();
        free
    }

    /// Returns where the held events are at this time.
    pub(crate) fn depth(&mut self, now: Instant) -> Depth {
        self.wake(now);
        let (leased, delayed) = (self.leased.len() as u64, self.delayed.len() as u64);
        let ready = self.live.saturating_sub(leased + delayed);
        Depth { ready, leased, delayed, settling: self.settling, dead: self.dead }
    }
}
