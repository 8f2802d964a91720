//! One value for each thread, so that counting on one core does not slow down
//! another.
//!
//! Two cores that write to the same cache line hand it back and forth, at tens of
//! nanoseconds a time. Sums are read rarely and written all the time, so they are
//! kept in parts.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A value for each thread, as long as there are no more threads than cores;
/// beyond that some share. Values must therefore be safe to share, and are.
#[derive(Debug)]
pub struct PerThread<V>(Box<[Line<V>]>);

/// Two cache lines, as processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line<V>(V);

impl<V: Default> Default for PerThread<V> {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // A power of two, so that finding one's own takes no division.
        Self((0..threads.next_power_of_two()).map(|_| Line::default()).collect())
    }
}

impl<V> PerThread<V> {
    /// The calling thread's value.
    pub fn local(&self) -> &V {
        &self.0[self.local_index()].0
    }

    /// The number of the calling thread's value, for [`at`](Self::at).
    pub fn local_index(&self) -> usize {
        thread_number() & (self.0.len() - 1)
    }

    /// The value of this number.
    ///
    /// # Panics
    /// If no thread has that number.
    pub fn at(&self, number: usize) -> &V {
        &self.0[number].0
    }

    /// Every thread's value.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|line| &line.0)
    }
}

/// Counts threads from 0 in the order in which they first ask.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: Cell<Option<usize>> = const { Cell::new(None) });
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let new = NEXT.fetch_add(1, Ordering::Relaxed);
            number.set(Some(new));
            new
        })
    })
}
