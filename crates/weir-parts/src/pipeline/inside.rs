//! The events in hand by age, so that the oldest can be found at any moment.
//!
//! A histogram knows an event once it has finished. While a resource is frozen nothing
//! finishes, and only the age of what is inside shows that time goes by.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Stamp;
use weir_stage::per_thread::PerThread;

/// A slot without an event; the rest of the number is the next free slot.
const FREE: u64 = 1 << 63;
/// An event that is not in the resource; the rest of the number is its arrival. Without
/// this bit it is the event's admission.
const WAITS: u64 = 1 << 62;
/// There is no free slot.
const NONE: u32 = u32::MAX;
/// A shard without events gives its memory back above this number of slots.
const KEPT: usize = 1024;

/// The events in hand of one account, 8 bytes each. Each thread adds to a shard of its
/// own, so that threads seldom wait for each other.
#[derive(Debug, Default)]
pub(super) struct Inside(PerThread<Mutex<Slots>>);

/// Where an event is noted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// One more than the slot's index, so that an `Option<Place>` is no larger.
    slot: NonZeroU32,
    shard: u16,
}

impl Place {
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

impl Inside {
    /// Notes an event that arrived then and waits.
    pub(super) fn add(&self, arrived: Stamp) -> Place {
        let shard = self.0.local_index();
        let index = lock(self.0.at(shard)).add(arrived.as_nanos() & !FREE | WAITS);
        Place { slot: NonZeroU32::MIN.saturating_add(index), shard: shard as u16 }
    }

    /// Notes that the resource has admitted an event.
    pub(super) fn admit(&self, place: Place, now: Stamp) {
        self.shard(place).slots[place.index()] = now.as_nanos() & !(FREE | WAITS);
    }

    /// Forgets an event, which frees its place. Returns when it was admitted, if it was.
    pub(super) fn remove(&self, place: Place) -> Option<Stamp> {
        let event = self.shard(place).remove(place.index());
        (event < WAITS).then(|| Stamp::from_nanos(event))
    }

    /// When the event arrived that has waited longest, and when the one was admitted
    /// that has been in the resource longest. Looks at every event.
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
        let known = |nanos: u64| (nanos != u64::MAX).then(|| Stamp::from_nanos(nanos));
        (known(waiting), known(admitted))
    }

    fn shard(&self, place: Place) -> MutexGuard<'_, Slots> {
        lock(self.0.at(usize::from(place.shard)))
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
        /// The model is a list of events: whether each is admitted, and since when.
        #[test]
        fn the_oldest_is_the_least_of_a_list(steps in steps()) {
            let (inside, mut model) = (Inside::default(), Vec::<(Place, bool, u64)>::new());
            for step in steps {
                match step {
                    Step::Add(at) => model.push((inside.add(Stamp::from_nanos(at)), false, at)),
                    Step::Admit(rank, now) if !model.is_empty() => {
                        let rank = rank % model.len();
                        inside.admit(model[rank].0, Stamp::from_nanos(now));
                        model[rank] = (model[rank].0, true, now);
                    }
                    Step::Remove(rank) if !model.is_empty() => {
                        let (place, admitted, at) = model.swap_remove(rank % model.len());
                        prop_assert_eq!(inside.remove(place), admitted.then(|| Stamp::from_nanos(at)));
                    }
                    Step::Admit(..) | Step::Remove(_) => {}
                }
                let least = |which| {
                    let of = model.iter().filter(|(_, admitted, _)| *admitted == which);
                    of.map(|(_, _, at)| Stamp::from_nanos(*at)).min()
                };
                prop_assert_eq!(inside.oldest(), (least(false), least(true)));
            }
        }
    }

    #[test]
    fn events_that_left_on_another_thread_leave_no_memory_behind() {
        let inside = Inside::default();
        let places: Vec<Place> = (0..5000).map(|n| inside.add(Stamp::from_nanos(n))).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| places.into_iter().for_each(|place| assert_eq!(inside.remove(place), None)));
        });
        assert_eq!(inside.oldest(), (None, None));
        assert!(inside.0.iter().all(|shard| lock(shard).slots.capacity() == 0));
    }
}
