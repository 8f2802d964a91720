//! The parts of Weir that share state between threads, compiled from the same
//! files with a schedule explorer's locks, atomics, tasks and mailboxes.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "only what is explored is used")]

mod sync {
    pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
    pub(crate) use std::sync::PoisonError;
}

/// The sources. They call each other by the names that they have in Weir.
#[path = "../src"]
mod weir {
    pub mod backoff;
    pub mod buffer;
    pub mod clean;
    pub mod demand;
    pub mod dispatch;
    pub mod limit;
    pub mod marker;
    pub mod panics;
    pub mod per_thread;
    pub mod pool;
    pub mod stage;
}

pub use weir::{backoff, buffer, clean, demand, dispatch, limit, marker, panics, per_thread, pool, stage};

/// The registration of a producer by itself.
#[path = "registration.rs"]
pub mod registration;
