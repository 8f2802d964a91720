//! The state machine of a shard: which bytes each watcher is due, what a write changes, and
//! the ledger. It knows no runtime, no clock and no I/O; the task around it writes.
//!
//! ```text
//!   window   [ event 7 | event 8 | event 9 ]
//!                  ▲         ▲             ▲
//!               blocked    cut short     has everything
//! ```
//!
//! Invariants:
//! 1. A watcher's position lies in the window. Only a watcher without events (it waits for a
//!    later one, or for its end) has the position [`NO_EVENTS`].
//! 2. While a watcher has bytes of its own, its position is where a frame begins, and the bytes
//!    end where a frame ends. Together they are whole frames in order.
//! 3. Every change of a position is counted: as delivered, dropped or closed.
//! 4. sent = delivered + behind + dropped + closed after each method.

mod behind;
mod ending;
mod figures;
mod joining;

use std::sync::Arc;

use super::deliveries::{Deliveries, ShardFigures};
use super::own::Own;
use super::watcher::{Left, LeftReason, WatcherId};
use super::window::Window;
use super::{Behind, Settings};

pub(super) use behind::SWEEPS;

/// The position of a watcher that is sent no events.
const NO_EVENTS: u64 = u64::MAX;

/// The most bytes of one write.
const MAX_WRITE: usize = 64 * 1024;

/// A watcher: a sink and a position. Being behind costs nothing but the number.
#[derive(Debug)]
struct Watcher<S> {
    sink: Arc<S>,
    pos: u64,
    own: Option<Box<Own>>,
    /// True while the sink takes no bytes.
    blocked: bool,
    /// True while the watcher is in [`Shard::slow`].
    listed: bool,
    /// Sweeps since it last read, while it is blocked.
    quiet: u8,
    /// The events that it has lost. In 32 bits, so that a watcher takes 32 bytes.
    dropped: u32,
}

impl<S> Watcher<S> {
    /// Sends it, behind its own bytes, the gap of the events `from..to`.
    fn tell_gap(&mut self, from: u64, to: u64, gap: EncodeGap<'_>) {
        let own = self.own.get_or_insert_default();
        own.tell_gap(from, to, gap);
        if own.unread().is_empty() {
            self.own = None;
        }
    }
}

#[derive(Debug)]
struct Slot<S> {
    /// The number of watchers that have had this slot, so that an old name finds nothing.
    generation: u32,
    watcher: Option<Watcher<S>>,
}

/// A watcher that has left, for the task to shut down and report.
#[derive(Debug)]
pub(super) struct Departed<S> {
    pub(super) sink: Arc<S>,
    pub(super) left: Left,
    /// True if the bytes that it was sent end with a whole frame, and more may follow.
    pub(super) is_whole: bool,
}

/// The bytes that a watcher is due.
#[derive(Debug)]
pub(super) struct Due<'a, S> {
    pub(super) sink: &'a Arc<S>,
    pub(super) bytes: &'a [u8],
    /// The event with whose frame the bytes begin, if they begin where an event's frame does.
    pub(super) event: Option<u64>,
}

/// Encodes the gap of the events from the first number up to the second.
pub(super) type EncodeGap<'a> = &'a dyn Fn(u64, u64, &mut Vec<u8>);

/// The watchers of one shard, and their window.
#[derive(Debug)]
pub(super) struct Shard<S> {
    number: u32,
    settings: Settings,
    window: Window,
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
    /// Blocked watchers, and some that no longer are: cleaned when it is read through.
    slow: Vec<u32>,
    /// Watchers that wait for an event that the shard has not seen yet.
    early: Vec<(u32, u64)>,
    /// Watchers that are sent the next event.
    receiving: u64,
    /// Events since watchers that are behind were last checked.
    unchecked: usize,
    /// The slot with which the next walk begins, and how many are left of this one.
    cursor: usize,
    walk_left: usize,
    /// True once no event will come and each watcher is closed as soon as it has everything.
    closing: bool,
    /// The counts, except for those that are computed from the watchers on request.
    counted: ShardFigures,
    departed: Vec<Departed<S>>,
}

