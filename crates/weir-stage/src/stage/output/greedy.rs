//! The warning that one consumer will be assigned most of the events.

use std::sync::Arc;

use super::OutputSide;
use crate::dispatch::{Dispatcher, Greedy};

/// The most warnings in the life of a stage. Consumers come and go under new names, and
/// must not fill the log.
const MOST_WARNINGS: usize = 16;

impl<T, D: Dispatcher<T>> OutputSide<T, D> {
    /// Warns of a greedy consumer, once for each name.
    pub(super) fn warn_of(&mut self, greedy: &Greedy) {
        let Some(at) = self.find(greedy.tag) else { return };
        let name = &self.subscribers[at].peer.name;
        if self.warned_greedy.len() >= MOST_WARNINGS || self.warned_greedy.contains(name) {
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
        self.warned_greedy.push(Arc::clone(name));
    }
}
