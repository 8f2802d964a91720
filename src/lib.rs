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
//! # Demand, with numbers
//!
//! Events move only when a consumer *asks*. One with `max_demand` 10 and
//! `min_demand` 5 asks for 10, is sent 10, and works on 5 at a time. When the
//! first 5 are finished, 5 are outstanding, so it asks for 5 more. It never holds
//! more than 10, however fast the producer is, and as long as the producer keeps
//! up it never runs dry. What a producer has and nobody asks for stays with the
//! producer; when its queue is full, it is the *sender* who is told. That is
//! backpressure.
//!
//! ```text
//!   asked   10 ──────────▶     5 ────▶     5 ────▶
//!   sent    ●●●●●●●●●●         ●●●●●       ●●●●●
//!   done          ●●●●●           ●●●●●       ●●●●●
//!   left    10     5          10   5      10   5        asks again at 5
//! ```
//!
//! # As a library
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
//! In the order in which one needs them:
//! 1. [`stage`]: producers, consumers, and how they are connected;
//! 2. [`demand`] and [`buffer`]: the arithmetic underneath;
//! 3. [`dispatch`]: who gets which event, and how to decide it yourself;
//! 4. [`pool`]: many events at a time, resized while it runs, tried again when
//!    they fail;
//! 5. [`supervise`]: what happens when a stage dies;
//! 6. [`pipeline`]: all of it in a few lines, and [`shutdown`] for its end.
//!
//! # The floors
//!
//! A module knows what is below it and nothing above; `tests/floors.rs` has the order
//! of all modules.
//!
//! | floor | modules | |
//! |---|---|---|
//! | 4 faces | [`http`], [`cli`], [`exercise`], [`measure`] | requests, the page, the command line, the workshop, a load on a running bench |
//! | 3 workbench | [`workbench`], [`config`], [`metrics`], [`duration`] | all parts behind one handle, its settings, its numbers, durations as text |
//! | | [`load`], [`runs`], [`simulate`], [`theory`] | loads made, kept, simulated and predicted |
//! | | [`record`] | what a run is: what these four and the bench exchange |
//! | 2 parts | [`resource`], [`queue`], [`pipeline`] | what the bench is built from |
//! | 1 stages | [`stage`], [`demand`], [`buffer`], [`dispatch`], [`pool`], [`supervise`], [`backoff`], [`limit`], [`shutdown`], [`clean`], [`files`] | usable without the rest |
//!
//! To follow a request, begin with `http/endpoints.rs`: from there it is
//! [`workbench`], [`queue`], [`pipeline`], [`pool`] and [`resource`].

// A reader that leaves, as `head` does, makes the macros for it panic.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod config;
pub mod duration;
pub mod exercise;
pub mod files;
pub mod http;
pub mod load;
pub mod measure;
pub mod metrics;
pub mod record;
pub mod runs;
pub mod simulate;
pub mod theory;
pub mod workbench;

#[doc(inline)]
pub use weir_parts::{pipeline, queue, resource};
#[doc(hidden)]
pub use weir_stage::clean;
#[doc(inline)]
pub use weir_stage::{backoff, buffer, demand, dispatch, limit, pool, shutdown, stage, supervise};
pub(crate) use weir_stage::{panics, per_thread};
