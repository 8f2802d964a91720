//! What the queue knows in memory: which events are ready, leased or delayed. It is rebuilt from
//! the file when a queue is opened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;
use weir_parts::engine::{Book, Depth};

/// A lease.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    /// The attempts that have failed so far.
    pub(crate) tries: u32,
    /// True once the file notes, or may note, that the work has begun.
    pub(crate) is_noted: bool,
    /// True while its settling is on the way to the disk.
    is_settling: bool,
}

/// The index. Events from `cursor` to `next` that are in no set are ready and were never leased.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) book: Book,
    /// The number of events in the file that are held.
    pub(crate) live: u64,
    /// The number of dead letters.
    pub(crate) dead: u64,
    pub(crate) cursor: u64,
    /// The number of the next event.
    pub(crate) next: u64,
    /// Events below this number are in the file.
    pub(crate) committed: u64,
    /// Held events that are not in the file yet.
    pub(crate) fresh: BTreeMap<u64, Arc<Vec<u8>>>,
    /// Events that are done and still in the file.
    pub(crate) gone: HashSet<u64>,
    pub(crate) is_closed: bool,
    pub(crate) has_ended: bool,
    /// Events below this number were held when the queue was opened.
    pub(crate) recovered_below: u64,
    back: BTreeSet<u64>,
    leased: HashMap<u64, Lease>,
    delayed: BTreeMap<(Instant, u64), ()>,
    waiting: HashSet<u64>,
    tries: HashMap<u64, u32>,
    settling: u64,
    /// Events whose work has begun since the last commit.
    begun: Vec<u64>,
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

    /// Makes events ready whose delay is over. Returns when the next delay ends.
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

    /// Returns the next event that was given back and is ready again.
    pub(crate) fn next_back(&mut self) -> Option<u64> {
        self.back.pop_first()
    }

    /// Returns true if an event that the cursor meets may be leased: it is not delayed, not ready
    /// again, not leased, and not done. An event that was delayed when the queue was opened can be
    /// each of them before the cursor meets it.
    pub(crate) fn is_new(&self, id: u64) -> bool {
        let is_waiting = self.waiting.contains(&id) || self.back.contains(&id);
        !is_waiting && !self.leased.contains_key(&id) && !self.gone.contains(&id)
    }

    /// Leases an event, and returns its failed attempts.
    pub(crate) fn lease(&mut self, id: u64) -> u32 {
        let tries = self.tries.get(&id).copied().unwrap_or(0);
        self.leased.insert(id, Lease { tries, is_noted: false, is_settling: false });
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

    /// Marks a settling event as leased again, because the settling could not be stored.
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

    /// Returns the lease of an event.
    pub(crate) fn lease_of(&self, id: u64) -> Option<Lease> {
        self.leased.get(&id).copied()
    }

    /// Notes that the work on an event begins.
    pub(crate) fn begin(&mut self, id: u64) {
        if self.leased.get(&id).is_some_and(|lease| !lease.is_noted) {
            self.begun.push(id);
        }
    }

    /// Returns the events that the next commit notes as begun: those whose settling has not started.
    pub(crate) fn take_begun(&mut self) -> Vec<u64> {
        let mut begun = std::mem::take(&mut self.begun);
        begun.retain(|id| match self.leased.get_mut(id) {
            Some(lease) if !lease.is_settling && !lease.is_noted => {
                lease.is_noted = true;
                true
            }
            _ => false,
        });
        begun
    }

    /// Undoes `take_begun` after a failed commit.
    pub(crate) fn untake_begun(&mut self, begun: Vec<u64>) {
        for id in &begun {
            if let Some(lease) = self.leased.get_mut(id) {
                lease.is_noted = false;
            }
        }
        self.begun.extend(begun);
    }

    /// Returns true if the file notes events that are still leased.
    pub(crate) fn has_noted(&self) -> bool {
        self.leased.values().any(|lease| lease.is_noted)
    }

    /// Leases all events of `live` that are not leased, for a purge, and returns them.
    pub(crate) fn take_all(&mut self, live: impl Iterator<Item = u64>) -> Vec<u64> {
        let free: Vec<u64> = live.filter(|id| !self.leased.contains_key(id)).collect();
        for id in &free {
            self.lease(*id);
            self.begin_settling(*id);
        }
        self.cursor = self.next;
        self.back.clear();
        self.delayed.clear();
        self.waiting.clear();
        free
    }

    /// Returns the number of leased events.
    pub(crate) fn leased(&self) -> u64 {
        self.leased.len() as u64
    }

    /// Returns the number of events that can be asked for.
    pub(crate) fn ready(&self) -> u64 {
        self.live.saturating_sub(self.leased.len() as u64 + self.delayed.len() as u64)
    }

    /// Returns where the held events are at this time.
    pub(crate) fn depth(&mut self, now: Instant) -> Depth {
        self.wake(now);
        let (leased, delayed) = (self.leased.len() as u64, self.delayed.len() as u64);
        Depth { ready: self.ready(), leased, delayed, settling: self.settling, dead: self.dead }
    }
}
