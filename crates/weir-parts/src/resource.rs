//! The downstream that does the work.
//!
//! A use of the resource has three steps, because being turned away, waiting at
//! the door and being served are different things: [`Mock::reserve`] lets a visitor
//! wait or sends it away, [`Reservation::admission`] waits for a place, and [`Admission::work`] is
//! the work itself. What lies between arrival and admission is *wait*, the work is
//! *service*.
//!
//! The only resource so far is the [`Mock`]; real ones come in beside it.

mod freeze;
mod latency;
mod mock;
mod timer;

pub use freeze::Freeze;
pub use latency::{Distribution, Latency};
pub use mock::{Admission, Mock, MockSettings, OnFull, Reservation, Usage};

use thiserror::Error;

/// The resource was full and its policy is to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the resource is full: all {limit} places are in use (resource.max_concurrent)")]
pub struct Full {
    /// How many may be inside at once.
    pub limit: usize,
}

/// The resource did the work and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the resource failed (resource.failure_rate)")]
pub struct Failed;
