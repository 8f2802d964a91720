//! The parts of a backpressured pipeline, on the stages of [`weir_stage`]: a bounded
//! queue, a ledger that accounts for every event, and a mock of a slow resource.
//!
//! ```text
//!   push ─▶ queue ─▶ producer ─▶ consumers ─▶ resource
//!             │          ◀─ ask ─┘               │
//!             └──────────── ledger ◀─────────────┘
//! ```
//!
//! 1. [`queue`]: a bounded queue, filled from outside and read against demand, with a policy
//!    for when it is full;
//! 2. [`resource`]: a mock with bounded latency, a limit and failures, all seeded;
//! 3. [`pipeline`]: stages connected in a few lines; the event with its time stamps,
//!    and the ledger;
//! 4. [`hub`]: one event to many watchers, with a ledger of every delivery;
//! 5. [`registry`]: names, each claimed by at most one owner;
//! 6. [`rooms`]: state that survives the process that holds it.

pub mod engine;
pub mod hub;
pub mod pipeline;
pub mod queue;
pub mod registry;
pub mod resource;
pub mod rooms;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
