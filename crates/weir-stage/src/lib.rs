//! Stages that move events only against demand: backpressure in the manner of
//! Elixir's GenStage, on tokio.
//!
//! A consumer *asks*, and a producer never delivers more than was asked. A slow
//! consumer therefore holds its producer back, and that one its own source, without a
//! channel that grows or a sender that blocks.
//!
//! ```
//! use weir_stage::demand::Limits;
//! use weir_stage::stage;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), weir_stage::demand::LimitsError> {
//! let numbers = stage::from_iter(1..=1000_u64).spawn();
//! let squares = stage::producer_consumer_fn(|numbers: Vec<u64>| async move {
//!     numbers.into_iter().map(|n| n * n).collect()
//! })
//! .subscribe_to(&numbers.producer(), Limits::new(100, 50)?)
//! .spawn();
//! let store = stage::consumer_fn(|squares: Vec<u64>| async move { assert!(!squares.is_empty()) })
//!     .subscribe_to(&squares.producer(), Limits::new(10, 5)?)
//!     .spawn();
//! store.join().await;
//! # Ok(()) }
//! ```
//!
//! # Demand, with numbers
//!
//! A consumer with `max_demand` 10 and `min_demand` 5 asks for 10, receives 10, and
//! works on 5 at a time. When the first 5 are finished, 5 are outstanding, so it asks
//! for 5 more. It never holds more than 10, however fast the producer is, and it never
//! runs dry as long as the producer keeps up.
//!
//! ```text
//!   asked   10 ──────────▶     5 ────▶     5 ────▶
//!   sent    ●●●●●●●●●●         ●●●●●       ●●●●●
//!   done          ●●●●●           ●●●●●       ●●●●●
//!   left    10     5          10   5      10   5        asks again at 5
//! ```
//!
//! # Modules, in reading order
//! 1. [`stage`]: producers, consumers, and how they are connected;
//! 2. [`demand`] and [`buffer`]: the arithmetic underneath, without a runtime;
//! 3. [`dispatch`]: which consumer gets which event, and how to write a dispatcher;
//! 4. [`pool`]: many events at a time, resized while it runs, retried when they fail;
//! 5. [`server`]: state that answers messages, beside the stages;
//! 6. [`supervise`]: restarting a stage or a server that dies;
//! 7. [`limit`], [`backoff`] and [`shutdown`]: a resizable semaphore, delays between
//!    attempts, and an orderly end.
//!
//! # Handles
//! One rule decides what dropping a handle does: a handle that *owns* running work ends it, and
//! a handle that *refers* to a task leaves it alone.
//! - A [`Pool`](pool::Pool) owns its workers, as tokio's `JoinSet` owns its tasks. It has one
//!   handle, and dropping that aborts the workers and the handlers they run.
//! - A [`Running`](stage::Running) stage is like tokio's `JoinHandle`: dropping it leaves the
//!   stage running. The stage ends with its producers. A producer to which neither a handle nor
//!   a subscription refers ends, because nothing can ask it for events any more.
//! - A [`SupervisorHandle`](supervise::SupervisorHandle) can be cloned, and dropping every
//!   clone leaves the supervisor running. The supervisor owns its children.
//! - A [`Subscription`](stage::Subscription) that is dropped cancels, and its undelivered events
//!   are dispatched again. A [`Permit`](limit::Permit) that is dropped is released, and a
//!   [`Feeder`](shutdown::Feeder) counts as stopped.
//!
//! Everywhere, `stop` ends a task in order, and `abort` ends it at its next await.
//!
//! # Public dependencies
//! Signatures name types of this crate, of tokio 1 and fastrand 2, and the `Stream` and `Sink`
//! traits of futures 0.3. Those traits have been stable since 2019, and every stream in the
//! ecosystem implements them; a trait of our own would need an adapter for each.

// A test compiles an example, which names the crate.
#[cfg(test)]
extern crate self as weir_stage;

pub mod backoff;
pub mod buffer;
// Shared with the crates built on this one. Hidden, because it is not part of the interface.
#[doc(hidden)]
pub mod clean;
pub mod demand;
pub mod dispatch;
pub mod limit;
mod marker;
#[doc(hidden)]
pub mod panics;
#[doc(hidden)]
pub mod per_thread;
pub mod pool;
pub mod server;
pub mod shutdown;
pub mod stage;
pub mod supervise;
mod sync;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
