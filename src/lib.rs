//! Weir holds events back, lets a measured flow through, and shows how much
//! passes: backpressure in the manner of Elixir's GenStage, and a workbench to
//! predict, simulate, measure and explain what it does.
//!
//! ```text
//!               GET /serial ───── inside the request ──────────────────┐
//!               GET /async ────── spawned, answered at once ───────────┤
//!                                                                      ▼
//!               GET /pipelined ─▶ queue ─▶ producer ─▶ consumers ─▶ resource
//!                                   │          ◀─ ask ─┘               │
//!                                   └──────────── ledger ◀─────────────┘
//! ```
//!
//! The binary is the workbench; its README shows it. This page is about the library
//! underneath, which runs without HTTP, a configuration or a page.
//!
//! # Events move against demand
//!
//! A consumer *asks*. With `max_demand` 10 and `min_demand` 5 it asks for 10, receives
//! 10, and works on 5 at a time. When the first 5 are finished, 5 are outstanding, so it
//! asks for 5 more. It never holds more than 10, however fast the producer is, and it
//! never runs dry as long as the producer keeps up. Events beyond demand stay with the
//! producer. When the queue in front of it is full, the *sender* is refused or waits.
//! That is backpressure.
//!
//! ```text
//!   asked   10 ──────────▶     5 ────▶     5 ────▶
//!   sent    ●●●●●●●●●●         ●●●●●       ●●●●●
//!   done          ●●●●●           ●●●●●       ●●●●●
//!   left    10     5          10   5      10   5        asks again at 5
//! ```
//!
//! # A pipeline
//!
//! ```
//! use weir::demand::Limits;
//! use weir::pipeline::Pipeline;
//! use weir::pool::{self, PoolSettings};
//! use weir::stage;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), weir::demand::LimitsError> {
//! let numbers = stage::from_stream(futures::stream::iter(1..=1000_u32));
//! let double = stage::producer_consumer_fn(|numbers: Vec<u32>| async move {
//!     numbers.into_iter().map(|n| 2 * n).collect()
//! });
//! let store = |n: u32| async move { assert_eq!(n % 2, 0) };
//!
//! Pipeline::from(numbers)
//!     .through(double, Limits::new(100, 50)?)
//!     .into(pool::builder(store, PoolSettings::workers(4)))
//!     .ended()
//!     .await;
//! # Ok(()) }
//! ```
//!
//! In reading order:
//! 1. [`stage`]: producers, consumers, and how they are connected;
//! 2. [`demand`] and [`buffer`]: the arithmetic underneath, without a runtime;
//! 3. [`dispatch`]: which consumer gets which event, and how to write a dispatcher;
//! 4. [`pool`]: many events at a time, resized while it runs, retried when they fail;
//! 5. [`supervise`]: what happens when a stage dies;
//! 6. [`pipeline`]: all of it in a few lines, and [`shutdown`] for its end;
//! 7. [`queue`] and [`resource`]: a bounded queue, and a mock of a slow downstream;
//! 8. [`hub`]: one event to many watchers, such as sockets.
//!
//! These modules are re-exports of two crates that can be used alone: `weir-stage` (1 to
//! 5 and `shutdown`) and `weir-parts`.
//!
//! # The workbench as a library
//! [`workbench`] puts all parts behind one handle, and [`config`] holds its settings.
//! [`load`] makes a load at a bench or a server, [`simulate`] makes it under virtual
//! time, and [`theory`] predicts it. [`record`] is what they exchange: a run. [`runs`]
//! stores and compares runs, and [`metrics`] measures them.
//!
//! A module imports only what is below it; `ARCHITECTURE.md` has the map, and
//! `tests/floors.rs` holds it.

// `println!` panics when its reader has gone, as `head` does. `cli::output` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

#[doc(hidden)]
pub mod cli;
pub mod config;
pub mod duration;
#[doc(hidden)]
pub mod exercise;
pub mod files;
#[doc(hidden)]
pub mod http;
pub mod lab;
pub mod load;
#[doc(hidden)]
pub mod measure;
pub mod metrics;
pub mod nodes;
pub mod record;
pub mod runs;
pub mod simulate;
pub mod theory;
pub mod workbench;

#[doc(inline)]
pub use weir_parts::{engine, hub, pipeline, queue, registry, resource, rooms};
#[doc(hidden)]
pub use weir_stage::clean;
#[doc(inline)]
pub use weir_stage::{backoff, buffer, demand, dispatch, limit, pool, server, shutdown, stage, supervise};
pub(crate) use weir_stage::{panics, per_thread};
