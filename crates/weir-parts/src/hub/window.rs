//! The window: the encoded bytes of the newest frames, one after the other, and where each
//! begins. Pure arithmetic on positions.
//!
//! A *position* counts bytes since the shard began, so it stays valid when the window moves on.
//! A frame is an event or a *notice*: bytes for all watchers that are no event, such as a gap
//! in the source.

use std::collections::VecDeque;

#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The position of its first byte.
    start: u64,
    /// The number of the event; of a notice, the number of the first event that it replaces.
    seq: u64,
    /// The number of events in the frames before it, since the shard began.
    events: u64,
}

/// The newest frames of a shard.
#[derive(Debug)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// The position of the first byte.
    base: u64,
    frames: VecDeque<Frame>,
    /// The number of the next event.
    next: u64,
    /// The number of events since the shard began.
    events: u64,
}

impl Window {
    /// Makes an empty window before event number `next`.
    pub(super) fn new(next: u64) -> Self {
        Self { bytes: Vec::new(), base: 0, frames: VecDeque::new(), next, events: 0 }
    }

    /// Returns the position behind the last byte.
    pub(super) fn head(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Returns the number of the next event.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Returns the number of frames.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Appends the frame of event `seq`, which must not be below [`next`](Self::next).
    pub(super) fn push_event(&mut self, seq: u64, frame: &[u8]) {
        debug_assert!(seq >= self.next, "event {seq} is older than {}", self.next);
        self.frames.push_back(Frame { start: self.head(), seq, events: self.events });
        self.bytes.extend_from_slice(frame);
        self.events += 1;
        self.next = seq + 1;
    }

    /// Appends bytes that are no event, and makes `next` the number of the next event.
    pub(super) fn push_notice(&mut self, next: u64, frame: &[u8]) {
        if !frame.is_empty() {
            self.frames.push_back(Frame { start: self.head(), seq: self.next, events: self.events });
            self.bytes.extend_from_slice(frame);
        }
        self.next = next;
    }

    /// Returns the bytes from `pos` on, at most `max`.
    pub(super) fn bytes_from(&self, pos: u64, max: usize) -> &[u8] {
        debug_assert!((self.base..=self.head()).contains(&pos), "{pos} is outside of the window");
        let from = (pos - self.base) as usize;
        &self.bytes[from..self.bytes.len().min(from + max)]
    }

    /// Returns the number of the frame that `pos` lies in, counted from the oldest. The head is
    /// one more than the last.
    pub(super) fn index(&self, pos: u64) -> usize {
        if pos >= self.head() {
            return self.frames.len();
        }
        self.frames.partition_point(|frame| frame.start <= pos).saturating_sub(1)
    }

    /// Returns where frame `index` begins. The one behind the last begins at the head.
    pub(super) fn start(&self, index: usize) -> u64 {
        self.frames.get(index).map_or(self.head(), |frame| frame.start)
    }

    /// Returns the first position at or behind `pos` where a frame begins.
    pub(super) fn boundary(&self, pos: u64) -> u64 {
        let index = self.index(pos);
        let start = self.start(index);
        if start == pos { pos } else { self.start(index + 1) }
    }

    /// Returns the number of the first event that a watcher at `pos` does not have whole.
    pub(super) fn seq(&self, pos: u64) -> u64 {
        self.frames.get(self.index(pos)).map_or(self.next, |frame| frame.seq)
    }

    /// Returns the number of the event whose frame begins at `pos`.
    pub(super) fn event_at(&self, pos: u64) -> Option<u64> {
        let index = self.index(pos);
        let frame = self.frames.get(index).filter(|frame| frame.start == pos)?;
        self.is_event(index).then_some(frame.seq)
    }

    /// Returns the number of the frame whose first byte lies before `pos`, and its last at or
    /// behind it, and whether it is an event.
    pub(super) fn cut_at(&self, pos: u64) -> Option<(u64, bool)> {
        let index = self.index(pos);
        let frame = self.frames.get(index).filter(|frame| frame.start < pos)?;
        Some((frame.seq, self.is_event(index)))
    }

    fn is_event(&self, index: usize) -> bool {
        let after = self.frames.get(index + 1).map_or(self.events, |frame| frame.events);
        self.frames.get(index).is_some_and(|frame| frame.events < after)
    }

    /// Returns the number of events whose last byte lies before `pos`, since the shard began.
    fn completed(&self, pos: u64) -> u64 {
        self.frames.get(self.index(pos)).map_or(self.events, |frame| frame.events)
    }

    /// Returns the number of events that a watcher completes by moving from `from` to `to`.
    pub(super) fn completed_between(&self, from: u64, to: u64) -> u64 {
        self.completed(to) - self.completed(from)
    }

    /// Returns the number of events that a watcher at `pos` does not have whole.
    pub(super) fn behind(&self, pos: u64) -> u64 {
        self.events - self.completed(pos)
    }

    /// Returns where the frame of event `seq` begins, or that of the first event behind it. The
    /// oldest frame stands for events that are no longer here.
    pub(super) fn find(&self, seq: u64) -> u64 {
        self.start(self.frames.partition_point(|frame| frame.seq < seq))
    }

    /// Drops the frames before `index`.
    pub(super) fn trim(&mut self, index: usize) {
        let start = self.start(index);
        self.bytes.drain(..(start - self.base) as usize);
        self.base = start;
        self.frames.drain(..index.min(self.frames.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_name_events_that_are_complete_and_events_that_are_missing() {
        let mut window = Window::new(10);
        for seq in 10..14 {
            window.push_event(seq, b"abcd");
        }
        assert_eq!((window.head(), window.next(), window.len()), (16, 14, 4));
        assert_eq!((window.index(4), window.index(5), window.index(16)), (1, 1, 4));
        assert_eq!((window.boundary(4), window.boundary(5), window.boundary(16)), (4, 8, 16));
        assert_eq!((window.seq(5), window.seq(16)), (11, 14));
        assert_eq!(window.completed_between(3, 12), 3);
        assert_eq!((window.behind(0), window.behind(5), window.behind(16)), (4, 3, 0));
        assert_eq!((window.find(12), window.find(14)), (8, 16));
        window.trim(2);
        assert_eq!((window.find(3), window.behind(9), window.seq(8)), (8, 2, 12));
        assert_eq!(window.bytes_from(10, 3), b"cda");
    }

    #[test]
    fn a_notice_is_no_event() {
        let mut window = Window::new(0);
        window.push_event(0, b"e");
        window.push_notice(5, b"gap");
        window.push_event(5, b"e");
        assert_eq!((window.behind(0), window.behind(1), window.behind(4)), (2, 1, 1));
        assert_eq!((window.find(1), window.find(3), window.find(5)), (1, 4, 4));
        assert_eq!((window.seq(2), window.seq(4)), (1, 5));
    }
}