impl<S> Shard<S> {
    /// Makes a shard without watchers before event `next`.
    pub(super) fn new(number: u32, framing: usize, settings: Settings, next: u64) -> Self {
        Self {
            number,
            settings,
            window: Window::new(next),
            slots: Vec::new(),
            free: Vec::new(),
            slow: Vec::new(),
            early: Vec::new(),
            receiving: 0,
            unchecked: 0,
            cursor: 0,
            walk_left: 0,
            closing: false,
            counted: ShardFigures { framing, ..ShardFigures::default() },
            departed: Vec::new(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn next(&self) -> u64 {
        self.window.next()
    }

    pub(super) fn head(&self) -> u64 {
        self.window.head()
    }

    /// Returns the number of watchers that are sent the next event.
    pub(super) fn receiving(&self) -> u64 {
        self.receiving
    }

    /// Returns true if the watcher has bytes of its own that are not written yet.
    pub(super) fn has_own(&self, slot: u32) -> bool {
        let slot = self.slots.get(slot as usize);
        slot.and_then(|slot| slot.watcher.as_ref()).is_some_and(|watcher| watcher.own.is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counted.watchers == 0
    }

    pub(super) fn take_departed(&mut self) -> Vec<Departed<S>> {
        std::mem::take(&mut self.departed)
    }

    fn deliveries(&mut self) -> &mut Deliveries {
        &mut self.counted.deliveries
    }

    fn watcher(&mut self, slot: u32) -> Option<&mut Watcher<S>> {
        self.slots.get_mut(slot as usize)?.watcher.as_mut()
    }

    /// Returns the slot of a watcher, if it has not left.
    pub(super) fn slot_of(&self, id: WatcherId) -> Option<u32> {
        let slot = self.slots.get(id.slot as usize)?;
        (slot.generation == id.generation && slot.watcher.is_some()).then_some(id.slot)
    }

    pub(super) fn id_of(&self, slot: u32) -> WatcherId {
        let generation = self.slots[slot as usize].generation;
        WatcherId { shard: self.number, slot, generation }
    }

    /// Returns what the watcher in `slot` is due, if it is due anything and takes bytes.
    pub(super) fn due(&self, slot: u32) -> Option<Due<'_, S>> {
        let watcher = self.slots.get(slot as usize)?.watcher.as_ref()?;
        if watcher.blocked {
            return None;
        }
        if let Some(own) = &watcher.own {
            return Some(Due { sink: &watcher.sink, bytes: own.unread(), event: None });
        }
        if watcher.pos >= self.window.head() {
            return None;
        }
        let bytes = self.window.bytes_from(watcher.pos, MAX_WRITE);
        Some(Due { sink: &watcher.sink, bytes, event: self.window.event_at(watcher.pos) })
    }

    /// Notes that the watcher in `slot` took `n` bytes of what it was due.
    pub(super) fn wrote(&mut self, slot: u32, n: usize) {
        let Some(watcher) = self.slots.get_mut(slot as usize).and_then(|slot| slot.watcher.as_mut()) else {
            return;
        };
        watcher.quiet = 0;
        self.counted.writes += 1;
        let mut ending = None;
        if let Some(own) = &mut watcher.own {
            self.counted.deliveries.delivered += u64::from(own.wrote(n));
            if own.unread().is_empty() {
                ending = own.ending.map(|(reason, _)| reason);
                if ending.is_none() {
                    watcher.own = None;
                }
            }
        } else {
            let to = watcher.pos + n as u64;
            self.counted.deliveries.delivered += self.window.completed_between(watcher.pos, to);
            watcher.pos = to;
        }
        if ending.is_none() && self.closing && watcher.own.is_none() && watcher.pos >= self.window.head() {
            ending = Some(LeftReason::Ended);
        }
        if let Some(reason) = ending {
            self.remove(slot, reason);
        }
    }

    /// Notes that the watcher's sink takes no bytes until [`unblock`](Self::unblock).
    pub(super) fn block(&mut self, slot: u32) {
        let Some(watcher) = self.watcher(slot).filter(|watcher| !watcher.blocked) else { return };
        watcher.blocked = true;
        let was_listed = std::mem::replace(&mut watcher.listed, true);
        self.counted.blocked += 1;
        if !was_listed {
            self.slow.push(slot);
        }
    }

    /// Notes that the watcher's sink takes bytes again.
    pub(super) fn unblock(&mut self, slot: u32, gap: EncodeGap<'_>) {
        let Some(watcher) = self.watcher(slot).filter(|watcher| watcher.blocked) else { return };
        watcher.blocked = false;
        let pos = watcher.pos;
        self.counted.blocked -= 1;
        let newest = self.window.len().saturating_sub(1);
        if self.settings.behind == Behind::Latest && pos != NO_EVENTS && self.window.index(pos) < newest {
            self.jump(slot, newest, gap);
        }
    }

    /// Begins a walk over all watchers, where the last one ended: no watcher is always first.
    pub(super) fn begin_walk(&mut self) {
        self.walk_left = self.slots.len();
    }

    /// Returns the next watcher of the walk that is due bytes.
    pub(super) fn next_in_walk(&mut self) -> Option<u32> {
        while self.walk_left > 0 {
            self.walk_left -= 1;
            let slot = self.cursor;
            self.cursor = if slot + 1 < self.slots.len() { slot + 1 } else { 0 };
            if self.due(slot as u32).is_some() {
                return Some(slot as u32);
            }
        }
        None
    }
}
