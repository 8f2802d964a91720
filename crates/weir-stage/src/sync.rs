//! The standard library's locks and atomics behind one name, so that the tests in `explore`
//! can compile the same sources with those of a schedule explorer.

pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, atomic};
