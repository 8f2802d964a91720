//! What the outlet and the model are compared by.

use std::collections::BTreeMap;

/// Which events go where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Each to one of all.
    Shared,
    /// Each to all.
    Broadcast,
    /// Each to the one who has its partition.
    Partition { discards: bool },
}

/// What comes of one step.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) refused: bool,
    pub(super) out: Vec<Part>,
    pub(super) overflowed: Vec<u32>,
    pub(super) discarded: Vec<u32>,
    pub(super) level: usize,
    pub(super) buffered: usize,
}

/// Events between two markers, by who gets them (if the rule says it), or a
/// marker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Sent(BTreeMap<Option<usize>, Vec<u32>>),
    Ran(usize),
}

impl Step {
    pub(super) fn send(&mut self, to: Option<usize>, event: u32) {
        if !matches!(self.out.last(), Some(Part::Sent(_))) {
            self.out.push(Part::Sent(BTreeMap::new()));
        }
        if let Some(Part::Sent(sent)) = self.out.last_mut() {
            sent.entry(to).or_default().push(event);
        }
    }
}
