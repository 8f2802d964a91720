//! The load generator: makes load and measures the answers.
//!
//! ```text
//!   Plan ─▶ Schedule ─▶ pacer ─┐ due                       when     schedule, pace
//!                              ▼
//!           closed or open loop ─▶ worker ─▶ Connection    who      closed, open, worker
//!                                     │                    to whom  target, http
//!                                     ▼
//!                                   stats ─▶ ClientSide    what it found
//! ```
//!
//! Everything runs on one thread, so nothing is shared and nothing is locked. Only the
//! pacer of an open load in real time has a thread of its own. The loops know a
//! [`Target`] and a [`Clock`](crate::pipeline::Clock): the same loops drive a server over
//! HTTP in real time and the bench itself under virtual time.

mod build;
mod closed;
mod descriptors;
mod driver;
mod http;
mod machine_cpu;
mod open;
mod pacer;
pub mod rooms;
mod schedule;
mod stats;
mod target;
mod thread_cpu;
pub mod watch;
mod worker;

pub use build::PlanError;
pub use descriptors::{CONNECTIONS, TooFewDescriptors, raise_limit, within_limit};
pub use driver::{Driver, Time};
pub use http::{HttpConnection, HttpTarget, TargetError};
pub use machine_cpu::{MachineCpu, MachineCpuUse, listener};
pub use schedule::Schedule;
pub use stats::Progress;
pub use target::{Answer, Connection, RequestError, Target};
pub use thread_cpu::{ThreadCpu, ThreadCpuUse, ThreadRef};
