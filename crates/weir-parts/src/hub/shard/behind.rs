//! Watchers that are behind: the policies, the check for silence, and the trimming of the
//! window.

use super::super::own::Own;
use super::super::watcher::LeftReason;
use super::super::{Behind, Settings};
use super::{EncodeGap, NO_EVENTS, Shard};

/// How often the check for silence runs within [`Settings::silence`].
pub(in super::super) const SWEEPS: u8 = 4;

impl<S> Shard<S> {
    /// Applies new settings.
    pub(in super::super) fn change(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Returns true if the window may take one more event. If not, the shard has to
    /// [`settle`](Self::settle) first, and under [`Behind::Wait`] the slowest watcher to read.
    pub(in super::super) fn has_room(&self) -> bool {
        !self.closing && self.window.len() < 2 * self.settings.keep()
    }

    /// Applies the policy to watchers that are behind, if it is time to, and trims a full
    /// window. Call it between walks: it keeps the frames that a watcher that is not blocked
    /// still needs, and right after a walk there are few.
    pub(in super::super) fn settle(&mut self, gap: EncodeGap<'_>) {
        let is_full = self.window.len() >= 2 * self.settings.keep();
        let limit = self.settings.behind.limit();
        if is_full || limit.is_some_and(|limit| self.unchecked >= limit) {
            self.unchecked = 0;
            self.check_slow(gap);
        }
        if is_full {
            self.trim();
        }
    }

    /// Applies the policy to each blocked watcher.
    fn check_slow(&mut self, gap: EncodeGap<'_>) {
        let frames = self.window.len();
        let mut at = 0;
        while let Some(&slot) = self.slow.get(at) {
            let Some(watcher) = self.watcher(slot).filter(|watcher| watcher.blocked) else {
                if let Some(watcher) = self.watcher(slot) {
                    watcher.listed = false;
                }
                self.slow.swap_remove(at);
                continue;
            };
            at += 1;
            let pos = watcher.pos;
            if pos == NO_EVENTS {
                continue;
            }
            let waiting = frames - self.window.index(pos);
            match self.settings.behind {
                Behind::Wait => {}
                Behind::Latest if waiting > self.settings.keep() => self.jump(slot, frames - 1, gap),
                Behind::DropOldest(_) if waiting > self.limit() => {
                    self.jump(slot, frames - self.limit(), gap);
                }
                Behind::Close(_) if waiting > self.limit() => self.remove(slot, LeftReason::Behind),
                Behind::Latest | Behind::DropOldest(_) | Behind::Close(_) => {}
            }
            if self.watcher(slot).is_none() {
                // Its removal has moved the next one here.
                at -= 1;
            }
        }
    }

    fn limit(&self) -> usize {
        self.settings.behind.limit().unwrap_or(1)
    }

    /// Moves a watcher to frame `index`, behind the frame that it is in. The events in between
    /// are dropped, and it is sent the gap.
    pub(super) fn jump(&mut self, slot: u32, index: usize, gap: EncodeGap<'_>) {
        self.cut(slot);
        let target = self.window.start(index);
        let Some(watcher) = self.slots[slot as usize].watcher.as_mut() else { return };
        if watcher.pos >= target {
            return;
        }
        let (from, to) = (self.window.seq(watcher.pos), self.window.seq(target));
        let dropped = self.window.completed_between(watcher.pos, target);
        self.counted.deliveries.dropped += dropped;
        watcher.dropped = watcher.dropped.saturating_add(u32::try_from(dropped).unwrap_or(u32::MAX));
        watcher.pos = target;
        watcher.tell_gap(from, to, gap);
    }

    /// Moves the rest of the frame that a watcher is in to its own bytes, so that other bytes
    /// may follow it. Afterwards its position is where a frame begins.
    pub(super) fn cut(&mut self, slot: u32) {
        let Some(watcher) = self.slots[slot as usize].watcher.as_mut() else { return };
        if watcher.own.is_some() || watcher.pos == NO_EVENTS {
            return;
        }
        let boundary = self.window.boundary(watcher.pos);
        if let Some((seq, is_event)) = self.window.cut_at(watcher.pos) {
            let rest = self.window.bytes_from(watcher.pos, (boundary - watcher.pos) as usize);
            watcher.own = Some(Box::new(Own::rest_of(rest, seq, is_event)));
            watcher.pos = boundary;
        }
    }

    /// Drops the frames that no watcher needs, and keeps the newest.
    fn trim(&mut self) {
        let head = self.window.head();
        let oldest = self.slots.iter().filter_map(|slot| slot.watcher.as_ref());
        let oldest = oldest.map(|watcher| watcher.pos).min().unwrap_or(head).min(head);
        let spare = self.window.len().saturating_sub(self.settings.keep());
        self.window.trim(spare.min(self.window.index(oldest)));
    }

    /// Closes the watchers that have read nothing during the last [`SWEEPS`] calls.
    pub(in super::super) fn sweep(&mut self) {
        for slot in self.slow.clone() {
            let Some(watcher) = self.watcher(slot).filter(|watcher| watcher.blocked) else { continue };
            watcher.quiet += 1;
            if watcher.quiet > SWEEPS {
                self.remove(slot, LeftReason::Silent);
            }
        }
    }

    /// Returns true while a sweep has a watcher to look at.
    pub(in super::super) fn has_blocked(&self) -> bool {
        self.counted.blocked > 0
    }
}
