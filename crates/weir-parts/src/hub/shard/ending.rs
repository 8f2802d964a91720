//! A watcher's own frames, and the ends of watchers: one by one, or all of them.

use super::super::watcher::{Left, LeftReason};
use super::{Departed, NO_EVENTS, Shard, Slot};

impl<S> Shard<S> {
    /// Sends bytes to one watcher, behind the frame that it is in and before the next event. If
    /// too many are unread, the watcher is closed.
    pub(in super::super) fn say(&mut self, slot: u32, bytes: &[u8]) {
        self.cut(slot);
        let Some(watcher) = self.watcher(slot) else { return };
        let own = watcher.own.get_or_insert_default();
        if own.ending.is_some() {
            return;
        }
        if !own.say(bytes) {
            self.remove(slot, LeftReason::Unread);
        } else if own.unread().is_empty() {
            watcher.own = None;
        }
    }

    /// Sends a last frame to one watcher, which gets no more events and leaves once it has read
    /// the frame.
    pub(in super::super) fn close(&mut self, slot: u32, frame: &[u8], reason: LeftReason) {
        self.cut(slot);
        let Some(pos) = self.watcher(slot).map(|watcher| watcher.pos) else { return };
        // An event or a gap in its own bytes still reaches it.
        let next = self.due_event(slot, pos);
        let Some(watcher) = self.slots[slot as usize].watcher.as_mut() else { return };
        let own = watcher.own.get_or_insert_default();
        if own.ending.is_some() {
            return;
        }
        own.append(frame);
        if own.unread().is_empty() {
            return self.remove(slot, reason);
        }
        own.ending = Some((reason, next));
        if watcher.pos != NO_EVENTS {
            self.counted.deliveries.closed += self.window.behind(watcher.pos);
            self.receiving -= 1;
            watcher.pos = NO_EVENTS;
        } else {
            self.early.retain(|(early, _)| *early != slot);
        }
    }

    /// Lets go of a watcher. What it does not have is counted as closed.
    pub(in super::super) fn remove(&mut self, slot: u32, reason: LeftReason) {
        let next = self.next_of(slot).unwrap_or(self.window.next());
        let id = self.id_of(slot);
        let Some(watcher) = self.slots[slot as usize].watcher.take() else { return };
        self.counted.deliveries.closed += self.behind_of(&watcher);
        if watcher.pos == NO_EVENTS {
            self.early.retain(|(early, _)| *early != slot);
        } else {
            self.receiving -= 1;
        }
        if watcher.listed {
            // The next watcher of this slot is another one.
            self.slow.retain(|slow| *slow != slot);
        }
        self.counted.blocked -= u64::from(watcher.blocked);
        self.counted.watchers -= 1;
        self.counted.left += 1;
        self.slots[slot as usize].generation += 1;
        self.free.push(slot);
        let is_between = watcher.pos == NO_EVENTS || self.window.boundary(watcher.pos) == watcher.pos;
        let is_whole = is_between && watcher.own.is_none() && !watcher.blocked;
        self.departed.push(Departed { sink: watcher.sink, left: Left { id, reason, next }, is_whole });
    }

    /// Ends the events: each watcher is sent what it does not have and a last frame, and is then
    /// closed. No watcher may join any more.
    pub(in super::super) fn close_all(&mut self, frame: &[u8]) {
        if self.closing {
            return;
        }
        for (slot, _) in self.early.clone() {
            self.close(slot, frame, LeftReason::Ended);
        }
        self.window.push_notice(self.window.next(), frame);
        self.closing = true;
        if frame.is_empty() {
            let head = self.window.head();
            self.remove_where(LeftReason::Ended, |pos, has_own| pos == head && !has_own);
        }
    }

    /// Returns true if [`close_all`](Self::close_all) was called.
    pub(in super::super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Lets go of every watcher at once.
    pub(in super::super) fn stop(&mut self, reason: LeftReason) {
        self.closing = true;
        self.remove_where(reason, |_, _| true);
    }

    fn remove_where(&mut self, reason: LeftReason, which: impl Fn(u64, bool) -> bool) {
        for slot in 0..self.slots.len() as u32 {
            let watcher = self.slots[slot as usize].watcher.as_ref();
            if watcher.is_some_and(|watcher| which(watcher.pos, watcher.own.is_some())) {
                self.remove(slot, reason);
            }
        }
    }

    /// Closes all watchers and begins anew before the same event, after a failure that may have
    /// left positions wrong.
    pub(in super::super) fn reset(&mut self) {
        self.stop(LeftReason::Stopped);
        let fresh = Self::new(self.number, self.counted.framing, self.settings, self.next());
        let old = std::mem::replace(self, fresh);
        (self.counted, self.departed) = (old.counted, old.departed);
        // A name that was given out before finds no watcher afterwards.
        let generation = |slot: Slot<S>| Slot { generation: slot.generation + 1, watcher: None };
        self.slots = old.slots.into_iter().map(generation).collect();
        self.free = (0..self.slots.len() as u32).collect();
    }
}
