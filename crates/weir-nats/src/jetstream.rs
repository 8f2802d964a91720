//! The engine `jetstream`: a queue that several machines share.
//!
//! ```text
//!   push ─▶ stream ──pull of n──▶ leased ──ack──▶ gone
//!             ▲                     │ │
//!             ├──── nak, at once ───┘ ├─ tries + 1, nak with a delay
//!             └──── lease over        └─ copied to the dead letters, then acked
//! ```

mod counts;
mod delivery;
mod finishing;
mod inner;
mod leases;
mod letters;
mod notes;
mod options;
mod others;
mod pull;
mod push;
mod queue;
mod recent;
mod settle;

pub use counts::StreamCounts;
pub use options::StreamOptions;
pub use queue::JetStreamQueue;
