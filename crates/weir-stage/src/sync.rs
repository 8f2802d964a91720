//! What threads share: the standard library's locks and atomics, behind one name,
//! so that `explore` can put a schedule explorer's in their place.

pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, atomic};
