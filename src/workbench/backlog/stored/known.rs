//! The arrival, payload and input of the events of an engine, by their numbers.

use std::collections::BTreeMap;

use super::super::payloads::Bytes;
use crate::pipeline::Stamp;

/// The data of one event that this process accepted.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) arrived: Stamp,
    pub(super) accepted: Stamp,
    /// Its payload, which counts among those that the queue holds.
    pub(super) bytes: Option<Bytes>,
    pub(super) is_leased: bool,
    pub(super) tries: u32,
    /// The input of a job.
    pub(super) input: Option<i64>,
}

/// The known events.
#[derive(Debug)]
pub(super) struct KnownEvents {
    events: BTreeMap<u64, Known>,
    leased: usize,
    /// When this life began. Events of earlier lives count as arrived then.
    opened: Stamp,
}

impl KnownEvents {
    pub(super) fn new(opened: Stamp) -> Self {
        Self { events: BTreeMap::new(), leased: 0, opened }
    }

    pub(super) fn insert(&mut self, number: u64, event: Known) {
        // An engine that several processes share may give the event out before it says that it has
        // it.
        self.events.entry(number).and_modify(|known| known.bytes = None).or_insert(event);
    }

    /// Notes that an event was leased. Returns when it arrived and was accepted.
    pub(super) fn lease(
        &mut self,
        number: u64,
        tries: u32,
        input: Option<i64>,
        recovered: bool,
        now: Stamp,
    ) -> (Stamp, Stamp) {
        let arrived = if recovered { self.opened } else { now };
        let event = self.events.entry(number).or_insert_with(|| Known {
            arrived,
            accepted: arrived,
            bytes: None,
            is_leased: false,
            tries,
            input,
        });
        self.leased += usize::from(!event.is_leased);
        (event.is_leased, event.tries, event.input) = (true, tries, input);
        (event.arrived, event.accepted)
    }

    /// Notes that a leased event waits again.
    pub(super) fn give_back(&mut self, number: u64) {
        if let Some(event) = self.events.get_mut(&number)
            && std::mem::take(&mut event.is_leased)
        {
            self.leased -= 1;
        }
    }

    /// Forgets an event that has ended.
    pub(super) fn forget(&mut self, number: u64) {
        if self.events.remove(&number).is_some_and(|event| event.is_leased) {
            self.leased -= 1;
        }
    }

    pub(super) fn input(&self, number: u64) -> Option<i64> {
        self.events.get(&number).and_then(|event| event.input)
    }

    pub(super) fn tries(&self, number: u64) -> u32 {
        self.events.get(&number).map_or(0, |event| event.tries)
    }

    /// Returns the numbers of the events that wait.
    pub(super) fn waiting(&self) -> Vec<u64> {
        self.events.iter().filter(|(_, event)| !event.is_leased).map(|(number, _)| *number).collect()
    }

    /// Forgets those of `numbers` that still wait.
    pub(super) fn forget_unleased(&mut self, numbers: &[u64]) {
        for number in numbers {
            if self.events.get(number).is_some_and(|event| !event.is_leased) {
                self.events.remove(number);
            }
        }
    }

    /// Returns when the event arrived that has waited longest, of `ready` that wait.
    pub(super) fn oldest(&self, ready: usize) -> Option<Stamp> {
        if ready == 0 {
            return None;
        }
        if ready > self.events.len() - self.leased {
            // Some are of an earlier life.
            return Some(self.opened);
        }
        self.events.values().find(|event| !event.is_leased).map(|event| event.arrived)
    }
}
