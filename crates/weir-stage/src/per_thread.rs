//! A value per thread, so that counting on one core does not slow down another.
//!
//! Two cores that write to the same cache line pass it back and forth, at tens of nanoseconds
//! each time. Counters are written often and summed rarely, so each thread has its own.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A value for each thread. With more threads than cores, some threads share a value, so
/// values must be safe to share.
#[derive(Debug)]
pub struct PerThread<V>(Box<[Line<V>]>);

/// Two cache lines, because processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line<V>(V);

impl<V: Default> Default for PerThread<V> {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // A power of two, so that finding the local value takes no division.
        Self((0..threads.next_power_of_two()).map(|_| Line::default()).collect())
    }
}

impl<V> PerThread<V> {
    /// Returns the calling thread's value.
    pub fn local(&self) -> &V {
        &self.0[self.local_index()].0
    }

    /// Returns the index of the calling thread's value, for [`at`](Self::at).
    pub fn local_index(&self) -> usize {
        thread_number() & (self.0.len() - 1)
    }

    /// Returns the value at an index.
    ///
    /// # Panics
    /// If the index did not come from [`local_index`](Self::local_index) and is too large.
    pub fn at(&self, index: usize) -> &V {
        &self.0[index].0
    }

    /// Iterates over the values of all threads.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|line| &line.0)
    }
}

/// Returns the number of the calling thread. Threads are numbered from 0 in the order in which
/// they first ask.
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
