//! The parts of Weir that share state between threads, compiled from the same
//! files with a schedule explorer's locks and atomics.

#![allow(dead_code, reason = "only what is explored is used")]

mod sync {
    pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
    pub(crate) use std::sync::PoisonError;
}

#[path = "../../src/limit.rs"]
pub mod limit;

pub mod stage;
