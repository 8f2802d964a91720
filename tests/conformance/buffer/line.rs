//! A buffer to hold ours against: slow, and plain to see.

use std::collections::VecDeque;

use proptest::prelude::*;
use weir::buffer::Keep;

/// The simplest buffer: one line of events and markers.
pub(super) struct Line {
    pub(super) items: VecDeque<Item>,
    pub(super) size: Option<usize>,
    pub(super) keep: Keep,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Item {
    Event(u32),
    Marker(u32),
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.items.iter().filter(|item| matches!(item, Item::Event(_))).count()
    }

    /// One event at a time, dropping one when there is no room for it.
    pub(super) fn store(&mut self, events: &[u32]) -> Vec<u32> {
        let mut dropped = Vec::new();
        for &event in events {
            let full = self.size.is_some_and(|size| self.len() >= size);
            let oldest = self.items.iter().position(|item| matches!(item, Item::Event(_)));
            match (full, self.keep, oldest) {
                (true, Keep::Last, Some(oldest)) => {
                    dropped.extend(self.event_at(oldest));
                    self.items.push_back(Item::Event(event));
                }
                (true, ..) => dropped.push(event),
                (false, ..) => self.items.push_back(Item::Event(event)),
            }
        }
        dropped
    }

    fn event_at(&mut self, at: usize) -> Option<u32> {
        match self.items.get(at).copied()? {
            Item::Event(event) => self.items.remove(at).map(|_| event),
            Item::Marker(_) => None,
        }
    }

    pub(super) fn mark(&mut self, marker: u32) -> Option<u32> {
        if self.items.is_empty() {
            return Some(marker);
        }
        self.items.push_back(Item::Marker(marker));
        None
    }

    pub(super) fn take(&mut self, n: usize) -> Vec<u32> {
        std::iter::from_fn(|| self.event_at(0)).take(n).collect()
    }

    pub(super) fn take_due(&mut self) -> Option<u32> {
        let Item::Marker(marker) = *self.items.front()? else { return None };
        self.items.pop_front();
        Some(marker)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Store(usize),
    Mark,
    Take(usize),
    TakeDue,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..8).prop_map(Step::Store),
        Just(Step::Mark),
        (0usize..6).prop_map(Step::Take),
        Just(Step::TakeDue),
    ];
    proptest::collection::vec(step, 0..60)
}
