//! The latest marks of a lab: changes and events, each with its time.

use std::collections::VecDeque;

/// The most marks that are kept.
const MOST: usize = 100;

/// Something that has a place on the time axis.
pub(super) trait OnAxis: Clone {
    /// Returns its time in milliseconds since the start of the lab.
    fn at_ms(&self) -> u64;

    /// Returns whether it replaces the mark before it, as while a slider moves. The default is no.
    fn replaces(&self, _last: &Self) -> bool {
        false
    }
}

/// The latest marks, the oldest first.
#[derive(Debug)]
pub(super) struct Marks<M>(VecDeque<M>);

impl<M> Default for Marks<M> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<M: OnAxis> Marks<M> {
    pub(super) fn add(&mut self, mark: M) {
        if self.0.back().is_some_and(|last| mark.replaces(last)) {
            self.0.pop_back();
        }
        self.0.push_back(mark);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Returns the marks from this time on.
    pub(super) fn since(&self, at_ms: u64) -> Vec<M> {
        self.0.iter().filter(|mark| mark.at_ms() >= at_ms).cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
