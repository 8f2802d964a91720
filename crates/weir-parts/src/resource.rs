//! The downstream that does the work.
//!
//! Using the resource takes three steps, because being refused, waiting and being served are
//! different things. [`Mock::reserve`] refuses the work or accepts it.
//! [`Reservation::admission`] waits for a place. [`Admission::work`] does the work. The time
//! from an event's arrival to its admission is its *wait*, and the work is its *service*.
//!
//! The resource is the [`Mock`]. Its work is to wait, unless [`Admission::work_by`] names
//! something else that does the [`Work`].

mod freeze;
mod latency;
mod mock;
mod timer;
mod work;

pub use freeze::Freeze;
pub use latency::{Distribution, Latency};
pub use mock::{Admission, Mock, MockSettings, OnFull, Reservation, Usage};
pub use work::{Failed, Work};

use thiserror::Error;

/// The error of a full resource whose policy is to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the resource is full: all {limit} places are in use (resource.max_concurrent)")]
pub struct Full {
    /// The number of places.
    pub limit: usize,
}
