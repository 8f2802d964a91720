//! Runs jobs as metered WebAssembly on tokio: they can be pre-empted, inspected, killed and
//! repaired while they run.
//!
//! Tokio cannot pre-empt a task. A task that computes for a second holds up every other
//! task of its worker thread for a second, and aborting it takes effect only at its next
//! `.await`, which may never come. A job here burns *fuel* (one *reduction* for about one
//! instruction). After a slice of 50,000 reductions, 15 to 50 µs, it yields to the others:
//!
//! ```text
//!   submit ─▶ [ slice ] yield [ slice ] yield [ slice ] … ─▶ Outcome
//!                     │             ▲
//!                     ▼             │  between two slices the host
//!             stack · trace · kill · settings
//! ```
//!
//! With `r` endless jobs on a worker thread, another job waits at most `r` slices for its
//! turn: with ten, half a millisecond. Between two slices, the job answers an operator's
//! requests:
//!
//! - [`top`](Jobs::top): all live jobs, busiest first, with their reductions per second and
//!   share of a core;
//! - [`stack`](Jobs::stack): the call stack, exact at every suspension;
//! - [`trace`](Jobs::trace): up to 50 calls with their first three arguments;
//! - [`kill`](Jobs::kill): the job ends, and its submitter is answered;
//! - [`rehearse`](Jobs::rehearse), [`swap`](Jobs::swap), [`back`](Jobs::back): try new code
//!   on the latest inputs, run it for new jobs, and undo a swap.
//!
//! ```
//! use weir_job_wasm::{Code, Ending, Jobs, Outcome, Settings, Trap};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 1 for an even number; an odd one never ends.
//! let code = Code::new(br#"(module
//!     (func $until_zero (param $n i64) (result i64)
//!         (if (i64.eqz (local.get $n)) (then (return (i64.const 1))))
//!         (return_call $until_zero (i64.sub (local.get $n) (i64.const 2))))
//!     (func $is_even (export "run") (param $n i64) (result i64)
//!         (if (i64.lt_s (local.get $n) (i64.const 0)) (then unreachable))
//!         (call $until_zero (local.get $n))))"#)?;
//! let jobs = Jobs::new(code, Settings::default())?;
//! assert_eq!(jobs.run(10).await, Outcome::Value(1));
//! let outcome = jobs.run(-1).await;
//! assert_eq!(outcome.ending(), Ending::Trap(Trap::Unreachable));
//! assert_eq!(outcome.to_string(), "trap: unreachable in is_even");
//!
//! // A rogue does not hold up the others, and an operator finds and kills it.
//! let rogue = jobs.submit(7);
//! let id = rogue.id();
//! let rogue = tokio::spawn(rogue);
//! assert_eq!(jobs.run(10).await, Outcome::Value(1));
//! jobs.stack(id).await?; // The answer before the first slice: it is about to be called.
//! assert_eq!(jobs.stack(id).await?.to_string(), "until_zero < is_even");
//! assert_eq!(jobs.kill(id).await?, Ending::Killed);
//! assert_eq!(rogue.await?.outcome.to_string(), "killed in until_zero < is_even");
//! # Ok(())
//! # }
//! ```
//!
//! # Isolation
//!
//! [`Isolation::Fuel`] is the isolation described so far. [`Isolation::Task`] and
//! [`Isolation::Thread`] run a job in one go, to show what goes wrong then; the table at
//! [`Isolation`] says what each can and cannot do.
//!
//! # Bounds
//!
//! A job's memories and tables together are bounded by `max_memory`, its nested calls by
//! 1,000, and its reductions by `max_reductions`. Exceeding a bound ends the job with an
//! [`Outcome`]; it never ends the process. Jobs import nothing: they compute, and
//! cannot touch files, sockets or clocks. Work that is not metered is bounded by limits on the
//! module: at most one megabyte, and limits on functions, locals and other items keep short
//! the time to make an instance or to call a function.
//!
//! # Determinism
//!
//! The same code and input burn the same number of reductions on every machine, whatever
//! the size of the slices; tracing a job adds some. Each job has its own instance, so nothing
//! passes from one job to the next.

#![forbid(unsafe_code)]

pub mod code;
pub mod jobs;
mod limiter;
mod machine;
pub mod outcome;
mod probe;
pub mod rehearsal;
pub mod settings;
pub mod stack;

pub use code::{Code, CodeError, Place};
pub use jobs::{Job, Jobs, JobsError, Refusal, Row, Totals, Version};
pub use outcome::{Ending, Finished, Outcome, Trap};
pub use rehearsal::{Answer, Change, Rehearsal, RehearsalLimits, Trial};
pub use settings::{Isolation, Settings, SettingsError};
pub use stack::{Argument, Call, Stack, Trace};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
