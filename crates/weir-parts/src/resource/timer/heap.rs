//! A set of deadlines: the earliest can be taken, and any can be removed.
//!
//! A binary heap orders the deadlines; a slot for each remembers its place in the
//! heap. Insertion and removal take `log n` steps, so a cancelled sleep leaves
//! nothing behind. A deadline takes 48 bytes. The module reads no clock.

/// Deadlines in nanoseconds, each with a value that is handed out when it is due.
#[derive(Debug)]
pub(super) struct Heap<V> {
    /// Each deadline with its slot; no deadline is earlier than that of its parent,
    /// which is at `(place - 1) / 2`.
    order: Vec<(u64, usize)>,
    slots: Vec<Slot<V>>,
    /// The first slot that is free.
    free: usize,
    /// The number of slots that are not free.
    used: usize,
}

#[derive(Debug)]
enum Slot<V> {
    /// Its deadline lies ahead, at this place of the heap.
    Ahead { place: usize, value: V },
    /// Its value has been taken.
    Taken,
    /// It belongs to no deadline; the next free slot follows.
    Free { next: usize },
}

/// Above this number of slots, an empty heap frees its memory.
const KEPT: usize = 1024;
/// The end of the list of free slots.
const NONE: usize = usize::MAX;

impl<V> Heap<V> {
    /// Creates a heap without deadlines.
    pub(super) const fn new() -> Self {
        Self { order: Vec::new(), slots: Vec::new(), free: NONE, used: 0 }
    }

    /// Adds a deadline, and returns its slot. The slot stays in use until it is
    /// [removed](Self::remove), also after its value was taken.
    pub(super) fn insert(&mut self, at: u64, value: V) -> usize {
        let place = self.order.len();
        let filled = Slot::Ahead { place, value };
        let slot = match self.slots.get_mut(self.free) {
            Some(slot) => {
                let free = std::mem::replace(slot, filled);
                let Slot::Free { next } = free else { unreachable!("the free list holds free slots") };
                std::mem::replace(&mut self.free, next)
            }
            None => {
                self.slots.push(filled);
                self.slots.len() - 1
            }
        };
        self.used += 1;
        self.order.push((at, slot));
        self.rise(place);
        slot
    }

    /// Returns the value of a slot, or `None` once it was taken.
    pub(super) fn value(&mut self, slot: usize) -> Option<&mut V> {
        match self.slots.get_mut(slot)? {
            Slot::Ahead { value, .. } => Some(value),
            Slot::Taken | Slot::Free { .. } => None,
        }
    }

    /// Frees a slot. If its deadline lies ahead, removes that and returns its value.
    pub(super) fn remove(&mut self, slot: usize) -> Option<V> {
        let freed = std::mem::replace(&mut self.slots[slot], Slot::Free { next: self.free });
        debug_assert!(!matches!(freed, Slot::Free { .. }), "slot {slot} was freed twice");
        self.free = slot;
        let mut value = None;
        if let Slot::Ahead { place, value: removed } = freed {
            self.cut(place);
            value = Some(removed);
        }
        self.used -= 1;
        if self.used == 0 && self.slots.len() > KEPT {
            *self = Self::new();
        }
        value
    }

    /// Returns the earliest deadline.
    pub(super) fn earliest(&self) -> Option<u64> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the value of the earliest deadline if it is not later than `now`.
    pub(super) fn take_due(&mut self, now: u64) -> Option<V> {
        let &(at, slot) = self.order.first()?;
        if at > now {
            return None;
        }
        self.cut(0);
        match std::mem::replace(&mut self.slots[slot], Slot::Taken) {
            Slot::Ahead { value, .. } => Some(value),
            Slot::Taken | Slot::Free { .. } => unreachable!("a deadline of the heap lies ahead"),
        }
    }

    /// Returns the number of deadlines after `at`.
    #[cfg(test)]
    pub(super) fn later_than(&self, at: u64) -> usize {
        self.order.iter().filter(|(deadline, _)| *deadline > at).count()
    }

