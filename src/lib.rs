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
//! # The floors
//!
//! A module knows what is below it and nothing above.
//!
//! | floor | modules | |
//! |---|---|---|
//! | 4 faces | [`http`], [`cli`] | requests, the page, the command line |
//! | 3 workbench | [`workbench`], [`config`], [`metrics`] | all parts behind one handle, its settings, its numbers |
//! | 2 parts | [`resource`], [`queue`], [`pipeline`] | what the bench is built from |
//! | 1 stages | [`stage`], [`demand`], [`buffer`], [`dispatch`], [`pool`], [`limit`], [`supervise`], [`shutdown`] | usable without the rest |
//!
//! To use the stages in a program of your own, begin with [`stage`] and [`pool`].
//! To follow a request, begin with `http/endpoints.rs`: from there it is
//! [`workbench`], [`queue`], [`pipeline`], [`pool`] and [`resource`].

// A reader that leaves, as `head` does, makes the macros for it panic.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod backoff;
pub mod buffer;
pub mod cli;
pub mod config;
pub mod demand;
pub mod dispatch;
pub mod http;
pub mod limit;
pub mod metrics;
pub mod pipeline;
pub mod pool;
pub mod queue;
pub mod resource;
mod shard;
pub mod shutdown;
pub mod stage;
pub mod supervise;
mod sync;
pub mod workbench;
