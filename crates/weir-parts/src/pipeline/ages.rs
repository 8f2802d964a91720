//! The ages of the events in flight, so that the oldest can be found at any moment.
//!
//! A histogram knows an event once it has finished. While a resource is frozen nothing
//! finishes, and only the age of the events inside shows that time passes.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Stamp;
use weir_stage::per_thread::PerThread;

/// The bit of a slot without an event. The rest of the number is the next free slot.
const FREE: u64 = 1 << 63;
/// The bit of an event that is not in the resource. The rest of the number is its arrival;
/// without this bit it is its admission.
const WAITS: u64 = 1 << 62;
/// The end of the list of free slots.
const NONE: u32 = u32::MAX;
/// Above this number of slots, a shard frees its memory when it has no event left.
const KEPT: usize = 1024;

/// The events in flight of one account, 8 bytes each. Each thread adds to a shard of its own,
/// so that threads seldom wait for each other.
#[derive(Debug, Default)]
pub(super) struct Ages(PerThread<Mutex<Slots>>);

/// Identifies an event among the [`Ages`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// One more than the slot's index, so that an `Option<Entry>` is no larger.
    slot: NonZeroU32,
    shard: u16,
}

impl Entry {
    fn index(self) -> usize {
        self.slot.get() as usize - 1
    }
}

#[derive(Debug)]
struct Slots {
    slots: Vec<u64>,
    /// The first free slot.
    free: u32,
    used: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { slots: Vec::new(), free: NONE, used: 0 }
    }
}

impl Ages {
    /// Adds an event that arrived at `arrived` and waits.
    pub(super) fn add(&self, arrived: Stamp) -> Entry {
        let shard = self.0.local_index();
        let index = lock(self.0.at(shard)).add(arrived.as_nanos() & !FREE | WAITS);
        Entry { slot: NonZeroU32::MIN.saturating_add(index), shard: shard as u16 }
    }

    /// Sets the moment at which the resource admitted an event.
    pub(super) fn admit(&self, entry: Entry, now: Stamp) {
        self.shard(entry).slots[entry.index()] = now.as_nanos() & !(FREE | WAITS);
    }

    /// Removes an event and frees its slot. Returns the moment of its admission, if it was
    /// admitted.
    pub(super) fn remove(&self, entry: Entry) -> Option<Stamp> {
        let event = self.shard(entry).remove(entry.index());
        (event < WAITS).then(|| Stamp::from_nanos(event))
    }

    /// Returns the earliest arrival of an event that waits, and the earliest admission of an
    /// event in the resource. Reads every slot.
    pub(super) fn oldest(&self) -> (Option<Stamp>, Option<Stamp>) {
        let (mut waiting, mut admitted) = (u64::MAX, u64::MAX);
        for shard in self.0.iter() {
            for &slot in &lock(shard).slots {
                if slot < WAITS {
                    admitted = admitted.min(slot);
                } else if slot < FREE {
                    waiting = waiting.min(slot & !WAITS);
                }
            }
        }
        let stamp = |nanos: u64| (nanos != u64::MAX).then(|| Stamp::from_nanos(nanos));
        (stamp(waiting), stamp(admitted))
    }

    /// Returns when each event in the resource was admitted, in no order.
    pub(super) fn admitted(&self) -> Vec<Stamp> {
        let mut admitted = Vec::new();
        for shard in self.0.iter() {
            let slots = &lock(shard).slots;
            admitted
                .extend(slots.iter().filter(|slot| **slot < WAITS).map(|&slot| Stamp::from_nanos(slot)));
        }
        admitted
    }

    fn shard(&self, entry: Entry) -> MutexGuard<'_, Slots> {
        lock(self.0.at(usize::from(entry.shard)))
    }
}

impl Slots {
    fn add(&mut self, event: u64) -> u32 {
        self.used += 1;
        let Some(slot) = self.slots.get_mut(self.free as usize) else {
            self.slots.push(event);
            return (self.slots.len() - 1) as u32;
        };
        let next = (*slot & !FREE) as u32;
        *slot = event;
        std::mem::replace(&mut self.free, next)
    }

    fn remove(&mut self, index: usize) -> u64 {
        let event = std::mem::replace(&mut self.slots[index], FREE | u64::from(self.free));
        debug_assert!(event < FREE, "slot {index} is freed twice");
        self.free = index as u32;
        self.used -= 1;
        if self.used == 0 && self.slots.len() > KEPT {
            *self = Self::default();
        }
        event
    }
}

fn lock(slots: &Mutex<Slots>) -> MutexGuard<'_, Slots> {
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Add(u64),
        /// Admits the event of this rank.
        Admit(usize, u64),
        Remove(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (0..100u64).prop_map(Step::Add),
            2 => (any::<usize>(), 0..100u64).prop_map(|(rank, now)| Step::Admit(rank, now)),
            2 => any::<usize>().prop_map(Step::Remove),
        ];
        prop::collection::vec(step, 0..200)
    }

    proptest! {
        /// Compares with a list of events: whether each is admitted, and since when.
        #[test]
        fn the_oldest_agree_with_a_list(steps in steps()) {
            let (ages, mut model) = (Ages::default(), Vec::<(Entry, bool, u64)>::new());
            for step in steps {
                match step {
                    Step::Add(at) => model.push((ages.add(Stamp::from_nanos(at)), false, at)),
                    Step::Admit(rank, now) if !model.is_empty() => {
                        let rank = rank % model.len();
                        ages.admit(model[rank].0, Stamp::from_nanos(now));
                        model[rank] = (model[rank].0, true, now);
                    }
                    Step::Remove(rank) if !model.is_empty() => {
                        let (entry, admitted, at) = model.swap_remove(rank % model.len());
                        prop_assert_eq!(ages.remove(entry), admitted.then(|| Stamp::from_nanos(at)));
                    }
                    Step::Admit(..) | Step::Remove(_) => {}
                }
                let least = |which| {
                    let of = model.iter().filter(|(_, admitted, _)| *admitted == which);
                    of.map(|(_, _, at)| Stamp::from_nanos(*at)).min()
                };
                prop_assert_eq!(ages.oldest(), (least(false), least(true)));
                let admitted = model.iter().filter(|(_, admitted, _)| *admitted).count();
                prop_assert_eq!(ages.admitted().len(), admitted);
            }
        }
    }

    #[test]
    fn events_removed_on_another_thread_leave_no_memory_behind() {
        let ages = Ages::default();
        let entries: Vec<Entry> = (0..5000).map(|n| ages.add(Stamp::from_nanos(n))).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| entries.into_iter().for_each(|entry| assert_eq!(ages.remove(entry), None)));
        });
        assert_eq!(ages.oldest(), (None, None));
        assert!(ages.0.iter().all(|shard| lock(shard).slots.capacity() == 0));
    }
}
