//! Events that were emitted and not yet asked for, and markers between them.
//!
//! A producer that is asked for 10 and emits 12 leaves 2 here; the next ask is
//! served from here first. The buffer is pure, and it never discards silently:
//! what does not fit is handed back to the caller, who must account for it.
//!
//! A *marker* keeps its place: it comes out after the events stored before it
//! and before those stored after it. It takes no room, and when the events
//! before it are discarded, it is due at once.
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
//! // Nothing is in front of it, so a marker has nothing to wait for.
//! assert_eq!(buffer.mark("last"), Some("last"));
//! ```
//!
//! A stage's buffer is meant to be empty. A bounded queue that holds a backlog and
//! decides what to do when it is full is a producer, such as that of `weir-parts`.

use std::collections::VecDeque;

/// Which events stay when more arrive than fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Keep what is buffered; the newcomers go.
    First,
    /// Keep the newest; the oldest go. GenStage's default.
    #[default]
    Last,
}

/// A first-in, first-out buffer of events `T` with an optional bound, and of
/// markers `M` between them.
#[derive(Debug)]
pub struct Buffer<T, M = ()> {
    events: VecDeque<T>,
    /// Markers with the place of the event they stand before, oldest first.
    markers: VecDeque<(u64, M)>,
    /// The place of the first event, counted from the first ever stored.
    first: u64,
    size: Option<usize>,
    keep: Keep,
}

impl<T, M> Buffer<T, M> {
    /// A buffer for at most `size` events, or for any number with `None`.
    ///
    /// A size of 0 is allowed: nothing is ever kept. (GenStage takes 0 and then
    /// fails.)
    pub fn new(size: Option<usize>, keep: Keep) -> Self {
        Self { events: VecDeque::new(), markers: VecDeque::new(), first: 0, size, keep }
    }

    /// How many events wait here. Markers do not count.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether neither events nor markers wait here.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.markers.is_empty()
    }

    /// Stores `events` behind those already here and returns the ones that did
    /// not fit, oldest first: the newcomers under [`Keep::First`], the oldest
    /// under [`Keep::Last`]. Markers may be [due](Self::take_due) afterwards.
    #[must_use = "what does not fit is handed back to be accounted for"]
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

    /// Puts a marker behind everything that is here. With nothing here it comes
    /// straight back: it is due.
    #[must_use = "a marker that comes back is due"]
    pub fn mark(&mut self, marker: M) -> Option<M> {
        if self.is_empty() {
            return Some(marker);
        }
        self.push_mark(marker);
        None
    }

    /// Puts a marker behind everything that is here, also behind nothing, for a
    /// caller that has something in front of it elsewhere.
    pub fn push_mark(&mut self, marker: M) {
        self.markers.push_back((self.first + self.events.len() as u64, marker));
    }

    /// The next marker that has no event in front of it.
    pub fn take_due(&mut self) -> Option<M> {
        let (place, _) = self.markers.front()?;
        if *place > self.first {
            return None;
        }
        self.markers.pop_front().map(|(_, marker)| marker)
    }

    /// Puts events that were taken back in front, in their order. They were here
    /// a moment ago, so the bound does not apply.
    pub fn put_back(&mut self, events: Vec<T>) {
        self.first -= events.len() as u64;
        for event in events.into_iter().rev() {
            self.events.push_front(event);
        }
    }

    /// Takes up to `n` events, oldest first, and none from behind a marker. What
    /// is missing from `n` is still wanted.
    pub fn take(&mut self, n: usize) -> Vec<T> {
        let reach = match self.markers.front() {
            // A marker whose events were discarded is due, and nothing is in front
            // of it.
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
    /// Without a bound.
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
