//! Makes load, and measures what comes back.
//!
//! ```text
//!   Plan ─▶ Schedule ─▶ pacer ─┐ due                       when     schedule, pace
//!                              ▼
//!           closed or open loop ─▶ worker ─▶ Connection    who      closed, open, worker
//!                                     │                    to whom  target, http
//!                                     ▼
//!                                   tally ─▶ ClientSide    what came of it
//! ```
//!
//! All of it is on one thread, so nothing is shared and nothing is locked; only the
//! pacing of an open load in real time has a thread of its own. The loops know a
//! [`Target`] and a [`Clock`](crate::pipeline::Clock): the same ones drive a server
//! over HTTP in real time and the bench itself under virtual time.

mod build;
mod closed;
mod descriptors;
mod drive;
mod http;
mod machine;
mod open;
mod pace;
mod schedule;
mod tally;
mod target;
mod usage;
mod worker;

pub use build::PlanError;
pub use descriptors::{CONNECTIONS, TooFewDescriptors, within_limit};
pub use drive::{Driver, Time};
pub use http::{HttpConnection, HttpTarget, TargetError};
pub use machine::{Machine, Used, listener};
pub use schedule::Schedule;
pub use tally::Progress;
pub use target::{Answer, Connection, Failure, Target};
pub use usage::{Share, Usage};
