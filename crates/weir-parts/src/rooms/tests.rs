//! Tests of rooms, on a counter: B1 to B6 of the rooms lab, and what a room does at its ends.

mod ends;
mod kills;
mod storm;
mod support;
mod watchers;

pub(super) use support::{Add, Counter};
