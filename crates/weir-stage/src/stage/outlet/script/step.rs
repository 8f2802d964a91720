//! The result of one step, by which the outlet and the model are compared.

use std::collections::BTreeMap;

/// The rule by which events are dispatched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Each event goes to one subscription.
    Shared,
    /// Each event goes to every subscription.
    Broadcast,
    /// Each event goes to the subscription of its partition.
    Partition { discards: bool },
}

/// The result of one step.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) refused: bool,
    pub(super) out: Vec<Part>,
    pub(super) overflowed: Vec<u32>,
    pub(super) discarded: Vec<u32>,
    pub(super) level: usize,
    pub(super) buffered: usize,
}

/// The events between two markers, by the subscription that gets them if the rule
/// determines it, or a marker.
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
