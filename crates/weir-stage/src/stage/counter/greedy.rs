//! The warning that one consumer takes most of the events.

use std::sync::Arc;

use super::Counter;
use crate::dispatch::{Dispatcher, Greedy};

/// Of how many consumers a stage warns in its life: a log is no place for more, and
/// consumers come and go under new names.
const MOST_WARNINGS: usize = 16;

impl<T, D: Dispatcher<T>> Counter<T, D> {
    /// Warns of a greedy consumer, once under each name.
    pub(super) fn warn_of(&mut self, greedy: &Greedy) {
        let Some(at) = self.find(greedy.tag) else { return };
        let name = &self.consumers[at].peer.name;
        if self.named_greedy.len() >= MOST_WARNINGS || self.named_greedy.contains(name) {
            return;
        }
        let at_most = if greedy.others.start() == greedy.others.end() { "" } else { "at most " };
        log::warn!(
            "consumer `{name}` asks for {} events; the others on `{}` ask for {at_most}{}, \
             so it will get most of them",
            greedy.asks,
            self.meter.name(),
            greedy.others.end(),
        );
        self.named_greedy.push(Arc::clone(name));
    }
}
