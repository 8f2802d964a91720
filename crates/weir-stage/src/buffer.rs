//! The buffer of events emitted beyond demand, and of the markers between them.
//!
//! A producer that is asked for 10 events and emits 12 leaves 2 here, and the next ask is
//! served from here first. The buffer is pure and never discards silently: it returns the
//! events that do not fit, and the caller must account for them.
//!
//! A *marker* keeps its place: it comes out after the events stored before it and before
//! those stored after it. It takes no room. If the events before it are discarded, it is
//! due at once.
//!
//! ```
//! use weir_stage::buffer::Buffer;
//!
//! let mut buffer = Buffer::default();
//! let _ = buffer.store(vec!['a', 'b']);
//! assert_eq!(buffer.mark("between"), None);
//! let _ = buffer.store(vec!['c']);
//! // Taking stops at a marker: asked for 5, got 2.
//! assert_eq!(buffer.take(5), ['a', 'b']);
//! assert_eq!(buffer.take_due(), Some("between"));
//! assert_eq!(buffer.take(5), ['c']);
//! // With nothing in front of it, a marker is due at once.
//! assert_eq!(buffer.mark("last"), Some("last"));
//! ```
//!
//! A stage's buffer should usually be empty. For a bounded queue that keeps a backlog, and
//! has a policy for when it is full, use a producer such as the queue of `weir-parts`.

use std::collections::VecDeque;

/// The events that stay when more arrive than fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// The buffered events stay; the new ones are discarded.
    First,
    /// The newest events stay; the oldest are discarded. GenStage's default.
    #[default]
    Last,
}

/// A first-in, first-out buffer of events `T` with an optional bound, and of
/// markers `M` between them.
#[derive(Debug)]
pub struct Buffer<T, M = ()> {
    events: VecDeque<T>,
    /// Markers with the position of the event that they stand before, oldest first.
    markers: VecDeque<(u64, M)>,
    /// The position of the first event, counted from the first one ever stored.
    first: u64,
    size: Option<usize>,
    keep: Keep,
}

impl<T, M> Buffer<T, M> {
    /// Makes a buffer for at most `size` events, or for any number with `None`.
    ///
    /// A size of 0 is allowed: such a buffer keeps nothing. (GenStage accepts 0 and fails
    /// later.)
    pub fn new(size: Option<usize>, keep: Keep) -> Self {
        Self { events: VecDeque::new(), markers: VecDeque::new(), first: 0, size, keep }
    }

    /// Returns the number of events; markers do not count.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns true if there are neither events nor markers.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.markers.is_empty()
    }

    /// Stores `events` behind those already here. Returns the events that did not fit,
    /// oldest first: the new ones under [`Keep::First`], the oldest under [`Keep::Last`].
    /// Markers may be [due](Self::take_due) afterwards.
    #[must_use = "the caller must account for events that did not fit"]
    pub fn store(&mut self, events: Vec<T>) -> Vec<T> {
        self.events.extend(events);
        let Some(size) = self.size else { return Vec::new() };
        let excess = self.events.len().saturating_sub(size);
        match self.keep {
            Keep::First => self.events.split_off(self.events.len() - excess).into(),
            Keep::Last => {
                self.first += excess as u64;
                self.events.drain(..excess).collect()
            }
        }
    }

    /// Places a marker behind everything in the buffer. Returns the marker if the buffer is
    /// empty: it is due.
    #[must_use = "a returned marker is due"]
    pub fn mark(&mut self, marker: M) -> Option<M> {
        if self.is_empty() {
            return Some(marker);
        }
        self.push_mark(marker);
        None
    }

    /// Places a marker behind everything in the buffer, even if the buffer is empty. For a
    /// caller that has events in front of it elsewhere.
    pub fn push_mark(&mut self, marker: M) {
        self.markers.push_back((self.first + self.events.len() as u64, marker));
    }

    /// Takes the next marker that has no event in front of it.
    pub fn take_due(&mut self) -> Option<M> {
        let (place, _) = self.markers.front()?;
        if *place > self.first {
            return None;
        }
        self.markers.pop_front().map(|(_, marker)| marker)
    }

    /// Puts taken events back to the front, in their order. They were part of the buffer
    /// before, so the bound does not apply.
    pub fn put_back(&mut self, events: Vec<T>) {
        debug_assert!(events.len() as u64 <= self.first, "only taken events are put back");
        self.first -= events.len() as u64;
        for event in events.into_iter().rev() {
            self.events.push_front(event);
        }
    }

    /// Takes up to `n` events, oldest first, and none from behind a marker. If it returns
    /// fewer than `n`, the difference is still wanted.
    pub fn take(&mut self, n: usize) -> Vec<T> {
        let reach = match self.markers.front() {
            // The position of a marker is below `first` if its events were discarded. It
            // is due, with nothing in front of it.
            Some((place, _)) => n.min(place.saturating_sub(self.first) as usize),
            None => n,
        };
        if reach >= self.events.len() {
            self.first += self.events.len() as u64;
            return std::mem::take(&mut self.events).into();
        }
        self.first += reach as u64;
        self.events.drain(..reach).collect()
    }
}

impl<T, M> Default for Buffer<T, M> {
    /// Makes a buffer without a bound.
    fn default() -> Self {
        Self::new(None, Keep::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unbounded_buffer_keeps_everything_in_order() {
        let mut buffer = Buffer::<_>::default();
        assert!(buffer.store((0..2000).collect()).is_empty());
        assert_eq!(buffer.take(3), [0, 1, 2]);
        buffer.put_back(vec![1, 2]);
        assert_eq!(buffer.take(1), [1]);
        assert_eq!(buffer.len(), 1998);
        assert_eq!(buffer.take(5000).len(), 1998);
        assert!(buffer.is_empty());
    }
}
