//! Where each watcher is, and the figures of the shard.

use std::sync::Arc;
use std::time::Duration;

use super::super::deliveries::ShardFigures;
use super::super::watcher::BehindWatcher;
use super::{NO_EVENTS, Shard, Watcher};

impl<S> Shard<S> {
    pub(in super::super) fn count_restart(&mut self) {
        self.counted.restarts += 1;
    }

    pub(in super::super) fn reset_peaks(&mut self) {
        self.counted.longest_walk = Duration::ZERO;
    }

    pub(in super::super) fn count_walk(&mut self, took: Duration) {
        self.counted.walks += 1;
        self.counted.longest_walk = self.counted.longest_walk.max(took);
    }

    /// Returns the number of the first event that the watcher does not have whole.
    pub(in super::super) fn next_of(&self, slot: u32) -> Option<u64> {
        let watcher = self.slots.get(slot as usize)?.watcher.as_ref()?;
        if let Some(own) = &watcher.own
            && let Some(next) = own.next().or(own.ending.map(|(_, next)| next))
        {
            return Some(next);
        }
        Some(self.due_event(slot, watcher.pos))
    }

    /// Returns the number of the event that a watcher in `slot` is sent next from position `pos`.
    pub(super) fn due_event(&self, slot: u32, pos: u64) -> u64 {
        if pos != NO_EVENTS {
            return self.window.seq(pos);
        }
        let wanted = self.early.iter().find(|(early, _)| *early == slot).map(|(_, wanted)| *wanted);
        wanted.unwrap_or(self.window.next())
    }

    /// Returns the number of deliveries that wait for one watcher.
    pub(super) fn behind_of(&self, watcher: &Watcher<S>) -> u64 {
        let cut = watcher.own.as_ref().and_then(|own| own.cut_event()).is_some();
        let waiting = if watcher.pos == NO_EVENTS { 0 } else { self.window.behind(watcher.pos) };
        waiting + u64::from(cut)
    }

    /// Lists the blocked watchers with their sinks. How long each has been blocked is left to
    /// the task.
    pub(in super::super) fn blocked_watchers(&self) -> impl Iterator<Item = (BehindWatcher, Arc<S>)> {
        self.slow.iter().filter_map(|slot| {
            let watcher = self.slots[*slot as usize].watcher.as_ref().filter(|watcher| watcher.blocked)?;
            let from = watcher.own.as_ref().and_then(|own| own.last_gap());
            let behind = BehindWatcher {
                id: self.id_of(*slot),
                events: self.behind_of(watcher),
                dropped: u64::from(watcher.dropped),
                next: self.next_of(*slot)?,
                blocked: Duration::ZERO,
                gap: from.map(|from| (from, self.due_event(*slot, watcher.pos))),
            };
            Some((behind, Arc::clone(&watcher.sink)))
        })
    }

    /// Returns the figures. What is behind is counted at each watcher now, at 2 ns for one that
    /// has everything.
    pub(in super::super) fn figures(&self) -> ShardFigures {
        self.figures_of(self.slots.iter().filter_map(|slot| slot.watcher.as_ref()))
    }

    /// Returns the figures at a time when every watcher that is not blocked has everything, as
    /// after a walk. Only blocked watchers are looked at.
    pub(in super::super) fn figures_when_walked(&self) -> ShardFigures {
        self.figures_of(self.slow.iter().filter_map(|slot| self.slots[*slot as usize].watcher.as_ref()))
    }

    fn figures_of<'a>(&self, watchers: impl Iterator<Item = &'a Watcher<S>>) -> ShardFigures
    where
        S: 'a,
    {
        let mut figures = ShardFigures { head: self.window.next(), ..self.counted };
        let head = self.window.head();
        for watcher in watchers.filter(|watcher| watcher.pos != head || watcher.own.is_some()) {
            let behind = self.behind_of(watcher);
            figures.deliveries.behind += behind;
            figures.slowest = figures.slowest.max(behind);
        }
        figures
    }
}