    /// Removes a deadline from the order, and closes the gap.
    fn cut(&mut self, place: usize) {
        self.order.swap_remove(place);
        if place < self.order.len() {
            self.sink(place);
            self.rise(place);
        }
    }

    /// Moves a deadline up until its parent is not later.
    fn rise(&mut self, mut place: usize) {
        while place > 0 && self.order[place].0 < self.order[(place - 1) / 2].0 {
            self.order.swap(place, (place - 1) / 2);
            self.update_slot(place);
            place = (place - 1) / 2;
        }
        self.update_slot(place);
    }

    /// Moves a deadline down until its children are not earlier.
    fn sink(&mut self, mut place: usize) {
        loop {
            let children = [2 * place + 1, 2 * place + 2];
            let existing = children.into_iter().filter(|child| *child < self.order.len());
            let Some(child) = existing.min_by_key(|child| self.order[*child].0) else { break };
            if self.order[child].0 >= self.order[place].0 {
                break;
            }
            self.order.swap(place, child);
            self.update_slot(place);
            place = child;
        }
        self.update_slot(place);
    }

    /// Updates the place that the slot of a deadline remembers.
    fn update_slot(&mut self, at: usize) {
        let (_, slot) = self.order[at];
        if let Slot::Ahead { place, .. } = &mut self.slots[slot] {
            *place = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u64),
        /// Removes the slot of this rank among those in use.
        Remove(usize),
        TakeDue(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (0..50u64).prop_map(Step::Insert),
            2 => any::<usize>().prop_map(Step::Remove),
            1 => (0..50u64).prop_map(Step::TakeDue),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        /// Compares with a list of slots, deadlines, and whether they were taken.
        #[test]
        fn a_heap_agrees_with_a_list(steps in steps()) {
            let (mut heap, mut model) = (Heap::new(), Vec::<(usize, u64, bool)>::new());
            for step in steps {
                match step {
                    Step::Insert(at) => {
                        let slot = heap.insert(at, at);
                        prop_assert!(model.iter().all(|(used, ..)| *used != slot));
                        model.push((slot, at, false));
                    }
                    Step::Remove(rank) if !model.is_empty() => {
                        let (slot, at, taken) = model.swap_remove(rank % model.len());
                        prop_assert_eq!(heap.remove(slot), (!taken).then_some(at));
                    }
                    Step::Remove(_) => {}
                    Step::TakeDue(now) => {
                        let ahead = model.iter_mut().filter(|(_, _, taken)| !taken);
                        let first = ahead.min_by_key(|(_, at, _)| *at).filter(|(_, at, _)| *at <= now);
                        let taken = heap.take_due(now);
                        prop_assert_eq!(taken, first.as_ref().map(|(_, at, _)| *at));
                        // Of equal deadlines either may be first.
                        if let Some(at) = taken {
                            let gone = model.iter_mut().find(|(slot, found, taken)| {
                                *found == at && !taken && heap.value(*slot).is_none()
                            });
                            gone.unwrap().2 = true;
                        }
                    }
                }
                let ahead = model.iter().filter(|(_, _, taken)| !taken);
                prop_assert_eq!(heap.earliest(), ahead.map(|(_, at, _)| *at).min());
                for (slot, at, taken) in &model {
                    prop_assert_eq!(heap.value(*slot).copied(), (!taken).then_some(*at));
                }
            }
        }
    }

    #[test]
    fn a_hundred_thousand_deadlines_leave_no_memory_behind() {
        let mut heap = Heap::new();
        let slots: Vec<usize> = (0..100_000u64).map(|n| heap.insert(n * 7919 % 100_003, n)).collect();
        for slot in slots {
            heap.remove(slot);
        }
        assert_eq!((heap.order.capacity(), heap.slots.capacity()), (0, 0));
    }

    #[test]
    fn a_deadline_takes_48_bytes() {
        let waker = size_of::<(u64, usize)>() + size_of::<Slot<std::task::Waker>>();
        assert_eq!(waker, 48);
    }
}
