//! The sources of deliveries: watchers that join, and events.

use std::sync::Arc;

use super::super::own::Own;
use super::super::watcher::{Joined, Since};
use super::{EncodeGap, NO_EVENTS, Shard, Slot, Watcher};

impl<S> Shard<S> {
    /// Adds a watcher, which is sent `own` first. Returns `None` while the shard is closing.
    pub(in super::super) fn join(
        &mut self,
        sink: Arc<S>,
        own: &[u8],
        since: Since,
        gap: EncodeGap<'_>,
    ) -> Option<Joined> {
        if self.closing {
            return None;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, watcher: None });
            // A walk that goes on passes the new slot before it wraps, so it takes a step more.
            // Otherwise it would end before it has come round.
            self.walk_left += usize::from(self.walk_left > 0);
            self.slots.len() as u32 - 1
        });
        let next = self.window.next();
        let wanted = if let Since::Event(seq) = since { seq } else { next };
        let mut first = Own::default();
        first.append(own);
        let (mut pos, mut found) = (NO_EVENTS, wanted);
        if wanted > next {
            self.early.push((slot, wanted));
        } else {
            pos = self.window.find(wanted);
            found = self.window.seq(pos);
            if found > wanted {
                first.tell_gap(wanted, found, gap);
            }
            self.counted.deliveries.sent += self.window.behind(pos);
            self.receiving += 1;
        }
        let own = (!first.unread().is_empty()).then(|| Box::new(first));
        let watcher = Watcher { sink, pos, own, blocked: false, listed: false, quiet: 0, dropped: 0 };
        self.slots[slot as usize].watcher = Some(watcher);
        self.counted.watchers += 1;
        self.counted.joined += 1;
        Some(Joined { id: self.id_of(slot), next: found, missed: found - wanted })
    }

    /// Adds an event. Events that the source skipped are counted as dropped, and every watcher
    /// is sent the gap. An event that the shard has seen is ignored.
    pub(in super::super) fn publish(&mut self, seq: u64, frame: &[u8], gap: EncodeGap<'_>) {
        let expected = self.window.next();
        if seq < expected || self.closing {
            return;
        }
        if seq > expected {
            self.skip(expected, seq, gap);
        }
        let due = self.early.extract_if(.., |(_, wanted)| *wanted <= seq).collect::<Vec<_>>();
        let head = self.window.head();
        for (slot, wanted) in due {
            let Some(watcher) = self.watcher(slot) else { continue };
            watcher.pos = head;
            if wanted < seq {
                watcher.tell_gap(wanted, seq, gap);
                self.deliveries().sent += seq - wanted;
                self.deliveries().dropped += seq - wanted;
            }
            self.receiving += 1;
        }
        self.window.push_event(seq, frame);
        self.counted.deliveries.sent += self.receiving;
        self.unchecked += 1;
    }

    /// Accounts for the events `from..to`, which will never come.
    fn skip(&mut self, from: u64, to: u64, gap: EncodeGap<'_>) {
        let mut frame = Vec::new();
        // Also without watchers: one that joins later may be given the window.
        gap(from, to, &mut frame);
        let lost = (to - from) * self.receiving;
        self.deliveries().sent += lost;
        self.deliveries().dropped += lost;
        self.window.push_notice(to, &frame);
    }
}
