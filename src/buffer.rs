//! Events that were emitted and not yet asked for.
//!
//! A producer that is asked for 10 and emits 12 leaves 2 here; the next ask is
//! served from here first. The buffer is pure, and it never discards silently:
//! what does not fit is handed back to the caller, who must account for it.
//!
//! This is not the [`queue`](crate::queue) in front of the pool. The queue is
//! where HTTP waits, has four policies and is meant to be full; a stage's buffer
//! is meant to be empty.

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

/// A first-in, first-out buffer with an optional bound.
#[derive(Debug)]
pub struct Buffer<T> {
    events: VecDeque<T>,
    size: Option<usize>,
    keep: Keep,
}

impl<T> Buffer<T> {
    /// A buffer for at most `size` events, or for any number with `None`.
    ///
    /// A size of 0 is allowed: nothing is ever kept.
    pub fn new(size: Option<usize>, keep: Keep) -> Self {
        Self { events: VecDeque::new(), size, keep }
    }

    /// How many events wait here.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing waits here.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Stores `events` behind those already here and returns the ones that did
    /// not fit, oldest first: the newcomers under [`Keep::First`], the oldest
    /// under [`Keep::Last`].
    #[must_use = "what does not fit is handed back to be accounted for"]
    pub fn store(&mut self, events: Vec<T>) -> Vec<T> {
        self.events.extend(events);
        let Some(size) = self.size else { return Vec::new() };
        let excess = self.events.len().saturating_sub(size);
        match self.keep {
            Keep::First => self.events.split_off(self.events.len() - excess).into(),
            Keep::Last => self.events.drain(..excess).collect(),
        }
    }

    /// Puts events that were taken back in front, in their order. They were here
    /// a moment ago, so the bound does not apply.
    pub fn put_back(&mut self, events: Vec<T>) {
        for event in events.into_iter().rev() {
            self.events.push_front(event);
        }
    }

    /// Takes up to `n` events, oldest first.
    pub fn take(&mut self, n: usize) -> Vec<T> {
        if n >= self.events.len() {
            return std::mem::take(&mut self.events).into();
        }
        self.events.drain(..n).collect()
    }
}

impl<T> Default for Buffer<T> {
    /// Without a bound.
    fn default() -> Self {
        Self::new(None, Keep::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeping_the_first_hands_back_exactly_the_newcomers() {
        let mut buffer = Buffer::new(Some(5), Keep::First);
        assert_eq!(buffer.store((0..8).collect()), [5, 6, 7]);
        assert_eq!(buffer.store(vec![8]), [8]);
        assert_eq!(buffer.take(10), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn keeping_the_last_hands_back_exactly_the_oldest() {
        let mut buffer = Buffer::new(Some(5), Keep::Last);
        assert_eq!(buffer.store((0..8).collect()), [0, 1, 2]);
        assert_eq!(buffer.take(10), [3, 4, 5, 6, 7]);
    }

    #[test]
    fn an_unbounded_buffer_keeps_everything_in_order() {
        let mut buffer = Buffer::default();
        assert!(buffer.store((0..2000).collect()).is_empty());
        assert_eq!(buffer.take(3), [0, 1, 2]);
        buffer.put_back(vec![1, 2]);
        assert_eq!(buffer.take(1), [1]);
        assert_eq!(buffer.len(), 1998);
        assert_eq!(buffer.take(5000).len(), 1998);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_buffer_of_size_zero_keeps_nothing_and_loses_nothing() {
        for keep in [Keep::First, Keep::Last] {
            let mut buffer = Buffer::new(Some(0), keep);
            assert_eq!(buffer.store(vec![1, 2]), [1, 2]);
            assert!(buffer.is_empty());
        }
    }
}
